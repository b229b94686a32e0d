"""Serves modules that were written for the gateway's Python ancestor, unmodified."""

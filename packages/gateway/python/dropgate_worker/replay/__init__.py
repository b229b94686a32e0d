"""Runs that follow the record of another run."""

"""Runs what a module exports, and tells what happens meanwhile."""

"""Modules that give a tool: which one it is, and its calls."""

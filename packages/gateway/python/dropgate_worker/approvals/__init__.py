"""Calls of tools that wait for a person, and tools that the caller of a run calls itself."""

"""Loads the author's module: finds its files, imports it, picks what is served."""

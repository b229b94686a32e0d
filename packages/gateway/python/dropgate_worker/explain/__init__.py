"""Says what went wrong, with the author's line and an action."""

"""The way from a module to its models: what it brings of its own, and what goes wrong between the two."""

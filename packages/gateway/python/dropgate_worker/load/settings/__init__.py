"""What a module says of itself in `__gateway__`."""

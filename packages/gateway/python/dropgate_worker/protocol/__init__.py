"""What crosses the channel to the gateway."""

"""Where trained networks looked, for a person."""

"""Where trained networks looked, as data."""

"""Where trained networks looked."""

"""Many networks of one shape trained together."""

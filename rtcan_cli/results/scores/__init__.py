"""What trained runs are worth, as data."""

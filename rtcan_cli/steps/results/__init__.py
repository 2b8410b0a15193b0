"""What trained runs are worth, and what they say of new recordings."""

"""What trained runs are worth, for a person."""

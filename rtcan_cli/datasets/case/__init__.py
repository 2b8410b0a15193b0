"""Reading CASE."""

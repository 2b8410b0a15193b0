"""From raw files to recordings and labels, for a person."""

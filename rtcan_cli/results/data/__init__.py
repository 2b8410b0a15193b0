"""From raw files to recordings and labels, as data."""

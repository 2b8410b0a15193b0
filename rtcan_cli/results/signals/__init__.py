"""From recordings and songs to what a model sees, as data."""

"""From recordings and songs to what a model sees, for a person."""

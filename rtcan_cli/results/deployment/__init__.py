"""Trained networks on new recordings, and in other programs, as data."""

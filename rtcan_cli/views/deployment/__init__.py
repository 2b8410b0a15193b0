"""Trained networks on new recordings, and in other programs, for a person."""

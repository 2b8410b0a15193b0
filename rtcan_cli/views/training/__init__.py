"""Trained runs, and imported networks, for a person."""

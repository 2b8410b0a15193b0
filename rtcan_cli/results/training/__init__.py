"""Trained runs, and imported networks, as data."""

"""Datasets in BIDS: physiological recordings and the events of their runs."""

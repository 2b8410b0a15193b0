"""rtcan: from raw electrodermal recordings and music to a checked emotion classifier."""

__version__ = "0.1.0"

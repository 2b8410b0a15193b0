"""Sampling rates: which are possible, and which are the same."""

from __future__ import annotations

SLOWEST, FASTEST = 2.0, 2500.0
"""Times that give another rate than one between these, in Hz, are not in the unit they seem in."""

SAME_RATE = 0.05
"""Two sampling rates that differ by less than this share are the same, but for rounding."""


def is_same_rate(one: float, other: float) -> bool:
    """Whether two sampling rates are the same, but for rounding."""
    return abs(one - other) <= SAME_RATE * other

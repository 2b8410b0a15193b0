"""How much is simulated unless asked otherwise, and how much the publishers ship."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Size of a dataset.

    Attributes
    ----------
    subjects : int
        Number of listeners.
    stimuli : int
        Number of songs or videos.
    duration : float
        Length of a stimulus in seconds, without what is recorded before it.
    """

    subjects: int
    stimuli: int
    duration: float


DEFAULT_SIZES: dict[str, Size] = {
    "deap": Size(12, 20, 20.0),
    "amigos": Size(12, 20, 20.0),
    "pmemo": Size(60, 20, 25.0),
}
"""Large enough to learn from, written within seconds."""

PUBLISHED_SIZES: dict[str, Size] = {
    "deap": Size(32, 40, 60.0),
    "amigos": Size(40, 20, 90.0),
    "pmemo": Size(457, 794, 40.0),
}
"""As published; for AMIGOS and PMEmo, where lengths differ, the duration is a typical one."""

MOST_STIMULI: dict[str, int] = {"deap": 40, "amigos": 20, "pmemo": 99999}
"""More than this the layout has no place for."""

SHORTEST = 5.0
"""Shortest stimulus in seconds; a shorter recording could hold no whole response."""

"""How much is simulated unless asked otherwise, and how much or little can be."""

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

MOST_STIMULI: dict[str, int] = {"deap": 40, "amigos": 20, "pmemo": 99999}
"""More than this the layout has no place for."""

SHORTEST = 6.0
"""Shortest stimulus in seconds.

What `rtcan_cli.eda.preprocess.MIN_SECONDS` asks of a recording, since PMEmo's hold nothing but the
song: anything shorter could be simulated, but not decomposed.
"""

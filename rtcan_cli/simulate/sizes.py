"""How much is simulated: for a try, at the published size, or as asked; and what is possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError

Scale = Literal["demo", "full"]
"""For a try, or as large as what the publisher ships."""


@dataclass(frozen=True)
class Size:
    """Size of a dataset.

    Attributes
    ----------
    subjects : int
        Number of listeners.
    stimuli : int
        Number of songs or videos.
    duration : float or None
        Length of a stimulus in seconds, without what is recorded before it; the median where it
        always differs (HKU956). None for lengths that differ as the published ones do.
    """

    subjects: int
    stimuli: int
    duration: float | None


DEFAULT_SIZES: dict[str, Size] = {
    "deap": Size(12, 20, 20.0),
    "amigos": Size(12, 20, 20.0),
    "pmemo": Size(60, 20, 25.0),
    "hku956": Size(30, 20, 25.0),
    "wesad": Size(15, 5, 20.0),
    "case": Size(12, 8, 20.0),
    "table": Size(24, 20, 25.0),
}
"""Large enough to learn from, written within seconds."""

FULL_SIZES: dict[str, Size] = {
    "deap": Size(32, 40, 60.0),
    "amigos": Size(40, 20, None),
    "pmemo": Size(457, 794, None),
    "hku956": Size(30, 592, None),
    "wesad": Size(15, 5, None),
    "case": Size(30, 8, None),
    "table": Size(60, 30, 60.0),
}
"""What the publishers ship; of own recordings what a large study has."""

MOST_STIMULI: dict[str, int] = {
    **{"deap": 40, "amigos": 20, "wesad": 5, "case": 8},
    **dict.fromkeys(("pmemo", "hku956", "table"), 99999),
}
"""More than this the layout has no place for."""

SHORTEST = 6.0
"""Shortest stimulus in seconds.

What `rtcan_cli.eda.preprocess.MIN_SECONDS` asks of a recording, since PMEmo's hold nothing but the
song: anything shorter could be simulated, but not decomposed.
"""


def choose_size(
    name: str, scale: Scale, subjects: int | None, stimuli: int | None, duration: float | None
) -> Size:
    """The size of a dataset at a scale, with what the user asked for instead of its numbers.

    Raises
    ------
    RtcanError
        If the dataset is not one of those that are simulated.
    """
    sizes = DEFAULT_SIZES if scale == "demo" else FULL_SIZES
    if name not in sizes:
        raise RtcanError(
            f"{name} is not simulated, but {', '.join(DEFAULT_SIZES)}",
            command_line("simulate", "table", "DIR"),
        )
    usual = sizes[name]
    return Size(
        usual.subjects if subjects is None else subjects,
        usual.stimuli if stimuli is None else stimuli,
        usual.duration if duration is None else duration,
    )

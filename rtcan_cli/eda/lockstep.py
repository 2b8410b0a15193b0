"""How recordings are computed in lockstep: by Numba, or by NumPy where Numba is not installed."""

from __future__ import annotations

from rtcan_cli.eda.compiled import IS_COMPILED
from rtcan_cli.eda.rows import SAMPLES_IN_ROWS

if IS_COMPILED:
    from rtcan_cli.eda.lanes import (
        LANES,
        at,
        choose,
        each,
        entry,
        inside,
        larger,
        largest,
        like,
        place,
        put,
        root,
        total,
        zeros,
    )
else:
    from rtcan_cli.eda.rows import (
        at,
        choose,
        each,
        entry,
        inside,
        larger,
        largest,
        like,
        place,
        put,
        root,
        total,
        zeros,
    )

__all__ = [
    "FEWEST",
    "at",
    "at_a_time",
    "choose",
    "each",
    "entry",
    "inside",
    "larger",
    "largest",
    "like",
    "place",
    "put",
    "root",
    "total",
    "zeros",
]

_MOST = 512  # recordings in a row, without Numba
#: Recordings that are worked on at the same time, at least. Compiled code takes all lanes; NumPy
#: adds up a single column in another order than the columns of several.
FEWEST = LANES if IS_COMPILED else 2


def at_a_time(longest: int) -> int:
    """How many recordings are worked on at the same time, by the samples of the longest."""
    return LANES if IS_COMPILED else max(1, min(_MOST, SAMPLES_IN_ROWS // longest))

"""How recordings are computed in lockstep: by Numba, or by NumPy where Numba is not installed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import IS_COMPILED

if IS_COMPILED:
    from rtcan_cli.eda.lanes import LANES, at, choose, larger, like, put, root, zeros
else:
    from rtcan_cli.eda.rows import at, choose, larger, like, put, root, rows, zeros

__all__ = ["arranged", "at", "at_a_time", "choose", "larger", "like", "put", "root", "zeros"]

# Without Numba: recordings in a row at most, and samples of all of them, each of which takes some
# hundred bytes of memory.
_MOST, _SAMPLES = 256, 1 << 18


def at_a_time(longest: int) -> int:
    """How many recordings are worked on at the same time, by the samples of the longest."""
    return LANES if IS_COMPILED else max(1, min(_MOST, _SAMPLES // longest))


def arranged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of shape (n, recordings), or of one as (n,) if compiled, for `at` and its like."""
    arranged: NDArray[np.float64] = values if IS_COMPILED else rows(values)
    return arranged

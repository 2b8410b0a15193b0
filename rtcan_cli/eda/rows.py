"""Several recordings computed in lockstep by NumPy, where Numba is not installed.

The same names as in `rtcan_cli.eda.lanes`, for the same code, which the interpreter runs then. Each
of its operations takes about half a microsecond, for a whole row of numbers, one for each
recording, as for one. So there are many recordings in a row, and samples that do not wait for each
other are worked on together: an index may be a slice of them. No recording knows of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

#: Samples of all recordings in a row at most: each takes some hundred bytes of memory.
SAMPLES_IN_ROWS = 1 << 19

# Samples worked on together: what they need stays close to the processor. The number must not
# depend on the recordings, whose sums would else be rounded differently.
_TOGETHER = 64


def each(start: int, stop: int) -> Iterator[slice]:
    """Indices of samples that do not wait for each other."""
    for low in range(start, stop, _TOGETHER):
        yield slice(low, min(low + _TOGETHER, stop))


def at(array: Any, index: Any) -> Any:
    """The row or the rows at an index, which later changes of the array do not change."""
    return array[index].copy()


def put(array: Any, index: Any, value: Any) -> None:
    """Write a row or rows at an index."""
    array[index] = value


def entry(table: Any, index: Any, start: int, column: int) -> Any:
    """Number of a table whose first row belongs to the sample at `start`."""
    if isinstance(index, slice):
        return table[index.start - start : index.stop - start, column, None]
    return table[index - start, column]


def place(index: Any) -> Any:
    """An index as a number."""
    if isinstance(index, slice):
        return np.arange(index.start, index.stop, dtype=np.float64)[:, None]
    return float(index)


def total(values: Any) -> Any:
    """Sum over the samples of an index."""
    return values.sum(axis=0)


def largest(values: Any) -> Any:
    """The largest of the samples of an index, of those that are numbers."""
    return np.fmax.reduce(values, axis=0)


def inside(index: Any, end: Any) -> Any:
    """One before the end, else zero, to multiply with."""
    return end > place(index)


def like(array: Any, number: float) -> float:
    """The same number for all recordings."""
    return number


def root(value: Any) -> Any:
    """Square root."""
    return np.sqrt(value)


def larger(one: Any, other: Any) -> Any:
    """The larger of two; the second where they cannot be compared."""
    return np.where(one > other, one, other)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition is above zero, else `no`, also where it is not a number."""
    return np.where(condition > 0, yes, no)


def zeros(array: Any, count: int) -> Any:
    """New rows, as long as those of the array."""
    return np.zeros((count, *array.shape[1:]))

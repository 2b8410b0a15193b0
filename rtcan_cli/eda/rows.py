"""Several recordings computed in lockstep by NumPy, where Numba is not installed.

The same names as in `rtcan_cli.eda.lanes`, for the same code, which the interpreter runs then. Each
of its operations takes about a microsecond, for a whole row of numbers as for one. So there are
many recordings in a row. No recording knows of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Row(np.ndarray):
    """A number for each recording. Like numbers, what was read of it is not changed by ``+=``."""

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        return self + other

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]
        return self - other


def rows(array: NDArray[np.float64]) -> Any:
    """An array of shape (n, recordings), to be read and written by what is here; not a copy."""
    return array.view(Row)


def at(array: Any, index: int) -> Any:
    """The row at an index, which later changes of the array do not change."""
    return array[index].copy()


def put(array: Any, index: int, value: Any) -> None:
    """Write a row at an index."""
    array[index] = value


def like(array: Any, number: float) -> Any:
    """A row of the same number."""
    return rows(np.full(array.shape[1:], number))


def root(value: Any) -> Any:
    """Square root."""
    return np.sqrt(value)


def larger(one: Any, other: Any) -> Any:
    """The larger of two; the second where they cannot be compared."""
    return choose(one > other, one, other)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition is above zero, else `no`, also where it is not a number."""
    return rows(np.where(condition > 0, yes, no))


def zeros(array: Any, count: int) -> Any:
    """New rows, as long as those of the array."""
    return rows(np.zeros((count, *array.shape[1:])))

"""Numbers in CSV files, and signals sampled at uneven times."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files import RawFile
from rtcan_cli.errors import RtcanError

_EVEN = 0.01
"""Steps that differ by less than this share of the mean step count as even."""


def read_rows(file: RawFile) -> list[list[str]]:
    """Rows of a CSV file, without the empty ones, each cell stripped of spaces.

    Raises
    ------
    RtcanError
        If the file cannot be read, is not UTF-8 or no CSV.
    """
    try:
        rows = list(csv.reader(file.text().splitlines()))
    except csv.Error as error:
        raise RtcanError(f"{file} is no CSV file: {error}") from error
    return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


def number(cell: str) -> float:
    """A number; NaN for an empty cell. Raises ValueError for other text."""
    return float(cell) if cell else math.nan


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, so that its row is no header."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_numbers(
    lines: Sequence[str], width: int, file: RawFile, first: int
) -> NDArray[np.float64]:
    """Numbers separated by commas, one row a line; NaN for an empty cell.

    Parameters
    ----------
    lines : sequence of str
        The rows.
    width : int
        Number of columns that each row must have.
    file : RawFile
        Where the lines are from, for messages.
    first : int
        Line number of the first row in the file.

    Returns
    -------
    ndarray of float64, shape (n_rows, width)

    Raises
    ------
    RtcanError
        If a row has more or fewer columns, as the last one of a truncated file does, or holds
        something else than numbers.
    """
    table = np.empty((len(lines), width))
    for row, line in enumerate(lines):
        cells = line.split(",")
        if len(cells) != width:
            raise RtcanError(
                f"{file}: line {row + first} has {len(cells)} columns instead of {width}",
                hint="the file is incomplete or damaged: copy or download it again",
            )
        try:
            table[row] = [number(cell.strip()) for cell in cells]
        except ValueError:
            raise RtcanError(
                f"{file}: line {row + first} holds something else than numbers: {line.strip()[:60]}"
            ) from None
    return table


def sampling_grid(time: NDArray[np.float64], source: object) -> tuple[NDArray[np.float64], float]:
    """The even sampling grid that comes closest to some sampling times.

    Parameters
    ----------
    time : ndarray, shape (n_samples,)
        In seconds.
    source : object
        What to call the file in messages.

    Returns
    -------
    grid : ndarray, shape (n_samples,)
        `time` itself where its steps are even up to rounding; else as many times with the same
        first and last, evenly spaced.
    sampling_rate : float
        The mean rate, in Hz.

    Raises
    ------
    RtcanError
        If there are fewer than two times, or they do not increase.
    """
    steps = np.diff(time)
    if len(steps) == 0 or not (steps > 0).all():
        raise RtcanError(f"{source}: the times in the first column do not increase")
    mean_step = float(steps.mean())
    rate = round(1 / mean_step, 6)
    if np.abs(steps - mean_step).max() <= _EVEN * mean_step:
        return time, rate
    return np.linspace(time[0], time[-1], len(time)), rate

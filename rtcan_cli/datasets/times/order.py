"""Times of samples in their order: those that cannot be right are left out, and packets spread.

A time that is left out makes no other sample move.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.times.packets import Packets, in_packets
from rtcan_cli.datasets.times.steps import WRONG
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class Rows:
    """What is known of the rows of a table, whichever of its columns tells their times.

    Attributes
    ----------
    same : ndarray of bool, shape (n_rows,)
        Those that repeat the one before in all of their cells.
    lines : ndarray of int, shape (n_rows,)
        The line of each in the file.
    stated : float
        Their sampling rate in Hz, as it is stated elsewhere; NaN where it is not.
    source : object
        What to call the file.
    """

    same: NDArray[np.bool_]
    lines: NDArray[np.intp]
    stated: float
    source: object

    @classmethod
    def numbered(cls, n_rows: int, stated: float, source: object) -> Rows:
        """Rows of a file without lines: they are numbered from 1, and none repeats another."""
        return cls(np.zeros(n_rows, bool), np.arange(1, n_rows + 1), stated, source)


def in_order(
    raw: NDArray[np.float64], rows: Rows, label: str
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_], tuple[str, ...]]:
    """Find the rows with a time that can be right.

    Parameters
    ----------
    raw : ndarray of float64, shape (n_rows,)
        The times, in any unit; NaN where one is missing.
    rows : Rows
        Their rows.
    label : str
        What to call their column.

    Returns
    -------
    kept : ndarray of int, shape (n_kept,)
        These rows.
    time : ndarray of float64, shape (n_kept,)
        Their times, increasing; those of packets are spread evenly.
    doubtful : ndarray of bool, shape (n_kept,)
        Which of them share their time with rows that are left out.
    notes : tuple of str
        What was left out.

    Raises
    ------
    RtcanError
        If more times cannot be right than a few.
    """
    kept = np.flatnonzero(~np.isnan(raw))
    notes: list[str] = []
    n_missing = len(raw) - len(kept)
    # A row of numbers of samples or rates below the names has no time (BioPac, BioGraph).
    if n_missing and len(kept) and kept[0] == 1:
        n_missing -= 1
    time = raw[kept]
    steps = np.diff(time)
    if in_packets(time):
        if n_missing > WRONG * len(raw) or (steps < 0).any():
            raise _not_later(raw, rows, label)
        return kept, Packets(time).spread(), np.zeros(len(kept), bool), ()
    # The same packet twice.
    twice = np.r_[False, (steps == 0) & rows.same[kept[1:]] & (np.diff(kept) == 1)]
    if twice.any():
        notes.append(f"rows that repeat the one before, dropped: {int(twice.sum())}")
        kept, time = kept[~twice], time[~twice]
    rising, doubtful = _increasing(time)
    n_unsure = len(time) - len(rising) + int(doubtful.sum())
    n_wrong = n_missing + n_unsure
    if n_wrong > WRONG * len(raw):
        raise _not_later(raw, rows, label)
    if n_unsure:
        first = int(np.flatnonzero(~(np.diff(time) > 0))[0]) + 1
        notes.append(
            "samples whose time is not later than that of the one before, read as missing: "
            f"{n_unsure} (the first in line {rows.lines[kept[first]]})"
        )
    if n_missing:
        notes.append(f"rows without a time, left out: {n_missing}")
    return kept[rising], time[rising], doubtful, tuple(notes)


def _not_later(raw: NDArray[np.float64], rows: Rows, label: str) -> RtcanError:
    # A missing time counts as one that is not later; a leading one may be a row of rates.
    start = 1 if len(raw) and math.isnan(raw[0]) else 0
    wrong = np.flatnonzero(~(np.diff(raw[start:]) > 0))
    line = rows.lines[start + int(wrong[0]) + 1 if len(wrong) else 0]
    return RtcanError(
        f"{rows.source}: line {line} of the {label} is not later than the line above it",
        hint="times must increase; if these are not times, rename the column and give a "
        "sampling_rate",
    )


def _increasing(time: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Rows whose times increase, and those of them that share their time with rows left out."""
    keep = np.ones(len(time), bool)
    spans: list[tuple[float, float]] = []
    for i in np.flatnonzero(~(np.diff(time) > 0)).tolist():
        before, after = time[i], time[i + 1]
        if after < before and (i == 0 or after > time[i - 1]):
            # One time too late, the others go on as before.
            keep[i] = False
            continue
        later = np.flatnonzero(time[i + 1 :] > before)
        end = i + 1 + int(later[0]) if len(later) else len(time)
        keep[i + 1 : end] = False
        if end - i > 2 or after == before:
            # The clock was put back, and goes over the same times again.
            spans.append((float(time[i + 1 : end].min()), float(before)))
    kept = np.flatnonzero(keep)
    # What is still out of order after this is left out, too.
    good = time[kept] >= np.maximum.accumulate(time[kept])
    good[1:] &= np.diff(time[kept]) > 0
    kept = kept[good]
    doubtful = np.zeros(len(kept), bool)
    for low, high in spans:
        doubtful |= (time[kept] >= low) & (time[kept] <= high)
    return kept, doubtful

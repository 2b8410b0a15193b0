"""Samples that are sent together, in packets, and share one time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError

STAMPED = 2.0
"""Times that change at least this often, in seconds, are of samples or packets."""

_MANY = 0.2
"""If more of the steps than this are none, samples are sent in packets."""

_USUAL = 1.5
"""Longer times between packets, in usual ones, are holes."""


def in_packets(time: NDArray[np.float64]) -> bool:
    """Whether so many samples have the time of the one before that packets explain it."""
    return len(time) > 1 and bool((np.diff(time) == 0).mean() > _MANY)


def refuse_rounded(time: NDArray[np.float64], place: str) -> None:
    """Refuse times in seconds that samples share for longer than packets do.

    A spreadsheet has rounded them.
    """
    if not in_packets(time):
        return
    steps = np.diff(time)
    longest = float(np.median(steps[steps > 0]))
    if longest > STAMPED:
        raise RtcanError(
            f"{place} stay the same for {longest:.4g} s: they seem to be rounded",
            hint="export them with all digits; or rename the column, give a sampling_rate, and "
            "count starts from the first sample",
        )


class Packets:
    """Samples that are sent together and share one time.

    That is the time of the last sample where longer waits bring more samples, else that of the
    first, as of clocks that count whole seconds.
    """

    def __init__(self, time: NDArray[np.float64]) -> None:
        self.starts = np.flatnonzero(np.r_[True, np.diff(time) != 0])
        self.counts = np.diff(np.r_[self.starts, len(time)])
        self.stamps = time[self.starts]
        self.between = np.diff(self.stamps)
        ends, begins = self.counts[1:], self.counts[:-1]
        self.at_end = _follows(ends, self.between) > _follows(begins, self.between)
        self.step = (
            float(np.median(self.between / (ends if self.at_end else begins)))
            if len(self.between)
            else math.nan
        )

    def spread(self) -> NDArray[np.float64]:
        """Times of all samples, evenly from one packet to the next, but not over holes."""
        own = self.counts[1:] if self.at_end else self.counts[:-1]
        usual = self.step * own
        room = np.where(self.between > _USUAL * usual, usual, self.between)
        edge = self.counts[0 if self.at_end else -1] * self.step
        room = np.r_[edge, room] if self.at_end else np.r_[room, edge]
        share = np.repeat(room / self.counts, self.counts)
        place = np.arange(self.counts.sum()) - np.repeat(self.starts, self.counts)
        if self.at_end:
            place = place - np.repeat(self.counts, self.counts) + 1
        time = np.repeat(self.stamps, self.counts) + place * share
        if not self.at_end and self.counts[0] < np.median(self.counts):
            # The recording began within the first period.
            n = self.counts[0]
            time[:n] = self.stamps[1] - self.step * np.arange(n, 0, -1)
        return time


def _follows(counts: NDArray[np.intp], between: NDArray[np.float64]) -> float:
    """How well numbers of samples go with the times between packets."""
    if len(counts) < 3 or counts.std() == 0 or between.std() == 0:
        return 0.0
    return float(np.corrcoef(counts, between)[0, 1])

"""What every reader of a recording's file returns: its channels, their clocks, and its markers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Channel:
    """One signal of a file, whole and as it is written there.

    Attributes
    ----------
    name : str
        As the file writes it, without the unit; empty where it has none.
    unit : str
        As the file writes it; empty where it does not say.
    values : ndarray of float or int, shape (n_samples,)
        In that unit; NaN where a sample is missing. May be mapped into memory: not to be written
        to.
    sampling_rate : float
        In Hz, as stated by the file; NaN where it does not say.
    start : float
        Unix time of the first sample, in seconds; NaN where the file does not say.
    time : ndarray of float64, shape (n_samples,), or None
        Sampling times in seconds, increasing: of Unix time, or from a moment of the file's own.
        None where the file has none, so that the samples are `sampling_rate` apart.
    column : int
        Its column in a table, from 1, where clocks and text count too; 0 where a channel's place
        among the channels is its number.
    zone_unknown : bool
        Whether `start` or `time` are those of a clock on a wall, whose time zone the file does not
        say; they are taken as if it were UTC.
    of_day : bool
        Whether `time` is that of a day, without its date.
    """

    name: str
    unit: str
    values: NDArray[Any]
    sampling_rate: float = math.nan
    start: float = math.nan
    time: NDArray[np.float64] | None = None
    column: int = 0
    zone_unknown: bool = False
    of_day: bool = False


@dataclass(frozen=True)
class Marker:
    """A moment that somebody marked during the recording.

    Attributes
    ----------
    time : float
        In seconds, on the clock of the channels: Unix time where they have it.
    label : str
        May be empty.
    """

    time: float
    label: str


@dataclass(frozen=True)
class Contents:
    """A file of recordings, read.

    Attributes
    ----------
    format : str
        What was recognised, such as ``"EDF"`` or ``"Shimmer export"``; for messages and stores.
    channels : tuple of Channel
        In the order of the file; without channels that hold no numbers, and without clocks.
    markers : tuple of Marker
        In the order of time.
    notes : tuple of str
        What was found in passing and has to be said, such as ``"3 duplicate packets dropped"``.
    labels : dict of list of str
        Columns of text by their names, with a cell for each sample of the channels.
    """

    format: str
    channels: tuple[Channel, ...]
    markers: tuple[Marker, ...] = ()
    notes: tuple[str, ...] = ()
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)

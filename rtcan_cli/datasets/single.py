"""One recording in a file of its own, without a table that tells about it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets.conversion import conversion_of, refuse_unstated
from rtcan_cli.datasets.files.csvfile import read_number
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.simulation_marker import (
    PUBLISHER_FOLDERS,
    in_simulated_dataset,
    read_marker,
)
from rtcan_cli.datasets.table.cuts import cut
from rtcan_cli.datasets.table.row import Row, read_start
from rtcan_cli.datasets.table.signals import SignalFile, Track
from rtcan_cli.datasets.times.units import UNIX_LAST
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.errors import RtcanError, UnusableError


def read_single(
    path: Path,
    sampling_rate: float = math.nan,
    column: str = "",
    decimal: str = ".",
    start: float | str = math.nan,
    duration: float = math.nan,
    unit: str | None = None,
    default: str = "uS",
    resistance: Literal["convert", "flip", "as-is"] = "convert",
    last: float = math.nan,
) -> Recording:
    """Read one recording.

    Parameters
    ----------
    path : Path
        Whatever a table of own trials may name: a signal file, or the folder or zip file of an
        Empatica E4 session.
    sampling_rate : float
        In Hz; NaN where the file says it itself.
    column : str
        Name, or number from 1; empty where the file has one signal only.
    decimal : {".", ","}
        The decimal mark.
    start : float or str
        Where the part begins that is read, in seconds, or as a table of own trials may write it;
        NaN for the beginning.
    duration : float
        Its length in seconds; NaN for all that follows.
    unit : str, optional
        Its unit; a file that says another one is refused.
    default : str
        Its unit where neither the file nor `unit` says it. If this is empty, such a file is not
        converted, and the recording has no unit.
    resistance : {"convert", "flip", "as-is"}
        What becomes of skin resistance: 1/R, but where its offset is not known, its sign has to
        be flipped; or always the latter, or nothing.
    last : float
        Only the last seconds of the file, or all of it if it has less; NaN for all. What comes
        before has no part in how these are read, apart from the unit.

    Raises
    ------
    RtcanError
        If it is missing, damaged or ambiguous, its rate is not known or another one, or it does
        not hold that part.
    """
    if not path.exists():
        raise RtcanError(f"{path} does not exist")
    file = RawFile(path, PurePosixPath(path.name))
    track = SignalFile(file, decimal, sampling_rate).track(column)
    if track.time is None and math.isnan(track.sampling_rate) and math.isnan(sampling_rate):
        raise RtcanError(f"{path} does not say its sampling rate", hint="--sampling-rate HZ")
    time, local, of_day = _start(start, decimal)
    row = Row(
        line=1,
        subject="",
        stimulus="",
        sampling_rate=sampling_rate,
        start=time,
        duration=duration,
        start_local=local,
        start_of_day=of_day,
    )
    how = None
    if track.unit or unit or default:
        as_is: Polarity | None = "as-is" if resistance == "as-is" else None
        flip = True if resistance == "flip" else None
        how = conversion_of(track.eda, track.unit, unit, default, as_is, flip, path)
        track = replace(track, eda=how.cleaned(track.eda))
    begin, track = _last(track, last, sampling_rate)
    found = cut(track, row)
    if isinstance(found, str):
        raise UnusableError(f"{path}: {found}")
    place = (found.sampling_rate, str(path), found.position, found.jitter)
    refuse_unstated(track.channel, track.unit, unit, path)
    if how is None:
        return Recording("both", found.eda, *place, notes=track.notes, begin=begin)
    notes = (*track.notes, *how.notes)
    kind = how.kind
    return Recording("both", how(found.eda), *place, kind.unit, kind.polarity, notes, begin)


def _last(track: Track, seconds: float, sampling_rate: float) -> tuple[float, Track]:
    """Seconds before the last part of a signal, and that part."""
    n = len(track.eda)
    if math.isnan(seconds) or not n:
        return 0.0, track
    if track.time is None:
        rate = sampling_rate if math.isnan(track.sampling_rate) else track.sampling_rate
        first = max(0, n - round(seconds * rate))
        begin, time = first / rate, None
    else:
        # The last sample lasts as long as samples usually do.
        usual = float(np.median(np.diff(track.time))) if n > 1 else 0.0
        first = int(np.searchsorted(track.time, track.time[-1] - seconds + usual / 2))
        begin, time = float(track.time[first] - track.time[0]), track.time[first:]
    start = track.start + begin  # NaN if the file does not say
    return begin, replace(track, eda=track.eda[first:], time=time, start=start)


def _start(start: float | str, decimal: str) -> tuple[float, bool, bool]:
    """A start as `read_start` returns it, of a number or of text."""
    if isinstance(start, str) and (found := read_start(start)) is not None:
        return found
    try:
        time = read_number(start, decimal) if isinstance(start, str) else start
    except ValueError:
        time = -1.0
    if time < 0 or time > UNIX_LAST or (isinstance(start, str) and math.isnan(time)):
        raise RtcanError(
            f"the start {start!r} is neither seconds nor a time",
            hint="seconds in the file, Unix time, or a time such as 2024-05-01T10:00:00Z",
        )
    return time, False, False


def is_simulated(path: Path) -> bool:
    """Whether rtcan's simulator made a file, as far as a mark says so.

    The mark is a file beside it, or in the description of the dataset in BIDS that it belongs to.
    """
    file = RawFile(path, PurePosixPath(path.name))
    marked = any(read_marker(name, file, [], path.parent) for name in PUBLISHER_FOLDERS)
    return marked or in_simulated_dataset([path])

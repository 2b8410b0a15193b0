"""One recording in a file of its own, without a table that tells about it."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

from rtcan_cli.datasets.files.raw import PUBLISHER_FOLDERS, RawFile
from rtcan_cli.datasets.simulation_marker import read_marker
from rtcan_cli.datasets.table.cuts import cut
from rtcan_cli.datasets.table.rows import Row
from rtcan_cli.datasets.table.signals import SignalFile
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.errors import RtcanError


def read_single(
    path: Path,
    sampling_rate: float = math.nan,
    column: str = "",
    decimal: str = ".",
    start: float = math.nan,
    duration: float = math.nan,
) -> Recording:
    """Read one recording.

    Parameters
    ----------
    path : Path
        Whatever a table of own trials may name: text with columns, an array, an E4 session.
    sampling_rate : float
        In Hz; NaN where the file says it itself.
    column : str
        Name, or number from 1; empty where the file has one signal only.
    decimal : {".", ","}
        The decimal mark.
    start, duration : float
        Which part of it, in seconds; NaN for all of it.

    Raises
    ------
    RtcanError
        If it is missing, damaged or ambiguous, its rate is not known or another one, or it does
        not hold that part.
    """
    if not path.exists():
        raise RtcanError(f"{path} does not exist")
    if path.is_dir():
        raise RtcanError(f"{path} is a folder, not a signal file", hint="name the file itself")
    file = RawFile(path, PurePosixPath(path.name))
    track = SignalFile(file, decimal).track(column)
    if track.time is None and math.isnan(track.sampling_rate) and math.isnan(sampling_rate):
        raise RtcanError(f"{path} does not tell its sampling rate", hint="--sampling-rate HZ")
    nan = math.nan
    row = Row(
        *(1, "", "", nan, nan, path.name, sampling_rate, start, duration, column, "both"),
        *("", "", ""),
    )
    found = cut(track, row)
    if isinstance(found, str):
        raise RtcanError(f"{path}: {found}")
    return Recording(
        "both", found.eda, found.sampling_rate, str(path), found.position, found.jitter
    )


def is_simulated(path: Path) -> bool:
    """Whether rtcan's simulator wrote a file, as far as a mark beside it says so."""
    file = RawFile(path, PurePosixPath(path.name))
    return any(read_marker(name, file, [], path.parent) for name in PUBLISHER_FOLDERS)

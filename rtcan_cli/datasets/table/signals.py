"""The signal files that a lab's own table names: which of their channels is the EDA."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets import names
from rtcan_cli.datasets.files.csvfile import is_number
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents
from rtcan_cli.datasets.formats.read import read_contents
from rtcan_cli.datasets.table.header import column_name
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.units import parse_unit, split_unit
from rtcan_cli.errors import RtcanError, some

_PLAIN = {"text", "NumPy array"}


@dataclass(frozen=True)
class Track:
    """One signal of a file, whole.

    Attributes
    ----------
    source : RawFile
        The file.
    name : str
        Which signal of the file; empty where there is only one.
    eda : ndarray of float or int, shape (n_samples,)
        May be mapped into memory: not to be written to.
    sampling_rate : float
        In Hz; NaN where the file does not say.
    start : float
        Unix time of the first sample; NaN where the file does not say.
    time : ndarray of float64, shape (n_samples,), or None
        Sampling times in seconds, increasing; None where the file has none.
    unit : str
        As the file writes it; empty where it does not say.
    zone_unknown : bool
        Whether start and times are taken as if the file's time zone, which it does not say, were
        UTC.
    notes : tuple of str
        What was found on reading the file.
    channel : str
        The name of the signal as the file writes it, without its unit; may be empty.
    of_day : bool
        Whether `time` is that of a day, without its date.
    """

    source: RawFile
    name: str
    eda: NDArray[Any]
    sampling_rate: float = math.nan
    start: float = math.nan
    time: NDArray[np.float64] | None = None
    unit: str = ""
    zone_unknown: bool = False
    notes: tuple[str, ...] = ()
    channel: str = ""
    of_day: bool = False


class SignalFile:
    """A signal file that is read once, however many trials are cut out of it.

    Parameters
    ----------
    file : RawFile
        Where it is.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.
    sampling_rate : float
        In Hz, as it is stated beside the file; NaN where it is not.

    Raises
    ------
    RtcanError
        If it is not there, of an unknown format, too large or damaged.
    """

    def __init__(self, file: RawFile, decimal: str, sampling_rate: float = math.nan) -> None:
        self._file = file
        self._contents = read_contents(file, decimal, sampling_rate)
        self._tracks: dict[str, Track] = {}

    def placed(self, row: Row, track: Track) -> Row | str:
        """A row that says by a column of the file where its trial is, with start and duration.

        Returns
        -------
        Row or str
            A reason, in words, where the file does not hold its samples in one piece.
        """
        if not row.samples:
            return row
        found = labelled(self._contents, row.samples, self._file)
        if isinstance(found, str):
            return found
        first, last = found
        if track.time is None:
            rate = row.sampling_rate if math.isnan(track.sampling_rate) else track.sampling_rate
            return replace(row, start=first / rate, duration=(last - first) / rate)
        step = float(np.median(np.diff(track.time)))
        start = float(track.time[first])
        duration = float(track.time[last - 1]) + step - start
        return replace(row, start=start, duration=duration, start_local=track.zone_unknown)

    def track(self, column: str) -> Track:
        """One of its signals.

        Parameters
        ----------
        column : str
            Name, or number from 1; empty where the file shows which is the EDA.

        Raises
        ------
        RtcanError
            If there is no such column, or no single one that may be EDA.
        """
        if column not in self._tracks:
            channel = choose(self._contents, column, self._file)
            self._tracks[column] = Track(
                self._file,
                _label(self._contents, channel),
                channel.values,
                channel.sampling_rate,
                channel.start,
                channel.time,
                channel.unit,
                channel.zone_unknown,
                self._contents.notes,
                channel.name,
                channel.of_day,
            )
        return self._tracks[column]


def labelled(contents: Contents, samples: str, source: object) -> tuple[int, int] | str:
    """The samples of a file that belong to a trial by the value in another column.

    Parameters
    ----------
    contents : Contents
        The file.
    samples : str
        ``column=value``.
    source : object
        What to call the file.

    Returns
    -------
    first, last : int
        The first sample, and the one behind the last.
    str
        A reason, in words, where the file does not hold them in one piece.

    Raises
    ------
    RtcanError
        If there is no such column.
    """
    name, _, value = (part.strip() for part in samples.partition("="))
    found = np.flatnonzero(_has_label(contents, name, value, source))
    if not found.size:
        return f"no sample has {value!r} in the column {name!r}"
    pieces = 1 + int((np.diff(found) > 1).sum())
    if pieces > 1:
        return f"the samples with {value!r} in the column {name!r} are in {pieces} pieces"
    return int(found[0]), int(found[-1]) + 1


def _has_label(contents: Contents, name: str, value: str, source: object) -> NDArray[np.bool_]:
    """Where a column of text or numbers has a value."""
    for label, cells in contents.labels.items():
        if column_name(label) == column_name(name):
            return np.array([cell.strip() == value for cell in cells], np.bool_)
    channels = [c for c in contents.channels if column_name(c.name) == column_name(name)]
    if len(channels) == 1 and is_number(value):
        return np.asarray(channels[0].values == float(value), np.bool_)
    if channels:
        return np.zeros(len(channels[0].values), np.bool_)
    names = [*contents.labels, *(c.name for c in contents.channels if c.name)]
    raise RtcanError(
        f"{source} has no column {name!r} that says to which trial a sample belongs",
        hint=f"of its columns {some(names)} the one that does" if names else None,
    )


def choose(contents: Contents, column: str, source: object) -> Channel:
    """The channel of a file that is meant.

    Parameters
    ----------
    contents : Contents
        The file.
    column : str
        Name, or number from 1; empty where the file has to show which is the EDA.
    source : object
        What to call the file.

    Raises
    ------
    RtcanError
        If there is no such channel, or no single one that may be EDA.
    """
    channels = contents.channels
    if not channels:
        raise RtcanError(
            f"{source} holds no column of numbers beside times",
            hint="check its decimal mark (--decimal ,) and that numbers have no other separators",
        )
    found = _named(channels, column) if column else _like_eda(channels)
    if len(found) == 1 and (column or not names.derived(found[0].name)):
        return found[0]
    if len(found) == 1:
        name = _full_name(found[0])
        raise RtcanError(
            f"{source}: the name of its column {name!r} says {names.derived(found[0].name)!r}: "
            "this is computed from EDA, and not EDA as it was measured",
            hint=f"take the measured signal; or, if this is what you mean, give {name} as `column`",
        )
    if column:
        what = "no column" if not found else f"{len(found)} columns"
        raise RtcanError(
            f"{source} has {what} {column!r}: {_listed(channels)}",
            hint="as `column` the name of one of these with its unit, or its number from 1",
        )
    raise RtcanError(
        f"{source} does not show which column is EDA: {_listed(channels)}",
        hint="give it as `column`: its name, or its number from 1",
    )


def _named(channels: Sequence[Channel], column: str) -> list[Channel]:
    """Channels that a text names: exactly, else but for case, spaces and unit, else by number."""
    name, unit = split_unit(column)
    for match in (
        lambda each: column.strip() in (each.name, _full_name(each)),
        lambda each: bool(each.name) and column_name(each.name) == column_name(name),
        lambda each: bool(each.name) and column_name(each.name) == column_name(column),
    ):
        found = [each for each in channels if match(each)]
        if len(found) > 1 and unit:
            found = [each for each in found if _same_unit(each.unit, unit)]
        if found:
            return found
    if re.fullmatch("0*[1-9][0-9]{0,5}", column):
        number = int(column)
        return [c for i, c in enumerate(channels, start=1) if (c.column or i) == number]
    return []


def _same_unit(one: str, other: str) -> bool:
    return one == other or (parse_unit(one) is not None and parse_unit(one) == parse_unit(other))


def _like_eda(channels: Sequence[Channel]) -> list[Channel]:
    """The channels that may be EDA: the only one, else by name, else by unit."""
    if len(channels) == 1:
        return list(channels)
    named = [c for c in channels if names.is_eda(c.name)]
    exact = [c for c in named if column_name(c.name) in ("eda", "gsr", "sc")]
    for found in (named, exact, channels):
        if len(found) == 1 and found is not channels:
            return list(found)
        conductance = [c for c in found if _quantity(c.unit) == "conductance"]
        if len(conductance) == 1:
            return conductance
    return named


def may_be_eda(channel: Channel) -> bool:
    """Whether name or unit say that a channel is EDA, or it has neither."""
    if channel.name and names.is_eda(channel.name):
        return True
    return _quantity(channel.unit) is not None if channel.unit else not channel.name


def _quantity(unit: str) -> str | None:
    parsed = parse_unit(unit) if unit else None
    return parsed.quantity if parsed else None


def _full_name(channel: Channel) -> str:
    return f"{channel.name} [{channel.unit}]" if channel.unit else channel.name


def _label(contents: Contents, channel: Channel) -> str:
    """How the store says which signal it is."""
    alone = len(contents.channels) == 1 and channel.column <= 1
    column = "" if alone else f"column {_full_name(channel) or channel.column}"
    known = "" if contents.format in _PLAIN else contents.format
    return ", ".join(filter(None, (known, column)))


def _listed(channels: Sequence[Channel]) -> str:
    full = [_full_name(channel) for channel in channels]
    shown = ", ".join(full[:8]) if any(full) else "without names"
    more = ", ..." if len(full) > 8 else ""
    return f"there {'is' if len(full) == 1 else 'are'} {len(full)} ({shown}{more})"

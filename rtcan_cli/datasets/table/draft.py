"""A first table of trials for a folder of recordings: what can be read off the files themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

import numpy as np

from rtcan_cli.datasets.files.csvfile import is_number
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.read import read_contents
from rtcan_cli.datasets.names import words_of
from rtcan_cli.datasets.table.signals import choose, labelled, may_be_eda
from rtcan_cli.datasets.times.units import UNIX_FIRST
from rtcan_cli.errors import RtcanError

MOST_MARKERS = 200
"""With more markers than this in one file they are hardly the beginnings of trials."""

_GENERIC = {"eda", "gsr", "signal", "signals", "data", "recording", "physio", "raw", "export"}
_GENERIC |= {"raw_data", "v6", "participant_data"}  # folders of an EmbracePlus
_GENERIC |= {"e4", "empatica", "shimmer", "bitalino", "emotibit", "biopac"}
"""Words in names that are neither a subject nor a stimulus."""

_OF_TRIALS = {"trial", "stimulus", "stim", "song", "clip", "video", "condition", "block"}
"""Words in names of columns that say to which trial a sample belongs."""

_SEPARATORS = re.compile(r"[\s_.-]+")


@dataclass(frozen=True)
class Look:
    """What a file turned out to contain.

    Attributes
    ----------
    file : RawFile
        Where it is.
    format : str
        What was recognised; empty where nothing was.
    channel : str
        Name of the channel that is taken for EDA; empty where it has none.
    unit : str
        As the file writes it; empty where it does not say.
    sampling_rate, seconds, lowest, highest : float
        In Hz, seconds and the file's unit; NaN where not known.
    markers : tuple of Marker
        Moments that somebody marked.
    end : float
        When it ends, in seconds on the clock of the markers; NaN where not known.
    zone_unknown : bool
        Whether that clock shows dates without a time zone.
    parts : tuple of str
        ``column=value`` of the samples of each trial, where a column tells.
    problem : str
        Why it is not a recording of EDA that can be read; empty if it is.
    """

    file: RawFile
    format: str = ""
    channel: str = ""
    unit: str = ""
    sampling_rate: float = math.nan
    seconds: float = math.nan
    lowest: float = math.nan
    highest: float = math.nan
    markers: tuple[Marker, ...] = ()
    end: float = math.nan
    problem: str = ""
    zone_unknown: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftRow:
    """A row of the table, as text; what is not known is empty."""

    subject: str
    stimulus: str
    signal: str
    start: str = ""
    duration: str = ""
    audio: str = ""
    samples: str = ""


def look(file: RawFile, decimal: str) -> Look:
    """Read a file, and say what it contains."""
    try:
        contents = read_contents(file, decimal)
    except RtcanError as error:
        return Look(file, problem=_without_name(error, file))
    try:
        channel = choose(contents, "", file)
    except RtcanError as error:
        return Look(file, contents.format, problem=_without_name(error, file))
    if not may_be_eda(channel):
        problem = f"neither name nor unit of its channel {channel.name!r} are those of EDA"
        return Look(file, contents.format, problem=problem)
    values = np.asarray(channel.values, np.float64)
    known = values[np.isfinite(values)]
    rate, seconds, begin = _clock(channel)
    return Look(
        file,
        contents.format,
        channel.name,
        channel.unit,
        rate,
        seconds,
        float(known.min()) if known.size else math.nan,
        float(known.max()) if known.size else math.nan,
        contents.markers,
        begin + seconds,
        "" if known.size else "it contains no sample",
        channel.zone_unknown,
        _parts(contents),
    )


def rows_of(looks: Sequence[Look], audio: Sequence[PurePosixPath]) -> list[DraftRow]:
    """A row for each recording, or for each of its markers.

    The subject is the name of the first folder that differs between recordings, or else the first
    part of the file's name; the stimulus is the label of the marker, or the rest of the name. Words
    such as ``EDA`` and ``data`` are neither.

    Parameters
    ----------
    looks : sequence of Look
        Recordings without a problem.
    audio : sequence of PurePosixPath
        Audio files below the same folder, which are matched with stimuli by their names.
    """
    paths = [each.file.name for each in looks]
    level = _first_difference(paths)
    songs = {each.stem.casefold(): str(each) for each in audio}
    rows = []
    for found, path in zip(looks, paths, strict=True):
        subject, stimulus = _names(path, level)
        for label, start, duration, samples in _spans(found):
            name = label or stimulus
            rows.append(
                DraftRow(
                    subject,
                    name,
                    str(path),
                    start,
                    duration,
                    songs.get(name.casefold(), "") if name else "",
                    samples,
                )
            )
    return rows


def _without_name(error: RtcanError, file: RawFile) -> str:
    text = str(error).removeprefix(str(file)).lstrip(" :")
    return f"{text} (try: {error.hint})" if error.hint else text


def _clock(channel: Channel) -> tuple[float, float, float]:
    """Rate, length in seconds, and the time of the first sample on the clock of the markers."""
    n_samples = len(channel.values)
    if channel.time is not None and len(channel.time) > 1:
        step = float(np.median(np.diff(channel.time)))
        begin = float(channel.time[0])
        return 1 / step if step > 0 else math.nan, float(channel.time[-1]) - begin + step, begin
    rate = channel.sampling_rate
    begin = 0.0 if math.isnan(channel.start) else channel.start
    return rate, n_samples / rate if rate > 0 else math.nan, begin


def _first_difference(paths: Sequence[PurePosixPath]) -> int | None:
    """The first level of folders whose names differ; None where all files are in one folder.

    Files outside of all folders do not count.
    """
    folders = [path.parts[:-1] for path in paths if len(path.parts) > 1]
    for level in range(min(map(len, folders), default=0)):
        if len({parts[level] for parts in folders}) > 1:
            return level
    return None


def _names(path: PurePosixPath, level: int | None) -> tuple[str, str]:
    """Subject and stimulus, as far as a file's path tells; else empty."""
    parts = [part for part in _SEPARATORS.split(path.stem) if part]
    parts = [part for part in parts if part.casefold() not in _GENERIC]
    folders = [part for part in path.parts[:-1] if part.casefold() not in _GENERIC]
    in_folder = level is not None and level < len(path.parts) - 1
    if in_folder and path.parts[level or 0].casefold() not in _GENERIC:
        subject = path.parts[level or 0]
        return subject, "_".join(part for part in parts if part.casefold() != subject.casefold())
    if parts:
        return parts[0], "_".join(parts[1:])
    return (folders[-1] if folders else ""), ""


def without_copies(looks: Sequence[Look]) -> list[Look]:
    """The same looks; a zip file beside its own unpacked folder is told as a problem."""
    folders = {parent for each in looks if not each.problem for parent in each.file.name.parents}
    checked = []
    for each in looks:
        unpacked = each.file.name.with_suffix("")
        if each.file.name.suffix.casefold() == ".zip" and not each.problem and unpacked in folders:
            problem = f"the folder {unpacked.name} beside it has the same name, and is used"
            each = replace(each, problem=problem)
        checked.append(each)
    return checked


def _parts(contents: Contents) -> tuple[str, ...]:
    """The values of a column that says to which trial a sample belongs; none where none does."""
    for name in (*contents.labels, *(channel.name for channel in contents.channels)):
        if not _OF_TRIALS.intersection(words_of(name)):
            continue
        if name in contents.labels:
            values = {cell.strip() for cell in contents.labels[name]}
        else:
            channel = next(each for each in contents.channels if each.name == name)
            values = {f"{number:.15g}" for number in np.unique(channel.values).tolist()}
        parts = [f"{name}={value}" for value in values - {"", "nan"}]
        if 1 < len(parts) <= MOST_MARKERS:
            places = [labelled(contents, part, "") for part in parts]
            if not any(isinstance(place, str) for place in places):
                return tuple(part for _, part in sorted(zip(places, parts, strict=True)))
    return ()


def _spans(found: Look) -> list[tuple[str, str, str, str]]:
    """Label, start, duration and samples of each trial of a recording, as text."""
    if found.parts:
        labels = [part.partition("=")[2] for part in found.parts]
        named = not any(map(is_number, labels))
        return [
            (label if named else "", "", "", part)
            for label, part in zip(labels, found.parts, strict=True)
        ]
    if not found.markers or len(found.markers) > MOST_MARKERS:
        return [("", "", "", "")]
    markers = _moments(found.markers)
    ends = [each.time for each in markers[1:]] + [found.end]
    return [
        (
            each.label or f"marker {number}",
            _moment(each.time, found.zone_unknown),
            _text(end - each.time) if end > each.time else "",
            "",
        )
        for number, (each, end) in enumerate(zip(markers, ends, strict=True), start=1)
    ]


def _moments(markers: Sequence[Marker]) -> list[Marker]:
    """Markers, of which those of one moment are one: a trial needs a length.

    AcqKnowledge writes a marker of a peak twice, for the file and for its channel.
    """
    merged: list[Marker] = []
    for each in markers:
        if merged and _text(each.time) == _text(merged[-1].time):
            labels = dict.fromkeys(filter(None, (merged[-1].label, each.label)))
            merged[-1] = Marker(merged[-1].time, " + ".join(labels))
        else:
            merged.append(each)
    return merged


def _moment(time: float, zone_unknown: bool) -> str:
    """A start as the table has to say it: a date without a zone where the file has none."""
    if not zone_unknown or math.isnan(time) or time < UNIX_FIRST:
        return _text(time)
    date = datetime.fromtimestamp(round(time, 3), UTC).replace(tzinfo=None)
    return date.isoformat(timespec="milliseconds")


def _text(number: float) -> str:
    return "" if math.isnan(number) else f"{round(number, 3):.15g}"

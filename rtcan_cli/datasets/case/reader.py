"""CASE: 30 subjects, 8 videos, rated all along with a joystick (Sharma et al., Sci. Data 6, 2019).

Read are the interpolated files, which the publisher recommends. The READMEs in the folders of the
dataset say what they hold: ``data/interpolated/physiological/sub_1.csv`` the columns ``daqtime``
(in ms, one row each millisecond), ``ecg``, ``bvp``, ``gsr`` (in microsiemens), ... and ``video``,
and ``data/interpolated/annotations/sub_1.csv`` ``jstime`` (in ms, one row each 50 ms), ``valence``
and ``arousal`` (both from 0.5 to 9.5), and ``video``. The times of both are of one clock, and
``video`` is the video that was on at the time: 1 and 2 amusing, 3 and 4 boring, 5 and 6 relaxing,
7 and 8 scary. 10 (the start), 11 (the blue screens between the videos) and 12 (the end) are "not
integral to any subsequent analysis".

A trial is one of the eight videos, and its rating the mean of the joystick while the video was on.
A trial with a value of the joystick off the scale is refused: the mean would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.columns import read_columns
from rtcan_cli.datasets.files.csvfile import decimal_commas, other_marks, refuse_repeated
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.published_folder import find_folder, missing_subjects, refuse_twice
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.trials import (
    Excluded,
    Item,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    no_rating,
)
from rtcan_cli.errors import RtcanError

VIDEOS = {
    1: "amusing-1",
    2: "amusing-2",
    3: "boring-1",
    4: "boring-2",
    5: "relaxed-1",
    6: "relaxed-2",
    7: "scary-1",
    8: "scary-2",
}
"""What the publisher calls the videos, by their numbers in the files."""

START, BLUE, END = 10, 11, 12
"""Numbers of what is not a trial."""

SUBJECTS = tuple(str(number) for number in range(1, 31))

_FILE = re.compile(
    r"(?:(?P<root>(?!(?:.*/)?non-interpolated/).*)/)?physiological/sub_(?P<subject>[0-9]{1,4})\.csv",
    re.IGNORECASE,
)
_ANNOTATIONS = re.compile(r"annotations/(sub_([0-9]{1,4})\.csv)")
_APART = 100.0
"""Most milliseconds between the beginnings of a video in both files, and between its ends: one
step of the joystick, and one of rounding."""

_DAMAGED = "the file is incomplete or damaged: copy or download it again"
_NOT_TRIALS = (
    "the start, the blue screens between the videos, and the end (videos 10, 11 and 12) are not "
    "part of any trial"
)


@dataclass(frozen=True)
class _Table:
    """A file of one subject.

    Attributes
    ----------
    file : RawFile
        Where it is from.
    time : ndarray, shape (n_rows,)
        In ms.
    step : float
        Of the times, in ms.
    values : ndarray, shape (n_rows, n_columns)
        The columns asked for.
    shown : mapping of int to (int, int)
        Of each of the eight videos that was on, the first row and the one after the last, in the
        order of the session.
    """

    file: RawFile
    time: NDArray[np.float64]
    step: float
    values: NDArray[np.float64]
    shown: Mapping[int, tuple[int, int]]


def open_raw(raw: Path, follow_links: bool = False) -> RawDataset:
    """Open CASE.

    Parameters
    ----------
    raw : Path
        The folder ``interpolated``, which holds ``physiological`` and ``annotations``; a folder
        above it, such as the publisher's; or a zip file, which is read in place.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a subject.

    Raises
    ------
    RtcanError
        If it is not there, or there more than once.
    """
    looked_for = "CASE subjects (data/interpolated/physiological/sub_1.csv, ...)"
    folder = find_folder("case", raw, [_FILE], looked_for, follow_links)
    found: list[tuple[int, RawFile, RawFile]] = []
    damaged = list(folder.damaged)
    there: list[tuple[int, RawFile]] = []
    for file in folder.files.values():
        if match := _FILE.fullmatch(str(file.name)):
            there.append((int(match["subject"]), file))
            annotations = folder.files.get(f"annotations/{file.name.name}".lower())
            if annotations is None:
                damaged.append(
                    RtcanError(f"{file} has no ratings: annotations/{file.name.name} is not there")
                )
            else:
                found.append((int(match["subject"]), file, annotations))
    for name, file in folder.files.items():
        match = _ANNOTATIONS.fullmatch(name)
        if match and f"physiological/{match[1]}" not in folder.files:
            there.append((int(match[2]), file))
            damaged.append(
                RtcanError(f"{file} has no recording: physiological/{match[1]} is not there")
            )
    refuse_twice(there)
    if not found:
        raise damaged[0]
    found.sort(key=lambda each: each[0])
    subjects = {str(number) for number, _ in there}
    return RawDataset(
        name="case",
        edition="CASE, interpolated",
        files=tuple(dict.fromkeys(file.path for _, *files in found for file in files)),
        stimuli=tuple(Stimulus(str(number), title) for number, title in VIDEOS.items()),
        parts=tuple(partial(_read_subject, str(number), *files) for number, *files in found),
        in_turn=False,
        damaged=tuple(damaged),
        simulated=folder.simulated,
        notes=(_NOT_TRIALS, *(() if folder.simulated else missing_subjects(subjects, SUBJECTS))),
    )


def _read_subject(subject: str, physiology: RawFile, annotations: RawFile) -> list[Item]:
    """Trials in the order in which the subject saw the videos."""
    signal = _read_table(physiology, "daqtime", ["gsr"])
    joystick = _read_table(annotations, "jstime", ["valence", "arousal"])
    scale = profile("case").rating_scale
    rated = [
        Rated(f"{annotations}: video {video}", *_ratings(joystick.values[slice(*run)], scale))
        for video, run in joystick.shown.items()
    ]
    advice = "get the file again: CASE's ratings go from 0.5 to 9.5"
    slips = off_scale(rated, scale, annotations, advice)
    items: list[Item] = []
    for index, (video, rating) in enumerate(zip(joystick.shown, rated, strict=True)):
        if index in slips:
            items.append(slips[index])
        else:
            items += _read_trial(subject, video, rating, signal, joystick)
    place = (annotations.source, annotations.position)
    return items + [
        Excluded(subject, str(video), "there is no rating of this video", *place)
        for video in VIDEOS
        if video not in joystick.shown
    ]


def _ratings(values: NDArray[np.float64], scale: tuple[float, float]) -> tuple[float, float]:
    """The mean of each column, or the first value that is off the scale."""
    off = (values < scale[0]) | (values > scale[1])
    valence, arousal = (
        float(column[wrong][0] if wrong.any() else column.mean())
        for column, wrong in zip(values.T, off.T, strict=True)
    )
    return valence, arousal


def _read_trial(
    subject: str, video: int, rating: Rated, signal: _Table, joystick: _Table
) -> list[Item]:
    name, file = str(video), signal.file
    if no_rating(rating.valence, rating.arousal):
        place = (joystick.file.source, joystick.file.position)
        return [Excluded(subject, name, "values are missing in the rating of this video", *place)]
    if video not in signal.shown:
        reason = "there is no recording of this video"
        return [
            Excluded(subject, name, reason, file.source, file.position),
            Trial(subject, name, rating.valence, rating.arousal, ()),
        ]
    first, last = signal.shown[video]
    one, other = (
        (float(table.time[run[0]]), float(table.time[run[1] - 1]) + table.step)
        for table, run in ((signal, (first, last)), (joystick, joystick.shown[video]))
    )
    if max(abs(one[0] - other[0]), abs(one[1] - other[1])) > _APART:
        raise RtcanError(
            f"{file}: the video {video} is on from {one[0]:g} to {one[1]:g} ms, but from "
            f"{other[0]:g} to {other[1]:g} ms in {joystick.file}",
            _DAMAGED,
        )
    place = (file.source, file.within(f"gsr, rows {first}:{last}"))
    eda = signal.values[first:last, 0].copy()
    recording = Recording("both", eda, 1000 / signal.step, *place)
    return [Trial(subject, name, rating.valence, rating.arousal, (recording,))]


def _read_table(file: RawFile, clock: str, wanted: Sequence[str]) -> _Table:
    """A file, of which only some columns are ever in memory."""
    head, _, below = (file.head() or b"").decode("utf-8-sig", "replace").partition("\n")
    first_row = below.partition("\n")[0]
    names = [name.strip('" \r').lower() for name in head.split(",")]
    columns = (clock, *wanted, "video")
    if wrong := other_marks(file, 2, first_row):
        raise wrong
    lacking = [name for name in columns if name not in names]
    if lacking:
        other = file.of_another_kind("a table in text (CSV)")
        raise other or RtcanError(f"{file} has no column {lacking[0]}, but {head[:80]!r}", _DAMAGED)
    if '"' not in first_row and first_row.count(",") > head.count(","):
        raise decimal_commas(file, "it seems that line 2")
    refuse_repeated(names, columns, file)
    places = [names.index(name) for name in columns]
    order = np.argsort(places)
    table = read_columns(file, sorted(places))[:, np.argsort(order)]
    time, values, video = table[:, 0], table[:, 1:-1], table[:, -1]
    if len(table) < 2:
        raise RtcanError(f"{file} holds {len(table)} rows", _DAMAGED)
    _check(np.isnan(time) | np.isnan(video), file, "the time or the video is missing")
    steps = np.diff(time)
    step = float(np.median(steps))
    _check(np.r_[False, steps != step] | (step <= 0), file, f"the time is not {step:g} ms later")
    _check(~np.isin(video, [*VIDEOS, START, BLUE, END]), file, "the video is not one of CASE's")
    cuts = [0, *(np.flatnonzero(np.diff(video)) + 1).tolist(), len(video)]
    shown: dict[int, tuple[int, int]] = {}
    for first, last in pairwise(cuts):
        number = int(video[first])
        if number in shown:
            raise RtcanError(f"{file}: line {first + 2}: the video {number} begins again", _DAMAGED)
        if number in VIDEOS:
            shown[number] = first, last
    return _Table(file, time, step, values, shown)


def _check(wrong: NDArray[np.bool_], file: RawFile, what: str) -> None:
    """Refuse a file in which a row is wrong, with its line: the header is the first."""
    if wrong.any():
        raise RtcanError(
            f"{file}: line {int(wrong.argmax()) + 2}: {what}",
            "the interpolated files are read (data/interpolated), as the publisher ships them",
        )

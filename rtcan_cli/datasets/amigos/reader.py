"""AMIGOS: 40 subjects, 16 short and 4 long videos (Miranda-Correa et al., IEEE TAC 12(2), 2021).

The preprocessed recordings come as one MATLAB file a subject, in ``data_preprocessed_matlab.zip``.
Each holds the cells ``joined_data`` (for every video: samples at 128 Hz, 17 channels; 5 s before
the video, then the video), ``labels_selfassessment`` (for every video: 12 values, the first two of
which are **arousal, valence**, the other way round than DEAP's) and ``VideoIDs``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.files.listing import inside
from rtcan_cli.datasets.files.matlab import Keep, Variable, load_variables
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.subject_files import find_subjects, subject_of
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

N_CHANNELS = 17
GSR_CHANNEL = 16
N_LABELS = 12
N_VIDEOS = 20
_MOST_VIDEOS = 1000
_SUBJECT_FILE = re.compile(r"data_preprocessed_p([0-9]{1,4})\.(mat|zip)", re.IGNORECASE)
_EMPTY = Variable("numbers", (0, 0))


def open_raw(raw: Path, follow_links: bool = False) -> RawDataset:
    """Open AMIGOS's preprocessed files.

    Parameters
    ----------
    raw : Path
        Folder with ``Data_Preprocessed_P01.mat`` ..., possibly in a folder or a zip file for each
        subject; a folder above it; or the publisher's zip file, which is read in place.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a subject; only the GSR column is ever in memory. The stimuli are those of the
        first subject whose file can be read and holds all. A subject's unpacked file goes before
        the zip file it came in. Of two files alike the first is read, and the other one is damaged.

    Raises
    ------
    RtcanError
        If there are no such files, or none that can be read.
    """
    looked_for = "AMIGOS subject files (Data_Preprocessed_P01.mat, ...)"
    found = find_subjects("amigos", raw, _SUBJECT_FILE, looked_for, (".mat", ".zip"), follow_links)
    chosen = found.chosen
    stimuli = _stimuli(chosen)
    return RawDataset(
        name="amigos",
        edition="AMIGOS, preprocessed for MATLAB",
        files=found.paths,
        stimuli=tuple(map(Stimulus, stimuli)),
        parts=tuple(partial(_read_subject, subject, stimuli, file) for subject, file in chosen),
        # A zip file inside another is unpacked into memory.
        in_turn=any(file.members and file.name.suffix.lower() == ".zip" for _, file in chosen),
        damaged=found.damaged,
        simulated=found.marker is not None,
        notes=(),
    )


def _stimuli(files: Sequence[tuple[str, RawFile]]) -> list[str]:
    """Names of the videos in the first file that has all; damaged files are told of later."""
    longest: list[str] = []
    damaged: list[RtcanError] = []
    for subject, file in files:
        try:
            variables = _load(subject, file, {"joined_data": "shape", "VideoIDs": "all"})
        except RtcanError as error:
            damaged.append(error)
            continue
        n_videos = math.prod(variables["joined_data"].shape)
        if n_videos > _MOST_VIDEOS:
            damaged.append(RtcanError(f"{file} holds {n_videos} recordings"))
            continue
        if n_videos > len(longest):
            longest = _video_names(variables, [str(number + 1) for number in range(n_videos)])
        if len(longest) >= N_VIDEOS:
            break
    if not longest:
        raise damaged[0]
    return longest


def _load(subject: str, file: RawFile, wanted: dict[str, Keep]) -> dict[str, Variable]:
    """Variables of a subject's file; only `VideoIDs` may be missing."""
    if file.name.suffix.lower() == ".zip":
        matching = [each for each in inside(file) if each.name.suffix.lower() == ".mat"]
        mine = [each for each in matching if subject_of(each, _SUBJECT_FILE) == subject]
        if len(mine) != 1:
            there = ", ".join(printable(each.name.name) for each in matching[:3])
            raise RtcanError(
                f"{file} holds {len(mine)} files Data_Preprocessed_P{subject}.mat instead of one"
                + (f"; among others {there}" if matching else "")
            )
        file = mine[0]
    variables = load_variables(file, wanted)
    for name in wanted:
        if name not in variables and name != "VideoIDs":
            raise RtcanError(
                f"{file} holds no variable {name!r}",
                hint="AMIGOS's preprocessed files are needed, not the raw ones",
            )
    data = variables["joined_data"]
    if data.kind != "cells" or math.prod(data.shape) == 0:
        raise RtcanError(
            f"{file}: 'joined_data' is {data.kind} of the shape {data.shape}, and not one cell for "
            "each video"
        )
    return variables


def _video_names(variables: dict[str, Variable], otherwise: list[str]) -> list[str]:
    """Names of the videos, of which some may be missing; `otherwise` where they tell nothing.

    Where a file names only some of its videos, the others are those of `otherwise` that are left,
    in their order: positions alone may mean other videos than in another subject's file.
    """
    names = _all_names(variables)
    if "" in names:
        left = [each for each in otherwise if each not in names]
        if names.count("") != len(left):
            return otherwise
        names = [name or left.pop(0) for name in names]
    return names if len(set(names)) == len(names) == len(otherwise) else otherwise


def _all_names(variables: dict[str, Variable]) -> list[str]:
    """What the file calls its videos; empty for a missing name."""
    found = variables.get("VideoIDs", _EMPTY)
    return [name for cell in found.cells or (found,) for name in _names(cell) or [""]]


def _names(variable: Variable) -> list[str]:
    """Names in a cell of their own, one a row of a text, or numbers in a matrix."""
    if variable.kind == "numbers":
        return [f"{number:g}" for number in variable.numbers.ravel(order="F").tolist()]
    inner = [name for cell in variable.cells for name in _names(cell)]
    return [printable(row.strip()) for row in variable.rows] + inner


def _read_subject(subject: str, stimuli: list[str], file: RawFile) -> list[Item]:
    variables = _load(
        subject,
        file,
        {"joined_data": GSR_CHANNEL, "labels_selfassessment": "all", "VideoIDs": "all"},
    )
    data, labels = variables["joined_data"].cells, variables["labels_selfassessment"].cells
    named = [name for name in _all_names(variables) if name]
    if len(set(named)) < len(named):
        raise RtcanError(f"{file}: 'VideoIDs' names a video twice, so that none can be told")
    n_videos = len(stimuli)
    if max(len(data), len(labels)) > n_videos:
        raise RtcanError(
            f"{file} holds {len(data)} recordings and {len(labels)} self-assessments, but there "
            f"are {n_videos} videos"
        )
    names = _video_names(variables, stimuli)
    cells = [*data, *[_EMPTY] * n_videos][: len(names)]
    assessed = [*labels, *[_EMPTY] * n_videos][: len(names)]
    rated = [
        Rated(
            f"{file}: labels_selfassessment{{{number}}}, subject {subject}, stimulus {stimulus}",
            *((math.nan, math.nan) if 0 in cell.shape else _ratings(label)),
        )
        for number, (stimulus, cell, label) in enumerate(
            zip(names, cells, assessed, strict=True), start=1
        )
    ]
    advice = "get the file again: AMIGOS's ratings go from 1 to 9"
    slips = off_scale(rated, profile("amigos").rating_scale, file, advice)
    items: list[Item] = []
    for index, stimulus in enumerate(names):
        if index in slips:
            items.append(slips[index])
            continue
        position = file.within(f"joined_data{{{index + 1}}}(:, {GSR_CHANNEL + 1})")
        place = (file.source, position)
        items += _read_trial(subject, stimulus, cells[index], assessed[index], place)
    return items


def _ratings(label: Variable) -> tuple[float, float]:
    """Valence and arousal, which the file has the other way round; NaN where there is none."""
    assessments = label.numbers.ravel()
    if assessments.size != N_LABELS:
        return math.nan, math.nan
    return float(assessments[1]), float(assessments[0])


def _read_trial(
    subject: str, stimulus: str, cell: Variable, label: Variable, place: tuple[str, str]
) -> list[Item]:
    facts = profile("amigos")
    valence, arousal = _ratings(label)
    assessments = label.numbers.ravel()
    if 0 in cell.shape:
        # AMIGOS leaves a cell empty where the subject was not shown the video.
        problem: str | None = "there is no recording: the cell is empty"
    elif assessments.size not in (0, N_LABELS):
        problem = f"there are {assessments.size} self-assessments instead of {N_LABELS}"
    else:
        problem = no_rating(valence, arousal)
    if problem is not None:
        return [Excluded(subject, stimulus, problem, *place)]
    if cell.kind != "numbers" or len(cell.shape) != 2 or cell.shape[1] != N_CHANNELS:
        # Rated, but without a recording that can be read: the rating counts for the threshold.
        what = "" if cell.kind == "numbers" else f"holds {cell.kind} and "
        problem = f"the cell {what}has the shape {cell.shape} instead of (samples, {N_CHANNELS})"
        return [
            Excluded(subject, stimulus, problem, *place),
            Trial(subject, stimulus, valence, arousal, ()),
        ]
    recording = Recording("both", cell.numbers.astype(np.float64), facts.sampling_rate, *place)
    return [Trial(subject, stimulus, valence, arousal, (recording,))]

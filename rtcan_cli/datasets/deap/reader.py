"""DEAP: 32 subjects, 40 music videos each (Koelstra et al., IEEE TAC 3(1), 2012).

The preprocessed recordings come as one Python 2 pickle or MATLAB file a subject, in
``data_preprocessed_python.zip`` or ``data_preprocessed_matlab.zip``. A file holds ``data`` (trials,
40 channels, samples at 128 Hz; 3 s before the video, then the video) and ``labels`` (trials, 4) in
the order valence, arousal, dominance, liking.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.deap.pickled_arrays import load_arrays
from rtcan_cli.datasets.files.matlab import load_variables
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.ratings import Rated, off_scale
from rtcan_cli.datasets.subject_files import find_subjects
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
from rtcan_cli.files.kinds import PICKLE

N_CHANNELS = 40
GSR_CHANNEL = 36
N_LABELS = 4
N_VIDEOS = 40
_MOST_VIDEOS = 1000
_EDITIONS = {".dat": "Python", ".mat": "MATLAB"}
_SUBJECT_FILE = re.compile(r"s([0-9]{1,4})\.(dat|mat)", re.IGNORECASE)


def open_raw(raw: Path, follow_links: bool = False) -> RawDataset:
    """Open DEAP's preprocessed files.

    Parameters
    ----------
    raw : Path
        Folder with ``s01.dat`` ... (or ``.mat``), a folder above it, or the publisher's zip file,
        which is read in place.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a subject; only the GSR channel is ever in memory. Where a subject's file is there
        for Python and for MATLAB, the one for Python is read. Of two files alike the first is read,
        and the other one is damaged.

    Raises
    ------
    RtcanError
        If there are no such files, or none that can be opened.
    """
    looked_for = "DEAP subject files (s01.dat, s02.dat, ...)"
    found = find_subjects("deap", raw, _SUBJECT_FILE, looked_for, (".dat", ".mat"), follow_links)
    chosen = found.chosen
    n_videos = (found.marker or {}).get("stimuli")
    if type(n_videos) is not int or not 1 <= n_videos <= _MOST_VIDEOS:
        n_videos = N_VIDEOS
    suffixes = sorted({file.name.suffix.lower() for _, file in chosen})
    return RawDataset(
        name="deap",
        edition=f"DEAP, preprocessed for {' and '.join(_EDITIONS[each] for each in suffixes)}",
        files=found.paths,
        stimuli=tuple(Stimulus(str(number)) for number in range(1, n_videos + 1)),
        parts=tuple(partial(_read_subject, subject, n_videos, file) for subject, file in chosen),
        # Of a pickle on disk only the GSR is read, which takes less time than starting processes;
        # all else has to be unpacked.
        in_turn=all(file.name.suffix.lower() == ".dat" and not file.members for _, file in chosen),
        damaged=found.damaged,
        simulated=found.marker is not None,
        notes=(),
    )


def _read_subject(subject: str, n_videos: int, file: RawFile) -> list[Item]:
    arrays = _load(file)
    shape, eda = arrays["data"]
    label_shape, labels = arrays["labels"]
    if len(shape) != 3 or shape[1] != N_CHANNELS or 0 in shape:
        raise RtcanError(
            f"{file}: 'data' has the shape {shape} instead of ({n_videos}, {N_CHANNELS}, 8064)"
        )
    if label_shape != (shape[0], N_LABELS):
        raise RtcanError(
            f"{file}: 'labels' has the shape {label_shape} instead of ({shape[0]}, {N_LABELS})"
        )
    if shape[0] > n_videos:
        raise RtcanError(f"{file} holds {shape[0]} trials, but there are {n_videos} videos")
    facts = profile("deap")
    ratings = [
        Rated(
            f"{file}: labels[{number}], subject {subject}, stimulus {number + 1}",
            float(label[0]),
            float(label[1]),
        )
        for number, label in enumerate(labels)
    ]
    slips = off_scale(
        ratings, facts.rating_scale, file, "get the file again: DEAP's ratings go from 1 to 9"
    )
    items: list[Item] = []
    for number, (samples, label) in enumerate(zip(eda, labels, strict=True), start=1):
        stimulus, valence, arousal = str(number), float(label[0]), float(label[1])
        place = (file.source, file.within(f"data[{number - 1}, {GSR_CHANNEL}]"))
        if number - 1 in slips:
            items.append(slips[number - 1])
            continue
        problem = no_rating(valence, arousal)
        if problem:
            items.append(Excluded(subject, stimulus, problem, *place))
            continue
        recording = Recording("both", samples.astype(np.float64), facts.sampling_rate, *place)
        items.append(Trial(subject, stimulus, valence, arousal, (recording,)))
    missing = f"the file holds only {shape[0]} of {n_videos} trials"
    return items + [
        Excluded(subject, str(number), missing, file.source, file.position)
        for number in range(shape[0] + 1, n_videos + 1)
    ]


def _load(file: RawFile) -> dict[str, tuple[tuple[int, ...], NDArray[Any]]]:
    """Shape and values of the two arrays; of the data, the values are the GSR."""
    if file.name.suffix.lower() == ".mat":
        variables = load_variables(file, {"data": GSR_CHANNEL, "labels": "all"})
        arrays = {
            name: (each.shape, each.numbers)
            for name, each in variables.items()
            if each.kind == "numbers"
        }
    else:
        try:
            with file.open() as stream:
                stored = load_arrays(stream, file, GSR_CHANNEL)
        except RtcanError as error:
            other = file.of_another_kind("a pickle, as DEAP's .dat files are", PICKLE.name)
            raise other or error from None
        arrays = {name: (each.shape, each.values) for name, each in stored.items()}
    for name in ("data", "labels"):
        if name not in arrays:
            there = ", ".join(printable(each)[:40] for each in arrays) or "nothing"
            raise RtcanError(f"{file} holds no array {name!r}, but {there}")
    return arrays

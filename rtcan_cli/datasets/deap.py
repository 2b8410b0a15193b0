"""DEAP: 32 subjects, 40 music videos each (Koelstra et al., IEEE TAC 3(1), 2012).

The preprocessed recordings come as one Python 2 pickle or MATLAB file a subject, in
``data_preprocessed_python.zip`` or ``data_preprocessed_matlab.zip``. A file holds ``data`` (trials,
40 channels, samples at 128 Hz; 3 s before the video, then the video) and ``labels`` (trials, 4) in
the order valence, arousal, dominance, liking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files import RawFile, find_files, read_marker
from rtcan_cli.datasets.matlab import load_variables
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.python2_pickle import load_arrays
from rtcan_cli.datasets.trials import (
    Excluded,
    RawDataset,
    Recording,
    Stimulus,
    Trial,
    check_rating,
    check_signal,
)
from rtcan_cli.errors import RtcanError

N_CHANNELS = 40
GSR_CHANNEL = 36
N_LABELS = 4
N_VIDEOS = 40
_SUBJECT_FILE = re.compile(r"s(\d+)\.(dat|mat)", re.IGNORECASE)


def open_raw(raw: Path) -> RawDataset:
    """Open DEAP's preprocessed files.

    Parameters
    ----------
    raw : Path
        Folder with ``s01.dat`` ... (or ``.mat``), a folder above it, or the publisher's zip file,
        which is read in place.

    Returns
    -------
    RawDataset
        One batch a subject; only the GSR channel is kept. A trial whose GSR cannot be used keeps
        its ratings.

    Raises
    ------
    RtcanError
        If there are no such files, or two for one subject.
    """
    found, listing = find_files(
        raw, lambda each: _subject(each) is not None, "DEAP subject files (s01.dat, s02.dat, ...)"
    )
    pickles = [each for each in found if each.name.suffix.lower() == ".dat"]
    by_subject: dict[str, RawFile] = {}
    for each in pickles or found:
        subject = _subject(each)
        if subject is None:
            continue
        if subject in by_subject:
            raise RtcanError(
                f"subject {subject} is there twice: {by_subject[subject]} and {each}",
                hint="name the one folder that is to be read",
            )
        by_subject[subject] = each
    files = sorted(by_subject.items(), key=lambda item: int(item[0]))
    marker = read_marker("deap", files[0][1], listing, raw)
    n_videos = (marker or {}).get("stimuli")
    if not isinstance(n_videos, int):
        n_videos = N_VIDEOS

    def batches() -> Iterator[list[Trial | Excluded]]:
        for subject, file in files:
            yield _read_subject(subject, file)

    return RawDataset(
        name="deap",
        edition=f"DEAP, preprocessed for {'Python' if pickles else 'MATLAB'}",
        files=tuple(dict.fromkeys(file.path for _, file in files)),
        stimuli=tuple(Stimulus(str(number)) for number in range(1, n_videos + 1)),
        n_batches=len(files),
        batches=batches,
        simulated=marker is not None,
        notes=(),
    )


def _subject(file: RawFile) -> str | None:
    match = _SUBJECT_FILE.fullmatch(file.name.name)
    return match[1] if match else None


def _read_subject(subject: str, file: RawFile) -> list[Trial | Excluded]:
    data, labels = _load(file)
    if data.ndim != 3 or data.shape[1] != N_CHANNELS or 0 in data.shape:
        raise RtcanError(
            f"{file}: 'data' has the shape {data.shape} instead of (40, {N_CHANNELS}, 8064)"
        )
    if labels.shape != (len(data), N_LABELS):
        raise RtcanError(
            f"{file}: 'labels' has the shape {labels.shape} instead of ({len(data)}, {N_LABELS})"
        )
    rate = profile("deap").sampling_rate
    trials: list[Trial | Excluded] = []
    for number, (eda, label) in enumerate(zip(data[:, GSR_CHANNEL], labels, strict=True), start=1):
        stimulus = str(number)
        valence, arousal = float(label[0]), float(label[1])
        off_scale = check_rating(valence, arousal, profile("deap"))
        problem = off_scale or check_signal(eda)
        if problem:
            trials.append(Excluded(subject, stimulus, problem, str(file)))
        if off_scale:
            continue
        # A copy, so that the 100 MB around it can be freed.
        recording = Recording("both", np.array(eda, np.float64), rate, str(file))
        recordings = () if problem else (recording,)
        trials.append(Trial(subject, stimulus, valence, arousal, recordings))
    return trials


def _load(file: RawFile) -> tuple[NDArray[Any], NDArray[Any]]:
    if file.name.suffix.lower() == ".mat":
        arrays = load_variables(file, ("data", "labels"))
    else:
        with file.open() as stream:
            arrays = load_arrays(stream, str(file))
    for name in ("data", "labels"):
        if name not in arrays:
            raise RtcanError(f"{file} holds no {name!r}, but {', '.join(arrays) or 'nothing'}")
    return arrays["data"], arrays["labels"]

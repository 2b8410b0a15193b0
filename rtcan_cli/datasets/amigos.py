"""AMIGOS: 40 subjects, 16 short and 4 long videos (Miranda-Correa et al., IEEE TAC 12(2), 2021).

The preprocessed recordings come as one MATLAB file a subject, in ``data_preprocessed_matlab.zip``.
Each holds the cells ``joined_data`` (for every video: samples at 128 Hz, 17 channels; 5 s before
the video, then the video), ``labels_selfassessment`` (for every video: 12 values, the first two of
which are **arousal, valence**, the other way round than DEAP's) and ``VideoIDs``.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files import RawFile, find_files, read_marker, unreadable
from rtcan_cli.datasets.matlab import load_variables
from rtcan_cli.datasets.profiles import profile
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

N_CHANNELS = 17
GSR_CHANNEL = 16
N_LABELS = 12
_SUBJECT_FILE = re.compile(r"data_preprocessed_p(\d+)\.(mat|zip)", re.IGNORECASE)


def open_raw(raw: Path) -> RawDataset:
    """Open AMIGOS's preprocessed files.

    Parameters
    ----------
    raw : Path
        Folder with ``Data_Preprocessed_P01.mat`` ..., possibly in a folder or a zip file for each
        subject; a folder above it; or the publisher's zip file, which is read in place.

    Returns
    -------
    RawDataset
        One batch a subject; only the GSR channel is kept. A trial whose GSR cannot be used keeps
        its ratings. The stimuli are those of the first subject.

    Raises
    ------
    RtcanError
        If there are no such files, or two for one subject, or the first is damaged.
    """
    found, listing = find_files(
        raw,
        lambda each: _SUBJECT_FILE.fullmatch(each.name.name) is not None,
        "AMIGOS subject files (Data_Preprocessed_P01.mat, ...)",
    )
    by_subject: dict[str, RawFile] = {}
    # A subject's unpacked file goes before the zip file it came in.
    for suffix in (".zip", ".mat"):
        chosen: dict[str, RawFile] = {}
        for each in found:
            match = _SUBJECT_FILE.fullmatch(each.name.name)
            if match is None or each.name.suffix.lower() != suffix:
                continue
            if match[1] in chosen:
                raise RtcanError(
                    f"subject {match[1]} is there twice: {chosen[match[1]]} and {each}",
                    hint="name the one folder that is to be read",
                )
            chosen[match[1]] = each
        by_subject.update(chosen)
    files = sorted(by_subject.items(), key=lambda item: int(item[0]))
    marker = read_marker("amigos", files[0][1], listing, raw)
    first = _load(files[0][1], ("joined_data", "VideoIDs"))
    stimuli = _video_names(first, first["joined_data"].size)

    def batches() -> Iterator[list[Trial | Excluded]]:
        for subject, file in files:
            yield _read_subject(subject, file)

    return RawDataset(
        name="amigos",
        edition="AMIGOS, preprocessed for MATLAB",
        files=tuple(dict.fromkeys(file.path for _, file in files)),
        stimuli=tuple(map(Stimulus, stimuli)),
        n_batches=len(files),
        batches=batches,
        simulated=marker is not None,
        notes=(),
    )


def _load(file: RawFile, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Variables of a subject's file; only `VideoIDs` may be missing."""
    if file.name.suffix.lower() == ".zip":
        try:
            inner = zipfile.ZipFile(io.BytesIO(file.content()))
        except zipfile.BadZipFile as error:
            raise unreadable(file, error) from error
        members = [PurePosixPath(name) for name in inner.namelist()]
        matching = [
            each
            for each in members
            if _SUBJECT_FILE.fullmatch(each.name) and "__MACOSX" not in each.parts
        ]
        if not matching:
            raise RtcanError(f"{file} holds no Data_Preprocessed_P*.mat")
        file = RawFile(file.path, matching[0], inner)
    variables = load_variables(file, names)
    missing = [name for name in names if name not in variables and name != "VideoIDs"]
    if missing:
        raise RtcanError(
            f"{file} holds no variable {missing[0]!r}",
            hint="AMIGOS's preprocessed files are needed, not the raw ones",
        )
    return variables


def _video_names(variables: dict[str, NDArray[Any]], n_videos: int) -> list[str]:
    """Names of the videos, or their positions where the file has no usable names."""
    cells = variables.get("VideoIDs", np.empty(0)).ravel()
    # A name is a string in a cell of its own, a number in a plain matrix.
    names = [str(np.ravel(cell)[0]).strip() for cell in cells if np.size(cell)]
    if len(names) != n_videos or len(set(names)) != n_videos:
        return [str(number) for number in range(1, n_videos + 1)]
    return names


def _read_subject(subject: str, file: RawFile) -> list[Trial | Excluded]:
    variables = _load(file, ("joined_data", "labels_selfassessment", "VideoIDs"))
    data = variables["joined_data"].ravel()
    labels = variables["labels_selfassessment"].ravel()
    if data.dtype != object or labels.dtype != object or len(data) != len(labels):
        raise RtcanError(
            f"{file}: 'joined_data' {data.shape} and 'labels_selfassessment' {labels.shape} "
            "are not one cell for each video"
        )
    trials: list[Trial | Excluded] = []
    for stimulus, cell, label in zip(_video_names(variables, len(data)), data, labels, strict=True):
        trials += _read_trial(subject, stimulus, cell, np.ravel(label), str(file))
    return trials


def _read_trial(
    subject: str, stimulus: str, cell: NDArray[Any], label: NDArray[Any], source: str
) -> list[Trial | Excluded]:
    facts = profile("amigos")
    arousal = valence = math.nan
    if cell.size == 0:
        # AMIGOS leaves a cell empty where the subject was not shown the video.
        problem: str | None = "there is no recording: the cell is empty"
    elif label.size not in (0, N_LABELS):
        problem = f"there are {label.size} self-assessments instead of {N_LABELS}"
    else:
        if label.size:
            arousal, valence = float(label[0]), float(label[1])
        problem = check_rating(valence, arousal, facts)
    if problem is not None:
        return [Excluded(subject, stimulus, problem, source)]
    if cell.ndim != 2 or cell.shape[1] != N_CHANNELS:
        problem = f"the cell has the shape {cell.shape} instead of (samples, {N_CHANNELS})"
    else:
        eda = np.array(cell[:, GSR_CHANNEL], np.float64)
        problem = check_signal(eda)
    if problem is not None:
        # Without a recording that can be used, but rated: the rating counts for the threshold.
        return [
            Excluded(subject, stimulus, problem, source),
            Trial(subject, stimulus, valence, arousal, ()),
        ]
    recording = Recording("both", eda, facts.sampling_rate, source)
    return [Trial(subject, stimulus, valence, arousal, (recording,))]

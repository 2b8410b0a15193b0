"""Simulated subjects in AMIGOS's layout: one MATLAB file each.

With faults, all ratings are there, and some GSR recordings are broken: see `FAULTS`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from rtcan_cli.datasets.amigos.reader import GSR_CHANNEL, N_CHANNELS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import AROUSAL, VALENCE, Array, record
from rtcan_cli.simulate.subjects import Subject, numbered, subjects
from rtcan_cli.simulate.truth import TrueRecording, of_row, write_recordings

BASELINE = 5.0
"""Seconds recorded before each video."""

NANOSIEMENS = 1000.0
"""In a microsiemens."""

LONG = 4.0
"""How much longer a long video is than a short one, unless the published lengths are wanted."""

PUBLISHED_LENGTHS = ((60.0, 150.0), (14 * 60.0, 25 * 60.0))
"""Shortest and longest of the short videos and of the long ones, in seconds."""

WITHOUT_LONG_VIDEOS = (8, 24, 28)
"""Subjects whose cells are empty for the long videos."""

FAULTS: dict[tuple[int, int], str] = {
    (9, 2): "flat",
    (12, 1): "nan-short",
    (12, 18): "nan-long",
    (21, 4): "clipped",
    (21, 5): "clipped",
    (22, 3): "nan-long",
    (22, 17): "nan-short",
    (23, 1): "flat",
    (23, 2): "flat",
    (23, 20): "flat",
    (24, 7): "nan-short",
    (24, 8): "clipped",
    (33, 6): "nan-long",
    (33, 19): "nan-long",
}
"""Kinds of faults, by subject and video (from 1): subjects whose signals are often called invalid
in the real files."""

SHARED_TABLES: dict[str, str] = {}

subject_names = numbered

_SHORT_NAMES = [
    *("10", "13", "138", "18", "19", "20", "23", "30"),
    *("31", "34", "36", "4", "5", "58", "80", "9"),
]
_LONG_NAMES = ["N1", "P1", "B1", "U1"]
_HEADER = b"MATLAB 5.0 MAT-file, Platform: GLNXA64, simulated by rtcan"


@dataclass(frozen=True)
class Unit:
    """One subject, who is one file.

    Attributes
    ----------
    who : Subject
        The subject.
    videos : tuple of str
        Names of the videos.
    lengths : ndarray, shape (n_videos,)
        Of the videos, in seconds.
    seen : int
        How many of the videos, from the first on, the subject has seen.
    """

    who: Subject
    videos: tuple[str, ...]
    lengths: Array
    seen: int


def stimulus_names(design: Design) -> list[str]:
    """Of the videos, a fifth of them long ones."""
    n_videos = len(design.population.stimuli)
    n_long = n_videos // 5
    return [*_SHORT_NAMES[: n_videos - n_long], *_LONG_NAMES[:n_long]]


def units(design: Design) -> list[Unit]:
    """All subjects; three of them have not seen the long videos."""
    n_videos = len(design.population.stimuli)
    n_long = n_videos // 5
    videos, lengths = tuple(stimulus_names(design)), _lengths(n_videos, n_long, design)
    return [
        Unit(who, videos, lengths, n_videos - n_long * (who.index + 1 in WITHOUT_LONG_VIDEOS))
        for who in subjects(design, FAULTS)
    ]


def _lengths(n_videos: int, n_long: int, design: Design) -> Array:
    """Of the videos, in seconds; the long ones come last."""
    rng = np.random.default_rng([design.seed, 4])
    if design.duration is None:
        short, long = PUBLISHED_LENGTHS
        drawn = (rng.uniform(*short, n_videos - n_long), rng.uniform(*long, n_long))
        return np.concatenate(drawn)
    lengths: Array = design.duration * np.asarray(rng.uniform(0.8, 1.3, n_videos))
    lengths[n_videos - n_long :] *= LONG
    return lengths


def write_unit(root: Path, unit: Unit) -> Written:
    """Write ``data_preprocessed_matlab/Data_Preprocessed_P01.mat`` or another subject's file.

    All channels but the GSR are noise; the GSR is in nanosiemens. Lengths differ between videos.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Unit
        Whose file to write.

    Returns
    -------
    Written
    """
    who = unit.who
    name = f"{who.index + 1:02d}"
    stem = f"Data_Preprocessed_P{name}"
    file = f"{PUBLISHER_FOLDERS['amigos']}/{stem}.mat"
    n_videos = len(unit.videos)
    sampling_rate = profile("amigos").sampling_rate
    rng = np.random.default_rng([who.seed, 1, who.index])
    ratings = 1 + 8 * who.ratings(rng)
    body = who.body(rng)
    data, assessments, annotations, videos = (_cells(n_videos) for _ in range(4))
    faults: list[Fault] = []
    recordings: list[TrueRecording] = []
    for video, title in enumerate(unit.videos):
        videos[0, video] = title
        if video >= unit.seen:
            data[0, video] = annotations[0, video] = np.empty((0, 0))
            # Torcheeg takes the first row of the assessments before it asks whether there are any.
            assessments[0, video] = np.empty((1, 0))
            continue
        length = unit.lengths[video]
        one = slice(video, video + 1)
        signals = record(body[one], who.listener, length, sampling_rate, rng, rest=BASELINE)
        channels = rng.standard_normal((signals.eda.shape[1], N_CHANNELS))
        gsr = NANOSIEMENS * signals.eda[0]
        if video in who.faults:
            kind = who.faults[video]
            gsr, samples = spoil(gsr, kind, sampling_rate)
            faults.append(Fault(kind, file, name, title, "both", samples))
        channels[:, GSR_CHANNEL] = gsr
        data[0, video] = channels
        assessments[0, video] = _assess(ratings[video], rng)
        annotations[0, video] = _annotate(who.pulls[video], length, rng)
        if who.truth:
            names = (file, name, title, "both")
            recordings.append(of_row(signals, 0, body[one], names, gain=NANOSIEMENS))
    content = io.BytesIO()
    savemat(
        content,
        {
            "joined_data": data,
            "labels_selfassessment": assessments,
            "labels_ext_annotation": annotations,
            "VideoIDs": videos,
        },
    )
    # The header is free text, into which SciPy writes the date.
    content.getbuffer()[:116] = _HEADER.ljust(116)
    write_file(root, file, content.getbuffer())
    if who.truth:
        write_recordings(root, stem, recordings, sampling_rate)
    return Written(unit.seen, unit.seen, tuple(faults))


def _cells(n: int) -> NDArray[np.object_]:
    return np.empty((1, n), dtype=object)


def _assess(rating: Array, rng: np.random.Generator) -> Array:
    """Arousal, valence, dominance, liking, familiarity and seven emotions, shape (1, 12)."""
    others = rng.uniform(1, 9, 3)
    emotions = rng.integers(0, 2, 7)
    scales = np.round([rating[AROUSAL], rating[VALENCE], *others], 2)
    return np.concatenate([scales, emotions])[None, :]


def _annotate(pull: Array, length: float, rng: np.random.Generator) -> Array:
    """What others saw in the subject's face: segment of 20 s, valence, arousal on -1..1."""
    n = int(np.ceil(length / 20))
    noisy = np.tanh(0.4 * pull + 0.1 * rng.standard_normal((n, 2)))
    return np.column_stack([np.arange(1, n + 1), noisy])

"""Simulated subjects in AMIGOS's layout: one MATLAB file each."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from rtcan_cli.datasets.amigos import GSR_CHANNEL, N_CHANNELS
from rtcan_cli.datasets.files import PUBLISHER_FOLDERS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulate.physiology import (
    AROUSAL,
    VALENCE,
    Array,
    Listeners,
    Population,
    bodily,
    felt,
    rate,
    record,
)

BASELINE = 5.0
"""Seconds recorded before each video."""

LONG = 4.0
"""How much longer a long video is than a short one."""

WITHOUT_LONG_VIDEOS = (8, 24, 28)
"""Subjects whose cells are empty for the long videos."""

FLAT = (9, 2)
"""Subject and video (from 1) whose GSR is flat."""

LOST = (12, 1)
"""Subject and video whose GSR is NaN for half a second."""

_SHORT_NAMES = [
    *("10", "13", "138", "18", "19", "20", "23", "30"),
    *("31", "34", "36", "4", "5", "58", "80", "9"),
]
_LONG_NAMES = ["N1", "P1", "B1", "U1"]
_HEADER = b"MATLAB 5.0 MAT-file, Platform: GLNXA64, simulated by rtcan"


def write(
    root: Path,
    population: Population,
    duration: float,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write ``data_preprocessed_matlab/Data_Preprocessed_P01.mat`` and so on.

    A fifth of the videos are long ones, which three subjects have not seen. All channels but the
    GSR are noise; the GSR is in nanosiemens, flat in one trial and with a gap in another, as some
    of AMIGOS's are. Lengths differ between videos.

    Parameters
    ----------
    root : Path
        Folder to write to.
    population : Population
        Who listens to what.
    duration : float
        Of a typical short video, in seconds.
    seed : int
        What chance is drawn from.
    on_progress : callable
        Called with the number of subjects done, and of all.

    Returns
    -------
    trials, recordings : int
        How many were written, empty cells aside.
    """
    folder = root / PUBLISHER_FOLDERS["amigos"]
    folder.mkdir()
    n_subjects, n_videos = population.deviations.shape[:2]
    n_long = n_videos // 5
    names = [*_SHORT_NAMES[: n_videos - n_long], *_LONG_NAMES[:n_long]]
    rng = np.random.default_rng([seed, 4])
    lengths: Array = duration * np.asarray(rng.uniform(0.8, 1.3, n_videos))
    lengths[n_videos - n_long :] *= LONG
    trials = 0
    for subject in range(n_subjects):
        rng = np.random.default_rng([seed, 1, subject])
        listeners = population.listeners.take(np.full(n_videos, subject))
        deviation = population.deviations[subject]
        ratings = 1 + 8 * rate(felt(population.stimuli, deviation), listeners, rng)
        body = bodily(population.stimuli, deviation, rng)
        seen = n_videos - n_long * (subject + 1 in WITHOUT_LONG_VIDEOS)
        data, assessments, annotations, videos = (_cells(n_videos) for _ in range(4))
        for video in range(n_videos):
            videos[0, video] = names[video]
            if video >= seen:
                data[0, video] = assessments[0, video] = annotations[0, video] = np.empty((0, 0))
                continue
            one = listeners.take(np.array([video]))
            channels = _record(body[video : video + 1], one, lengths[video], rng)
            if (subject + 1, video + 1) == FLAT:
                channels[:, GSR_CHANNEL] = channels[0, GSR_CHANNEL]
            if (subject + 1, video + 1) == LOST:
                channels[len(channels) // 2 :][:64, GSR_CHANNEL] = np.nan
            data[0, video] = channels
            assessments[0, video] = _assess(ratings[video], rng)
            annotations[0, video] = _annotate(population.stimuli[video], lengths[video], rng)
        trials += seen
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
        (folder / f"Data_Preprocessed_P{subject + 1:02d}.mat").write_bytes(content.getbuffer())
        on_progress(subject + 1, n_subjects)
    return trials, trials


def _cells(n: int) -> NDArray[np.object_]:
    return np.empty((1, n), dtype=object)


def _record(body: Array, listener: Listeners, length: float, rng: np.random.Generator) -> Array:
    """All channels, shape (samples, 17)."""
    sampling_rate = profile("amigos").sampling_rate
    eda = record(body, listener, length, sampling_rate, rng, rest=BASELINE).eda[0]
    channels = rng.standard_normal((len(eda), N_CHANNELS))
    channels[:, GSR_CHANNEL] = 1000 * eda
    return channels


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

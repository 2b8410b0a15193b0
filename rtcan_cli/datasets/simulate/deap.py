"""Simulated subjects in DEAP's layout: one Python 2 pickle each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.deap import GSR_CHANNEL, N_CHANNELS
from rtcan_cli.datasets.files import PUBLISHER_FOLDERS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.python2_pickle import dump_arrays
from rtcan_cli.datasets.simulate.physiology import Population, bodily, felt, rate, record

BASELINE = 3.0
"""Seconds recorded before each video."""


def write(
    root: Path,
    population: Population,
    duration: float,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write ``data_preprocessed_python/s01.dat`` and so on.

    All channels but the GSR are noise. The GSR is shifted to the mean of the seconds before the
    video, as DEAP's is, and scaled to nanosiemens.

    Parameters
    ----------
    root : Path
        Folder to write to.
    population : Population
        Who listens to what.
    duration : float
        Of each video, in seconds.
    seed : int
        What chance is drawn from.
    on_progress : callable
        Called with the number of subjects done, and of all.

    Returns
    -------
    trials, recordings : int
        How many were written.
    """
    folder = root / PUBLISHER_FOLDERS["deap"]
    folder.mkdir()
    n_subjects, n_videos = population.deviations.shape[:2]
    sampling_rate = profile("deap").sampling_rate
    for subject in range(n_subjects):
        rng = np.random.default_rng([seed, 1, subject])
        listeners = population.listeners.take(np.full(n_videos, subject))
        pull, deviation = population.stimuli, population.deviations[subject]
        ratings = 1 + 8 * rate(felt(pull, deviation), listeners, rng)
        dominance_and_liking = rng.uniform(1, 9, (n_videos, 2))
        body = bodily(pull, deviation, rng)
        eda = record(body, listeners, duration, sampling_rate, rng, rest=BASELINE).eda
        data = rng.standard_normal((n_videos, N_CHANNELS, eda.shape[1]))
        before = eda[:, : round(BASELINE * sampling_rate)].mean(axis=1, keepdims=True)
        data[:, GSR_CHANNEL] = 1000 * (eda - before)
        labels = np.hstack([ratings, dominance_and_liking]).round(2)
        with (folder / f"s{subject + 1:02d}.dat").open("wb") as stream:
            dump_arrays(stream, {"labels": labels, "data": data})
        on_progress(subject + 1, n_subjects)
    return n_subjects * n_videos, n_subjects * n_videos

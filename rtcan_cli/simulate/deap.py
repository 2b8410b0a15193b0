"""Simulated subjects in DEAP's layout: one Python 2 pickle each.

With faults, all ratings are there, and some GSR recordings are broken: see `FAULTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.deap.reader import GSR_CHANNEL, N_CHANNELS
from rtcan_cli.datasets.files.raw import PUBLISHER_FOLDERS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, spoil
from rtcan_cli.simulate.physiology import (
    Array,
    Effects,
    Listeners,
    bodily,
    felt,
    rate,
    record,
)
from rtcan_cli.simulate.python2_pickle import dump_arrays
from rtcan_cli.simulate.truth import of_row, write_recordings

BASELINE = 3.0
"""Seconds recorded before each video."""

OHM = 1e6
"""Of a conductance of one microsiemens."""

FAULTS: dict[tuple[int, int], str] = {
    (2, 1): "nan-short",
    (4, 2): "flat",
    (7, 3): "nan-short",
    (9, 4): "nan-long",
    (22, 30): "nan-short",
    (32, 40): "nan-short",
}
"""Kinds of faults, by subject and video (from 1)."""

SHARED_TABLES: dict[str, str] = {}


@dataclass(frozen=True)
class Subject:
    """One subject, who is one file.

    Attributes
    ----------
    index : int
        From 0.
    listener : Listeners
        The subject's traits, shape (1,).
    pulls, deviations : ndarray, shape (n_videos, 2)
        What the videos make everyone feel, and how far this subject deviates from it.
    effects : Effects
        How much the videos and the subject's skin tell about the ratings.
    duration : float
        Of each video, in seconds.
    seed : int
        What chance is drawn from.
    faults : mapping of int to str
        Kinds of faults by video (from 0).
    truth : bool
        Whether the truth is written too.
    """

    index: int
    listener: Listeners
    pulls: Array
    deviations: Array
    effects: Effects
    duration: float
    seed: int
    faults: Mapping[int, str]
    truth: bool


def subject_names(n: int) -> list[str]:
    """As the files are numbered."""
    return [f"{number:02d}" for number in range(1, n + 1)]


def stimulus_names(design: Design) -> list[str]:
    """As the readers number the videos."""
    return [str(number) for number in range(1, len(design.population.stimuli) + 1)]


def units(design: Design) -> list[Subject]:
    """All subjects; DEAP's videos all last as long, so that `design` has a duration."""
    population = design.population
    assert design.duration is not None, "DEAP's published videos have one length"
    return [
        Subject(
            index=index,
            listener=population.listeners.take(np.array([index])),
            pulls=population.stimuli,
            deviations=deviations,
            effects=population.effects,
            duration=design.duration,
            seed=design.seed,
            faults={
                video - 1: kind
                for (subject, video), kind in FAULTS.items()
                if design.faults and subject == index + 1 and video <= len(deviations)
            },
            truth=design.truth,
        )
        for index, deviations in enumerate(population.deviations)
    ]


def write_unit(root: Path, unit: Subject) -> Written:
    """Write ``data_preprocessed_python/s01.dat`` or another subject's file.

    All channels but the GSR are noise. The GSR is skin resistance in Ohm, as DEAP's is, so that a
    response makes it fall; it is shifted to the mean of the seconds before the video, since the
    preprocessed edition has lost its offset.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Subject
        Whose file to write.

    Returns
    -------
    Written
    """
    folder = root / PUBLISHER_FOLDERS["deap"]
    folder.mkdir(exist_ok=True)
    name = f"{unit.index + 1:02d}"
    file = f"{folder.name}/s{name}.dat"
    n_videos = len(unit.pulls)
    sampling_rate = profile("deap").sampling_rate
    rng = np.random.default_rng([unit.seed, 1, unit.index])
    listeners = unit.listener.take(np.zeros(n_videos, dtype=np.intp))
    ratings = 1 + 8 * rate(
        felt(unit.pulls, unit.deviations, unit.effects), listeners, rng, unit.effects
    )
    dominance_and_liking = rng.uniform(1, 9, (n_videos, 2))
    body = bodily(unit.pulls, unit.deviations, rng, unit.effects)
    signals = record(body, listeners, unit.duration, sampling_rate, rng, rest=BASELINE)
    eda = signals.eda
    data = rng.standard_normal((n_videos, N_CHANNELS, eda.shape[1]))
    resistance = OHM / eda
    before = resistance[:, : round(BASELINE * sampling_rate)].mean(axis=1, keepdims=True)
    gsr = resistance - before
    faults = []
    for video, kind in unit.faults.items():
        gsr[video], samples = spoil(gsr[video], kind, sampling_rate)
        faults.append(Fault(kind, file, name, str(video + 1), "both", samples))
    data[:, GSR_CHANNEL] = gsr
    labels = np.hstack([ratings, dominance_and_liking]).round(2)
    with (root / file).open("wb") as stream:
        dump_arrays(stream, {"labels": labels, "data": data})
    if unit.truth:
        recordings = [
            of_row(
                *(signals, video, body, (file, name, str(video + 1), "both")),
                gain=OHM,
                zero=float(before[video, 0]),
                quantity="resistance",
            )
            for video in range(n_videos)
        ]
        write_recordings(root, f"s{name}", recordings, sampling_rate)
    return Written(n_videos, n_videos, tuple(faults))

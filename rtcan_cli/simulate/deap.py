"""Simulated subjects in DEAP's layout: one Python 2 pickle each.

With faults, all ratings are there, and some GSR recordings are broken: see `FAULTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.deap.reader import GSR_CHANNEL, N_CHANNELS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, spoil
from rtcan_cli.simulate.physiology import record
from rtcan_cli.simulate.python2_pickle import dump_arrays
from rtcan_cli.simulate.subjects import Subject, numbered, subjects
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

subject_names = numbered


@dataclass(frozen=True)
class Unit:
    """One subject, who is one file.

    Attributes
    ----------
    who : Subject
        The subject.
    duration : float
        Of each video, in seconds.
    """

    who: Subject
    duration: float


def stimulus_names(design: Design) -> list[str]:
    """As the readers number the videos."""
    return [str(number) for number in range(1, len(design.population.stimuli) + 1)]


def units(design: Design) -> list[Unit]:
    """All subjects; DEAP's videos all last as long, so that `design` has a duration."""
    assert design.duration is not None, "DEAP's published videos have one length"
    return [Unit(who, design.duration) for who in subjects(design, FAULTS)]


def write_unit(root: Path, unit: Unit) -> Written:
    """Write ``data_preprocessed_python/s01.dat`` or another subject's file.

    All channels but the GSR are noise. The GSR is skin resistance in Ohm, as DEAP's is, so that a
    response makes it fall; it is shifted to the mean of the seconds before the video, since the
    preprocessed edition has lost its offset.

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
    folder = root / PUBLISHER_FOLDERS["deap"]
    folder.mkdir(exist_ok=True)
    who = unit.who
    name = f"{who.index + 1:02d}"
    file = f"{folder.name}/s{name}.dat"
    n_videos = len(who.pulls)
    sampling_rate = profile("deap").sampling_rate
    rng = np.random.default_rng([who.seed, 1, who.index])
    ratings = 1 + 8 * who.ratings(rng)
    dominance_and_liking = rng.uniform(1, 9, (n_videos, 2))
    body = who.body(rng)
    signals = record(body, who.listeners, unit.duration, sampling_rate, rng, rest=BASELINE)
    eda = signals.eda
    data = rng.standard_normal((n_videos, N_CHANNELS, eda.shape[1]))
    resistance = OHM / eda
    before = resistance[:, : round(BASELINE * sampling_rate)].mean(axis=1, keepdims=True)
    gsr = resistance - before
    faults = []
    for video, kind in who.faults.items():
        gsr[video], samples = spoil(gsr[video], kind, sampling_rate)
        faults.append(Fault(kind, file, name, str(video + 1), "both", samples))
    data[:, GSR_CHANNEL] = gsr
    labels = np.hstack([ratings, dominance_and_liking]).round(2)
    with (root / file).open("wb") as stream:
        dump_arrays(stream, {"labels": labels, "data": data})
    if who.truth:
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

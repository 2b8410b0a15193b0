"""Simulated subjects in CASE's layout: two tables each, one of physiology and one of the joystick.

All that is not GSR is noise. With faults, all ratings are there, and some GSR recordings are
broken: see `FAULTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.case.reader import BLUE, END, START, VIDEOS
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, encode, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import Array, record
from rtcan_cli.simulate.subjects import Subject, subjects
from rtcan_cli.simulate.truth import TrueRecording, of_row, write_recordings

LENGTHS = (185.6, 173.1, 118.65, 160.1, 145.1, 146.75, 197.0, 143.75)
"""Of the videos, in seconds; at demo scale they are in proportion, and `duration` is their mean."""

REST = {"demo": 5.0, "full": 120.0}
"""Seconds of each blue screen, and of the end; the start has the same length here."""

RATES = {"demo": 100.0, "full": 1000.0}
"""Sampling rates in Hz: the published one makes files of 170 MB."""

JOYSTICK_RATE = 20.0
CENTRE = 5.0
"""Where the joystick rests, on the scale of the ratings."""

REACTION = 2.0
"""Time constant in seconds with which the joystick goes to what is felt."""

FAULTS: dict[tuple[int, int], str] = {(2, 1): "nan-short", (4, 3): "flat", (9, 2): "nan-long"}
"""Kinds of faults, by subject and video (from 1)."""

SHARED_TABLES: dict[str, str] = {}

_FOLDER = f"{PUBLISHER_FOLDERS['case']}/data/interpolated"
_HEADER = "daqtime,ecg,bvp,gsr,rsp,skt,emg_zygo,emg_coru,emg_trap,video"


@dataclass(frozen=True)
class Unit:
    """One subject, who is two files.

    Attributes
    ----------
    who : Subject
        The subject.
    order : tuple of int
        Positions of the videos, as the subject saw them.
    lengths : tuple of float
        Of all videos, in seconds.
    rest, rate : float
        Length of the blue screens in seconds, and sampling rate in Hz.
    """

    who: Subject
    order: tuple[int, ...]
    lengths: tuple[float, ...]
    rest: float
    rate: float


def subject_names(n: int) -> list[str]:
    """``1`` and so on."""
    return [str(number) for number in range(1, n + 1)]


def stimulus_names(design: Design) -> list[str]:
    """The numbers of the videos."""
    return [str(video) for video in list(VIDEOS)[: len(design.population.stimuli)]]


def units(design: Design) -> list[Unit]:
    """All subjects; each sees the videos in an order of chance."""
    n = len(design.population.stimuli)
    share = 1.0 if design.duration is None else design.duration / float(np.mean(LENGTHS[:n]))
    # Of whole steps of the joystick.
    lengths = tuple(round(length * share * JOYSTICK_RATE) / JOYSTICK_RATE for length in LENGTHS[:n])
    rest, rate = REST[design.scale], RATES[design.scale]
    return [
        Unit(
            who,
            tuple(np.random.default_rng([who.seed, 10, who.index]).permutation(n).tolist()),
            *(lengths, rest, rate),
        )
        for who in subjects(design, FAULTS)
    ]


def write_unit(root: Path, unit: Unit) -> Written:
    """Write ``sub_1.csv`` or another subject's files.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Unit
        Whose files to write.

    Returns
    -------
    Written
    """
    who, n, rate = unit.who, len(unit.order), unit.rate
    name = str(who.index + 1)
    file = f"{_FOLDER}/physiological/sub_{name}.csv"
    rng = np.random.default_rng([who.seed, 9, who.index])
    low, high = profile("case").rating_scale
    felt = low + (high - low) * who.ratings(rng)
    body = who.body(rng)
    n_rest = round(unit.rest * rate)
    gsr, shown, joystick, faults = [], [], [], []
    recordings: list[TrueRecording] = []
    for place, video in enumerate(unit.order):
        one = slice(video, video + 1)
        signals = record(body[one], who.listener, unit.lengths[video], rate, rng, rest=unit.rest)
        eda = signals.eda[0].copy()
        names = (file, name, str(video + 1), "both")
        if video in who.faults:
            kind = who.faults[video]
            eda[n_rest:], samples = spoil(eda[n_rest:], kind, rate)
            faults.append(Fault(kind, *names, samples))
        gsr.append(eda)
        shown += [(START if place == 0 else BLUE, unit.rest), (video + 1, unit.lengths[video])]
        joystick += [_still(unit.rest), _moved(felt[video], unit.lengths[video])]
        if who.truth:
            recordings.append(of_row(signals.after(n_rest), 0, body[one], names))
    gsr.append(np.full(n_rest, gsr[-1][-1]))
    shown.append((END, unit.rest))
    joystick.append(_still(unit.rest))
    write_file(root, file, _physiology(np.concatenate(gsr), shown, rate, rng))
    annotations = _annotations(np.concatenate(joystick), shown)
    write_file(root, f"{_FOLDER}/annotations/sub_{name}.csv", annotations)
    if who.truth:
        write_recordings(root, f"sub_{name}", recordings, rate)
    return Written(n, n, tuple(faults))


def _still(seconds: float) -> Array:
    return np.full((round(seconds * JOYSTICK_RATE), 2), CENTRE)


def _moved(felt: Array, seconds: float) -> Array:
    """From the centre to what is felt; shape (n, 2)."""
    time = np.arange(round(seconds * JOYSTICK_RATE)) / JOYSTICK_RATE
    return CENTRE + np.outer(1 - np.exp(-time / REACTION), felt - CENTRE)


def _on(shown: list[tuple[int, float]], rate: float) -> list[int]:
    """The number of the video in each row."""
    return [video for video, seconds in shown for _ in range(round(seconds * rate))]


def _physiology(
    gsr: Array, shown: list[tuple[int, float]], rate: float, rng: np.random.Generator
) -> bytes:
    before, behind = rng.standard_normal((2, len(gsr)))
    lines = [
        f"{1000 * i / rate:g},0.8,{x:.3f},{eda:.3f},27.2,{y:.3f},7.6,5.4,11.2,{video}"
        for i, (x, eda, y, video) in enumerate(
            zip(*(each.tolist() for each in (before, gsr, behind)), _on(shown, rate), strict=True)
        )
    ]
    return encode([_HEADER, *lines], None)


def _annotations(joystick: Array, shown: list[tuple[int, float]]) -> bytes:
    lines = [
        f"{round(1000 * i / JOYSTICK_RATE)},{valence:.3f},{arousal:.3f},{video}"
        for i, ((valence, arousal), video) in enumerate(
            zip(joystick.tolist(), _on(shown, JOYSTICK_RATE), strict=True)
        )
    ]
    return encode(["jstime,valence,arousal,video", *lines], None)

"""Simulated subjects and songs in the layout of PMEmo's 2018 edition.

What there is to write, and what is wrong with it where faults are wanted, is decided in
`rtcan_cli.simulate.pmemo_plan`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import SIGNAL_FAULTS, Fault, encode, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import (
    Array,
    Effects,
    Listeners,
    bodily,
    felt,
    rate,
    record,
)
from rtcan_cli.simulate.pmemo_plan import Plan, plan, song_numbers
from rtcan_cli.simulate.songs import encoded
from rtcan_cli.simulate.truth import TrueRecording, of_row, write_recordings

_FOLDER = PUBLISHER_FOLDERS["pmemo"]
_STEPS = 8

_METADATA = f"{_FOLDER}/metadata.csv"
_MEANS = {target: f"{_FOLDER}/{target[0].upper()}_static.csv" for target in TARGETS}

SHARED_TABLES = {
    **{
        path: f"musicId,{target.title()}(mean),{target.title()}(std)"
        for target, path in _MEANS.items()
    },
    _METADATA: "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time",
}


@dataclass(frozen=True)
class Song:
    """One song and those who hear it.

    Attributes
    ----------
    index, number : int
        Its position among the songs, and its name.
    length : float
        In seconds.
    pull : ndarray, shape (2,)
        What it makes everyone feel.
    subjects : tuple of str
        Names of its listeners.
    listeners : Listeners
        Their traits.
    deviations : ndarray, shape (n_subjects, 2)
        How far they deviate from the pull.
    effects : Effects
        How much the song and their skin tell about their ratings.
    seed : int
        What chance is drawn from.
    annotated : bool
        Whether there are tables of ratings.
    rating_faults : mapping of str to str
        How ratings are missing, by subject.
    recording_faults : mapping of str to tuple
        Target and kind of the fault of one recording, by subject.
    table_faults : mapping of str to str
        Kinds of faults of the tables, by target.
    truth : bool
        Whether the truth is written too.
    """

    index: int
    number: int
    length: float
    pull: Array
    subjects: tuple[str, ...]
    listeners: Listeners
    deviations: Array
    effects: Effects
    seed: int
    annotated: bool
    rating_faults: Mapping[str, str]
    recording_faults: Mapping[str, tuple[str, str]]
    table_faults: Mapping[str, str]
    truth: bool


def subject_names(n: int) -> list[str]:
    """Six digits that start with 100 or 200, the first one being 100184."""
    first = (n + 1) // 2
    return [str(100184 + i if i < first else 200001 + i - first) for i in range(n)]


def stimulus_names(design: Design) -> list[str]:
    """Numbers of the songs."""
    n_songs = len(design.population.stimuli)
    numbers = song_numbers(n_songs) if design.scale == "full" else range(1, n_songs + 1)
    return [str(number) for number in numbers]


def units(design: Design) -> list[Song]:
    """All songs.

    Raises
    ------
    RtcanError
        If this machine's audio library cannot write MP3 files.
    """
    if "MP3" not in soundfile.available_formats():
        raise RtcanError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot write MP3 files",
            hint="install soundfile from PyPI, whose libsndfile is 1.1 or newer",
        )
    n_subjects, n_songs = design.population.deviations.shape[:2]
    drawn = plan(
        *(n_subjects, n_songs, design.duration),
        *(design.seed, design.scale, design.faults),
    )
    return [_song(index, drawn, design) for index in range(n_songs)]


def _song(index: int, drawn: Plan, design: Design) -> Song:
    population = design.population
    names = subject_names(len(population.deviations))
    who = np.flatnonzero(drawn.heard[:, index])
    return Song(
        index=index,
        number=drawn.songs[index],
        length=float(drawn.lengths[index]),
        pull=population.stimuli[index],
        subjects=tuple(names[each] for each in who),
        listeners=population.listeners.take(who),
        deviations=population.deviations[who, index],
        effects=population.effects,
        seed=design.seed,
        annotated=index not in drawn.without_annotations,
        rating_faults={
            names[each]: drawn.rating_faults[each, index]
            for each in who.tolist()
            if (each, index) in drawn.rating_faults
        },
        recording_faults={
            names[each]: drawn.recording_faults[each, index]
            for each in who.tolist()
            if (each, index) in drawn.recording_faults
        },
        table_faults={
            target: drawn.table_faults[index, target]
            for target in TARGETS
            if (index, target) in drawn.table_faults
        },
        truth=design.truth,
    )


def write_unit(root: Path, unit: Song) -> Written:
    """Write a song's audio, EDA and ratings below the folder ``PMEmo``.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Song
        What to write.

    Returns
    -------
    Written
        With the song's lines in the tables of all songs.
    """
    number, pull = unit.number, unit.pull
    song = encoded(pull, unit.length, np.random.default_rng([unit.seed, 2, unit.index]), "MP3")
    write_file(root, f"{_FOLDER}/Chorus/{number}.mp3", song)
    title = f"{number},{number}.mp3,Simulated song {number},rtcan,Simulated songs"
    lines = {_METADATA: f"{title},{unit.length:g},,"}
    faults: list[Fault] = []
    recordings: list[TrueRecording] = []
    sampling_rate = profile("pmemo").sampling_rate
    if unit.subjects:
        rng = np.random.default_rng([unit.seed, 3, unit.index])
        ratings = _in_steps(
            rate(felt(pull, unit.deviations, unit.effects), unit.listeners, rng, unit.effects)
        )
        for column, target in enumerate(TARGETS):
            rows = _annotate(unit.subjects, ratings[:, column], unit.length, rng)
            faults += _write_table(root, unit, target, rows)
            body = bodily(pull, unit.deviations, rng, unit.effects)
            signals = record(body, unit.listeners, unit.length, sampling_rate, rng)
            for row, subject in enumerate(unit.subjects):
                file = f"{number}_{subject}_{target[0].upper()}.csv"
                file = f"{_FOLDER}/EDA/{target.title()}/{file}"
                names = (file, subject, str(number), target)
                faults += _write_recording(root, unit, names, signals.eda[row])
                if unit.truth:
                    recordings.append(of_row(signals, row, body, names))
            rated = ratings[[each not in unit.rating_faults for each in unit.subjects], column]
            if unit.annotated and len(rated):
                lines[_MEANS[target]] = f"{number},{rated.mean():.4f},{rated.std():.4f}"
    if recordings:
        write_recordings(root, str(number), recordings, sampling_rate)
    n_rated = (len(unit.subjects) - len(unit.rating_faults)) * unit.annotated
    return Written(n_rated, 2 * len(unit.subjects), tuple(faults), lines)


def _write_table(root: Path, unit: Song, target: str, rows: Sequence[str]) -> list[Fault]:
    """Write a header and one row for each listener, and tell what is wrong with them."""
    initial = target[0].upper()
    file = f"{_FOLDER}/Annotations/{target.title()}/{unit.number}-{initial}.csv"
    if not unit.annotated:
        return [Fault("no-annotations", file, None, str(unit.number), target)]
    faults = []
    kind = unit.table_faults.get(target)
    if kind is not None:
        faults.append(Fault(kind, file, None, str(unit.number), target))
    lines = [] if kind == "no-header" else [rows[0]]
    for subject, row in zip(unit.subjects, rows[1:], strict=True):
        missing = unit.rating_faults.get(subject)
        if missing is not None:
            faults.append(Fault(missing, file, subject, str(unit.number), target))
        if missing == "empty-rating":
            name, _, course = row.split(",", 2)
            lines.append(f"{name},,{course}")
        elif missing is None:
            lines.append(row)
    write_file(root, file, encode(lines, kind))
    return faults


def _write_recording(
    root: Path, unit: Song, names: tuple[str, str, str, str], eda: Array
) -> list[Fault]:
    """Write one value a line, unless something is to go wrong; `names` as in the truth."""
    file, subject, _, target = names
    sampling_rate = profile("pmemo").sampling_rate
    kind, samples, faults = None, None, []
    if unit.recording_faults.get(subject, ("", ""))[0] == target:
        kind = unit.recording_faults[subject][1]
        if kind in SIGNAL_FAULTS:
            eda, samples = spoil(eda, kind, sampling_rate)
        faults.append(Fault(kind, *names, samples))
    # One format for all lines: a full-size simulation has thirty million.
    lines = ("\n".join(["%.4f"] * len(eda)) % tuple(eda.tolist())).split("\n")
    if kind in ("time-value", "time-value-header"):
        lines = [f"{i / sampling_rate:.2f},{line}" for i, line in enumerate(lines)]
    if kind in ("header", "time-value-header"):
        lines.insert(0, "eda" if kind == "header" else "time,eda")
    write_file(root, file, encode(lines, kind))
    return faults


def _in_steps(ratings: Array) -> Array:
    return np.round(ratings * _STEPS) / _STEPS


def _annotate(
    subjects: Sequence[str], ratings: Array, duration: float, rng: np.random.Generator
) -> list[str]:
    """Subject, static rating, and a dynamic rating every half second that wanders around it."""
    times = np.arange(0.5, duration + 0.25, 0.5)
    wander = np.cumsum(0.04 * rng.standard_normal((len(subjects), len(times))), axis=1)
    dynamic = _in_steps(np.clip(ratings[:, None] + wander, 0, 1))
    rows = [",".join(["subjectId", "static", *(f"{time:g}" for time in times)])]
    for subject, rating, course in zip(subjects, ratings, dynamic, strict=True):
        rows.append(",".join([subject, f"{rating:g}", *(f"{value:g}" for value in course)]))
    return rows

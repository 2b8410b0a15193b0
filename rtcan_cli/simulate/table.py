"""Simulated subjects as a lab's own recordings: ``trials.csv`` and the files that it names.

The subjects wear four devices in turn, so that every kind of signal file is there: Empatica E4
sessions that hold all of a subject's trials, CSV files with times, NumPy files, and text with one
value a line. With faults, some recordings are broken: see `FAULTS`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import Fault, encode, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import AROUSAL, VALENCE, Array, record
from rtcan_cli.simulate.songs import encoded
from rtcan_cli.simulate.subjects import Subject, subjects
from rtcan_cli.simulate.truth import of_row, write_recordings

PAUSE = 10.0
"""Seconds between the trials of a session."""

DEVICES: dict[str, float] = {"session": 4.0, "times": 32.0, "npy": 50.0, "values": 16.0}
"""Kinds of signal files and their sampling rates in Hz; subjects take them in turn."""

FAULTS: dict[tuple[int, int], str] = {
    (1, 2): "nan-short",
    (2, 1): "nan-long",
    (3, 3): "flat",
    (4, 1): "clipped",
    (6, 2): "nan-short",
    (8, 1): "offset",
}
"""Kinds of faults, by subject and song (from 1)."""

_FOLDER = PUBLISHER_FOLDERS["table"]
_TABLE = f"{_FOLDER}/trials.csv"
_FIRST_DAY = 1_700_000_000
_DAY = 86_400

SHARED_TABLES = {
    _TABLE: "subject,stimulus,valence,arousal,signal,sampling_rate,start,duration,audio,title"
}


@dataclass(frozen=True)
class Unit:
    """One subject, with all trials, and the songs that are written on the way.

    Attributes
    ----------
    who : Subject
        The subject.
    name : str
        As in the table.
    songs : tuple of str
        Names of all songs.
    to_write : tuple of int
        Songs whose audio is written with this subject.
    duration : float
        Of each song, in seconds.
    """

    who: Subject
    name: str
    songs: tuple[str, ...]
    to_write: tuple[int, ...]
    duration: float


def subject_names(n: int) -> list[str]:
    """``P01`` and so on, equally long."""
    width = max(2, len(str(n)))
    return [f"P{number:0{width}d}" for number in range(1, n + 1)]


def stimulus_names(design: Design) -> list[str]:
    """``song01`` and so on, equally long."""
    n = len(design.population.stimuli)
    width = max(2, len(str(n)))
    return [f"song{number:0{width}d}" for number in range(1, n + 1)]


def units(design: Design) -> list[Unit]:
    """All subjects, each of whom hears every song.

    Raises
    ------
    RtcanError
        If the songs have no length: none is published.
    """
    if design.duration is None:
        raise RtcanError("the duration of a song is missing", hint="--duration 25")
    everyone, songs = subjects(design, FAULTS), tuple(stimulus_names(design))
    return [
        Unit(who, name, songs, tuple(range(who.index, len(songs), len(everyone))), design.duration)
        for who, name in zip(everyone, subject_names(len(everyone)), strict=True)
    ]


def write_unit(root: Path, unit: Unit) -> Written:
    """Write a subject's signals, and the subject's share of the songs.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Unit
        What to write.

    Returns
    -------
    Written
        With the subject's rows of the table.
    """
    for song in unit.to_write:
        write_file(root, _audio_file(unit, song), _audio(unit, song))
    who, n_songs = unit.who, len(unit.songs)
    device, sampling_rate = list(DEVICES.items())[who.index % len(DEVICES)]
    rng = np.random.default_rng([who.seed, 7, who.index])
    low, high = profile("table").rating_scale
    ratings = np.round(low + (high - low) * who.ratings(rng))
    body = who.body(rng)
    rest = PAUSE if device == "session" else 0.0
    signals = record(body, who.listeners, unit.duration, sampling_rate, rng, rest)
    eda, n_rest = signals.eda.copy(), round(rest * sampling_rate)
    files = _signal_files(unit, device)
    faults = []
    for song, kind in who.faults.items():
        eda[song, n_rest:], samples = spoil(eda[song, n_rest:], kind, sampling_rate)
        faults.append(Fault(kind, files[song], unit.name, unit.songs[song], "both", samples))
    starts = [""] * n_songs
    if device == "session":
        begin = _FIRST_DAY + _DAY * who.index
        starts = [
            f"{begin + (song * eda.shape[1] + n_rest) / sampling_rate:.2f}"
            for song in range(n_songs)
        ]
        lines = [f"{begin:.6f}", f"{sampling_rate:.6f}", *_values(eda.ravel(), 6)]
        write_file(root, files[0], encode(lines, "crlf"))
    else:
        for song, file in enumerate(files):
            write_file(root, file, _signal(eda[song], device, sampling_rate))
    if who.truth:
        heard = signals.after(n_rest)
        recordings = [
            of_row(heard, song, body, (files[song], unit.name, name, "both"))
            for song, name in enumerate(unit.songs)
        ]
        write_recordings(root, unit.name, recordings, sampling_rate)
    rows = [
        ",".join(
            (
                *(unit.name, name, f"{ratings[song, VALENCE]:g}", f"{ratings[song, AROUSAL]:g}"),
                files[song].removeprefix(f"{_FOLDER}/"),
                f"{sampling_rate:g}" if device in ("npy", "values") else "",
                *(starts[song], f"{unit.duration:g}" if device == "session" else ""),
                _audio_file(unit, song).removeprefix(f"{_FOLDER}/"),
                f"Simulated song {song + 1}",
            )
        )
        for song, name in enumerate(unit.songs)
    ]
    return Written(n_songs, n_songs, tuple(faults), {_TABLE: "\n".join(rows)})


def _signal_files(unit: Unit, device: str) -> list[str]:
    """The file of each trial, below the root."""
    if device == "session":
        return [f"{_FOLDER}/e4/{unit.name}/EDA.csv"] * len(unit.songs)
    ending = {"times": "csv", "npy": "npy", "values": "txt"}[device]
    return [f"{_FOLDER}/eda/{unit.name}_{song}.{ending}" for song in unit.songs]


def _signal(eda: Array, device: str, sampling_rate: float) -> bytes:
    """Content of a file that holds one trial."""
    if device == "npy":
        stream = io.BytesIO()
        np.save(stream, eda.round(4))
        return stream.getvalue()
    lines = _values(eda, 4)
    if device == "times":
        lines = [f"{i / sampling_rate:.5f},{line}" for i, line in enumerate(lines)]
        lines.insert(0, "time,eda")
    return encode(lines, None)


def _values(eda: Array, digits: int) -> list[str]:
    return [f"{value:.{digits}f}" for value in eda.tolist()]


def _audio_file(unit: Unit, song: int) -> str:
    return f"{_FOLDER}/songs/{unit.songs[song]}.wav"


def _audio(unit: Unit, song: int) -> bytes:
    rng = np.random.default_rng([unit.who.seed, 2, song])
    return encoded(unit.who.pulls[song], unit.duration, rng, "WAV")

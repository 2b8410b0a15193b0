"""Simulated subjects and songs in the layout of PMEmo's 2018 edition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtcan_cli.datasets.files import PUBLISHER_FOLDERS
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.datasets.simulate.physiology import (
    AROUSAL,
    VALENCE,
    Array,
    Population,
    bodily,
    felt,
    rate,
    record,
)
from rtcan_cli.datasets.simulate.songs import SAMPLING_RATE, synthesise
from rtcan_cli.errors import RtcanError

SONGS_PER_SUBJECT = 20
"""Nobody hears more songs than that, however many there are."""

_STEPS = 8
_METADATA = "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time"


def write(
    root: Path,
    population: Population,
    duration: float,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write the folder ``PMEmo`` with audio, EDA, ratings and metadata.

    Parameters
    ----------
    root : Path
        Folder to write to.
    population : Population
        Who listens to what.
    duration : float
        Of each song, in seconds.
    seed : int
        What chance is drawn from.
    on_progress : callable
        Called with the number of songs done, and of all.

    Returns
    -------
    trials, recordings : int
        How many were written.

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
    folder = root / PUBLISHER_FOLDERS["pmemo"]
    (folder / "Chorus").mkdir(parents=True)
    for target in TARGETS:
        (folder / "Annotations" / target.title()).mkdir(parents=True)
        (folder / "EDA" / target.title()).mkdir(parents=True)
    n_subjects, n_songs = population.deviations.shape[:2]
    subjects = _subject_names(n_subjects)
    heard = _hearings(n_subjects, n_songs)
    sampling_rate = profile("pmemo").sampling_rate
    means: dict[str, list[str]] = {target: [] for target in TARGETS}
    trials = 0
    for song in range(n_songs):
        name = str(song + 1)
        pull = population.stimuli[song]
        audio = synthesise(
            pull[VALENCE], pull[AROUSAL], duration, np.random.default_rng([seed, 2, song])
        )
        soundfile.write(folder / "Chorus" / f"{name}.mp3", audio, SAMPLING_RATE)
        who = np.flatnonzero(heard[:, song])
        if len(who):
            rng = np.random.default_rng([seed, 3, song])
            listeners = population.listeners.take(who)
            deviation = population.deviations[who, song]
            ratings = _in_steps(rate(felt(pull, deviation), listeners, rng))
            for column, target in enumerate(TARGETS):
                initial = target[0].upper()
                table = folder / "Annotations" / target.title() / f"{name}-{initial}.csv"
                names = [subjects[index] for index in who]
                _write_lines(table, _annotate(names, ratings[:, column], duration, rng))
                body = bodily(pull, deviation, rng)
                eda = record(body, listeners, duration, sampling_rate, rng).eda
                for subject, samples in zip(names, eda, strict=True):
                    file = f"{name}_{subject}_{initial}.csv"
                    _write_lines(
                        folder / "EDA" / target.title() / file,
                        (f"{sample:.4f}" for sample in samples.tolist()),
                    )
                mean, spread = ratings[:, column].mean(), ratings[:, column].std()
                means[target].append(f"{name},{mean:.4f},{spread:.4f}")
            trials += len(who)
        on_progress(song + 1, n_songs)
    for target in TARGETS:
        title = target.title()
        header = f"musicId,{title}(mean),{title}(std)"
        _write_lines(folder / f"{title[0]}_static.csv", [header, *means[target]])
    songs = (
        f"{number},{number}.mp3,Simulated song {number},rtcan,Simulated songs,{duration:g},,"
        for number in range(1, n_songs + 1)
    )
    _write_lines(folder / "metadata.csv", [_METADATA, *songs])
    return trials, 2 * trials


def _subject_names(n: int) -> list[str]:
    """Six digits that start with 100 or 200, the first one being 100184."""
    first = (n + 1) // 2
    return [str(100184 + i if i < first else 200001 + i - first) for i in range(n)]


def _hearings(n_subjects: int, n_songs: int) -> NDArray[np.bool_]:
    """Which subject hears which song, shape (n_subjects, n_songs); the first hears the first."""
    heard = np.zeros((n_subjects, n_songs), dtype=bool)
    each = min(n_songs, SONGS_PER_SUBJECT)
    songs = (each * np.arange(n_subjects)[:, None] + np.arange(each)) % n_songs
    np.put_along_axis(heard, songs, True, axis=1)
    return heard


def _in_steps(ratings: Array) -> Array:
    return np.round(ratings * _STEPS) / _STEPS


def _annotate(
    subjects: list[str], ratings: Array, duration: float, rng: np.random.Generator
) -> Iterable[str]:
    """Subject, static rating, and a dynamic rating every half second that wanders around it."""
    times = np.arange(0.5, duration + 0.25, 0.5)
    wander = np.cumsum(0.04 * rng.standard_normal((len(subjects), len(times))), axis=1)
    dynamic = _in_steps(np.clip(ratings[:, None] + wander, 0, 1))
    yield ",".join(["subjectId", "static", *(f"{time:g}" for time in times)])
    for subject, rating, course in zip(subjects, ratings, dynamic, strict=True):
        yield ",".join([subject, f"{rating:g}", *(f"{value:g}" for value in course)])


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

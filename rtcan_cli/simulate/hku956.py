"""Simulated subjects in the layout of HKU956: wristbands, and songs that listeners skip.

A listener's session is a sequence of songs, each played as long as the listener liked, and some
songs come a second time. At demo scale every listener hears up to 20 songs. At full scale all is
as published: 956 trials of 30 listeners, of which 33 are a listener's repeat of a song, and 592
songs, of which 164 are heard more than once. The publisher ships links to the songs; here these are
paths, and the songs lie in the folder ``audio``, where the reader finds them. Of the signals only
EDA is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import PUBLISHER_FOLDERS
from rtcan_cli.simulate.design import Design, Written
from rtcan_cli.simulate.faults import SIGNAL_FAULTS, Fault, encode, spoil
from rtcan_cli.simulate.folder import write_file
from rtcan_cli.simulate.physiology import AROUSAL, VALENCE, Array, bodily, felt, rate, record
from rtcan_cli.simulate.pmemo_plan import in_rotation
from rtcan_cli.simulate.sizes import FULL_SIZES, SHORTEST
from rtcan_cli.simulate.songs import encoded
from rtcan_cli.simulate.subjects import Subject, subjects
from rtcan_cli.simulate.truth import of_row, write_recordings

PUBLISHED_TRIALS, PUBLISHED_REPEATS, PUBLISHED_SHARED = 956, 33, 164
"""Trials; those of a song that the listener had heard; songs that are heard more than once."""

SHORTEST_PLAYED, LONGEST_PLAYED = 27.0, 329.0
"""In seconds, as published."""

MEDIAN_LENGTH, SKIPPED, LENGTH_MEAN, LENGTH_SD = 42.0, 26.0, 2.83, 0.81
"""Of the time that a song is played, in seconds: the median, what nobody skips, and mean and
standard deviation of the logarithm of the rest (measured on 808 published trials)."""

FAULTS: dict[tuple[int, int], str] = {
    (1, 2): "flat",
    (2, 1): "clipped",
    (3, 3): "offset",
    (4, 1): "no-rating",
    (4, 2): "no-recording",
    (5, 2): "empty-rating",
}
"""Kinds of faults, by subject and place in the session (from 1)."""

_ACTIVITY_SD = 0.3
_FLATTENED = 20.0  # so that the most popular song is heard by a third of the listeners
_WITHOUT = ("no-rating", "empty-rating", "no-recording")
_EVERY = 3  # at demo scale, one listener of so many hears a song again
_FOLDER = PUBLISHER_FOLDERS["hku956"]
_RATINGS = f"{_FOLDER}/3. AV_ratings.csv"
_LINKS = f"{_FOLDER}/2. original_song_audio.csv"

SHARED_TABLES = {
    _RATINGS: "participant_id,song_no,song_id,valence_rating,valence,arousal_rating,arousal,"
    "play_duration",
    _LINKS: "song_id,link",
}


@dataclass(frozen=True)
class Unit:
    """One subject's session, and the songs that are written on the way.

    Attributes
    ----------
    who : Subject
        The subject; its faults are by place in the session.
    name : str
        As the folder is called.
    songs : tuple of int
        Positions of the songs, in the order of the session.
    seconds : tuple of float
        How long each was played.
    names : tuple of str
        Names of all songs.
    to_write : dict of int to float
        Songs whose audio is written with this subject, and how long they last.
    """

    who: Subject
    name: str
    songs: tuple[int, ...]
    seconds: tuple[float, ...]
    names: tuple[str, ...]
    to_write: dict[int, float]


def subject_names(n: int) -> list[str]:
    """``hku1903`` and so on."""
    return [f"hku{1903 + index}" for index in range(n)]


def stimulus_names(design: Design) -> list[str]:
    """Numbers of the songs, from 1001."""
    return [str(1001 + index) for index in range(len(design.population.stimuli))]


def units(design: Design) -> list[Unit]:
    """All subjects with what they hear."""
    n_subjects, n_songs = design.population.deviations.shape[:2]
    rng = np.random.default_rng([design.seed, 8])
    heard, n_repeats = (
        _as_published(n_subjects, n_songs, rng)
        if design.scale == "full"
        else (in_rotation(n_subjects, n_songs), -(-n_subjects // _EVERY))
    )
    sessions = _sessions(heard, n_repeats, rng)
    seconds = [_played(len(session), design.duration, rng) for session in sessions]
    lengths: dict[int, float] = {}
    for session, played in zip(sessions, seconds, strict=True):
        for song, length in zip(session, played, strict=True):
            lengths[song] = max(length, lengths.get(song, 0.0))
    names = tuple(stimulus_names(design))
    return [
        Unit(
            *(who, name, tuple(session), tuple(played), names),
            {song: lengths.get(song, SHORTEST) for song in range(who.index, n_songs, n_subjects)},
        )
        for who, name, session, played in zip(
            *(subjects(design, FAULTS), subject_names(n_subjects), sessions, seconds), strict=True
        )
    ]


def _as_published(
    n_subjects: int, n_songs: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], int]:
    """Who hears what, shape (n_subjects, n_songs), and how many trials are repeats."""
    share = n_subjects / FULL_SIZES["hku956"].subjects
    n_repeats = round(PUBLISHED_REPEATS * share)
    n_pairs = min(round(PUBLISHED_TRIALS * share) - n_repeats, n_subjects * n_songs)
    # Songs that are heard more than once come first; the more popular, the more often.
    n_shared = max(1, round(PUBLISHED_SHARED * n_songs / FULL_SIZES["hku956"].stimuli))
    listeners = np.ones(n_songs, dtype=np.intp)
    listeners[:n_shared] += min(n_subjects - 1, 1)
    listeners[n_pairs:] = 0  # fewer trials than songs
    weights = 1 / (np.arange(n_songs) + _FLATTENED)
    weights[n_shared:] = 1e-9  # where the others cannot take more
    for _ in range(n_pairs - listeners.sum()):
        free = weights * (listeners < n_subjects)
        listeners[rng.choice(n_songs, p=free / free.sum())] += 1
    # Those who have heard least take the next song, but some listeners skip more than others.
    pace = np.exp(_ACTIVITY_SD * rng.standard_normal(n_subjects))
    heard = np.zeros((n_subjects, n_songs), dtype=bool)
    for song in rng.permutation(n_songs):
        by_need = np.argsort((heard.sum(axis=1) + rng.random(n_subjects)) / pace)
        heard[by_need[: listeners[song]], song] = True
    return heard, n_repeats


def _sessions(
    heard: NDArray[np.bool_], n_repeats: int, rng: np.random.Generator
) -> list[list[int]]:
    """The songs of each listener in the order of hearing; repeats are of songs that many hear."""
    sessions = [rng.permutation(np.flatnonzero(row)).tolist() for row in heard]
    pairs = rng.permutation(np.argwhere(heard & (heard.sum(axis=0) > 1)))
    if len(pairs) < n_repeats:
        pairs = rng.permutation(np.argwhere(heard))
    for who, song in pairs[:n_repeats].tolist():
        session = sessions[who]
        session.insert(int(rng.integers(session.index(song), len(session))) + 1, song)
    return sessions


def _played(n: int, duration: float | None, rng: np.random.Generator) -> list[float]:
    """How long each song of a session is played: whole seconds, a few much longer than most."""
    drawn = SKIPPED + np.exp(LENGTH_MEAN + LENGTH_SD * rng.standard_normal(n))
    drawn = np.clip(drawn, SHORTEST_PLAYED, LONGEST_PLAYED)
    if duration is not None:
        drawn = np.maximum(drawn * duration / MEDIAN_LENGTH, SHORTEST)
    return np.round(drawn).tolist()


def write_unit(root: Path, unit: Unit) -> Written:
    """Write a subject's recordings, and the subject's share of the songs.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    unit : Unit
        What to write.

    Returns
    -------
    Written
        With the subject's rows of the table of ratings, and the songs' rows of that of links.
    """
    links = []
    for song, length in unit.to_write.items():
        file = f"audio/{unit.names[song]}.mp3"
        of_song = np.random.default_rng([unit.who.seed, 2, song])
        write_file(root, f"{_FOLDER}/{file}", encoded(unit.who.pulls[song], length, of_song, "MP3"))
        links.append(f"{unit.names[song]},{file}")
    who, sampling_rate = unit.who, profile("hku956").sampling_rate
    rng = np.random.default_rng([who.seed, 9, who.index])
    songs = np.array(unit.songs, dtype=np.intp)
    pulls, deviations = who.pulls[songs], who.deviations[songs]
    listeners = who.listener.take(np.zeros(len(songs), dtype=np.intp))
    ratings = rate(felt(pulls, deviations, who.effects), listeners, rng, who.effects)
    low, high = profile("hku956").rating_scale
    ratings = np.round(low + (high - low) * ratings, 1) + 0.0  # no -0
    body = bodily(pulls, deviations, rng, who.effects)
    rows, faults, recordings = [], [], []
    for place, (song, seconds) in enumerate(zip(unit.songs, unit.seconds, strict=True)):
        name, kind = unit.names[song], who.faults.get(place)
        file = f"{_FOLDER}/1. physiological signals/{unit.name}/EDA/{place}_{name}.csv"
        signals = record(body[place : place + 1], who.listener, seconds, sampling_rate, rng)
        eda, samples = signals.eda[0], None
        if kind in SIGNAL_FAULTS:
            eda, samples = spoil(eda, kind, sampling_rate)
        if kind is not None:
            faults.append(Fault(kind, file, unit.name, name, "both", samples))
        if kind != "no-recording":
            write_file(root, file, encode([f"{value:.6f}" for value in eda.tolist()], None))
            recordings.append(
                of_row(signals, 0, body[place : place + 1], (file, unit.name, name, "both"))
            )
        if kind != "no-rating":
            rated = _rated(ratings[place]) if kind != "empty-rating" else ",,,"
            rows.append(f"{unit.name},{place},{name},{rated},{seconds:g}")
    if who.truth and recordings:
        write_recordings(root, unit.name, recordings, sampling_rate)
    lines = {_RATINGS: "\n".join(rows), _LINKS: "\n".join(links)}
    unrated = sum(each.kind in _WITHOUT for each in faults)
    return Written(
        len(songs) - unrated,
        len(recordings),
        tuple(faults),
        {table: text for table, text in lines.items() if text},
    )


def _rated(ratings: Array) -> str:
    """Each rating, with its sign in words."""
    words = {-1: "negative", 0: "neutral", 1: "positive"}
    return ",".join(
        f"{ratings[column]:g},{words[int(np.sign(ratings[column]))]}"
        for column in (VALENCE, AROUSAL)
    )

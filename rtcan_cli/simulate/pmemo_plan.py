"""Which songs there are, how long they last, who hears which, and what is to go wrong with it.

At demo scale songs are numbered from 1, last equally long, and are heard by as many listeners as
`SONGS_PER_SUBJECT` allows. At full scale all is as in the 2018 edition: 794 songs with numbers up
to 1000, 27 of them too short to be annotated; 457 subjects, who hear 17 or 18 songs each; and every
song has ten listeners, 22 songs eleven: 7962 pairs. With faults the short songs have no
annotations and two pairs lack a rating, so that 7690 pairs are left with both. Other faults spoil
one of the two hearings at most.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.simulate.faults import ENCODINGS, SIGNAL_FAULTS, TABLE_ENCODINGS
from rtcan_cli.simulate.physiology import Array
from rtcan_cli.simulate.sizes import FULL_SIZES, Scale

SONGS_PER_SUBJECT = 20
"""At demo scale nobody hears more songs than that, however many there are."""

PUBLISHED_PAIRS = 7962
"""Subjects and songs that they heard, at full scale."""

SHORT_SONGS = (
    *(11, 64, 85, 95, 101, 110, 118, 205, 206, 226, 264, 278, 291, 311, 320, 352, 359, 371, 384),
    *(392, 404, 459, 464, 596, 610, 687, 866),
)
"""Songs too short to be annotated."""

SHORT_LENGTHS = (11.0, 15.4)
"""Shortest and longest of the short songs, in seconds."""

LENGTHS = (15.5, 88.0)
"""Shortest and longest of the other songs, in seconds."""

MEDIAN_LENGTH, LENGTH_SPREAD = 37.0, 0.38
"""Of the log-normal distribution of the other songs' lengths: its median in seconds, and the
standard deviation of the logarithm."""

_LAST_NUMBER = 1000
_NUMBERS_SEED = 2018

FAULT_COUNTS = {
    **dict(zip(SIGNAL_FAULTS, (12, 8, 6, 6, 10), strict=True)),
    **dict.fromkeys(ENCODINGS, 30),
}
"""Recordings with each fault among `PUBLISHED_PAIRS`; with fewer pairs fewer, but at least one."""

_TABLE_FAULT_SHARE = 0.01
_RATING_FAULTS = ("no-rating", "empty-rating")

Pair = tuple[int, int]
"""Positions of a subject and a song."""


@dataclass(frozen=True)
class Plan:
    """What there is to hear, and who hears it.

    Attributes
    ----------
    songs : list of int
        Numbers of the songs.
    lengths : ndarray, shape (n_songs,)
        In seconds.
    heard : ndarray of bool, shape (n_subjects, n_songs)
        Who hears what; the first subject hears the first song.
    without_annotations : frozenset of int
        Positions of songs without tables of ratings.
    rating_faults : dict of Pair to str
        Pairs without both ratings, and how they lack them.
    recording_faults : dict of Pair to tuple
        Pairs with a fault in one recording: its target and the kind of fault.
    table_faults : dict of tuple to str
        Kinds of faults of tables, by position of the song and target.
    """

    songs: list[int]
    lengths: Array
    heard: NDArray[np.bool_]
    without_annotations: frozenset[int] = frozenset()
    rating_faults: dict[Pair, str] = field(default_factory=dict)
    recording_faults: dict[Pair, tuple[str, str]] = field(default_factory=dict)
    table_faults: dict[tuple[int, str], str] = field(default_factory=dict)


def plan(
    n_subjects: int, n_songs: int, duration: float | None, seed: int, scale: Scale, faults: bool
) -> Plan:
    """Draw all that is decided before any song is written.

    Parameters
    ----------
    n_subjects, n_songs : int
        How many there are.
    duration : float or None
        Length of a song in seconds; None for the published lengths.
    seed : int
        What chance is drawn from.
    scale : Scale
        How songs are numbered and heard, see above.
    faults : bool
        Whether something is to go wrong.

    Returns
    -------
    Plan
    """
    full = scale == "full"
    songs = song_numbers(n_songs) if full else list(range(1, n_songs + 1))
    short = np.isin(songs, SHORT_SONGS) & full
    lengths = _lengths(short, duration, seed)
    heard = _as_published(n_subjects, ~short, seed) if full else in_rotation(n_subjects, n_songs)
    if not faults:
        return Plan(songs, lengths, heard)
    rng = np.random.default_rng([seed, 6])
    pairs = rng.permutation(np.argwhere(heard & ~short)).tolist()
    rating_faults: dict[Pair, str] = {
        (who, song): kind for kind, (who, song) in zip(_RATING_FAULTS, pairs, strict=False)
    }
    share = heard.sum() / PUBLISHED_PAIRS
    kinds = [
        kind for kind, count in FAULT_COUNTS.items() for _ in range(int(np.ceil(count * share)))
    ]
    # One fault a pair, so that one of the two hearings is always sound.
    recording_faults: dict[Pair, tuple[str, str]] = {
        (who, song): (TARGETS[rng.integers(2)], kind)
        for kind, (who, song) in zip(kinds, pairs[len(_RATING_FAULTS) :], strict=False)
    }
    annotated = np.flatnonzero(heard.any(axis=0) & ~short)
    n_each = int(np.ceil(_TABLE_FAULT_SHARE * len(annotated)))
    tables = rng.permutation(np.argwhere(np.ones((len(annotated), len(TARGETS))))).tolist()
    table_faults = {
        (int(annotated[row]), TARGETS[column]): kind
        for kind, (row, column) in zip(TABLE_ENCODINGS * n_each, tables, strict=False)
    }
    return Plan(
        *(songs, lengths, heard, frozenset(np.flatnonzero(short).tolist())),
        *(rating_faults, recording_faults, table_faults),
    )


def song_numbers(n: int) -> list[int]:
    """The first `n` numbers of songs at full scale, the first being 1.

    The published 794 are not consecutive; which ones are left out here is arbitrary, but fixed.
    """
    published = FULL_SIZES["pmemo"].stimuli
    others = [each for each in range(2, _LAST_NUMBER + 1) if each not in SHORT_SONGS]
    rng = np.random.default_rng(_NUMBERS_SEED)
    kept = rng.choice(others, published - len(SHORT_SONGS) - 1, replace=False).tolist()
    numbers = sorted([1, *SHORT_SONGS, *kept])
    return [*numbers, *range(_LAST_NUMBER + 1, _LAST_NUMBER + 1 + n - published)][:n]


def _lengths(short: NDArray[np.bool_], duration: float | None, seed: int) -> Array:
    """Of the songs, in seconds, to the hundredth."""
    rng = np.random.default_rng([seed, 4])
    low, high = ndtr(np.log(np.array(LENGTHS) / MEDIAN_LENGTH) / LENGTH_SPREAD)
    drawn = MEDIAN_LENGTH * np.exp(LENGTH_SPREAD * ndtri(rng.uniform(low, high, len(short))))
    of_short = rng.uniform(*SHORT_LENGTHS, len(short))
    if duration is None:
        return np.asarray(np.where(short, of_short, drawn).round(2))
    return np.where(short, np.minimum(of_short.round(2), duration), duration)


def in_rotation(n_subjects: int, n_songs: int) -> NDArray[np.bool_]:
    """Who hears what at demo scale: each listener goes on where the one before stopped."""
    heard = np.zeros((n_subjects, n_songs), dtype=bool)
    each = min(n_songs, SONGS_PER_SUBJECT)
    songs = (each * np.arange(n_subjects)[:, None] + np.arange(each)) % n_songs
    np.put_along_axis(heard, songs, True, axis=1)
    return heard


def _as_published(n_subjects: int, long: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Who hears what at full scale, by chance, but evenly.

    There are as many pairs for each subject as were published. Songs differ by one listener at
    most, and so do subjects by one song: each song takes those who have heard least so far. Short
    songs have no more listeners than others.
    """
    rng = np.random.default_rng([seed, 5])
    n_songs = len(long)
    published = PUBLISHED_PAIRS / FULL_SIZES["pmemo"].subjects
    n_pairs = min(round(n_subjects * published), n_subjects * n_songs)
    listeners, more = np.divmod(n_pairs, n_songs)
    # Long songs first, in random order.
    order = np.lexsort((rng.random(n_songs), ~long))
    counts = np.full(n_songs, listeners)
    counts[order[:more]] += 1
    heard = np.zeros((n_subjects, n_songs), dtype=bool)
    for song in rng.permutation(n_songs):
        by_need = np.lexsort((rng.random(n_subjects), heard.sum(axis=1)))
        heard[by_need[: counts[song]], song] = True
    first = np.flatnonzero(heard[:, 0])
    if len(first):
        heard[[0, first[0]]] = heard[[first[0], 0]]
    return heard

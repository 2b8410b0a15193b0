"""What a recordings store holds and what was left out, counted a few thousand rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.polarity import NOT_STATED, SignalKind, stored_kind
from rtcan_cli.datasets.profiles import TARGETS, Profile
from rtcan_cli.errors import some
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.ingest import LEFT_OUT_COLUMNS, Ingested
from rtcan_cli.steps.data.songs import shared_songs
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.trial_key import TRIAL_KEY

UNCLAIMED = "no song uses this audio file"
"""Reason in the table of what was left out."""

_FEW_SONGS = 5
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def ingest_result(path: Path, known: Profile, notes: Iterable[Note] = ()) -> Ingested:
    """Count what a recordings store holds, and what was left out and why.

    Parameters
    ----------
    path : Path
        The store.
    known : Profile
        Of its dataset.
    notes : iterable of Note
        What is already known to be worth saying; it comes first.
    """
    left_out = _LeftOut()
    with Store(path, "recordings") as store:
        excluded = _count_excluded(store, left_out)
        recordings = _count_recordings(store, left_out)
        trials = _count_trials(store, recordings.sound_trials, excluded)
        n_files = store.length("files/path")
        stimuli = store.table("stimuli", ["stimulus", "song", "audio", "sound"])
        unclaimed = unclaimed_audio(store)
        made, simulated = store.provenance.parameters, store.provenance.simulated
    kind = stored_kind(made)
    low, high = made["rating_scale"]
    found = [*notes, *_audio_notes(stimuli, known)]
    if unclaimed:
        found.append(Note("unclaimed_audio", note_unclaimed(unclaimed)))
    found += _polarity_notes(kind, known, path)
    found += _rating_notes(trials)
    found += _song_notes(stimuli)
    if not simulated and known.published_trials not in (None, trials.rated):
        text = (
            f"the paper used {known.published_trials} trials of {known.title}; this copy holds "
            f"{trials.rated} with both ratings"
        )
        found.append(Note("trials_of_the_paper", text))
    return Ingested(
        dataset=known.name,
        simulated=simulated,
        edition=made["edition"],
        n_files=n_files,
        n_subjects=len(trials.subjects),
        n_stimuli=len(trials.stimuli),
        n_trials_found=trials.n + len(excluded),
        n_trials=trials.n,
        n_again=trials.again,
        n_rated=trials.rated,
        n_usable=trials.usable,
        n_recordings=recordings.sound,
        n_repaired=recordings.repaired,
        n_left_out=sum(count for _, count, _ in left_out.kinds.values()),
        n_with_audio=int((stimuli["audio"] != "").sum()),
        eda_seconds=recordings.seconds,
        shortest=recordings.shortest if recordings.sound else None,
        longest=recordings.longest if recordings.sound else None,
        sampling_rates=tuple(sorted(recordings.rates)),
        eda_unit=kind.unit,
        eda_polarity=kind.polarity,
        lowest_rating=low,
        highest_rating=high,
        left_out=left_out.table(),
        notes=tuple(found),
        files=(path,),
    )


def _audio_notes(stimuli: pd.DataFrame, known: Profile) -> list[Note]:
    """Stimuli without audio, or with audio that cannot be read."""
    notes = []
    without = stimuli["stimulus"][stimuli["audio"] == ""].tolist()
    if without and (known.stimulus_word == "song" or len(without) < len(stimuli)):
        word = known.stimulus_word if len(without) == 1 else known.stimuli_word
        text = f"{len(without)} {word} without an audio file: {some(without)}"
        notes.append(Note("without_audio", text))
    unheard = stimuli["stimulus"][(stimuli["audio"] != "") & (stimuli["sound"] == "")].tolist()
    if unheard:
        word = known.stimulus_word if len(unheard) == 1 else known.stimuli_word
        text = (
            f"{len(unheard)} {word} whose audio cannot be read, so that it was not compared with "
            f"that of others: {some(unheard)}; music-features says why"
        )
        notes.append(Note("unreadable_audio", text))
    return notes


def _polarity_notes(kind: SignalKind, known: Profile, path: Path) -> list[Note]:
    """Signals in which a response falls, or may fall."""
    notes = [Note("falling_responses", kind.warning)] if kind.warning else []
    if kind.polarity == NOT_STATED:
        text = (
            f"whether the EDA of {known.title} is skin conductance or resistance is not stated: it "
            "is taken as conductance. If responses fall in it, its sign has to be flipped"
        )
        line = line_that_makes(path, "recordings", polarity="resistance")
        notes.append(Note("polarity_not_stated", text, line))
    return notes


def _rating_notes(trials: _Trials) -> list[Note]:
    return [
        Note(
            "without_rating",
            f"{lacking} of {trials.n} trials have no {target} rating, and so no {target} label",
        )
        for target, lacking in zip(TARGETS, trials.unrated, strict=True)
        if lacking > 0 and trials.rated
    ]


def _song_notes(stimuli: pd.DataFrame) -> list[Note]:
    """Songs that are there under several names."""
    shared = shared_songs(dict(zip(stimuli["stimulus"], stimuli["song"], strict=True)))
    if not shared:
        return []
    named = "; ".join(" = ".join(names) for names in shared[:_FEW_SONGS])
    text = (
        "the same song under several names (equal audio, or the column song): "
        f"{named}{f' and {len(shared) - _FEW_SONGS} more' if len(shared) > _FEW_SONGS else ''}"
        "; folds that hold out stimuli keep them together"
    )
    return [Note("shared_songs", text)]


def unclaimed_audio(store: Store) -> list[str]:
    """Audio files of a recordings store that no stimulus uses."""
    return [
        source
        for subjects, reasons, sources in store.table_blocks(
            "excluded", "subject", "reason", "source"
        )
        for subject, reason, source in zip(subjects, reasons, sources, strict=True)
        if not subject and reason == UNCLAIMED
    ]


def note_unclaimed(files: Sequence[str]) -> str:
    """What is to be said of audio files that no stimulus uses."""
    what = "audio file that no song uses" if len(files) == 1 else "audio files that no song uses"
    return f"{len(files)} {what}: {some(files)}"


class _LeftOut:
    """Reasons why something was left out: of each kind the first, how many, and for example."""

    def __init__(self) -> None:
        self.kinds: dict[str, tuple[str, int, str]] = {}

    def add(self, subjects: Iterable[str], reasons: Iterable[str], sources: Iterable[str]) -> None:
        for subject, reason, source in zip(subjects, reasons, sources, strict=True):
            # Reasons that differ only in their numbers are of one kind; the first stands for all.
            # But every damaged file is named.
            kind = _NUMBER.sub("#", reason) if subject else reason
            first, count, example = self.kinds.get(kind, (reason, 0, source))
            self.kinds[kind] = first, count + 1, example

    def table(self) -> pd.DataFrame:
        """The most frequent kind first."""
        rows = sorted(self.kinds.values(), key=lambda row: -row[1])
        return pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS))


@dataclass
class _Recordings:
    """What the sound recordings of a store are."""

    sound_trials: NDArray[np.bool_]
    sound: int = 0
    seconds: float = 0.0
    shortest: float = np.inf
    longest: float = 0.0
    repaired: int = 0
    rates: set[float] = field(default_factory=set)


@dataclass
class _Trials:
    """What the trials of a store are."""

    n: int
    rated: int = 0
    unrated: list[int] = field(default_factory=lambda: [0, 0])
    again: int = 0
    usable: int = 0
    subjects: set[str] = field(default_factory=set)
    stimuli: set[str] = field(default_factory=set)


def _count_excluded(store: Store, left_out: _LeftOut) -> set[tuple[str, str, int]]:
    """Trials with something that was left out."""
    keys: set[tuple[str, str, int]] = set()
    for subject, stimulus, repetition, reason, source in store.table_blocks(
        "excluded", *TRIAL_KEY, "reason", "source"
    ):
        # Audio files are not trials; a note counts those that no song uses.
        own = (subject != "") | (reason != UNCLAIMED)
        left_out.add(subject[own], reason[own], source[own])
        named = zip(subject, stimulus, repetition.tolist(), strict=True)
        keys.update(key for key in named if key[0])
    return keys


def _count_recordings(store: Store, left_out: _LeftOut) -> _Recordings:
    counts = _Recordings(np.zeros(store.length("trials/subject"), dtype=bool))
    start = 0
    for subject, problem, source, rate, trial in store.table_blocks(
        "recordings", "subject", "problem", "source", "sampling_rate", "trial"
    ):
        rows = range(start, start + len(rate))
        start = rows.stop
        sound = problem == ""
        left_out.add(subject[~sound], problem[~sound], source[~sound])
        counts.sound_trials[trial[sound]] = True
        repaired = store.rows("quality/repaired", rows)
        counts.repaired += int((sound & (repaired > 0)).sum())
        seconds = store.seconds(rows)[sound]
        counts.sound += len(seconds)
        counts.seconds += float(seconds.sum())
        counts.shortest = min(counts.shortest, seconds.min(initial=np.inf))
        counts.longest = max(counts.longest, seconds.max(initial=0.0))
        counts.rates.update(rate[sound].round(3).tolist())
    return counts


def _count_trials(
    store: Store, sound: NDArray[np.bool_], excluded: set[tuple[str, str, int]]
) -> _Trials:
    """Count trials; those that are there are taken from the excluded ones."""
    counts, start = _Trials(len(sound)), 0
    for subject, stimulus, repetition, valence, arousal in store.table_blocks(
        "trials", *TRIAL_KEY, "valence", "arousal"
    ):
        counts.again += int((repetition > 1).sum())
        rated = ~np.isnan(valence) & ~np.isnan(arousal)
        for place, rating in enumerate((valence, arousal)):
            counts.unrated[place] += int(np.isnan(rating).sum())
        counts.rated += int(rated.sum())
        counts.usable += int((rated & sound[start : start + len(rated)]).sum())
        start += len(rated)
        counts.subjects.update(subject)
        counts.stimuli.update(stimulus)
        excluded.difference_update(zip(subject, stimulus, repetition.tolist(), strict=True))
    return counts

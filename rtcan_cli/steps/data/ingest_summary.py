"""What a recordings store holds and what was left out, counted a few thousand rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.polarity import NOT_STATED, stored_kind
from rtcan_cli.datasets.profiles import TARGETS, Profile
from rtcan_cli.errors import some
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.data.songs import shared_songs
from rtcan_cli.stores import Store
from rtcan_cli.trial_key import TRIAL_KEY

UNCLAIMED = "no song uses this audio file"
"""Reason in the table of what was left out."""

_FEW_RATES = 6
_FEW_SONGS = 5
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def summarise(path: Path, known: Profile) -> Report:
    """Describe a recordings store: how much there is, and what was left out and why."""
    left_out = _LeftOut()
    with Store(path, "recordings") as store:
        excluded = _count_excluded(store, left_out)
        recordings = _count_recordings(store, left_out)
        trials = _count_trials(store, recordings.sound_trials, excluded)
        files = store.length("files/path")
        stimuli = store.table("stimuli", ["stimulus", "song", "audio", "sound"])
        unclaimed = unclaimed_audio(store)
        made, simulated = store.provenance.parameters, store.provenance.simulated
    low, high = made["rating_scale"]
    kind = stored_kind(made)
    report = Report("ingest", files=[path])
    report.facts = {
        "dataset": made["edition"] + (" (simulated)" if simulated else ""),
        "files read": files,
        "subjects": len(trials.subjects),
        known.stimuli_word: len(trials.stimuli),
        "trials found": trials.n + len(excluded),
        "trials": trials.n,
        **({"of a stimulus heard again": trials.again} if trials.again else {}),
        "trials with both ratings": trials.rated,
        "usable trials": trials.usable,
        "EDA recordings": recordings.sound,
        "hours of EDA": round(recordings.seconds / 3600, 2),
        "seconds each": f"{recordings.shortest:.1f} to {recordings.longest:.1f}",
        "sampling rate [Hz]": _rates(sorted(recordings.rates)),
        "EDA unit": kind.unit,
        "EDA polarity": kind.polarity,
        "rating scale": f"{low:g} to {high:g}",
        "stimuli with audio": int((stimuli["audio"] != "").sum()),
        "recordings with repaired gaps": recordings.repaired,
        "left out": sum(count for _, count, _ in left_out.kinds.values()),
    }
    if left_out.kinds:
        rows = sorted(left_out.kinds.values(), key=lambda row: -row[1])
        report.tables.append(
            Table("Left out", ["reason", "count", "for example"], [list(row) for row in rows])
        )
    without = stimuli["stimulus"][stimuli["audio"] == ""].tolist()
    if without and (known.stimulus_word == "song" or len(without) < len(stimuli)):
        word = known.stimulus_word if len(without) == 1 else known.stimuli_word
        report.notes.append(f"{len(without)} {word} without an audio file: {some(without)}")
    unheard = stimuli["stimulus"][(stimuli["audio"] != "") & (stimuli["sound"] == "")].tolist()
    if unheard:
        word = known.stimulus_word if len(unheard) == 1 else known.stimuli_word
        report.notes.append(
            f"{len(unheard)} {word} whose audio cannot be read, so that it was not compared "
            f"with that of others: {some(unheard)}; music-features says why"
        )
    if unclaimed:
        report.notes.append(note_unclaimed(unclaimed))
    if kind.warning:
        report.notes.append(kind.warning)
    if kind.polarity == NOT_STATED:
        report.notes.append(
            f"whether the EDA of {known.title} is skin conductance or resistance is not stated: it "
            "is taken as conductance. If responses fall in it, --polarity resistance flips its sign"
        )
    for target, lacking in zip(TARGETS, trials.unrated, strict=True):
        if lacking > 0 and trials.rated:
            report.notes.append(
                f"{lacking} of {trials.n} trials have no {target} rating, and so no {target} label"
            )
    shared = shared_songs(dict(zip(stimuli["stimulus"], stimuli["song"], strict=True)))
    if shared:
        named = "; ".join(" = ".join(names) for names in shared[:_FEW_SONGS])
        report.notes.append(
            "the same song under several names (equal audio, or the column song): "
            f"{named}{f' and {len(shared) - _FEW_SONGS} more' if len(shared) > _FEW_SONGS else ''}"
            "; folds that hold out stimuli keep them together"
        )
    if not simulated and known.published_trials not in (None, trials.rated):
        report.notes.append(
            f"the paper used {known.published_trials} trials of {known.title}; this copy holds "
            f"{trials.rated} with both ratings"
        )
    return report


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


def _rates(rates: list[float]) -> str:
    if len(rates) <= _FEW_RATES:
        return ", ".join(f"{rate:g}" for rate in rates)
    return f"{rates[0]:g} to {rates[-1]:g}"

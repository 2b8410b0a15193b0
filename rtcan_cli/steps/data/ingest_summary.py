"""What a recordings store holds and what was left out, counted a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.datasets.polarity import NOT_STATED, SignalKind, stored_kind
from rtcan_cli.datasets.profiles import TARGETS, Profile
from rtcan_cli.eda.artefacts import KINDS
from rtcan_cli.eda.quality.rules import DETECTABLE, Rules
from rtcan_cli.errors import some
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.ingest import IMPLAUSIBLE_COLUMNS, LEFT_OUT_COLUMNS, Ingested
from rtcan_cli.steps.data.songs import shared_songs
from rtcan_cli.steps.reasons import Reasons
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.schema import OFFSETS
from rtcan_cli.trial_key import TRIAL_KEY

UNCLAIMED = "no song uses this audio file"
"""Reason in the table of what was left out."""

_FEW_SONGS = 5
_MOSTLY = 0.5  # share of the samples
#: Microsiemens between what a wristband without contact gives and the usual lower limit, see
#: `docs/howto/quality.md`.
_WITHOUT_CONTACT = 0.04
_NEAR = 2.0  # times the lower limit: recordings that only have samples above 60 uS lie higher
_WHOLE = 6.0  # seconds, see `choices.MIN_DURATION`


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
    left_out = Reasons()
    with Store(path, "recordings") as store:
        excluded = _count_excluded(store, left_out)
        recordings = _count_recordings(store, left_out)
        trials = _count_trials(store, recordings.sound_trials, excluded)
        n_files = store.length("files/path")
        stimuli = store.table("stimuli", ["stimulus", "song", "audio", "sound"])
        unclaimed = unclaimed_audio(store)
        made, simulated = store.provenance.parameters, store.provenance.simulated
    again = partial(line_that_makes, path, "recordings", device=made.get("device"))
    kind = stored_kind(made)
    low, high = made["rating_scale"]
    found = [*notes, *_audio_notes(stimuli, known)]
    if unclaimed:
        found.append(Note("unclaimed_audio", note_unclaimed(unclaimed)))
    found += _polarity_notes(kind, known, again)
    found += _plausibility_notes(recordings, Rules.of(made), path, known, again)
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
        n_implausible=recordings.implausible,
        n_below_noise=recordings.below_noise,
        n_left_out=left_out.total,
        n_with_audio=int((stimuli["audio"] != "").sum()),
        eda_seconds=recordings.seconds,
        shortest=recordings.shortest if recordings.sound else None,
        longest=recordings.longest if recordings.sound else None,
        sampling_rates=tuple(sorted(recordings.rates)),
        eda_unit=kind.unit,
        eda_polarity=kind.polarity,
        lowest_rating=low,
        highest_rating=high,
        implausible=recordings.kinds(),
        left_out=pd.DataFrame(left_out.rows(), columns=list(LEFT_OUT_COLUMNS)),
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


def _polarity_notes(
    kind: SignalKind, known: Profile, again: Callable[..., CommandLine]
) -> list[Note]:
    """Signals in which a response falls, or may fall."""
    notes = [Note("falling_responses", kind.warning)] if kind.warning else []
    if kind.polarity == NOT_STATED:
        text = (
            f"whether the EDA of {known.title} is skin conductance or resistance is not stated: it "
            "is taken as conductance. If responses fall in it, its sign has to be flipped"
        )
        line = again(polarity="resistance")
        notes.append(Note("polarity_not_stated", text, line))
    return notes


def _plausibility_notes(
    counts: _Recordings,
    rules: Rules,
    path: Path,
    known: Profile,
    again: Callable[..., CommandLine],
) -> list[Note]:
    """What cannot come from skin, and recordings that say little."""
    notes = []
    if counts.implausible:
        text = (
            f"{counts.implausible} of {counts.n} recordings have samples that cannot come from "
            "skin, which count as missing, or a level that jumps and does not come back; "
            f"{counts.left_out} of these are left out"
        )
        notes.append(Note("implausible_samples", text, command_line("info", path, "--quality")))
    if counts.mostly_outside:
        own = known.own
        text = (
            f"recordings of which most samples are outside {rules.min_eda:g} to {rules.max_eda:g} "
            f"uS: {counts.mostly_outside}: electrodes without contact (a wristband then gives 0.03 "
            "to 0.04 uS), or another unit. If they are right, --min-eda and --max-eda set other "
            "limits" + "; for values without a known unit or offset, --unit a.u." * own
        )
        notes.append(Note("mostly_out_of_range", text))
    if counts.too_low and rules.min_eda > _WITHOUT_CONTACT:
        text = (
            f"recordings that are left out because they fall below {rules.min_eda:g} uS: "
            f"{counts.too_low}. On a dry wrist, skin conductance can be as low; a wristband "
            "without contact gives 0.031 to 0.037 uS. To use what lies between"
        )
        line = again(min_eda=_WITHOUT_CONTACT)
        notes.append(Note("below_range", text, line))
    if counts.below_noise:
        share = 100 * counts.below_noise / counts.sound
        text = (
            f"usable recordings that vary by less than {DETECTABLE:g} times the noise or the "
            f"resolution of their sensor: {counts.below_noise} of {counts.sound} ({share:.2g} %). "
            "They are not a measurement of the skin, but are used; to leave them out, set the limit"
        )
        line = again(min_signal_to_noise=DETECTABLE)
        notes.append(Note("below_noise", text, line))
    if counts.sound and counts.shortest < _WHOLE:
        text = (
            f"the shortest recording has {counts.shortest:.1f} s: responses that begin later than "
            f"about {max(counts.shortest - 2, 0):.1f} s are cut off before their peak, the tonic "
            "level is hardly known, and features of frequencies below 0.25 Hz mean little. The "
            "usual onset of 3 s leaves too little: use --onset 0 for train and eda-features"
        )
        notes.append(Note("short_recordings", text))
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
        "the same song under several names (equal audio, or stated): "
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
    n: int = 0
    implausible: int = 0
    mostly_outside: int = 0
    too_low: int = 0
    below_noise: int = 0
    #: By kind: recordings, those of them that are left out, samples.
    found: dict[str, list[int]] = field(
        default_factory=lambda: {kind: [0, 0, 0] for kind in (*KINDS, "steps")}
    )
    left_out: int = 0

    def kinds(self) -> pd.DataFrame:
        """What cannot come from skin; kinds that no recording has are left out."""
        rows = [
            (kind, n, n_left_out, None if kind == "steps" else samples)
            for kind, (n, n_left_out, samples) in self.found.items()
            if n
        ]
        return pd.DataFrame(rows, columns=list(IMPLAUSIBLE_COLUMNS), dtype=object)


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


def _count_excluded(store: Store, left_out: Reasons) -> set[tuple[str, str, int]]:
    """Trials with something that was left out."""
    keys: set[tuple[str, str, int]] = set()
    for subject, stimulus, repetition, reason, source, position in store.table_blocks(
        "excluded", *TRIAL_KEY, "reason", "source", "position"
    ):
        # Audio files are not trials; a note counts those that no song uses.
        own = (subject != "") | (reason != UNCLAIMED)
        found = (each[own] for each in (subject, reason, source, position))
        for who, why, file, part in zip(*found, strict=True):
            left_out.add(why, subject=who, example=_place(file, part))
        named = zip(subject, stimulus, repetition.tolist(), strict=True)
        keys.update(key for key in named if key[0])
    return keys


def _place(file: str, part: str) -> str:
    """Where something is, with the part of the file that it is, such as a line of a table."""
    return f"{file}, {part}" if part else file


def _count_recordings(store: Store, left_out: Reasons) -> _Recordings:
    counts = _Recordings(np.zeros(store.length("trials/subject"), dtype=bool))
    start, lowest = 0, Rules.of(store.provenance.parameters).min_eda
    for subject, problem, source, position, rate, trial in store.table_blocks(
        "recordings", "subject", "problem", "source", "position", "sampling_rate", "trial"
    ):
        rows = range(start, start + len(rate))
        start = rows.stop
        sound = problem == ""
        found = (each[~sound] for each in (subject, problem, source, position))
        for who, why, file, part in zip(*found, strict=True):
            left_out.add(why, subject=who, example=_place(file, part))
        counts.sound_trials[trial[sound]] = True
        repaired = store.rows("quality/repaired", rows)
        counts.repaired += int((sound & (repaired > 0)).sum())
        _count_implausible(store, rows, sound, counts, lowest)
        seconds = store.seconds(rows)[sound]
        counts.sound += len(seconds)
        counts.seconds += float(seconds.sum())
        counts.shortest = min(counts.shortest, seconds.min(initial=np.inf))
        counts.longest = max(counts.longest, seconds.max(initial=0.0))
        counts.rates.update(rate[sound].round(3).tolist())
    return counts


def _count_implausible(
    store: Store, rows: range, sound: NDArray[np.bool_], counts: _Recordings, lowest: float
) -> None:
    """Count what cannot come from skin, and what hardly exceeds the noise, of some recordings."""
    samples = np.diff(store.rows(OFFSETS, range(rows.start, rows.stop + 1)))
    any_kind = np.zeros(len(rows), np.bool_)
    for kind, total in counts.found.items():
        measured = store.rows(f"quality/{kind}", rows)
        has = measured > 0
        any_kind |= has
        total[0] += int(has.sum())
        total[1] += int((has & ~sound).sum())
        total[2] += int(np.rint(measured * samples).sum())
    counts.n += len(rows)
    counts.implausible += int(any_kind.sum())
    counts.left_out += int((any_kind & ~sound).sum())
    outside = store.rows("quality/out_of_range", rows)
    counts.mostly_outside += int((outside > _MOSTLY).sum())
    near = store.rows("quality/lowest", rows) < _NEAR * lowest  # what is left of it
    counts.too_low += int((near & ~sound & (outside > 0) & (outside <= _MOSTLY)).sum())
    weak = store.rows("quality/signal_to_noise", rows) < DETECTABLE
    counts.below_noise += int((weak & sound).sum())


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

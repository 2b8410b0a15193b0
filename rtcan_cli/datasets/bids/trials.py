"""Events of all runs in BIDS -> trials, each with its subject, repetition and ratings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.datasets.bids.events import Event, Events
from rtcan_cli.datasets.bids.fields import ORIGINAL_ID, PARTICIPANTS
from rtcan_cli.datasets.bids.recordings import EdaFile
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import check_distinct
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.ratings import NAME_THE_SCALE, Rated, off_scale
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.errors import RtcanError
from rtcan_cli.trial_key import COUNT_REPETITIONS, hearing


@dataclass(frozen=True)
class Hearing:
    """A trial, or one of its two hearings.

    Attributes
    ----------
    subject : str
        Who heard it.
    event : Event
        What was heard, when, and the ratings.
    repetition : int
        Which time it is that the subject met the stimulus, from 1.
    events : RawFile
        The table of the event.
    recordings : tuple of EdaFile
        Those of the run that may be EDA.
    """

    subject: str
    event: Event
    repetition: int
    events: RawFile
    recordings: tuple[EdaFile, ...]

    @property
    def place(self) -> tuple[str, str]:
        """The table of events on disk, and the line in it."""
        return self.events.source, f"line {self.event.line}"

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells a trial from all others."""
        return self.subject, self.event.stimulus, self.repetition


def find_hearings(
    events: Mapping[str, RawFile],
    tables: Mapping[str, Events],
    recordings: Mapping[str, tuple[EdaFile, ...]],
    original: Mapping[str, str],
) -> list[Hearing]:
    """All trials, each with its repetition: as its table says it, or else counted.

    Parameters
    ----------
    events : mapping of str to RawFile
        By run, as of `rtcan_cli.datasets.bids.runs.Runs`.
    tables : mapping of str to Events
        What they say, by run, in the order in which repetitions are counted.
    recordings : mapping of str to tuple of EdaFile
        By run.
    original : mapping of str to str
        Names of subjects by label, where they are not called by it.

    Raises
    ------
    RtcanError
        If the name of a participant is the label of another one.
    """
    found: list[Hearing] = []
    labels: dict[str, str] = {}
    heard: Counter[tuple[str, str, str]] = Counter()
    for run, table in tables.items():
        label = run.split("_")[0]
        subject = original.get(label, label.removeprefix("sub-"))
        if labels.setdefault(subject, label) != label:
            raise RtcanError(
                f"{events[run]}: {labels[subject]} and {label} are both the subject {subject}",
                f"{ORIGINAL_ID} in {PARTICIPANTS}: another name for one of them, or none for all",
            )
        for event in table.events:
            key = subject, event.stimulus, event.target
            heard[key] += 1
            repetition = event.repetition or heard[key]
            own = recordings.get(run, ())
            found.append(Hearing(subject, event, repetition, events[run], own))
    return found


def check_names(hearings: Sequence[Hearing]) -> None:
    """Refuse names of subjects, stimuli or songs that may be the same.

    Raises
    ------
    RtcanError
        As of `rtcan_cli.datasets.identifiers.check_distinct`.
    """
    check_distinct({each.subject: each.events for each in hearings}, "subject")
    check_distinct({each.event.stimulus: each.events for each in hearings}, "stimulus")
    # Without a song, the stimulus is its own.
    songs = {each.event.song or each.event.stimulus: each.events for each in hearings}
    check_distinct(songs, "song")


def rating_scale(tables: Iterable[Events], options: TableOptions, raw: Path) -> tuple[float, float]:
    """Lowest and highest possible rating, as the descriptions of the events say, or the user.

    Raises
    ------
    RtcanError
        If they do not agree, or it is not possible.
    """
    stated = {table.scale for table in tables if table.scale is not None}
    if len(stated) > 1:
        raise RtcanError(f"{raw}: descriptions of events state different rating scales")
    if not stated:
        return options.rating_scale
    (scale,) = stated
    if options.scale_is_stated and options.rating_scale != scale:
        raise RtcanError(
            f"{raw}: the description of the events says that ratings go from {scale[0]:g} to "
            f"{scale[1]:g}, but --rating-scale from {options.rating_scale[0]:g} to "
            f"{options.rating_scale[1]:g}",
            "leave out --rating-scale",
        )
    TableOptions(rating_scale=scale)  # refuses what is not possible
    return scale


def drop_slips(
    hearings: list[Hearing], scale: tuple[float, float], raw: Path
) -> tuple[list[Hearing], list[RtcanError]]:
    """Take out trials whose ratings are not on the scale, one error each.

    Raises
    ------
    RtcanError
        If they are so many that the scale must be another one.
    """
    rated = [
        Rated(
            f"{each.events}, line {each.event.line}: subject {each.subject}, stimulus "
            f"{each.event.stimulus}{hearing(each.repetition)}",
            each.event.valence,
            each.event.arousal,
        )
        for each in hearings
    ]
    slips = off_scale(rated, scale, raw, NAME_THE_SCALE)
    dropped = {hearings[index].key for index in slips}
    return [each for each in hearings if each.key not in dropped], list(slips.values())


def ratings_of(parts: Sequence[Hearing]) -> tuple[float, float]:
    """Valence and arousal of a trial, NaN where there is none, from its one or two hearings.

    Raises
    ------
    RtcanError
        If it has two ratings of a target, or more hearings than one for each.
    """
    first = parts[0]
    what = f"{first.events}, line {first.event.line}: subject {first.subject}"
    again = hearing(first.repetition)
    ratings = []
    for name in TARGETS:
        given = {getattr(part.event, name) for part in parts}
        given = {value for value in given if not math.isnan(value)}
        if len(given) > 1:
            raise RtcanError(
                f"{what} rated stimulus {first.event.stimulus}{again} twice ({name})",
                COUNT_REPETITIONS,
            )
        ratings.append(next(iter(given), math.nan))
    targets = [part.event.target for part in parts]
    if len(targets) > 1 and sorted(targets) != sorted(TARGETS):
        raise RtcanError(
            f"{what} and stimulus {first.event.stimulus}{again} are there {len(targets)} times",
            COUNT_REPETITIONS,
        )
    valence, arousal = ratings
    return valence, arousal

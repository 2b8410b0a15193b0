"""Files of a dataset in BIDS -> its runs: the events of each, and its recordings.

A run is what names of files have in common but for ``recording-`` and the suffix. Events that are
not beside the recordings may lie in a folder above, with fewer parts in their name (the inheritance
principle).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.datasets.bids.fields import EVENTS
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.bids import SUFFIXES
from rtcan_cli.errors import RtcanError

_NAME = re.compile(r"(?P<entities>sub-[0-9a-zA-Z+]+(?:_[a-z]+-[0-9a-zA-Z+]+)*)_(?P<suffix>[a-z]+)")
_DIGITS_OR_NOT = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Runs:
    """The runs of a dataset, by the entities that their files share, as in ``sub-01_task-music``.

    Attributes
    ----------
    events : mapping of str to RawFile
        The table of each run that has one, in a natural order.
    recordings : mapping of str to list of RawFile
        Recordings of any kind.
    """

    events: Mapping[str, RawFile]
    recordings: Mapping[str, list[RawFile]]


def find_runs(listing: Sequence[RawFile]) -> Runs:
    """Find the runs of a dataset.

    Parameters
    ----------
    listing : sequence of RawFile
        All its files.

    Raises
    ------
    RtcanError
        If two tables of events are of the same run.
    """
    events: dict[str, RawFile] = {}
    recordings: dict[str, list[RawFile]] = {}
    files = [file for file in listing if of_subject(file)]
    for file in sorted(files, key=lambda each: _natural(each.name.name)):
        name = file.name.name
        match = _NAME.match(name)
        if match is None:
            continue
        entities = "_".join(
            each for each in match["entities"].split("_") if not each.startswith("recording-")
        )
        if name == f"{match['entities']}_{EVENTS}":
            if entities in events:
                raise RtcanError(f"{file} and {events[entities]} are of the same run")
            events[entities] = file
        elif name.casefold() == f"{match['entities']}{SUFFIXES[0]}".casefold():
            recordings.setdefault(entities, []).append(file)
    shared = _shared_events(listing, {each: events[each] for each in events.keys() & recordings})
    inherited: set[Path] = set()
    for entities in recordings.keys() - events.keys():
        if (found := _inherited(entities, recordings[entities][0], shared)) is not None:
            events[entities] = found
            inherited.add(found.path)
    # A table that others inherit may lie in a subject's folder, but is not of a run of its own.
    for entities in events.keys() - recordings.keys():
        if events[entities].path in inherited:
            del events[entities]
    return Runs(dict(sorted(events.items(), key=lambda each: _natural(each[0]))), recordings)


def of_subject(file: RawFile) -> bool:
    """Whether a file lies in the folder of a subject."""
    return file.name.parts[0].startswith("sub-")


def _shared_events(
    listing: Sequence[RawFile], of_recordings: Mapping[str, RawFile]
) -> list[tuple[frozenset[str], RawFile]]:
    """Tables of events that may be of several runs, with their entities.

    Those of a run with recordings, `of_recordings`, are its own.
    """
    own = {file.path for file in of_recordings.values()}
    return [
        (frozenset(each.name.name.split("_")[:-1]), each)
        for each in listing
        if each.name.name.endswith(EVENTS) and each.path not in own
    ]


def _inherited(
    entities: str, recording: RawFile, shared: Sequence[tuple[frozenset[str], RawFile]]
) -> RawFile | None:
    """The events of a run in a folder above it: the nearest, then the one with most entities."""
    parts = set(entities.split("_"))
    fitting = [
        (len(file.name.parts), len(own), file)
        for own, file in shared
        if own <= parts and recording.name.is_relative_to(file.name.parent)
    ]
    return max(fitting, key=lambda each: each[:2])[2] if fitting else None


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """Sorting key that puts run-2 before run-10."""
    return [
        (part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in _DIGITS_OR_NOT.findall(text)
    ]

"""Rows of a table of trials that contradict each other, so that no row can be trusted."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import canonical
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.errors import RtcanError
from rtcan_cli.trial_key import COUNT_REPETITIONS, hearing


def refuse_contradictions(rows: Sequence[Row], file: RawFile) -> None:
    """Raise RtcanError if two rows cannot both be true, or two identifiers may be the same."""
    _check_ids(rows, file)
    _check_twice(rows, file)


def _check_ids(rows: Iterable[Row], file: RawFile) -> None:
    """Refuse two ways of writing what may be one subject: it could train and test a network."""
    of: dict[str, Callable[[Row], str]] = {
        "subject": lambda row: row.subject,
        "stimulus": lambda row: row.stimulus,
        # Without one, the stimulus is its own song.
        "song": lambda row: row.song or row.stimulus,
    }
    for name, identifier_of in of.items():
        found: dict[str, Row] = {}
        for row in rows:
            identifier = identifier_of(row)
            first = found.setdefault(canonical(identifier), row)
            if identifier_of(first) != identifier:
                raise RtcanError(
                    f"{file}: {name} {identifier_of(first)!r} (line {first.line}) and "
                    f"{identifier!r} (line {row.line}) may be the same",
                    hint=f"write each {name} in one way, or rename one of them",
                )


def _check_twice(rows: Sequence[Row], file: RawFile) -> None:
    """Refuse rows that cannot both be true."""

    def clash(first: Row, second: Row, what: str, hint: str) -> RtcanError:
        lines = f"lines {first.line} and {second.line}"
        return RtcanError(f"{file}: {lines} {what}", hint=hint)

    trials: defaultdict[tuple[str, str, int], list[Row]] = defaultdict(list)
    parts: dict[object, Row] = {}
    for row in rows:
        key = (row.subject, row.stimulus, row.repetition)
        trial = f"subject {row.subject}, stimulus {row.stimulus}{hearing(row.repetition)}"
        for other in trials[key]:
            if row.target == other.target or "both" in (row.target, other.target):
                raise clash(
                    other,
                    row,
                    f"are the same trial ({trial}, target {row.target})",
                    COUNT_REPETITIONS,
                )
            for target in TARGETS:
                own, theirs = getattr(row, target), getattr(other, target)
                if own != theirs and not (math.isnan(own) or math.isnan(theirs)):
                    raise clash(other, row, f"give {trial} two {target} ratings", "keep one")
        trials[key].append(row)
        part = (row.signal, row.column, repr(row.start), repr(row.duration), row.samples)
        if row.signal and part in parts:
            raise clash(
                parts[part],
                row,
                f"take the same samples of {row.signal}",
                "tell where each begins in the columns start and duration; leave target empty "
                "where one hearing serves both ratings",
            )
        parts[part] = row
    _check_same(rows, "audio", "two audio files", clash)
    _check_same(rows, "song", "two songs", clash)


def _check_same(
    rows: Iterable[Row], name: str, two: str, clash: Callable[[Row, Row, str, str], RtcanError]
) -> None:
    """A stimulus sounds the same for everybody."""
    known: dict[str, Row] = {}
    for row in rows:
        if getattr(row, name):
            first = known.setdefault(row.stimulus, row)
            if getattr(first, name) != getattr(row, name):
                what = f"give stimulus {row.stimulus} {two}"
                raise clash(first, row, what, "give each its own stimulus")

"""``SX_quest.csv``: when a subject's conditions were, and how the subject rated each.

The publisher's readme (``wesad_readme.pdf``, section III) says: the second line names the
conditions in their order, the third and fourth say when each began and ended, in minutes and
seconds ("[minutes.seconds]") from the start of the chest device's recording. ``bRead``, ``fRead``
and ``sRead`` are to be ignored. Of the lines of a questionnaire, the first is about the first
condition, and so on; ``DIM`` holds the self-assessment manikins: valence, then arousal, 1 to 9.

Spreadsheets have dropped a zero: ``50.3`` is 50 min 30 s. (Among the publisher's labels, the
stress of subject S2 lasts 615 s; the table says 39.55 to 50.3, that is 635 s, of which the labels
leave out 10 s at either end.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rtcan_cli.datasets.files.csvfile import finite
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError

CONDITIONS = ("Base", "TSST", "Fun", "Medi 1", "Medi 2")
"""Baseline, stress, amusement, and the meditations after these two."""

_IGNORED = {"bRead", "fRead", "sRead"}
_TIME = re.compile(r"(\d{1,4})(?:\.(\d{1,2}))?", re.ASCII)
_DAMAGED = "the file is incomplete or damaged: copy or download it again"


@dataclass(frozen=True)
class Condition:
    """A part of the session, with the subject's rating of it.

    Attributes
    ----------
    name : str
        One of `CONDITIONS`.
    start, end : float
        In seconds from the start of the chest device's recording.
    valence, arousal : float
        NaN where there is none.
    """

    name: str
    start: float
    end: float
    valence: float
    arousal: float


def read_questionnaire(file: RawFile, subject: str) -> list[Condition]:
    """Read the conditions of one subject.

    Parameters
    ----------
    file : RawFile
        ``SX_quest.csv``.
    subject : str
        Whose it is by its name, such as ``"S2"``.

    Returns
    -------
    list of Condition
        In the order of the session.

    Raises
    ------
    RtcanError
        If it is another subject's, lines are missing, cut short or do not fit together, there is a
        condition that is not known or is there twice, two overlap, or a time or a rating is not
        one.
    """
    lines = _lines(file)
    named, order = _single(lines, "SUBJ", file), _single(lines, "ORDER", file)
    if [name.upper() for name in named] != [subject]:
        raise RtcanError(f"{file} is of the subject {' '.join(named)[:40]!r}", _DAMAGED)
    known = [name for name in order if name not in _IGNORED]
    for name in known:
        if name not in CONDITIONS or known.count(name) > 1:
            what = "twice" if name in CONDITIONS else "which WESAD does not have"
            raise RtcanError(f"{file} names the condition {name[:40]!r}, {what}", _DAMAGED)
    starts, ends = (_times(_single(lines, key, file), order, key, file) for key in ("START", "END"))
    ratings = lines.get("DIM", [])
    if len(ratings) != len(known):
        raise RtcanError(
            f"{file} has {len(ratings)} ratings (DIM) of {len(known)} conditions", _DAMAGED
        )
    found = []
    for name, cells in zip(known, ratings, strict=True):
        start, end = (times[order.index(name)] for times in (starts, ends))
        if start >= end:
            raise RtcanError(f"{file}: the condition {name} ends before it begins", _DAMAGED)
        found.append(Condition(name, start, end, *_rating(cells, name, file)))
    for one, other in pairwise(sorted(found, key=lambda each: (each.start, each.end))):
        if other.start < one.end:
            raise RtcanError(
                f"{file}: the conditions {one.name} and {other.name} overlap in time", _DAMAGED
            )
    return found


def _lines(file: RawFile) -> dict[str, list[list[str]]]:
    """Cells of the lines that begin alike, ``# START`` and so on."""
    found: dict[str, list[list[str]]] = {}
    text, last = file.text(), ""
    for line in text.splitlines():
        first, *cells = (cell.strip() for cell in line.split(";"))
        if first.startswith("#"):
            last = first.strip("#: ").upper()
            found.setdefault(last, []).append(cells)
    ratings = found.get("DIM", [])
    # Even a rating that is empty has its separators. What a last line without an end lacks was cut.
    ends_there = last == "DIM" and not text.endswith(("\n", "\r"))
    if any(len(cells) < 2 for cells in ratings) or (ends_there and not all(ratings[-1][:2])):
        raise RtcanError(f"{file}: a line '# DIM' is cut short", _DAMAGED)
    return found


def _single(lines: dict[str, list[list[str]]], key: str, file: RawFile) -> list[str]:
    """The cells that are filled of a line that is there once."""
    found = lines.get(key, [])
    if len(found) != 1:
        raise RtcanError(f"{file} has {len(found)} lines '# {key}' instead of one", _DAMAGED)
    return [cell for cell in found[0] if cell]


def _times(cells: Sequence[str], order: Sequence[str], key: str, file: RawFile) -> list[float]:
    """Seconds."""
    if len(cells) != len(order):
        raise RtcanError(
            f"{file} has {len(cells)} times in '# {key}' for {len(order)} conditions", _DAMAGED
        )
    times = []
    for cell in cells:
        match = _TIME.fullmatch(cell)
        seconds = int((match[2] or "0").ljust(2, "0")) if match else 60
        if match is None or seconds >= 60:
            raise RtcanError(
                f"{file}: {cell[:40]!r} in '# {key}' is not a time in minutes.seconds", _DAMAGED
            )
        times.append(60.0 * int(match[1]) + seconds)
    return times


def _rating(cells: Sequence[str], name: str, file: RawFile) -> tuple[float, float]:
    """Valence and arousal."""
    try:
        valence, arousal = (finite(cell) for cell in [*cells, "", ""][:2])
    except ValueError as error:
        raise RtcanError(f"{file}: the rating (DIM) of {name}: {error}", _DAMAGED) from None
    return valence, arousal

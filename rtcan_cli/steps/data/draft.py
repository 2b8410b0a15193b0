"""A folder of recordings -> a first ``trials.csv`` to fill in."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath

import pandas as pd

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.formats import avro
from rtcan_cli.datasets.formats.read import suffixes
from rtcan_cli.datasets.table.draft import (
    MOST_MARKERS,
    DraftRow,
    Look,
    look,
    rows_of,
    without_copies,
)
from rtcan_cli.datasets.table.reader import NAMES
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.kinds import AUDIO_SUFFIXES
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.draft import RECORDING_COLUMNS, TrialsDraft

_COLUMNS = (
    *("subject", "stimulus", "valence", "arousal", "signal", "sampling_rate"),
    *("start", "duration", "audio"),
)
#: Files of an Empatica E4 session beside its EDA.csv.
_BESIDE_EDA = {"acc.csv", "bvp.csv", "hr.csv", "ibi.csv", "temp.csv", "tags.csv", "info.txt"}


def draft_trials(raw: Path, decimal: str = ".", follow_links: bool = False) -> TrialsDraft:
    """Look at a folder of recordings, and write a table of trials for what was found.

    Subjects, stimuli and trials are guesses, from names and markers. Ratings are left empty.

    Parameters
    ----------
    raw : Path
        The folder.
    decimal : {".", ","}
        The decimal mark of text files.
    follow_links : bool
        Whether links may lead out of the folder.

    Raises
    ------
    RtcanError
        If it is not a folder, has a table of trials already, or contains no recording of EDA.
    """
    if raw.is_file():
        raise RtcanError(
            f"{raw} is a file, not a folder", "the folder that contains the recordings"
        )
    listing = list_files(raw, follow_links)
    tables = [each for each in listing if each.name.name.casefold() in NAMES]
    if tables:
        raise RtcanError(
            f"{tables[0]} is there already",
            f"to read it: {command_line('ingest', 'table', raw)}; to draft another, move it away",
        )
    candidates = _candidates(listing)
    looks = []
    with console.progress(len(candidates), "looking at files", "file") as bar:
        for each in candidates:
            looks.append(look(each, decimal))
            bar.update(1)
    looks = without_copies(looks)
    used = [each for each in looks if not each.problem]
    if not used:
        seen = f"; {looks[0].file.name}: {looks[0].problem}" if looks else ""
        raise RtcanError(
            f"{printable(raw)} contains no recording of EDA that can be read{seen}",
            None if looks else f"recordings are read from {', '.join(suffixes())}",
        )
    audio = [each.name for each in listing if each.name.suffix.lower() in AUDIO_SUFFIXES]
    rows = rows_of(used, audio)
    path = raw / NAMES[0]
    _write(path, rows)
    return TrialsDraft(
        folder=str(raw),
        n_recordings=len(used),
        n_trials=len(rows),
        n_subjects=len({row.subject for row in rows if row.subject}),
        n_audio=sum(1 for row in rows if row.audio),
        recordings=pd.DataFrame(
            [_described(each) for each in looks], columns=list(RECORDING_COLUMNS)
        ).astype({"unit": object, "channel": object, "problem": object}),
        notes=(*_notes(raw, path, rows, used), *_not_looked_at(listing)),
        files=(path,),
    )


def _candidates(listing: Sequence[RawFile]) -> list[RawFile]:
    """Files that may be recordings; of an E4 session, only its EDA."""
    sessions = {f.name.parent for f in listing if f.name.name.casefold() == "eda.csv"}
    endings = suffixes()
    found = [
        each
        for each in listing
        if each.name.name.casefold().endswith(endings)
        and not (each.name.name.casefold() in _BESIDE_EDA and each.name.parent in sessions)
    ]
    # A folder of raw data of one EmbracePlus is one recording.
    folders: dict[PurePosixPath, list[RawFile]] = {}
    for each in found:
        if each.name.suffix.casefold() in avro.SUFFIXES and each.name.parent.name:
            folders.setdefault(each.name.parent, []).append(each)
    joined = {name for name, files in folders.items() if len(avro.participants(files)) == 1}
    whole = {each.name.parent: each for each in found if each.name.parent in joined}
    alone = [each for each in found if each.name.parent not in joined]
    return alone + [replace(each, path=each.path.parent, name=name) for name, each in whole.items()]


def _not_looked_at(listing: Sequence[RawFile]) -> Iterator[Note]:
    """A note on files whose endings are not those of recordings that can be read."""
    known = (*suffixes(), *AUDIO_SUFFIXES)
    endings = Counter(
        PurePosixPath(each.name.name.casefold()).suffix or "nothing"
        for each in listing
        if not each.name.name.casefold().endswith(known)
    )
    if endings:
        shown = some([f"{ending} ({n})" for ending, n in endings.most_common()])
        yield Note("not_looked_at", f"files that were not looked at, by what they end in: {shown}")


def _described(found: Look) -> dict[str, object]:
    return {
        "signal": str(found.file.name),
        "format": found.format or None,
        "channel": found.channel or None,
        "unit": found.unit or None,
        "sampling_rate": found.sampling_rate,
        "seconds": found.seconds,
        "lowest": found.lowest,
        "highest": found.highest,
        "n_markers": len(found.markers),
        "problem": found.problem or None,
    }


def _write(path: Path, rows: Sequence[DraftRow]) -> None:
    text = io.StringIO(newline="")
    columns = (*_COLUMNS, *["samples"] * any(row.samples for row in rows))
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_whole(path, text.getvalue())


def _notes(raw: Path, path: Path, rows: Sequence[DraftRow], used: Sequence[Look]) -> list[Note]:
    notes = [
        Note(
            "fill_in_ratings",
            f"fill in valence and arousal in {path.name}, and check subject and stimulus: they are "
            "guessed from names and markers, and the same song must have the same name in every "
            "row; then read the folder",
            command_line("ingest", "table", os.fspath(raw)),
        )
    ]
    if n := sum(1 for row in rows if not row.stimulus):
        notes.append(Note("stimulus_unknown", f"rows without a guess for the stimulus: {n}"))
    if n := sum(1 for each in used if each.sampling_rate != each.sampling_rate):
        notes.append(
            Note(
                "rate_unknown",
                f"files that do not state their sampling rate: {n}; fill in sampling_rate, in Hz",
            )
        )
    if n := sum(1 for each in used if not each.unit):
        notes.append(
            Note(
                "unit_unknown",
                f"files that do not state the unit of EDA: {n}; they are read as microsiemens "
                "unless ingest is given another --unit: compare lowest and highest",
            )
        )
    if n := sum(1 for each in used if len(each.markers) > MOST_MARKERS):
        notes.append(
            Note(
                "too_many_markers",
                f"files with more than {MOST_MARKERS} markers, which are hardly trials: {n}; each "
                "has one row",
            )
        )
    return notes

"""A dataset in BIDS without trials, or without EDA: what it has instead, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rtcan_cli.datasets.bids.events import STIMULUS_COLUMNS, Events
from rtcan_cli.datasets.bids.runs import Runs, of_subject
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.formats.bids import SUFFIXES, described
from rtcan_cli.errors import RtcanError, some

_UNPACKED = SUFFIXES[0].removesuffix(".gz")


def no_trials(
    raw: Path, listing: Sequence[RawFile], runs: Runs, tables: Mapping[str, Events]
) -> RtcanError:
    """What to say where no event names a stimulus."""
    if not any(map(of_subject, listing)):
        return RtcanError(f"{raw} has no folder sub-*")
    columns = dict.fromkeys(name for table in tables.values() for name in table.columns)
    shown = f" (their columns are {some([printable(name) for name in columns])})" if columns else ""
    return RtcanError(
        f"{raw} has no trial: {len(runs.recordings)} runs have physiological recordings "
        f"({SUFFIXES[0]}), {len(runs.events)} have events, and no event names a stimulus{shown}",
        f"a column {' or '.join(STIMULUS_COLUMNS)} in *_events.tsv; or ingest table, "
        "with a trials.csv that says where the trials are",
    )


def no_eda(raw: Path, listing: Sequence[RawFile], runs: Runs) -> RtcanError:
    """What to say where no recording may be EDA."""
    columns: dict[str, None] = {}
    for files in runs.recordings.values():
        for file in files:
            found = described(file, "physio").get("Columns")
            columns |= dict.fromkeys(map(str, found if isinstance(found, list) else ()))
    if columns:
        return RtcanError(
            f"{raw}: none of its physiological recordings has a column of EDA: the columns are "
            f"{some([printable(name) for name in columns])}",
            "if one of them is, its description (.json) says so with MeasureType: EDA; or ingest "
            "table, with a trials.csv that names the column",
        )
    first = next(iter(runs.recordings.values()), None)
    if first:
        return RtcanError(
            f"{first[0]}: its description (.json) has no list of Columns",
            "name all columns of the table there",
        )
    plain = [file for file in listing if of_subject(file) and file.name.name.endswith(_UNPACKED)]
    if plain:
        return RtcanError(
            f"{raw}: physiological recordings are not packed, as the standard asks: {plain[0]}",
            "gzip them: gzip FILE makes FILE.gz",
        )
    return RtcanError(
        f"{raw} has no physiological recordings (sub-*{SUFFIXES[0]})",
        "EDA that is a channel of an EEG recording (type GSR in *_channels.tsv) is read by ingest "
        "table, if that is EDF, BDF or another format that is known",
    )

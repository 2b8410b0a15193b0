"""What a dataset in BIDS says of itself as a whole: its description and its participants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rtcan_cli.datasets.bids.fields import ORIGINAL_ID, PARTICIPANTS
from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.files.tsv import read_rows
from rtcan_cli.datasets.formats.bids import DESCRIPTION, MISSING, read_json
from rtcan_cli.datasets.simulation_marker import says_simulated
from rtcan_cli.datasets.terms import Credit
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class Description:
    """``dataset_description.json``.

    Attributes
    ----------
    simulated : bool
        Whether rtcan's simulator made the data.
    credit : Credit
        Licence and authors; none of simulated data.
    note : str
        What of these is not stated; may be empty.
    """

    simulated: bool
    credit: Credit
    note: str


def read_description(raw: Path, root: Path | None) -> Description:
    """Read the description of a dataset.

    Parameters
    ----------
    raw : Path
        The folder of the dataset.
    root : Path or None
        Folder that links may not lead out of; None if they may.

    Raises
    ------
    RtcanError
        If it is damaged, or does not say whether the data are simulated.
    """
    file = RawFile(raw / DESCRIPTION, PurePosixPath(DESCRIPTION), root=root)
    about = read_json(file)
    if says_simulated(about, file):
        return Description(True, Credit(), "")
    return Description(False, *_credit(about))


def _credit(about: Mapping[str, Any]) -> tuple[Credit, str]:
    """Licence and authors that the description states, and a note on what is not stated."""
    licence, authors = about.get("License", ""), about.get("Authors", [])
    licence = printable(licence).strip() if isinstance(licence, str) else ""
    whole = isinstance(authors, list) and all(isinstance(each, str) for each in authors)
    named = tuple(printable(each).strip() for each in authors) if whole else ()
    named = tuple(filter(None, named))
    missing = [name for name, found in (("License", licence), ("Authors", named)) if not found]
    note = f"{DESCRIPTION} states no {' and no '.join(missing)}" if missing else ""
    return Credit(licence, named), note


def original_names(raw: Path, root: Path | None) -> dict[str, str]:
    """What participants are called outside of BIDS, by label, where ``original_id`` says it.

    Parameters
    ----------
    raw, root
        As of `read_description`.

    Raises
    ------
    RtcanError
        If the table is damaged, or two participants have the same name.
    """
    path = raw / PARTICIPANTS
    if not path.is_file():
        return {}
    file = RawFile(path, PurePosixPath(PARTICIPANTS), root=root)
    rows = read_rows(file)
    header = rows[0] if rows else []
    if "participant_id" not in header or ORIGINAL_ID not in header:
        return {}
    label, name = header.index("participant_id"), header.index(ORIGINAL_ID)
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise RtcanError(f"{file}, line {line}: {len(row)} cells for {len(header)} columns")
        own = printable(row[name].strip())
        if own in MISSING:
            continue
        if "/" in own or "\\" in own:
            raise RtcanError(f"{file}, line {line}: {ORIGINAL_ID} {own!r} contains / or \\")
        if own in found.values() or row[label] in found:
            raise RtcanError(f"{file}, line {line}: {own} or {row[label]} is there twice")
        found[row[label]] = own
    return found

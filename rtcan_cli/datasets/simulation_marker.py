"""The mark that tells simulated files from real ones: a file, or a field of a dataset in BIDS."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.bids import DESCRIPTION, SIMULATED, SUFFIXES, read_json
from rtcan_cli.errors import RtcanError

MARKER = "SIMULATED.json"
"""Lies at the root of every folder that the simulator wrote."""

PUBLISHER_FOLDERS = {
    "deap": "data_preprocessed_python",
    "amigos": "data_preprocessed_matlab",
    "pmemo": "PMEmo",
    "hku956": "HKU956",
    "wesad": "WESAD",
    "case": "CASE_full",
    "table": "own_recordings",
}
"""What the publishers call the folders they ship; the simulator puts them beside `MARKER`."""

#: Folders from that of a recording up to that of its dataset: type of data, session, subject.
_ABOVE = 4


def read_marker(
    name: str, used: RawFile, listing: list[RawFile], raw: Path
) -> dict[str, Any] | None:
    """What the simulator says about its files, or None for real ones.

    A marker speaks only for what the simulator wrote beside it: for the publisher's folder of the
    dataset that it names, for zip files in its own folder, and for all that is read where its own
    folder is the one that the user named. Real data that lie elsewhere below it stay real.

    Parameters
    ----------
    name : str
        The dataset that is read.
    used : RawFile
        Any file that holds signals.
    listing : list of RawFile
        All files found beside it.
    raw : Path
        What the user named; the marker may lie in it, above it or below it.

    Returns
    -------
    dict or None

    Raises
    ------
    RtcanError
        If a marker in such a place is damaged, so that this is not known.
    """
    for marker in _markers(PUBLISHER_FOLDERS[name], used, listing, raw):
        try:
            content = json.loads(marker.text())
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or "dataset" not in content:
            raise RtcanError(
                f"{marker} does not say which dataset was simulated, so that simulated files "
                "cannot be told from real ones",
                hint="simulate again; or delete it if the files beside it are real",
            )
        if content["dataset"] == name:
            return content
    return None


def says_simulated(about: Mapping[str, Any], file: RawFile) -> bool:
    """Whether the description of a dataset in BIDS says that it is simulated.

    Raises
    ------
    RtcanError
        If it says neither yes nor no.
    """
    simulated = about.get(SIMULATED, False)
    if not isinstance(simulated, bool):
        raise RtcanError(f"{file}: {SIMULATED} is {simulated!r}, not true or false")
    return simulated


def in_simulated_dataset(paths: Iterable[Path]) -> bool:
    """Whether one of some recordings, however it is read, lies in a simulated dataset in BIDS.

    Raises
    ------
    RtcanError
        If the description of a dataset is damaged.
    """
    recordings = (path for path in paths if path.name.endswith(SUFFIXES))
    folders = {folder for path in recordings for folder in path.absolute().parents[:_ABOVE]}
    files = (RawFile(each / DESCRIPTION, PurePosixPath(DESCRIPTION)) for each in sorted(folders))
    return any(says_simulated(read_json(each), each) for each in files if each.path.is_file())


def _markers(publisher: str, used: RawFile, listing: list[RawFile], raw: Path) -> Iterator[RawFile]:
    """Markers in places from which they can speak for a file."""
    if used.members:
        for each in listing:
            inner = each.name.parent
            if each.name.name == MARKER and (
                not inner.parts or inner / publisher in used.name.parents
            ):
                yield each
    named = Path(os.path.realpath(raw))
    # Where a folder is a symbolic link, the marker may lie beside the link or beside its target.
    places = (os.path.abspath(used.path), os.path.realpath(used.path))
    for path in map(Path, dict.fromkeys(places)):
        is_zip = bool(used.members) or path.suffix.lower() == ".zip"
        for folder in path.parents:
            speaks = (
                folder / publisher in path.parents
                or (is_zip and folder == path.parent)
                or Path(os.path.realpath(folder)) == named
            )
            if speaks and (folder / MARKER).is_file():
                yield RawFile(folder / MARKER, PurePosixPath(MARKER))

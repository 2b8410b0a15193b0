"""A folder of simulated files that appears whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtcan_cli import __version__
from rtcan_cli.datasets.simulation_marker import MARKER, PUBLISHER_FOLDERS
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import exchange, new_folder_beside
from rtcan_cli.files.links import open_regular
from rtcan_cli.simulate.faults import FAULTS_FILE
from rtcan_cli.simulate.truth import TRUTH_FOLDER

#: Characters of a marker that are read; it has some hundreds.
_LONGEST = 1 << 20


@contextmanager
def new_folder(target: Path, settings: dict[str, Any]) -> Iterator[Path]:
    """Write a simulated folder beside its place and move it there once it is complete.

    Parameters
    ----------
    target : Path
        Its place: absolute; new, empty, or an earlier simulation.
    settings : dict
        What the marker says about the simulation.

    Yields
    ------
    Path
        The folder to write to; it holds the marker.

    Raises
    ------
    RtcanError
        If `target` holds anything but a simulation, or cannot be written.
    """
    _check_replaceable(target)
    with new_folder_beside(target) as beside:
        new, old = beside / "new", beside / "old"
        new.mkdir()
        content = {**settings, "rtcan_version": __version__}
        (new / MARKER).write_bytes(json.dumps(content, indent=1).encode() + b"\n")
        yield new
        if target.exists():
            _check_replaceable(target)
            if exchange(new, target):
                return
            target.rename(old)
        new.rename(target)


def read_settings(folder: Path) -> dict[str, Any]:
    """With what an earlier simulation was made.

    Parameters
    ----------
    folder : Path
        Where it is.

    Returns
    -------
    dict
        As given to `new_folder`; empty if there is no marker that can be read.
    """
    try:
        with open(open_regular(folder / MARKER), encoding="utf-8") as file:
            content = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: value for name, value in content.items() if name != "rtcan_version"}


def write_file(root: Path, file: str, content: bytes | memoryview) -> None:
    """Write a file of a simulation, whose path below `root` is `file`, and the folders above it."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _check_replaceable(target: Path) -> None:
    """Refuse a folder with anything in it that the simulator has not written."""
    if not target.exists():
        return
    if not target.is_dir():
        raise RtcanError(f"{target} is not a folder", hint="choose another folder")
    found = {path.name for path in target.iterdir()}
    settings = read_settings(target)
    own = {MARKER, *PUBLISHER_FOLDERS.values()}
    # These names are not ours where the simulation was made without them.
    own |= {TRUTH_FOLDER} if settings.get("truth") else set()
    own |= {FAULTS_FILE} if settings.get("faults") else set()
    foreign = sorted(found - own)
    if found and (MARKER not in found or foreign):
        raise RtcanError(
            f"{target} is not empty and holds other files than a simulation: "
            f"{', '.join((foreign or sorted(found))[:3])}",
            hint="choose a new folder",
        )

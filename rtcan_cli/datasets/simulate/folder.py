"""A folder of simulated files that appears whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtcan_cli import __version__
from rtcan_cli.datasets.files import MARKER, PUBLISHER_FOLDERS
from rtcan_cli.datasets.simulate.physiology import MODEL_VERSION
from rtcan_cli.errors import RtcanError


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
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RtcanError(f"{target} cannot be written: {error.strerror}") from error
    try:
        new, old = beside / "new", beside / "old"
        new.mkdir()
        content = {**settings, "model_version": MODEL_VERSION, "rtcan_version": __version__}
        (new / MARKER).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        yield new
        if target.exists():
            _check_replaceable(target)
            target.rename(old)
        new.rename(target)
    except OSError as error:
        raise RtcanError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check_replaceable(target: Path) -> None:
    """Refuse a folder with anything in it that the simulator has not written."""
    if not target.exists():
        return
    if not target.is_dir():
        raise RtcanError(f"{target} is no folder", hint="choose another folder")
    found = {path.name for path in target.iterdir()}
    foreign = sorted(found - {MARKER, *PUBLISHER_FOLDERS.values()})
    if found and (MARKER not in found or foreign):
        raise RtcanError(
            f"{target} is not empty and holds other files than a simulation: "
            f"{', '.join((foreign or sorted(found))[:3])}",
            hint="choose a new folder",
        )

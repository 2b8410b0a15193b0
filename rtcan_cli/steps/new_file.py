"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcan_cli.errors import RtcanError


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Write a file beside its place and move it there once the body is through.

    Parameters
    ----------
    path : Path
        Its place; folders that are missing are made, a file there is replaced.

    Yields
    ------
    Path
        Where to write. If the body raises, this is removed and the place is left as it was.

    Raises
    ------
    RtcanError
        If the place is a folder.
    """
    if path.is_dir():
        raise RtcanError(f"{path} is a folder", "the name of a file in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)

"""Files that are there whole or not at all, also after a kill."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from rtcan_cli.errors import RtcanError

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of linux/fcntl.h and linux/fs.h


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file beside its place, flush it to disk, and put it in place.

    Parameters
    ----------
    path : Path
        Its place; the folder is there already. What was there before is replaced.
    content : bytes or str
        All of it; text becomes UTF-8.

    Raises
    ------
    RtcanError
        If it cannot be written, for instance because the disk is full. What was there stays.
    """
    remove_leftovers(path.parent, f".{path.name}.part-")
    beside = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise RtcanError(
            f"{path}: cannot be written: {error.strerror or error}",
            "make room there, then the same command again; what was there before is untouched",
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def leftovers(folder: Path, prefix: str, alone: bool = False) -> list[Path]:
    """What processes that were killed left in a folder, named by a prefix and their number.

    Parameters
    ----------
    folder : Path
        Where to look.
    prefix : str
        What the names begin with, before the number of the process.
    alone : bool
        Whether nobody else can be writing such a file, so that they are all left over. A number
        alone may by now be that of another process, or of one on another machine.
    """
    return [
        path
        for path in folder.iterdir()
        if path.name.startswith(prefix)
        and (number := path.name.removeprefix(prefix)).isdigit()
        and (alone or not _is_running(int(number)))
    ]


def remove_leftovers(folder: Path, prefix: str, alone: bool = False) -> None:
    """Remove `leftovers` that are files."""
    for path in leftovers(folder, prefix, alone):
        path.unlink(missing_ok=True)


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders change places, at once.

    Returns
    -------
    bool
        Whether it was done; some file systems cannot.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # another C library
        return False
    places = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, places[0], _AT_FDCWD, places[1], _RENAME_EXCHANGE) == 0)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True

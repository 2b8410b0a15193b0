"""Files and folders that are complete or absent, even after a kill."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtcan_cli.errors import RtcanError, writing_hint
from rtcan_cli.files.links import new_beside, open_regular, unique_name
from rtcan_cli.platforms import flush, is_running, patiently

#: Number of a process, and what chance has added (`rtcan_cli.files.links.unique_name`).
_NUMBER = re.compile(r"([0-9]+)(?:-[0-9a-f]+)?")
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of linux/fcntl.h and linux/fs.h


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Write a file beside its place, flush it to disk, and put it in place.

    Parameters
    ----------
    path : Path
        Its place; folders that are missing are made. What was there before is replaced; if it is
        a link, the link is, and not what it leads to.

    Yields
    ------
    Path
        Where to write. If the body raises, this is removed and what was in place stays. Its
        permissions are those of any new file (umask), also if a library puts another file there.

    Raises
    ------
    RtcanError
        If the place is a folder, or the file cannot be written, for instance because the disk is
        full. What was there stays.
    """
    if path.is_dir():
        raise RtcanError(f"{path} is a folder", "the name of a file in it")
    prefix, beside = f".{path.name}.part-", None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, prefix)
        name, descriptor = new_beside(os.fspath(path.with_name(prefix)))
        permissions = stat.S_IMODE(os.fstat(descriptor).st_mode)
        os.close(descriptor)
        beside = Path(name)
        yield beside
        descriptor = open_regular(beside, os.O_RDWR)
        try:
            if (
                sys.platform != "win32"
                and stat.S_IMODE(os.fstat(descriptor).st_mode) != permissions
            ):
                os.fchmod(descriptor, permissions)
            flush(descriptor)
        finally:
            os.close(descriptor)
        replace(beside, path)
    except OSError as error:
        raise RtcanError(
            f"{path}: cannot be written: {error.strerror or error}",
            f"{writing_hint(error)}, then the same command again; what was there before is "
            "unchanged",
        ) from error
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write all of a `new_file`; text becomes UTF-8."""
    with new_file(path) as beside, open(open_regular(beside, os.O_WRONLY), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def replace(new: Path, place: Path) -> None:
    """Put a file in its place, at once; on Windows when no program has open what was there.

    Raises
    ------
    PermissionError
        If one still has it open after two seconds.
    """
    patiently(lambda: os.replace(new, place))


@contextmanager
def new_folder_beside(place: Path) -> Iterator[Path]:
    """Make a folder beside its place, to be filled and then put there (`replace_empty`).

    Parameters
    ----------
    place : Path
        Where it is to be; folders above it that are missing are made.

    Yields
    ------
    Path
        An empty folder. What is left of it in the end is removed; where a kill keeps that from
        happening, the next call for the same place does it.

    Raises
    ------
    RtcanError
        If it cannot be made, or the body raises OSError.
    """
    prefix, beside = f".{place.name}.part-", None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for leftover in leftovers(place.parent, prefix):
            shutil.rmtree(leftover, ignore_errors=True)  # follows no link
        name = place.with_name(unique_name(prefix))
        name.mkdir()  # fails if anything is there: nobody can have prepared it
        beside = name
        yield beside
    except OSError as error:
        raise RtcanError(
            f"{place}: cannot be written: {error.strerror or error}",
            f"{writing_hint(error)}, then the same command again",
        ) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def replace_empty(new: Path, place: Path) -> None:
    """Put a folder in a place where nothing is, or an empty folder.

    Raises
    ------
    OSError
        If there is something else.
    """
    if sys.platform == "win32":  # where a folder does not take the place of another one
        with suppress(FileNotFoundError):
            place.rmdir()
    patiently(lambda: os.replace(new, place))


def leftovers(folder: Path, prefix: str, alone: bool = False) -> list[Path]:
    """What processes that were killed left in a folder, named by a prefix and their number.

    It is not known who made them: one may be a link, or someone else's folder.

    Parameters
    ----------
    folder : Path
        Where to look.
    prefix : str
        What the names begin with, before the number of the process.
    alone : bool
        Whether no other process can write such a file, so that they are all left over. A number
        alone may by now be that of another process, or of one on another machine.
    """
    return [
        path
        for path in folder.iterdir()
        if path.name.startswith(prefix)
        and (number := _NUMBER.fullmatch(path.name, len(prefix)))
        and (alone or not is_running(int(number[1])))
    ]


def remove_leftovers(folder: Path, prefix: str, alone: bool = False) -> None:
    """Remove `leftovers` that are files; of a link the link itself."""
    for path in leftovers(folder, prefix, alone):
        with suppress(OSError):  # a folder, or gone meanwhile
            path.unlink()


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders change places, at once.

    Returns
    -------
    bool
        Whether it was done. Only Linux has such a call, and not for all file systems.
    """
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # another C library
        return False
    places = os.fsencode(one), os.fsencode(other)
    return bool(rename(_AT_FDCWD, places[0], _AT_FDCWD, places[1], _RENAME_EXCHANGE) == 0)

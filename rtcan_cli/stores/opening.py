"""Opening a store's file, and saying why where that is not possible."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Any

import h5py

from rtcan_cli.errors import BlockedError, RtcanError, permission_hint
from rtcan_cli.files.kinds import EMPTY, HDF5, HEAD, MATLAB_73, another_kind, kind_of

#: What is wrong with what HDF5 reads, in its words.
_TRUNCATED = re.compile(r"truncated file: eof = (\d+).*stored_eof = (\d+)")
_OPEN_FOR_WRITING = "already open for write"
_OTHER_LOCKING = "locking flag values don't match"  # in the same process, with locks


def mode_of(path: Path) -> int | None:
    """Type and permissions of what is at a path; None if nothing is there.

    From Python 3.14 on, `Path.exists` also says no where the answer is not known.

    Raises
    ------
    OSError
        If this cannot be determined, for example because a folder may not be entered.
    """
    try:
        return path.stat().st_mode
    except ValueError:  # no such name is possible
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def check_is_file(path: Path, command: str | None, kind: str | None = None) -> None:
    """Refuse what is not there, is not a file, or may not be looked at.

    Parameters
    ----------
    path : Path
        Where a store should be.
    command : str or None
        What makes it.
    kind : str, optional
        The kind of store that is needed.

    Raises
    ------
    RtcanError
        In these cases; a `BlockedError` if the contents cannot be determined.
    """
    try:
        mode = mode_of(path)
    except OSError as error:
        raise blocked(path, error) from error
    if mode is None:
        raise RtcanError(f"{path}: this store does not exist", command)
    if stat.S_ISDIR(mode):
        inside = path / f"{kind}.h5"
        hint = f"name the store itself: {inside}" if kind and inside.is_file() else command
        raise RtcanError(f"{path}: is a folder, not a store", hint)
    if not stat.S_ISREG(mode):
        raise RtcanError(f"{path}: is not a file, and therefore not a store", command)


def open_h5(path: Path, command: str | None, again: str, **options: Any) -> h5py.File:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : Path
        A file.
    command : str or None
        What makes the store.
    again : str
        How to make it again, for the hint where that is right.
    **options
        For h5py.File.

    Raises
    ------
    RtcanError
        If it cannot be opened; a `BlockedError` if it may be whole for all that.
    """
    try:
        # A finished store never changes, so it can be read while another one is made.
        return h5py.File(path, "r", locking=False, **options)
    except (OSError, RuntimeError) as error:
        raise _why(path, error, command, again) from error


def blocked(path: Path, error: OSError) -> BlockedError:
    """The error for a file that the system does not let us open."""
    return BlockedError(
        f"{path}: cannot be read: {os.strerror(error.errno) if error.errno else error}",
        permission_hint(error) or "check the disk or the network drive that it is on",
    )


def _why(path: Path, error: Exception, command: str | None, again: str) -> RtcanError:
    if isinstance(error, OSError) and error.errno:
        return blocked(path, error)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as reason:
        return blocked(path, reason)
    if kind_of(head) is EMPTY:
        return RtcanError(f"{path}: is empty (0 bytes)", again)
    other = another_kind(head, f"{path}:", "a store (HDF5)", HDF5.name, MATLAB_73.name)
    if other is not None:
        return other
    if not _is_hdf5(head):
        instead = f"; if the store should be here, move this file away, then {command}"
        return RtcanError(
            f"{path}: is not an HDF5 file, and therefore not a store",
            f"check its name{instead if command else ''}",
        )
    if _OPEN_FOR_WRITING in str(error):
        return _open_elsewhere(path, again)
    if _OTHER_LOCKING in str(error):
        return BlockedError(
            f"{path}: is open in this program already, with locks, by h5py, xarray or another "
            "library",
            "close it there first",
        )
    if found := _TRUNCATED.search(str(error)):
        there, whole = map(int, found.groups())
        return RtcanError(f"{path}: is cut off: the file has {there:,} of {whole:,} bytes", again)
    return RtcanError(f"{path}: is damaged or cut off: HDF5 cannot open it", again)


def _open_elsewhere(path: Path, again: str) -> RtcanError:
    """HDF5 marks a file while a program may write to it; a lock shows whether one still does."""
    try:
        h5py.File(path, "r", locking=True).close()
    except BlockingIOError:
        return BlockedError(
            f"{path}: is open for writing in another program",
            "close it there (a notebook, HDFView, ...), then the same command again",
        )
    except OSError:
        pass
    return RtcanError(
        f"{path}: was opened for writing by a program that ended without closing it, and may be "
        "damaged",
        again,
    )


def _is_hdf5(head: bytes) -> bool:
    return kind_of(head) in (HDF5, MATLAB_73)

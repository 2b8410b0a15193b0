"""A lock that one process has at a time, and that vanishes with its process."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtcan_cli.errors import RtcanError

#: What a file system answers that knows no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
#: Locks of this process, and whether they keep others out.
_held: dict[Path, bool] = {}


@contextmanager
def lock(place: Path, what: Path) -> Iterator[bool]:
    """Keep other processes out while the body runs.

    The lock is the kernel's, on an open file (flock). So it goes when its process goes, however
    that ends, and a file that is left over locks nothing: neither the number of the process nor the
    machine that are written in it are believed, they only tell people whom to ask. Where a file
    system knows no locks, nobody is kept out.

    Parameters
    ----------
    place : Path
        File to lock; removed at the end.
    what : Path
        What is being made, for the error.

    Yields
    ------
    bool
        Whether others are kept out.

    Raises
    ------
    RtcanError
        At once, if another process has the lock; it is named.
    """
    file, works = _acquire(place, what)
    _held[place.absolute()] = works
    try:
        yield works
    finally:
        del _held[place.absolute()]
        # Removed before it is let go: who opened it meanwhile finds out, and makes a new one.
        if _is_at(file, place):
            place.unlink(missing_ok=True)
        file.close()


@contextmanager
def sole_writer(store: Path) -> Iterator[bool]:
    """Keep other processes from making a store; nothing to do if this one does already.

    Yields and raises as `lock`.
    """
    place = store.with_name(store.name + ".partial") / "lock"
    if place.absolute() in _held:
        yield _held[place.absolute()]
        return
    with held_store(store) as alone:
        yield alone


@contextmanager
def held_store(store: Path) -> Iterator[bool]:
    """As `sole_writer`, but also refuse where this process makes the store already."""
    folder = store.with_name(store.name + ".partial")
    try:
        with lock(folder / "lock", store) as alone:
            yield alone
    finally:
        with suppress(OSError):  # finished work is kept there, or it is gone
            folder.rmdir()


def _is_at(file: io.FileIO, place: Path) -> bool:
    """Whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.stat())
    except FileNotFoundError:
        return False


def _acquire(place: Path, what: Path) -> tuple[io.FileIO, bool]:
    while True:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = io.FileIO(place, "a+")
        except FileNotFoundError:  # its last holder has just removed the folder
            continue
        works = True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(200).decode(errors="replace") or "another process"
            file.close()
            raise RtcanError(
                f"{what}: is being made by {holder}",
                "wait until it is done, or stop it; then the same command again",
            ) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                file.close()
                raise
            works = False
        if _is_at(file, place):
            with suppress(OSError):  # a full disk: it stays nameless
                file.truncate(0)
                file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file, works
        file.close()  # its last holder removed it after we opened it: this lock keeps nobody out

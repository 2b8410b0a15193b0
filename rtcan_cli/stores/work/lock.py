"""A lock that one process has at a time, and that ends with its process."""

from __future__ import annotations

import errno
import io
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtcan_cli import platforms
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.links import Unexpected, open_regular, opened_folder

#: What a file system answers that does not support locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
#: What a lock says, and how much of it is read.
_HOLDER, _LONGEST = re.compile(r"process \d+ on [\w.-]+"), 200
_TRIES, _WAIT_SECONDS = 3, 0.02
#: Locks of this process, and whether they keep others out.
_held: dict[Path, bool] = {}


@contextmanager
def lock(place: Path, what: Path) -> Iterator[bool]:
    """Keep other processes out while the body runs.

    The lock is the system's, on an open file (`rtcan_cli.platforms.lock`). So it goes when its
    process goes, however that ends, and a file that is left over locks nothing: neither the number
    of the process nor the machine that are written in it are trusted; they only tell people whom to
    ask. Where a file system does not support locks, nobody is kept out.

    The folder of the lock may have come from a stranger. So neither it nor the file may be a
    symbolic link, and a file with another name elsewhere (a hard link) is not written to.

    Parameters
    ----------
    place : Path
        File to lock; removed at the end. Its folder is made if it is missing.
    what : Path
        What is being made, for the error.

    Yields
    ------
    bool
        Whether others are kept out.

    Raises
    ------
    RtcanError
        At once, if another process has the lock; it is named. If something else than a lock or
        its folder is in that place.
    """
    file, works = _acquire(place, what)
    _held[place.absolute()] = works
    try:
        yield works
    finally:
        del _held[place.absolute()]
        _let_go(file, place)


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


def holder(store: Path) -> str | None:
    """Who makes a store now.

    Returns
    -------
    str or None
        The words that its lock has for people, such as ``process 71 on alice``; None if nobody
        makes it: no lock is there, or its process is gone. Where a file system does not support
        locks, always None.
    """
    folder = store.with_name(store.name + ".partial")
    try:
        with opened_folder(folder) as above:
            file = io.FileIO(open_regular("lock", at=above))
    except OSError:
        return None
    with file:
        try:
            _take(file, shared=True)
        except BlockingIOError:
            words = file.read(_LONGEST).decode(errors="replace")
            return words if _HOLDER.fullmatch(words) else "another process"
        except OSError:
            return None
    return None


def _let_go(file: io.FileIO, place: Path) -> None:
    if platforms.OPEN_FILES_STAY:
        with file:
            is_ours = _is_at(file, place)
            platforms.unlock(file.fileno())
        # Who opens it before it is removed gets the lock, and keeps the file from being removed.
        with suppress(OSError):
            if is_ours:
                place.unlink()
        return
    with file:
        # Removed before it is let go: who opened it meanwhile finds out, and makes a new one.
        if _is_at(file, place):
            place.unlink(missing_ok=True)


def _is_at(file: io.FileIO, place: Path) -> bool:
    """Whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), place.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _open(place: Path, what: Path) -> io.FileIO:
    """Open a lock or make it, and its folder."""
    try:
        place.parent.parent.mkdir(parents=True, exist_ok=True)
        with opened_folder(place.parent, make=True) as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
            descriptor = platforms.patiently(lambda: open_regular(place.name, flags, at=folder))
    except Unexpected as error:
        where = place.parent if error.filename != place.name else place
        raise RtcanError(
            f"{what}: cannot be made: {where} is {error.strerror}",
            f"look at {place.parent}, and remove it if you do not need it",
        ) from error
    if os.fstat(descriptor).st_nlink > 1:
        os.close(descriptor)
        raise RtcanError(
            f"{what}: cannot be made: {place} is not a lock, but a hard link to another file",
            f"look at {place.parent}, and remove it if you do not need it",
        )
    return io.FileIO(descriptor, "a+")


def _take(file: io.FileIO, *, shared: bool = False) -> None:
    """Lock a file. `holder` has it for a moment when it looks: that is waited for.

    Two who look are in each other's way only where no lock can be shared, on Windows.
    """
    waits = not shared or platforms.OPEN_FILES_STAY
    for _ in range(_TRIES - 1 if waits else 0):
        with suppress(BlockingIOError):
            return platforms.lock(file.fileno(), shared=shared)
        time.sleep(_WAIT_SECONDS)
    platforms.lock(file.fileno(), shared=shared)


def _acquire(place: Path, what: Path) -> tuple[io.FileIO, bool]:
    while True:
        try:
            file = _open(place, what)
        except FileNotFoundError:  # its last holder has just removed the folder
            continue
        works = True
        try:
            _take(file)
        except BlockingIOError:
            file.seek(0)
            name = file.read(_LONGEST).decode(errors="replace") or "another process"
            file.close()
            raise RtcanError(
                f"{what}: is being made by {name}",
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

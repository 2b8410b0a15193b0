"""What Linux, macOS and Windows do in different ways: locks, files in use, other processes, memory.

All other modules call these functions and know no difference. Signals, which differ too, are in
`rtcan_cli.signals`.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

T = TypeVar("T")

#: Whether a file that a program has open can neither be removed nor replaced.
OPEN_FILES_STAY = sys.platform == "win32"

_LOOK_SECONDS = 2.0  # between two looks whether another process still exists
#: How often, and how long in all, a file is waited for that a program has open on Windows.
_TRIES, _WAIT_SECONDS = 20, 0.1
#: Where the lock of a file is on Windows, far behind its end: locked bytes cannot be read there.
_LOCKED_BYTE = 1 << 30


def lock(descriptor: int, *, shared: bool = False) -> None:
    """Lock an open file; the system takes the lock back when the file is closed, also by a kill.

    Parameters
    ----------
    descriptor : int
        The open file.
    shared : bool
        Keep out only those who want the file alone. Windows locks it for one in any case.

    Raises
    ------
    BlockingIOError
        If another process has the lock.
    OSError
        If the file system does not support locks.
    """
    if sys.platform == "win32":
        try:
            _at_locked_byte(descriptor, msvcrt.LK_NBLCK)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                raise BlockingIOError(error.errno, "is locked by another process") from None
            raise
    else:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


def unlock(descriptor: int) -> None:
    """Give a lock back before the file is closed: Windows may take a while after it."""
    if sys.platform == "win32":
        with suppress(OSError):  # it was not locked
            _at_locked_byte(descriptor, msvcrt.LK_UNLCK)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


if sys.platform == "win32":

    def _at_locked_byte(descriptor: int, mode: int) -> None:
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, mode, 1)
        finally:
            os.lseek(descriptor, position, os.SEEK_SET)


def patiently(action: Callable[[], T]) -> T:
    """Do something with a file; on Windows again for two seconds while a program has it open.

    Virus scanners and the search index open new files for a moment. A file that was removed while
    it was open is there until the other program closes it.

    Raises
    ------
    PermissionError
        If it is still open then.
    """
    for _ in range(_TRIES if OPEN_FILES_STAY else 0):
        try:
            return action()
        except PermissionError:
            time.sleep(_WAIT_SECONDS)
    return action()


def flush(descriptor: int) -> None:
    """Have the system write a file to the disk. On Windows, it must be open for writing."""
    if sys.platform == "darwin":
        # fsync only reaches the disk's own memory there.
        with suppress(OSError):  # a network drive
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def is_running(number: int) -> bool:
    """Whether a process of this number exists on this machine."""
    if sys.platform == "win32":  # where os.kill(number, 0) sends Ctrl-C
        import psutil

        return bool(psutil.pid_exists(number))
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def wait_for_end_of_parent(number: int) -> None:
    """Return when the process that started this one has ended, at once if it had before.

    Parameters
    ----------
    number : int
        Of the process that started this one.
    """
    if sys.platform == "win32":  # where os.getppid() stays the same
        import psutil

        with suppress(psutil.NoSuchProcess):
            psutil.Process(number).wait()
        return
    while os.getppid() == number:
        time.sleep(_LOOK_SECONDS)


def machine_memory() -> int | None:
    """Memory of this machine in bytes; None where the system does not report it."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.virtual_memory().total)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None

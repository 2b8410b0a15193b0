"""A lock that one process has at a time, and that vanishes with its process."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcan_cli.errors import RtcanError

#: What a file system answers that knows no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def lock(place: Path, what: Path) -> Iterator[None]:
    """Keep other processes out while the body runs.

    The lock is the kernel's, on an open file (flock). So it goes when its process goes, however
    that ends, and a file that is left over locks nothing. Where a file system knows no locks,
    nobody is kept out.

    Parameters
    ----------
    place : Path
        File to lock; removed at the end.
    what : Path
        What is being made, for the error.

    Raises
    ------
    RtcanError
        At once, if another process has the lock; it is named.
    """
    file = _acquire(place, what)
    try:
        yield
    finally:
        # Removed before it is let go: who opened it meanwhile finds out, and makes a new one.
        place.unlink(missing_ok=True)
        file.close()


def _acquire(place: Path, what: Path) -> io.FileIO:
    while True:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = io.FileIO(place, "a+")
        except FileNotFoundError:  # its last holder has just removed the folder
            continue
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
        try:
            current = os.path.samestat(os.fstat(file.fileno()), place.stat())
        except FileNotFoundError:
            current = False
        if current:
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
            return file
        file.close()  # its last holder removed it after we opened it: this lock keeps nobody out

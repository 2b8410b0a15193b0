"""A text file that another program is still writing to."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from rtcan_cli.errors import RtcanError

#: Text; other formats cannot be read before they are finished.
ENDINGS = (".csv", ".tsv", ".txt")
_BLOCK = 1 << 22
# Bytes before those that are new that are compared with what they were.
_TAIL = 4096
# Windows has no such option, and reads the bytes of a file as they are only if asked to.
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class GrowingFile:
    """The complete lines of a file that grows, in a copy that only `update` changes.

    Parameters
    ----------
    path : Path
        One of `ENDINGS`; it may have no lines yet.
    folder : Path
        Where the copy is made, under the same name.

    Attributes
    ----------
    copy : Path
        The copy: whole lines, as of the last `update`.
    lines : int
        How many there are.

    Raises
    ------
    RtcanError
        If the file does not exist or is not text.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        if path.suffix.lower() not in ENDINGS:
            raise RtcanError(
                f"{path}: only text can be read while it is written",
                f"a file whose name ends in {', '.join(ENDINGS)}",
            )
        if not path.is_file():
            raise RtcanError(f"{path} {'is not a file' if path.exists() else 'does not exist'}")
        self.path, self.copy, self.lines = path, folder / path.name, 0
        self._taken, self._tail = 0, b""
        self._identity: tuple[int, int] | None = None
        self.copy.write_bytes(b"")

    def update(self) -> bool:
        """Add lines that are complete by now to the copy; whether there are any.

        Raises
        ------
        RtcanError
            If the file is another one than before, or what was read of it has changed.
        """
        before = self.lines
        with self._open() as file:
            about = os.fstat(file.fileno())
            identity = (about.st_dev, about.st_ino)
            file.seek(self._taken - len(self._tail))
            if self._identity not in (None, identity) or file.read(len(self._tail)) != self._tail:
                raise RtcanError(
                    f"{self.path} was replaced or cut while it was read",
                    "the same command again, which starts from its beginning",
                )
            self._identity = identity
            with self.copy.open("ab") as copy:
                rest = b""
                while block := file.read(_BLOCK):
                    block = rest + block
                    end = block.rfind(b"\n") + 1
                    copy.write(block[:end])
                    self._taken += end
                    self.lines += block.count(b"\n", 0, end)
                    self._tail = (self._tail + block[:end])[-_TAIL:]
                    rest = block[end:]
        return self.lines > before

    def _open(self) -> BinaryIO:
        """The file, without waiting for the other end of a pipe that is there in its place."""
        descriptor = os.open(self.path, os.O_RDONLY | _NOT_WAITING)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise RtcanError(f"{self.path} is not a file any more")
        return os.fdopen(descriptor, "rb")

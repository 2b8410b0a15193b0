"""Rows of numbers that are too many for memory: written to a file, and read through a map."""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError

#: Rows that take this many bytes in all stay in memory.
SMALL = 32 << 20

#: Errors of a disk, a user's share of it, or a file, that takes no more.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

#: Where processes find each other's open files, by number. Only Linux has it.
PROCESSES = Path("/proc")


class MappedRows:
    """Rows of one shape and type, written one after the other and read as one array.

    Up to `SMALL` bytes they stay in memory. More of them are in a file without a name, so nothing
    is left of it when the last process that uses it ends, even by a kill. What is read of a file is
    in the system's cache, which gives way to whatever needs the memory. Worker processes of
    `rtcan_cli.parallel` that are given such an array map the same file. Other systems than Linux
    keep all rows in memory.

    Parameters
    ----------
    folder : Path
        Where the file is, see `folder_for`.
    what : str
        What the rows are, for messages.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self._folder, self._what = folder, what
        self._rows: list[NDArray[Any]] = []  # while they are in memory
        self._file: BinaryIO | None = None
        self._shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float32)
        self._n = self._size = 0
        self._array: NDArray[Any] | None = None

    def append(self, row: NDArray[Any]) -> int:
        """Add a row, and return its number.

        Raises
        ------
        ValueError
            If its shape or type is not that of the others.
        RtcanError
            If it cannot be written, for instance because the disk is full.
        """
        if self._n and (row.shape, row.dtype) != (self._shape, self._dtype):
            raise ValueError(f"a row of {row.shape} {row.dtype} among {self._shape} {self._dtype}")
        self._rows.append(row)
        self._shape, self._dtype, self._array = row.shape, row.dtype, None
        self._n, self._size = self._n + 1, self._size + row.nbytes
        if self._file is not None or (self._size > SMALL and PROCESSES.is_dir()):
            self._write()
        return self._n - 1

    def _write(self) -> None:
        """Bring the rows that are in memory into the file."""
        try:
            if self._file is None:
                self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            for row in self._rows:
                self._file.write(row.tobytes())
        except OSError as error:
            raise self._cannot_write(error) from error
        self._rows.clear()

    def array(self) -> NDArray[Any]:
        """All rows so far (n, ...); nobody can write to those in a file.

        Raises
        ------
        RtcanError
            If they could not be written.
        """
        if self._array is None:
            if self._file is None:
                self._array = np.stack(self._rows) if self._rows else np.empty(0, self._dtype)
                self._rows = list(self._array)  # so that they are in memory once
            else:
                self._array = self._mapped(self._file)
        return self._array

    def _mapped(self, file: BinaryIO) -> NDArray[Any]:
        try:
            file.flush()
            os.fsync(file.fileno())  # only this tells of pages that could not be written
            descriptor = os.dup(file.fileno())
            try:
                # Under this name, other processes open it as long as the descriptor is open here.
                # A text: NumPy would follow a path to the name that the file no longer has.
                name = str(PROCESSES / f"{os.getpid()}/fd/{descriptor}")
                mapped = np.memmap(name, self._dtype, "r", shape=(self._n, *self._shape))
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise self._cannot_write(error) from error
        weakref.finalize(mapped, os.close, descriptor)
        return np.asarray(mapped)

    def _cannot_write(self, error: OSError) -> RtcanError:
        mend = (
            "free some space there, or let TMPDIR name a folder on another disk"
            if error.errno in _FULL
            else "let TMPDIR name a folder that exists and can be written to"
        )
        return RtcanError(
            f"{self._folder}: {self._what} cannot be kept there, {self._size / 1e6:.0f} MB so far: "
            f"{error.strerror or error}",
            f"{mend}; then the same command again",
        )


def folder_for(store: Path) -> Path:
    """Where to keep what is made from a store while a command runs.

    Returns
    -------
    Path
        The folder that the variable TMPDIR names, or else that of the store: it is on a disk, while
        ``/tmp`` may be in memory. ``/tmp`` if nothing can be written beside the store.
    """
    if named := os.environ.get("TMPDIR"):
        return Path(named)
    beside = store.absolute().parent
    return beside if os.access(beside, os.W_OK) else Path(tempfile.gettempdir())

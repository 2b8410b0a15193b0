"""The file that HDF5 writes to, which neither a full disk nor an interrupt may disturb."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rtcan_cli.signals import Held, held_back


class Outlet(io.FileIO):
    """The file that HDF5 writes: takes everything, and remembers what could not be written.

    HDF5 does not recover from a full disk: every object that it closes tries to write again, with
    a traceback each, and in the end the process crashes. So it does not learn of it. An interrupt
    raised while it closes an object is lost, and so is the piece that was to be written.

    Parameters
    ----------
    path : Path
        A new file: nothing may be there, not even a link.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self.error: OSError | None = None
        self._held = Held()

    def write(self, data: Any) -> int:
        """Write all of the data, or remember why that failed."""
        left = memoryview(data).cast("B")
        size = left.nbytes
        while left and self.error is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Change the size of the file, or remember why that failed."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return self.tell() if size is None else size

    def check(self) -> None:
        """Raise the OSError that was remembered, or handle the signal that came in the meantime."""
        self._held.release()
        if self.error is not None:
            raise self.error

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let signals that come while HDF5 writes wait until the next `check`."""
        with held_back(_is_writing) as self._held:
            yield


def _is_writing(frame: FrameType | None) -> bool:
    """Whether an outlet is in the middle of a call."""
    while frame is not None:
        if frame.f_globals.get("__name__") == __name__ and isinstance(
            frame.f_locals.get("self"), Outlet
        ):
            return frame.f_code.co_name in ("write", "truncate")
        frame = frame.f_back
    return False

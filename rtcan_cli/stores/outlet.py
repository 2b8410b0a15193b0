"""The file that HDF5 writes to, which neither a full disk nor an interrupt may disturb."""

from __future__ import annotations

import io
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any


class Outlet(io.FileIO):
    """The file that HDF5 writes: takes everything, and remembers what could not be written.

    HDF5 does not get over a full disk: every object that it lets go of tries to write again, with
    a traceback each, and in the end the process crashes. So it is not told. Nor does it get over
    an interrupt that is raised while it writes: where it lets go of an object the exception is lost
    and the piece is missing from the file, without a word.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.error: OSError | None = None
        self._waiting: tuple[Any, int] | None = None

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
        """Raise the OSError that was remembered, or handle the signal that came meanwhile."""
        if self._waiting is not None:
            (handler, number), self._waiting = self._waiting, None
            handler(number, None)
        if self.error is not None:
            raise self.error

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let signals that come while HDF5 writes wait until the next `check`.

        At other times they are handled at once. Outside the main thread there is nothing to do:
        Python handles signals in that one only.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}

        def handle(number: int, frame: FrameType | None) -> None:
            if _is_writing(frame):
                self._waiting = before[number], number
            else:
                before[number](number, frame)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            if callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, handle)
        try:
            yield
        finally:
            for known, handler in before.items():
                signal.signal(known, handler)


def _is_writing(frame: FrameType | None) -> bool:
    """Whether an outlet is in the middle of a call."""
    while frame is not None:
        if frame.f_globals.get("__name__") == __name__ and isinstance(
            frame.f_locals.get("self"), Outlet
        ):
            return frame.f_code.co_name in ("write", "truncate")
        frame = frame.f_back
    return False

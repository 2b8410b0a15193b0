"""Signals that have to wait, because where they come now they would be lost.

An interrupt is an exception, raised in whatever Python code runs. Libraries that call Python from C
(HDF5 for its files, openSMILE for its results, libsndfile for its bytes) lose such an exception and
go on, without what they had asked for: what they make is then wrong, and nobody is told.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

#: What interrupts, and, where there is one, the alarm of `rtcan_cli.commands.shell.interrupts`.
if sys.platform == "win32":
    INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
    _HELD = INTERRUPTS
else:
    INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
    _HELD = (*INTERRUPTS, signal.SIGALRM)


@dataclass
class Held:
    """The signal that waits, if one does."""

    handler: Any = None
    number: int = 0

    def release(self) -> None:
        """Handle it now: an interrupt is raised here."""
        handler, self.handler = self.handler, None
        if handler is not None:
            handler(self.number, None)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Let an interrupt mean that the body, which has no end of its own, may come to one.

    Yields
    ------
    callable
        Whether there was a signal that interrupts. It does not raise any more then.
    """
    with held_back() as held:
        try:
            yield lambda: held.handler is not None
        finally:
            held.handler = None


def _always(_: FrameType | None) -> bool:
    return True


@contextmanager
def held_back(when: Callable[[FrameType | None], bool] = _always) -> Iterator[Held]:
    """Let signals that interrupt wait until the body is through.

    Outside the main thread there is nothing to do: Python handles signals in that one only. Nor is
    there with signals that no Python code handles.

    Parameters
    ----------
    when : callable, optional
        Called with the Python frame that a signal came in: whether it has to wait. Always, if not
        given; others are handled at once.

    Yields
    ------
    Held
        Can be released earlier.
    """
    held = Held()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        if when(frame):
            held.handler, held.number = before[number], number
        else:
            before[number](number, frame)

    for number in _HELD:
        if callable(handler := signal.getsignal(number)):
            before[number] = handler
            signal.signal(number, handle)
    try:
        yield held
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
    held.release()

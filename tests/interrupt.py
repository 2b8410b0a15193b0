"""Interrupting this process itself, for commands that run until somebody does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS = 120.0


@contextmanager
def interrupted_when(done: Callable[[], bool]) -> Iterator[None]:
    """Interrupt the body, as Ctrl-C does, once something is true; or after two minutes."""

    over = threading.Event()

    def watch() -> None:
        until = time.monotonic() + _SECONDS
        while not done() and time.monotonic() < until:
            if over.wait(0.02):
                return  # the body has failed
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

"""Ctrl-C and SIGTERM end a command, also where the first attempt is lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Seconds after which it is looked whether an interrupt was lost.
_LOOK_AGAIN = 0.5


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM (a cluster's scheduler, `kill`) raise `KeyboardInterrupt` in the body.

    Python raises it wherever it happens to be, and there are places that swallow it: callbacks of
    weak references, as every import has, `__del__`, callbacks from C, a bare `except`. So until the
    body is left it is raised again, unless somebody is dealing with it: a `finally` or `with` that
    tidies up is not disturbed. An error that it has been turned into on its way is an interrupt,
    too. A signal that was ignored when the command was started (SIGINT in the background of a
    script, ``trap '' INT``) stays ignored, as in other programs. Outside the main thread, where no
    handler can be set, nothing is done.

    Raises
    ------
    KeyboardInterrupt
        If the body was interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.setitimer(signal.ITIMER_REAL, _LOOK_AGAIN, _LOOK_AGAIN)
        raise KeyboardInterrupt

    def look_again(number: int, frame: FrameType | None) -> None:
        error = sys.exc_info()[1]
        while error is not None:
            if isinstance(error, KeyboardInterrupt):
                return
            error = error.__context__
        raise KeyboardInterrupt

    def report(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_type is not KeyboardInterrupt:  # that one is raised again
            hook(lost)

    hook, sys.unraisablehook = sys.unraisablehook, report
    ours: dict[signal.Signals, Any] = {
        number: interrupt
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    ours[signal.SIGALRM] = look_again
    before = {number: signal.signal(number, handler) for number, handler in ours.items()}
    try:
        yield
    except Exception as error:
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook

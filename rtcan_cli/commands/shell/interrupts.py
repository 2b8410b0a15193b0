"""Ctrl-C and SIGTERM end a command, also where the first attempt is lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rtcan_cli.signals import INTERRUPTS

#: Seconds after which rtcan checks whether an interrupt was lost.
_LOOK_AGAIN = 0.5


class ThreadAlarm:
    """Sends the signal that has come again and again from a thread: Windows has no timer for it."""

    numbers: tuple[int, ...] = ()  # it needs no signal of its own

    def __init__(self) -> None:
        self._stopped, self._rang = threading.Event(), False
        self._thread: threading.Thread | None = None

    def start(self, number: int) -> None:
        """Begin with it; a second call is the first one."""

        def ring() -> None:
            while not self._stopped.wait(_LOOK_AGAIN):
                self._rang = True
                signal.raise_signal(number)

        self._thread = threading.Thread(target=ring, daemon=True)
        self._thread.start()

    def rang(self, number: int) -> bool:
        """Whether a signal that has just come is its own."""
        rang, self._rang = self._rang, False
        return rang

    def stop(self) -> None:
        """End it: no signal comes after this, when its handler is another one."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()


if sys.platform == "win32":
    _Alarm = ThreadAlarm
else:

    class TimerAlarm:
        """The timer of the system, which sends SIGALRM again and again."""

        numbers: tuple[int, ...] = (signal.SIGALRM,)

        def start(self, number: int) -> None:
            """Begin with it."""
            signal.setitimer(signal.ITIMER_REAL, _LOOK_AGAIN, _LOOK_AGAIN)

        def rang(self, number: int) -> bool:
            """Whether a signal that has just come is its own."""
            return number == signal.SIGALRM

        def stop(self) -> None:
            """End it."""
            signal.setitimer(signal.ITIMER_REAL, 0)

    _Alarm = TimerAlarm


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
        If the body was interrupted, or this function as it ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted, left, late, alarm = False, False, False, _Alarm()

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted, late
        if alarm.rang(number):
            return look_again()
        if left:  # raised when all is as it was before
            late = True
            return
        if not interrupted:
            interrupted = True
            alarm.start(number)
        raise KeyboardInterrupt

    def look_again() -> None:
        if left:
            return
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
    ours = [number for number in INTERRUPTS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in (*ours, *alarm.numbers)}
    try:
        yield
    except Exception as error:
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        left = True
        alarm.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook
        if late:
            raise KeyboardInterrupt

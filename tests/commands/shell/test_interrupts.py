"""Interrupts that a library swallows, or turns into another error."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import weakref

import pytest

from rtcan_cli import platforms
from rtcan_cli.commands.shell import interrupts
from rtcan_cli.commands.shell.interrupts import interruptible
from rtcan_cli.signals import INTERRUPTS

# Long enough never to be reached, short enough to end a broken test.
FOREVER = 10.0


@pytest.fixture(params=["timer", "thread"], autouse=True)
def alarm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Looks for lost interrupts by a timer, or, as on Windows, by a thread."""
    if request.param == "thread":
        monkeypatch.setattr(interrupts, "_Alarm", interrupts.ThreadAlarm)
    elif platforms.OPEN_FILES_STAY:
        pytest.skip("Windows has no such timer")
    return str(request.param)


def work_on() -> None:
    """What a command does that does not know that it was to end."""
    deadline = time.monotonic() + FOREVER
    while time.monotonic() < deadline:
        time.sleep(0.01)
    # Not an Exception, which would count as an interrupt that was turned into an error.
    pytest.fail("the interrupt was lost")


class Interrupting:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def in_a_finaliser() -> None:
    Interrupting()


def in_a_weak_reference() -> None:
    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    assert reference() is None


def in_a_broad_except() -> None:
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("swallow", [in_a_finaliser, in_a_weak_reference, in_a_broad_except])
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_is_swallowed_comes_again(swallow) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), interruptible():
        swallow()
        work_on()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    deadline = time.monotonic() + FOREVER
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == threads


def test_tidying_up_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtcan_cli.commands.shell.interrupts._LOOK_AGAIN", 0.01)
    tidied = []

    def generator():
        try:
            yield
        finally:
            time.sleep(0.1)
            tidied.append("generator")

    def body() -> None:
        waiting = generator()
        next(waiting)
        try:
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                time.sleep(0.1)
                tidied.append("finally")
        finally:
            waiting.close()

    with pytest.raises(KeyboardInterrupt), interruptible():
        body()
    assert tidied == ["finally", "generator"]


def test_an_interrupt_turned_into_an_error_is_an_interrupt() -> None:
    def body() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("numpy._core.multiarray failed to import") from None

    with pytest.raises(KeyboardInterrupt), interruptible():
        body()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ZeroDivisionError), interruptible():
        raise ZeroDivisionError


def test_another_thread_may_run_commands() -> None:
    ran = []

    def body() -> None:
        with interruptible():
            ran.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert ran == [True]


def test_an_interrupt_at_the_very_end_leaves_all_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = interrupts._Alarm

    class Late(kind):  # type: ignore[misc, valid-type]
        def stop(self) -> None:
            super().stop()
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(interrupts, "_Alarm", Late)
    before = {number: signal.getsignal(number) for number in (*INTERRUPTS, *kind.numbers)}
    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), interruptible():
        pass
    assert {number: signal.getsignal(number) for number in before} == before
    assert threading.active_count() == threads
    if kind.numbers:
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

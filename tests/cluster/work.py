"""What tests have the workers of a cluster do: they find it by its name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from rtcan_cli.cluster.worker import keep, stop_if_unwanted
from rtcan_cli.errors import RtcanError

# Long enough never to be reached, short enough to end a broken test.
FOREVER = 60.0


def square(x):
    return x * x


def process(_):
    return os.getpid()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + FOREVER
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)


def wait_unless_first(x, path):
    if x > 0:
        wait_for(path)
    return x


def note(folder: Path, what: str) -> None:
    """Leave a trace that the test can count."""
    (folder / f"{what}-{os.getpid()}-{time.monotonic_ns()}").touch()


def traces(folder: Path, what: str) -> int:
    return len(list(folder.glob(f"{what}-*")))


def divide(x, folder):
    note(folder, f"try{x}")
    return 12 // x


def refuse_three(x, folder):
    note(folder, f"try{x}")
    if x == 3:
        raise RtcanError("item three is broken", "mend it")
    return x


def die_once(x, folder):
    """Kill the worker the first time."""
    number, array = x
    if number == 1 and not traces(folder, "died"):
        note(folder, "died")
        os.kill(os.getpid(), signal.SIGKILL)
    return number, float(array.sum())


def die_always(x, folder):
    if x == 5:
        note(folder, "died")
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def note_and_keep(array, folder):
    note(folder, "kept")
    return keep(array)


def last_of(item):
    """Last number of an array, and whether it is as arrays usually are."""
    _, array = item
    return float(array[-1]), array.flags.aligned and array.flags.writeable


def go_on_while_wanted(x, folder):
    if x == 0:
        return x
    note(folder, "started")
    deadline = time.monotonic() + FOREVER
    while time.monotonic() < deadline:
        time.sleep(0.02)
        try:
            stop_if_unwanted()
        except RuntimeError:
            note(folder, "stopped")
            raise
    return x


def describe_but_one(block, onset, window, poison):
    """As `describe_block`, but one recording makes it fail."""
    from rtcan_cli.steps.signals.eda_features_work import describe_block

    if any(np.array_equal(each.signals["original"], poison) for each in block):
        raise ZeroDivisionError("poison")
    return describe_block(block, onset, window)

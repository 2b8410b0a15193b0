"""A command that stops for breath, so that a test can interrupt it on a machine of any speed."""

from __future__ import annotations

BLOCK = 5_000
"""Samples that `decompose` keeps at a time; few enough for several blocks of the tests' data."""

HOLD = f"""
import time
import rtcan_cli.steps.signals.blocks
from rtcan_cli.app import main

work = rtcan_cli.steps.signals.blocks.map_unordered


def work_and_wait(*arguments, **options):
    for done, result in enumerate(work(*arguments, **options), start=1):
        yield result
        # In short steps: a signal that comes just before a sleep begins is handled after it.
        for _ in range(6000 if done == 3 else 0):
            time.sleep(0.1)


rtcan_cli.steps.signals.blocks.map_unordered = work_and_wait
rtcan_cli.steps.signals.blocks._BLOCK = {BLOCK}
main()
"""
"""Program for ``python -c``: takes three pieces of finished work, then waits for ten minutes."""

HOLD_TRAINING = """
import time
import rtcan_cli.steps.training.units as units
from rtcan_cli.app import main

save, work = units.PartialSink.save, units.map_unordered


def wait():
    for _ in range(6000):
        time.sleep(0.1)


def save_and_wait(sink, fold, checkpoint):
    save(sink, fold, checkpoint)
    if fold == 1:
        wait()


def work_and_wait(*arguments, **options):
    for each in work(*arguments, **options):
        wait()
        yield each


units.PartialSink.save = save_and_wait
units.map_unordered = work_and_wait
main()
"""
"""The same for `train`: it waits in the second fold or, with workers, before it keeps a result."""

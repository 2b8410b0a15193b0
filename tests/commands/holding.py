"""A command that stops for breath, so that a test can interrupt it on a machine of any speed."""

from __future__ import annotations

BLOCK = 5_000
"""Samples that `decompose` keeps at a time; few enough for several blocks of the tests' data."""

HOLD = f"""
import sys, time
import rtcan_cli.steps.decompose
from rtcan_cli.app import main
from rtcan_cli.stores.partial import Partial

keep = Partial.put
kept = []


def keep_and_wait(self, *arguments):
    keep(self, *arguments)
    kept.append(arguments[0])
    if len(kept) == 3:
        time.sleep(600)


Partial.put = keep_and_wait
rtcan_cli.steps.decompose._BLOCK = {BLOCK}
main()
"""
"""Program for ``python -c``: keeps three pieces of finished work, then waits for ten minutes."""

"""A short version of benchmarks/crashes.py: the commands that are quick, some of each hit."""

from __future__ import annotations

import random

import pytest

from benchmarks.crash_ground import CASES, Case, Ground, between
from benchmarks.crashes import WRONG, Tally, Test, flip, full_disk, hit, two_at_once

QUICK = {case.name: case for case in CASES if case.name in ("ingest", "relabel")}
KILL = ("group", "process")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("ground"), list(QUICK.values()))


def run(test: Test, ground: Ground, case: Case, times: int) -> Tally:
    """Nothing may be wrong."""
    tally = Tally()
    for i in range(times):
        test(ground, case, random.Random(f"{case.name} {i}"), tally)
    assert {kind: tally[kind] for kind in WRONG} == dict.fromkeys(WRONG, 0)
    return tally


@pytest.mark.long  # commands as processes of their own, several times
@pytest.mark.parametrize("name", QUICK)
def test_a_killed_command_loses_nothing(ground: Ground, name: str) -> None:
    run(lambda *given: hit(KILL, *given), ground, QUICK[name], 2)


@pytest.mark.long
def test_a_full_disk_loses_nothing(ground: Ground) -> None:
    assert run(full_disk, ground, QUICK["ingest"], 1)["full"] == 1


@pytest.mark.long
def test_two_at_once_do_not_mix(ground: Ground) -> None:
    assert run(two_at_once, ground, QUICK["ingest"], 1)["pairs"] == 1


@pytest.mark.long
def test_a_changed_bit_is_found_or_does_not_matter(ground: Ground) -> None:
    assert run(flip, ground, QUICK["ingest"], 30)["found"] > 10


def test_what_is_neither_old_nor_new_would_be_found() -> None:
    before, after = {"a": "1", "b": "1"}, {"a": "2", "c": "2"}
    assert between({"a": "1", "b": "1", "c": "2"}, before, after) == []
    assert between({"a": "3", "d": "1"}, before, after) == ["a", "d"]
    assert between({"b": "1"}, before, after) == ["a"]

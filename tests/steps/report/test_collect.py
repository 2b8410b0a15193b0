"""What page one says of runs and parts that do not show in its scores."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from rtcan_cli.steps.report import collect
from rtcan_cli.stores import Workspace
from tests.runs.finished_runs import finish_run

ANSWER = cast(Any, SimpleNamespace(dataset="pmemo", simulated=True))


def test_runs_that_were_not_named_are_not_forgotten(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for name in ("one", "two", "three"):
        finish_run(runs, name)
    stores = Workspace(tmp_path)
    (note,) = collect._uncounted(stores, ANSWER, ["one"])
    assert "2 others of this dataset" in note.text
    assert collect._uncounted(stores, ANSWER, []) == []  # none was named: all are counted
    assert collect._uncounted(stores, ANSWER, ["one", "two", "three"]) == []


def contributions(simulated: bool, *verdicts: tuple[str, str]) -> Any:
    parts = pd.DataFrame(verdicts, columns=["part", "verdict"]).assign(target="arousal")
    run = SimpleNamespace(dataset="pmemo", simulated=simulated, name="Rf")
    return SimpleNamespace(run=run, parts=parts)


def test_a_part_that_is_not_used_is_named_on_page_one() -> None:
    used = contributions(True, ("EDA", "ignored"), ("music", "helps"))
    of_others = contributions(False, ("EDA", "ignored"), ("music", "ignored"))
    (note,) = collect._unused(ANSWER, [used, of_others])
    assert note.text.startswith("EDA and music, arousal: EDA is ignored by Rf")
    both = contributions(True, ("EDA", "helps"), ("music", "hardly_used"))
    assert ["hardly used" in each.text for each in collect._unused(ANSWER, [both])] == [True]

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.eda.window import Window
from rtcan_cli.runs.labels import label_of, labels_of
from rtcan_cli.runs.run import Run
from rtcan_cli.training.recipes import RECIPES
from tests.runs.finished_runs import SETTINGS, finish_run


def runs(folder: Path, *changes: dict[str, Any]) -> list[Run]:
    return [Run.load(finish_run(folder, f"run-{k}", **each)) for k, each in enumerate(changes)]


@pytest.mark.parametrize(
    ("changed", "label"),
    [
        ({}, "RTCAN-1D, EDA"),
        ({"fusion": "music"}, "RTCAN-1D, EDA + music"),
        ({"spec": replace(SETTINGS.spec, variant="Rb")}, "RTCAN-1D (Rb), EDA"),
        ({"window": Window.parse("first:30")}, "RTCAN-1D, EDA, first:30"),
        ({"spec": replace(SETTINGS.spec, model="song-prior"), "recipe": None}, "song-prior"),
    ],
)
def test_a_run_is_called_by_model_and_inputs(
    changed: dict[str, Any], label: str, tmp_path: Path
) -> None:
    (run,) = runs(tmp_path, changed)
    assert label_of(run) == label


def test_equal_labels_say_what_differs_and_others_stay_short(tmp_path: Path) -> None:
    found = labels_of(
        runs(
            tmp_path,
            {"seed": 1},
            {"seed": 2, "subjects": "40%"},
            {"fusion": "music"},
            {"spec": replace(SETTINGS.spec, depth=3), "recipe": RECIPES["paper"], "seed": 1},
        )
    )
    assert found[2] == "RTCAN-1D, EDA + music"
    assert len(set(found)) == 4
    assert "seed 2" in found[1]
    assert "40% of subjects" in found[1]
    assert "all subjects" in found[0]
    assert "recipe paper" in found[3]
    assert "depth 3" in found[3]


def test_runs_with_the_same_settings_keep_the_end_of_their_names(tmp_path: Path) -> None:
    found = labels_of(runs(tmp_path, {}, {"inputs": {"labels": "other"}}))
    assert found == ["RTCAN-1D, EDA (0)", "RTCAN-1D, EDA (1)"]


def test_a_subject_is_not_named(tmp_path: Path) -> None:
    found = labels_of(runs(tmp_path, {"test_subject": "S01"}, {}))
    assert not any("S01" in label for label in found)

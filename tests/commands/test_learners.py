"""Models that fit themselves, from the command line to tables and figures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Workspace
from tests.conftest import must, rtcan

NAMES = "svm-eda,svm-music,svm-gsr,song-prior,logistic,boosting,majority"


@pytest.fixture(scope="module")
def fitted(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Run]]:
    """A workspace with a run of each, by model."""
    workspace = tmp_path_factory.mktemp("fitted") / "stores"
    shutil.copytree(prepared, workspace)
    must("eda-features", "-w", workspace, "--jobs", "1")
    options = ("--folds", "3", "--target", "arousal", "--jobs", "1", "--json")
    outcome = must("train", "-w", workspace, "--model", NAMES, *options)
    result = json.loads(outcome.stdout)
    assert result["varied"] == ["model", "fusion"]
    models = {row["run"]: row["model"] for row in result["settings"]}
    steps = {models[row["run"]]: row["chosen_step"] for row in result["validation"]}
    assert {row["step"] for row in result["validation"]} == {None, "tree"}
    assert steps["boosting"] >= 1
    assert {step for name, step in steps.items() if name != "boosting"} == {None}
    runs = [Run.load(path) for path in (workspace / "pmemo" / "runs").glob("*.h5")]
    return workspace, {run.settings.spec.model: run for run in runs}


def test_all_are_scored_and_compared(
    fitted: tuple[Path, dict[str, Run]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.plots.save.save", lambda figure, path, *_: [path])
    workspace, runs = fitted
    assert set(runs) == set(NAMES.split(","))
    for run in runs.values():
        assert run.predictions["probability"].between(0, 1).all()
    must("info", runs["song-prior"].path)
    outcome = must("compare", "-w", workspace, "--paper", "-o", tmp_path, "--json")
    paper = {row["run"]: row["paper_accuracy"] for row in json.loads(outcome.stdout)["scores"]}
    assert len(paper) == len(runs)
    assert paper[runs["svm-eda"].name] == pytest.approx(0.6095)
    assert paper[runs["svm-music"].name] == pytest.approx(0.7149)
    assert paper[runs["boosting"].name] is None


def test_only_what_learns_in_steps_has_learning_curves(
    fitted: tuple[Path, dict[str, Run]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    drawn: dict[str, Any] = {}

    def keep(figure: Any, path: Path, *_: Any) -> list[Path]:
        drawn[path.name] = figure
        return [path]

    monkeypatch.setattr("rtcan_cli.plots.save.save", keep)
    for name in ("boosting", "logistic"):
        drawn.clear()
        outcome = must("evaluate", fitted[1][name].path, "-o", tmp_path / name)
        assert "roc_arousal" in drawn
        assert ("learning_curves_arousal" in drawn) == (name == "boosting")
        if name == "boosting":
            assert drawn["learning_curves_arousal"].axes[0].get_xlabel() == "tree"
        assert ("chosen on validation folds: C=" in outcome.stdout) == (name == "logistic")


def test_stored_arrays_answer_as_stored(fitted: tuple[Path, dict[str, Run]]) -> None:
    from rtcan_cli.runs.inputs import sources_for, training_data

    workspace, runs = fitted
    for name, run in runs.items():
        sources = sources_for(run.settings, Workspace(workspace), "pmemo")
        data, _ = training_data(sources, "arousal", 3.0, 96, run.settings.model.features)
        trials = run.trials("arousal")
        for fold, roles in run.roles("arousal").items():
            answer = run.model_of_fold("arousal", fold).probability(data.take(roles.test))
            stored = trials["probability"].to_numpy()[roles.test]
            np.testing.assert_allclose(answer, stored, atol=1e-6, err_msg=name)


def test_what_makes_no_sense_is_one_clear_line(fitted: tuple[Path, dict[str, Run]]) -> None:
    workspace, runs = fitted
    outcome = rtcan("train", "-w", workspace, "--model", "subject-prior")
    assert outcome.exit_code == 1
    assert "--protocol trial or stimulus" in outcome.stderr
    outcome = rtcan("train", "-w", workspace, "--model", "svm-eda", "--epochs", "3")
    assert outcome.exit_code == 2
    outcome = rtcan("gradcam", runs["svm-eda"].path, "--subject", "1", "--stimulus", "1")
    assert outcome.exit_code in (1, 2)
    must(
        "train",
        "-w",
        workspace,
        "--model",
        "subject-prior",
        "--protocol",
        "stimulus",
        "--folds",
        "3",
        "--jobs",
        "1",
    )

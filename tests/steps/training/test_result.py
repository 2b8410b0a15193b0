"""What `train` answers of runs that are there: data, and the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtcan_cli import views
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import as_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training.result import training_result
from rtcan_cli.training.folds.splits import VALIDATION
from rtcan_cli.views.layout import table_lines
from tests.runs.finished_runs import finish_run


def test_validation_folds_are_described_by_their_chosen_epochs(tmp_path: Path) -> None:
    path = finish_run(tmp_path, "run", folds=(1, 4))
    run, result = Run.load(path), training_result([path])
    assert result.varied == ()
    assert result.validation["target"].tolist() == ["valence", "arousal"]
    for row in result.validation.to_dict("records"):
        roles = run.splits(row["target"]).role[:, [0, 3]]
        models = run.models[run.models["target"] == row["target"]]
        chosen = run.epochs[run.epochs["target"] == row["target"]].set_index(["fold", "epoch"])
        chosen = chosen.loc[list(zip(models["fold"], models["best_epoch"], strict=True))]
        assert row["n_folds"] == 2
        assert row["n_trials"] == (roles == VALIDATION).sum()
        assert row["chosen_step"] == models["best_epoch"].median()
        assert row["loss"] == pytest.approx(chosen["validation_loss"].mean())
        assert row["accuracy"] == pytest.approx(chosen["validation_accuracy"].mean())
    (settings,) = result.settings.to_dict("records")
    assert settings["training_seconds"] == pytest.approx(run.models["seconds"].sum())
    assert settings["n_subjects"] == run.predictions["subject"].nunique()
    assert result.notes[-1].command == f"rtcan evaluate {path}"


def test_keys_are_the_same_for_simulated_and_real_data(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, f"run{flag}", simulated=flag) for flag in (False, True)]
    real, simulated = (as_data(training_result([path])) for path in paths)
    assert [each["runs"][0]["simulated"] for each in (real, simulated)] == [False, True]
    assert list(real) == list(simulated)
    for name in ("runs", "settings", "validation"):
        assert list(real[name][0]) == list(simulated[name][0])
    assert isinstance(real["settings"][0]["depth"], int)
    assert isinstance(real["validation"][0]["accuracy"], float)


@pytest.mark.parametrize("simulated", [True, False])
def test_the_page_says_whether_data_are_simulated(tmp_path: Path, simulated: bool) -> None:
    paths = [finish_run(tmp_path, name, simulated=simulated) for name in ("one", "two")]
    for count in (1, 2):
        page = views.page(training_result(paths[:count]))
        assert str(page.facts["dataset"]).endswith("(simulated)") == simulated
        (table,) = page.tables
        assert table.title.endswith(", simulated data") == simulated


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_a_terminal(tmp_path: Path, width: int) -> None:
    paths = [finish_run(tmp_path, f"Rf-eda+music-both-{i}", seed=i) for i in range(2)]
    for count in (1, 2):
        (table,) = views.page(training_result(paths[:count])).tables
        lines = table_lines(table, width)
        assert max(map(len, lines)) <= width
        words = {word for line in lines for word in line.split()}
        assert {word for head in table.columns for word in head.split()} <= words


def test_models_with_and_without_steps_stand_in_one_table(tmp_path: Path) -> None:
    majority = ModelSpec(model="majority")
    paths = [
        finish_run(tmp_path, "network"),
        finish_run(tmp_path, "baseline", spec=majority, recipe=None),
    ]
    result = training_result(paths)
    page = views.page(result)
    (table,) = page.tables
    assert table.title.startswith("Validation folds at the chosen epoch")
    assert "median epoch" in table.columns
    assert {row["model"] for row in result.settings.to_dict("records")} == {"rtcan", "majority"}
    json.dumps(as_data(result), allow_nan=False)

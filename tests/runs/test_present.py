"""Stores that were made from what is gone, and runs that were trained on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from rtcan_cli.runs.present import outdated, outdated_notes
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training.plan import Planner, RunPlan
from tests.conftest import must, rtcan

MAJORITY = ("--model", "majority", "--folds", "3")
LOGISTIC = ("--model", "logistic", "--folds", "3", "--target", "arousal")


@pytest.fixture
def reread(
    prepared: Path, raw_pmemo: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> Path:
    """A workspace whose recordings were read again, a little shorter, and nothing else."""
    workspace, raw = copy_of(prepared), Path(shutil.copytree(raw_pmemo, tmp_path / "raw"))
    file = min(raw.rglob("*_V.csv"))
    file.write_text("".join(file.read_text("utf-8").splitlines(True)[:-1]), "utf-8")
    must("ingest", "pmemo", raw, "-w", workspace)
    return workspace


def test_nothing_is_trained_on_stores_of_recordings_that_were_replaced(reread: Path) -> None:
    outcome = rtcan("train", "-w", reread, *MAJORITY)
    assert outcome.exit_code == 1
    store = reread / "pmemo" / "labels.h5"
    assert f"{store}: was not made from {store.with_name('recordings.h5')}" in outcome.stderr
    assert "rtcan relabel --dataset pmemo" in outcome.stderr
    must("relabel", "-w", reread)
    must("train", "-w", reread, *MAJORITY)


def test_nothing_is_trained_on_features_of_another_decomposition(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    must("eda-features", "-w", workspace, "--jobs", "1")
    must("train", "-w", workspace, *LOGISTIC)
    must("decompose", "-w", workspace, "--jobs", "1", "--method", "highpass")
    for line in (("train", *LOGISTIC), ("predict", "--dataset", "pmemo")):
        outcome = rtcan(*line, "-w", workspace)
        assert outcome.exit_code == 1
        assert "features.h5: was not made from" in outcome.stderr
        assert "rtcan eda-features --dataset pmemo" in outcome.stderr


def test_stores_that_lie_alone_are_used(reread: Path) -> None:
    (reread / "pmemo" / "recordings.h5").unlink()
    must("train", "-w", reread, "--dataset", "pmemo", *MAJORITY)


def test_scores_of_a_run_say_what_has_changed_since(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    must("train", "-w", workspace, *MAJORITY)
    must("train", "-w", workspace, *MAJORITY, "--seed", "1")
    first, second = (Run.load(path) for path in sorted((workspace / "pmemo/runs").glob("*.h5")))
    assert outdated([first, second]) == []
    assert "trained before" not in must("evaluate", first.name, "-w", workspace).stdout
    must("relabel", "-w", workspace, "--method", "fixed")
    said = must("evaluate", first.name, "-w", workspace).stdout
    assert f"{first.name} was trained before labels changed" in said
    both = " ".join(must("compare", "-w", workspace).stdout.split())
    assert "were trained before labels changed" in both
    assert [changed for _, changed in outdated([first, second])] == [("labels",)] * 2
    (note,) = outdated_notes([first])
    assert note.command == first.line()
    must("train", "-w", workspace, *MAJORITY, "--seed", str(first.settings.seed))
    assert outdated([Run.load(first.path)]) == []


def test_what_changed_behind_an_input_counts(reread: Path, trained: Path) -> None:
    (path,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    run = reread / "pmemo" / "runs" / path.name
    run.parent.mkdir()
    run.write_bytes(path.read_bytes())
    (found,) = outdated([Run.load(run)])
    assert found[1] == ("recordings",)


def test_stores_that_another_process_replaces_are_not_mixed(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run would name the new labels, and be trained on those of the first."""
    workspace, plan = copy_of(prepared), Planner.plan

    def plan_slowly(self: Planner, *args: Any) -> RunPlan:
        planned = plan(self, *args)
        must("relabel", "-w", workspace, "--method", "fixed")
        return planned

    monkeypatch.setattr(Planner, "plan", plan_slowly)
    outcome = rtcan("train", "-w", workspace, "--model", "majority,song-prior", "--folds", "3")
    assert outcome.exit_code == 1
    assert "labels.h5: was changed by another process" in outcome.stderr
    assert not list((workspace / "pmemo").glob("runs/*.h5"))
    # By now all stores are those of the second labels.
    must("train", "-w", workspace, "--model", "majority,song-prior", "--folds", "3")


def test_labels_that_were_edited_in_their_store_are_refused(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    """By its content id the store would be the old one, and the run would be done already."""
    workspace = copy_of(prepared)
    must("train", "-w", workspace, *MAJORITY)
    with h5py.File(workspace / "pmemo" / "labels.h5", "r+") as h5:
        h5["labels/valence"][0] = 1 - h5["labels/valence"][0]
    outcome = rtcan("train", "-w", workspace, *MAJORITY)
    assert outcome.exit_code == 1
    assert "labels.h5: its data do not match its content id" in outcome.stderr
    assert "rtcan relabel" in outcome.stderr

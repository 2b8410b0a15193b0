"""The state of a workspace, and what to run next."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rtcan_cli.training.fit as training_fit
from rtcan_cli import views
from rtcan_cli.results.base import as_data
from rtcan_cli.results.overview.workspace import WorkspaceState
from rtcan_cli.steps.overview.workspace import workspace_state
from rtcan_cli.steps.training.begun import result_name
from rtcan_cli.stores import Partial
from rtcan_cli.views.layout import table_lines
from tests.conftest import SMALL_TRAINING, must, rtcan
from tests.runs.finished_runs import finish_run
from tests.steps.training.test_begun import TOLD, keep
from tests.stores.test_content import write_recordings
from tests.views.rows import rows_of


def detail(state: WorkspaceState, name: str) -> str:
    """What a person reads of a store, or of a run."""
    table = views.page(state).tables[0]
    return next(row["detail"] for row in rows_of(table) if name in (row["store"], row["run"]))


def row(state: WorkspaceState, name: str) -> dict[str, Any]:
    """What the data say of it."""
    return next(each for each in as_data(state)["steps"] if name in (each["store"], each["run"]))


@pytest.fixture
def two_runs(tmp_path: Path) -> WorkspaceState:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    write_recordings(tmp_path / "pmemo" / "recordings.h5").__exit__(None, None, None)
    finish_run(runs, "one-fold", folds=(2,))
    finish_run(runs, "whole")
    return workspace_state(tmp_path)


def test_a_run_of_some_folds_is_told_from_a_whole_one(two_runs: WorkspaceState) -> None:
    for name, n_trained in (("one-fold", 1), ("whole", 5)):
        found = row(two_runs, name)
        assert (found["n_trained"], found["n_folds"]) == (n_trained, 5)
    assert detail(two_runs, "one-fold").endswith(", 1 of 5 folds")
    assert "fold" not in detail(two_runs, "whole")


def test_what_is_made_says_when(two_runs: WorkspaceState) -> None:
    made = row(two_runs, "recordings")
    assert (made["state"], made["detail"], made["n_folds"]) == ("done", None, None)
    assert detail(two_runs, "recordings") == f"made {made['created'][:16].replace('T', ' ')} UTC"
    assert row(two_runs, "labels")["created"] is None


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(two_runs: WorkspaceState, width: int) -> None:
    (table,) = views.page(two_runs).tables
    assert max(map(len, table_lines(table, width))) <= width


def test_without_a_dataset_there_are_two_ways_to_begin(tmp_path: Path) -> None:
    state = workspace_state(tmp_path)
    assert (state.datasets, len(state.steps)) == ((), 0)
    ingest, simulate = as_data(state)["next_steps"]
    assert ingest["command"] == f"rtcan ingest pmemo RAW --workspace {tmp_path}"
    assert simulate["command"] == "rtcan simulate pmemo raw/pmemo"
    page = views.page(state)
    assert page.tables == []
    assert page.facts["next"] == (
        f"{ingest['command']}; or {simulate['command']}; for simulated raw files"
    )


def test_unfinished_work_beside_an_older_store_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "pmemo"
    folder.mkdir()
    write_recordings(folder / "recordings.h5").__exit__(None, None, None)
    kept = folder / "recordings.h5.partial"
    kept.mkdir()  # for a lock alone
    assert not row(workspace_state(tmp_path), "recordings")["unfinished"]
    (kept / "0123456789abcdef").mkdir()
    state = workspace_state(tmp_path)
    assert row(state, "recordings")["unfinished"]
    assert detail(state, "recordings").endswith("; unfinished work on another one is kept")
    (folder / "labels.h5.partial" / "0123456789abcdef").mkdir(parents=True)
    state = workspace_state(tmp_path)
    assert row(state, "labels")["state"] == "partial"
    assert detail(state, "labels") == "begun, goes on when run again"


def test_a_training_that_runs_is_told_from_one_that_was_stopped(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    write_recordings(tmp_path / "pmemo" / "recordings.h5").__exit__(None, None, None)
    process = f"process {os.getpid()} on {socket.gethostname()}"
    for name in ("fast", "slow", "new"):
        partial = Partial(runs / f"{name}.h5", "0")
        with partial.held():
            if name != "new":
                TOLD.keep(partial)
                keep(partial, result_name("valence", 0), 10, seconds=46.0)
            state = workspace_state(tmp_path)
            found = row(state, name)
            assert (found["state"], found["process"]) == ("running", process)
            more = "" if name == "new" else ", 1 of 6 folds trained, about 2 min left"
            assert detail(state, name) == f"by {process}{more}"
    # As a process that was killed leaves it: its lock is there, and locks nothing.
    (runs / "slow.h5.partial" / "lock").write_text("process 1 on elsewhere")
    state = workspace_state(tmp_path)
    assert [each["run"] for each in as_data(state)["steps"]][-2:] == ["fast", "slow"]
    assert detail(state, "slow") == "stopped after 1 of 6 folds"
    for each in as_data(state)["trainings"]:
        assert (each["running"], each["seconds_left"]) == (False, None)
        line = f"rtcan train --dataset pmemo --folds 3 --lr 0.5 --workspace {tmp_path}"
        assert each["command"] == line


def test_the_line_that_is_told_goes_on_with_a_training_that_was_stopped(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = copy_of(prepared)
    fit_fold = training_fit.fit_fold

    def interrupted(*rest: Any, **named: Any) -> object:
        if named["fold"] == 1:
            raise KeyboardInterrupt
        return fit_fold(*rest, **named)

    monkeypatch.setattr(training_fit, "fit_fold", interrupted)
    options = (*SMALL_TRAINING, "--target", "arousal", "--clip-norm", "1", "--name", "my run")
    assert rtcan("train", "-w", workspace, *options).exit_code == 130
    monkeypatch.undo()
    state = workspace_state(workspace)
    (training,) = as_data(state)["trainings"]
    assert (training["n_trained"], training["n_planned"]) == (1, 3)
    (following,) = state.next_steps["command"]
    assert following == training["command"]
    said = must(*shlex.split(following)[1:]).stderr
    assert "going on: 1 of 3 models are trained" in said
    state = workspace_state(workspace)
    assert row(state, "my run")["state"] == "done"
    assert len(state.trainings) == 0


def test_a_training_that_kept_nothing_leaves_nothing(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*rest: Any, **named: Any) -> object:
        raise KeyboardInterrupt

    workspace = copy_of(prepared)
    monkeypatch.setattr(training_fit, "fit_fold", interrupted)
    assert rtcan("train", "-w", workspace, *SMALL_TRAINING).exit_code == 130
    assert list(workspace.glob("*/runs/*")) == []


def test_a_step_that_is_being_made_is_waited_for(tmp_path: Path) -> None:
    write = tmp_path / "pmemo"
    write.mkdir()
    write_recordings(write / "recordings.h5").__exit__(None, None, None)
    with Partial(write / "labels.h5", "0").held():
        state = workspace_state(tmp_path)
        assert row(state, "labels")["state"] == "running"
        (words,) = state.next_steps["text"]
        assert words.startswith(f"wait until process {os.getpid()}")
        assert detail(state, "labels").startswith("by process")
    with Partial(write / "recordings.h5", "0").held():
        assert detail(workspace_state(tmp_path), "recordings").endswith("makes it again now")

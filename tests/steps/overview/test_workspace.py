"""The state of a workspace, and what to run next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtcan_cli import views
from rtcan_cli.results.base import as_data
from rtcan_cli.results.overview.workspace import WorkspaceState
from rtcan_cli.steps.overview.workspace import workspace_state
from rtcan_cli.views.layout import table_lines
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings
from tests.views.rows import rows_of


def detail(state: WorkspaceState, name: str) -> str:
    """What a person reads of a store, or of a run."""
    (table,) = views.page(state).tables
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

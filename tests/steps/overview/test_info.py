from __future__ import annotations

from pathlib import Path

from rtcan_cli.steps.overview.info import describe_workspace
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings


def test_a_run_of_some_folds_is_told_from_a_whole_one(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    write_recordings(tmp_path / "pmemo" / "recordings.h5")
    finish_run(runs, "one-fold", folds=(2,))
    finish_run(runs, "whole")
    (table,) = describe_workspace(tmp_path).tables
    details = {row[2]: str(row[3]) for row in table.rows if row[0] == "run"}
    assert details["one-fold"].endswith(", 1 of 5 folds")
    assert "fold" not in details["whole"]


def test_unfinished_work_beside_an_older_store_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "pmemo"
    folder.mkdir()
    write_recordings(folder / "recordings.h5").__exit__(None, None, None)
    kept = folder / "recordings.h5.partial"

    def detail() -> str:
        (table,) = describe_workspace(tmp_path).tables
        return next(str(row[3]) for row in table.rows if row[0] == "recordings")

    kept.mkdir()  # for a lock alone
    assert "unfinished" not in detail()
    (kept / "0123456789abcdef").mkdir()
    assert detail().endswith("; unfinished work on another one is kept")

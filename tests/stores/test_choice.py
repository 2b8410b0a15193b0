"""Which run is taken where none is named, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import pytest

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.stores import Workspace
from rtcan_cli.stores.choice import take
from tests.runs.finished_runs import finish_run

MAJORITY = {"spec": ModelSpec(model="majority"), "recipe": None}
ONE_FOLD = {"folds": (2,)}


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said is printed, whatever the last command of this process was asked for."""
    monkeypatch.setattr(console.verbosity, "quiet", False)


def workspace(root: Path, **runs: dict[str, Any]) -> Workspace:
    """Runs that were made in this order, a day after each other."""
    folder = root / "pmemo" / "runs"
    folder.mkdir(parents=True)
    for day, (name, changed) in enumerate(runs.items(), start=1):
        with h5py.File(finish_run(folder, name, **changed), "r+") as h5:
            h5.attrs["created"] = f"2026-01-{day:02d}T00:00:00"
    return Workspace(root)


def taken(
    root: Path, capsys: pytest.CaptureFixture[str], **runs: dict[str, Any]
) -> tuple[str, str]:
    """The run that is taken of these, and what is said of it."""
    path = workspace(root, **runs).find_run(None, "pmemo")
    return path.stem, " ".join(capsys.readouterr().err.split())


def test_nothing_is_said_of_the_only_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert taken(tmp_path, capsys, only=ONE_FOLD) == ("only", "")


def test_the_newest_of_complete_runs_is_taken_whatever_its_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {"good": {"skill": 4.0}, "poor": {"skill": -4.0}, "other": MAJORITY}
    assert taken(tmp_path, capsys, **runs) == (
        "poor",
        "note: no run was named, so poor is taken, the newest of 2 complete runs of RTCAN-1D. "
        "Name a run to take another one: good, other",
    )


@pytest.mark.parametrize("whole", [{}, MAJORITY], ids=["network", "baseline"])
def test_a_newer_run_of_some_folds_comes_after_a_complete_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], whole: dict[str, Any]
) -> None:
    name, said = taken(tmp_path, capsys, whole=whole, part=ONE_FOLD)
    assert name == "whole"
    model = "of other models" if whole else "of RTCAN-1D"
    assert f"whole is taken, the only complete run {model}. Name a run" in said


def test_a_newer_run_of_some_subjects_comes_after_one_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert taken(tmp_path, capsys, whole={}, part={"subjects": "50%"})[0] == "whole"


def test_without_a_complete_run_it_is_said_that_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, said = taken(tmp_path, capsys, old=ONE_FOLD, new=ONE_FOLD)
    assert name == "new"
    assert "the newest of 2 runs of RTCAN-1D with a part of the folds; no run is complete." in said


def test_what_runs_have_in_common_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = workspace(tmp_path, one={}, other={})
    assert take(stores.runs(), " with a network that tests this trial").stem == "other"
    assert (
        "2 complete runs of RTCAN-1D with a network that tests this trial"
        in capsys.readouterr().err
    )


def test_a_network_comes_before_a_newer_baseline(tmp_path: Path) -> None:
    stores = workspace(tmp_path, network={}, baseline=MAJORITY, part=ONE_FOLD)
    assert [path.stem for path in stores.runs()] == ["part", "baseline", "network"]
    assert [path.stem for path in stores.preferred_runs()] == ["network", "baseline", "part"]


def test_a_name_of_two_datasets_is_answered_with_files_that_every_command_takes(
    tmp_path: Path,
) -> None:
    stores = workspace(tmp_path, twice=ONE_FOLD)
    other = tmp_path / "hku956" / "runs"
    other.mkdir(parents=True)
    (other / "twice.h5").write_bytes((tmp_path / "pmemo" / "runs" / "twice.h5").read_bytes())
    with pytest.raises(RtcanError, match="'twice' exists more than once") as caught:
        stores.find_run("twice", None)
    files = [word for word in (caught.value.hint or "").split() if word.endswith(".h5")]
    found = {stores.find_run(file, None) for file in files}
    assert found == {tmp_path / name / "runs" / "twice.h5" for name in ("hku956", "pmemo")}


def test_runs_with_one_name_are_listed_by_their_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = workspace(tmp_path, twice={}, once={})
    other = tmp_path / "hku956" / "runs"
    other.mkdir(parents=True)
    (other / "twice.h5").write_bytes((tmp_path / "pmemo" / "runs" / "twice.h5").read_bytes())
    assert take(stores.runs()).stem == "once"
    said = " ".join(capsys.readouterr().err.split())
    listed = said.split("take another one: ")[1].split(", ")
    assert {stores.find_run(name, None) for name in listed} == {
        tmp_path / name / "runs" / "twice.h5" for name in ("hku956", "pmemo")
    }

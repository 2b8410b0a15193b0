"""Lines about a store, by where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.command_line import WORKSPACE_VARIABLE
from rtcan_cli.stores.lines import how_to_make_again, line_on_runs, line_that_makes, place_of
from tests.like_windows import POSIX_ONLY


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that is used anyway, with recordings of PMEmo."""
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(tmp_path))
    (tmp_path / "pmemo").mkdir()
    (tmp_path / "pmemo" / "recordings.h5").touch()
    return tmp_path


def test_stores_belong_to_a_workspace_by_their_path(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place_of(root / "deap" / "labels.h5") == (root, "deap")
    assert place_of(root / "deap" / "runs" / "a.h5") == (root, "deap")
    assert place_of(root / "labels.h5") is None
    monkeypatch.chdir(root / "pmemo")
    assert place_of(Path("labels.h5")) == (root, "pmemo")
    assert place_of(Path("runs/a.h5")) == (root, "pmemo")


@POSIX_ONLY  # which has other quotes
def test_a_store_is_made_by_the_line_for_its_place(root: Path) -> None:
    folder = root / "pmemo"
    assert line_that_makes(folder / "labels.h5", "labels") == "rtcan relabel --dataset pmemo"
    assert line_that_makes(folder / "recordings.h5", "recordings") == "rtcan ingest pmemo RAW"
    assert line_that_makes(root / "deap" / "labels.h5", "labels") == "rtcan ingest deap RAW"
    assert line_that_makes(root / "my labels.h5", "labels") == (
        f"rtcan relabel --recordings-store RECORDINGS --output '{root}/my labels.h5'"
    )
    assert how_to_make_again(folder / "components.h5", "components") == (
        "rtcan decompose --dataset pmemo --force, to make it again"
    )
    # Which options made a run, its path does not tell.
    assert "rtcan train" not in how_to_make_again(folder / "runs" / "a.h5", "run")


@POSIX_ONLY  # which has other quotes
def test_runs_are_named_with_their_dataset(root: Path, tmp_path: Path) -> None:
    paths = [root / "pmemo" / "runs" / f"{name}.h5" for name in ("a b", "c")]
    assert line_on_runs("compare", paths) == "rtcan compare 'a b' c --dataset pmemo"
    other = root / "deap" / "runs" / "c.h5"
    assert line_on_runs("evaluate", [other]) == "rtcan evaluate c --dataset deap"
    # Names of several datasets, or of a run that is kept elsewhere, would not be found.
    assert line_on_runs("compare", [paths[1], other]) == f"rtcan compare {paths[1]} {other}"
    assert line_on_runs("evaluate", [tmp_path / "x.h5"]) == f"rtcan evaluate {tmp_path}/x.h5"

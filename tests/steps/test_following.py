"""The line that goes on, at the end of each step."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from rtcan_cli.command_line import CommandLine
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import Result
from rtcan_cli.steps.following import (
    after_attention,
    after_comparison,
    after_scores,
    after_step,
)
from rtcan_cli.stores import Workspace
from tests.conftest import must, rtcan
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings

NOTHING = Result()


def line(result: Result) -> str | None:
    """The line that a result goes on with."""
    found = [note for note in result.notes if note.kind == "next_step"]
    assert all(type(note.command) is CommandLine for note in found)
    return found[0].command if found else None


def test_each_step_leads_to_the_one_that_is_missing(prepared: Path, tmp_path: Path) -> None:
    # All is done already: each summary ends with what `info` says.
    (told,) = json.loads(must("info", "-w", prepared, "--json").stdout)["next_steps"]
    assert shlex.split(told["command"])[:2] == ["rtcan", "train"]
    for step in ("relabel", "decompose", "music-features"):
        assert told["command"] in must(step, "-w", prepared).stdout.splitlines()[-2]
    folder = tmp_path / "pmemo"
    folder.mkdir()
    write_recordings(folder / "recordings.h5").__exit__(None, None, None)
    following = line(after_step(NOTHING, folder / "recordings.h5"))
    assert following == f"rtcan relabel --dataset pmemo --workspace {tmp_path}"


def test_models_that_see_features_follow_these(prepared: Path) -> None:
    store = prepared / "pmemo" / "features.h5"
    following = line(after_step(NOTHING, store, features=True))
    assert following is not None
    words = shlex.split(following)
    assert words[:2] == ["rtcan", "train"]
    assert words[words.index("--model") + 1] == "svm-eda,logistic,boosting"


@pytest.mark.parametrize("place", ["labels.h5", "pmemo/mine.h5"])
def test_of_a_store_that_is_not_a_workspaces_nothing_is_said(tmp_path: Path, place: str) -> None:
    assert line(after_step(NOTHING, tmp_path / place)) is None


def test_scores_lead_to_simple_models_and_then_to_the_comparison(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    finish_run(runs, "one")
    (words,) = [note.text for note in after_scores(NOTHING, runs / "one.h5").notes]
    assert words == "next, what it has to beat, on the same folds"
    following = line(after_scores(NOTHING, runs / "one.h5"))
    assert following is not None
    assert "--model majority,song-prior --splits-from one" in following
    other = finish_run(runs, "other", spec=ModelSpec(model="majority"), recipe=None)
    (runs / "one.h5").rename(tmp_path / "one.h5")
    following = line(after_scores(NOTHING, other))  # nothing has to beat itself
    assert following is not None
    assert "--model song-prior --splits-from other" in following
    (tmp_path / "one.h5").rename(runs / "one.h5")
    following = line(after_scores(NOTHING, runs / "one.h5"))
    assert following == f"rtcan compare --dataset pmemo --workspace {tmp_path}"


def test_simple_models_are_trained_by_the_line(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path, undrawn: None
) -> None:
    workspace = copy_of(trained)
    runs = sorted((workspace / "pmemo" / "runs").iterdir(), key=lambda path: len(path.stem))
    for path in runs[1:]:
        path.unlink()
    said = json.loads(must("evaluate", "-w", workspace, "-o", tmp_path, "--json").stdout)
    (note,) = (each for each in said["notes"] if each["kind"] == "next_step")
    outcome = rtcan(*shlex.split(note["command"])[1:], "--jobs", "1")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(list(runs[0].parent.iterdir())) == 3


def test_scores_of_a_run_on_other_labels_than_there_are_now_say_so(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path, undrawn: None
) -> None:
    workspace = copy_of(trained)

    def stale() -> list[str]:
        said = json.loads(must("evaluate", "-w", workspace, "-o", tmp_path, "--json").stdout)
        return [each["text"] for each in said["notes"] if each["kind"] == "stale_run"]

    assert stale() == []
    must("relabel", "-w", workspace, "--method", "median")
    (text,) = stale()
    assert text.endswith(" was trained before labels changed")
    (workspace / "pmemo" / "labels.h5").unlink()  # what is not here has not changed
    assert stale() == []


def test_maps_lead_to_those_of_all_trials_and_to_their_check(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    run = finish_run(runs, "Rf")
    for every, option in ((False, "--all"), (True, "--check")):
        following = line(after_attention(NOTHING, run, every=every))
        assert following == f"rtcan gradcam Rf --dataset pmemo {option} --workspace {tmp_path}"


def test_a_comparison_leads_to_the_page_of_the_same_runs(tmp_path: Path) -> None:
    following = line(after_comparison(NOTHING, Workspace(tmp_path), "pmemo", ["a b", "c"]))
    assert following == f"rtcan report 'a b' c --dataset pmemo --workspace {tmp_path}"

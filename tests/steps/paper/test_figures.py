"""The paper's figures: of what they are, unless one says, and what is said where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.paper import Paper
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.paper.figures import Trial, paper_figures
from rtcan_cli.stores import Workspace
from tests.conftest import SONG, SUBJECT
from tests.runs.finished_runs import finish_run


def draw(root: Path, folder: Path, *numbers: int, **trial: str) -> Paper:
    stores = Workspace(root)
    return paper_figures(stores, stores.runs(), numbers, folder, Trial(**trial))


@pytest.mark.long
def test_another_trial_may_be_asked_for(trained: Path, tmp_path: Path) -> None:
    (whole,) = (run for path in Workspace(trained).runs() if (run := Run.load(path)).is_complete)
    others = set(zip(whole.predictions["subject"], whole.predictions["stimulus"], strict=True))
    subject, stimulus = max(each for each in others if each != (SUBJECT, SONG))
    report = draw(trained, tmp_path, 3, 6, subject=subject, stimulus=stimulus)
    assert {path.stem for path in report.files} == {
        f"labels_subject_{subject}",
        f"attention_heat_valence_subject_{subject}_music_{stimulus}",
        f"attention_valence_subject_{subject}_music_{stimulus}",  # its numbers
    }
    assert {path.suffix for path in report.files} == {".png", ".svg", ".pdf", ".csv"}
    # Nothing else was drawn, and what is said of the trial is said of this target.
    assert set(report.files) == set(tmp_path.rglob("*.*"))
    assert report.attention is not None
    assert set(report.attention.files) < set(report.files)
    assert set(report.attention.decisions["target"]) == {"valence"}
    assert "simulated" in views.page(report).tables[0].title


def test_what_is_not_there_is_named_and_the_rest_is_drawn(trained: Path, tmp_path: Path) -> None:
    report = draw(trained, tmp_path, 3, 4)
    assert {path.stem for path in report.files} == {f"labels_subject_{SUBJECT}"}
    (note,) = report.notes
    assert note.kind == "not_shown"
    assert note.text.startswith("Fig. 4 is not shown: no model was trained on several numbers")
    line = note.command or ""
    assert line.startswith("rtcan train --dataset pmemo --recipe tuned --folds 3")
    assert line.endswith(f"--subjects 40%,70%,100% --workspace {trained}")
    assert report.scaling is None
    with pytest.raises(RtcanError, match=r"no run of the paper's network .* tests 999") as caught:
        draw(trained, tmp_path, 6, 7, subject="999")
    assert "--variant Rb,Rd,Rf" in (caught.value.hint or "")
    with pytest.raises(RtcanError, match="subject '999' has no labels"):
        draw(trained, tmp_path, 3, subject="999")


def test_networks_that_knew_the_subject_are_not_asked(tmp_path: Path) -> None:
    runs = tmp_path / "pmemo" / "runs"
    runs.mkdir(parents=True)
    finish_run(runs, "leaks", protocol="trial")
    with pytest.raises(RtcanError, match=r"no run of the paper's network .* tests any trial"):
        draw(tmp_path, tmp_path / "out", 5)


def test_a_workspace_without_labels_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="no dataset has been ingested"):
        draw(tmp_path, tmp_path / "out", 3)

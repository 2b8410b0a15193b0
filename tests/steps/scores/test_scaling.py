"""Runs on more and more subjects: which belong together, what is shown, what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.plots.scaling import ScalingCurve
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import SplitsFrom
from rtcan_cli.steps.scores.scaling import follow_subjects
from rtcan_cli.views.layout import table_lines
from tests.runs.finished_runs import finish_run

SHARES = {"25%": 3, "50%": 6, "75%": 9, None: 12}


def series(folder: Path, n: int, mark: str = "", **changed: object) -> list[Run]:
    """The n smallest shares of the subjects, all subjects first."""
    shares = list(SHARES)[-n:][::-1]
    return [
        Run.load(
            finish_run(
                folder,
                f"{mark}{share or 'all'}",
                subjects=share,
                n_subjects=SHARES[share],
                n_folds=3,
                **changed,
            )
        )
        for share in shares
    ]


@pytest.mark.long
def test_accuracy_is_followed_over_the_numbers_of_subjects(tmp_path: Path) -> None:
    runs = series(tmp_path, 4)
    report = follow_subjects(runs, tmp_path / "out")
    points = report.accuracy.query("what == 'measured' and target == 'arousal'")
    rows = points.to_dict("records")
    assert [row["n_subjects"] for row in rows] == [3, 6, 9, 12]
    for row, run in zip(rows, reversed(runs), strict=True):
        trials = run.trials("arousal")
        right = (trials["probability"] > 0.5) == (trials["label"] == 1)
        assert row["accuracy"] == pytest.approx(right.mean())
        assert row["low"] < row["accuracy"] < row["high"]
    far = report.extrapolation
    assert set(zip(far["model"], far["law"], far["n_subjects"], strict=True)) == {
        ("RTCAG", "power law", 24)
    }
    assert [note.kind for note in report.notes] == ["law_is_a_guess", "intervals"]
    assert "stands on 4 points" in report.notes[0].text
    names = {path.name for path in report.files}
    assert {"figure4.csv", "figure4_pmemo_simulated.svg"} <= names
    csv = pd.read_csv(tmp_path / "out" / "figure4.csv")
    assert csv["simulated"].all()
    assert set(csv["what"]) == {"measured", "law"}
    assert np.isclose(csv.loc[csv["what"] == "law", "n_subjects"].max(), 24)
    tables = views.page(report).tables
    assert all("(simulated)" in table.title for table in tables)
    assert len(tables) == 2
    for width in (60, 80, 120):
        for table in tables:
            assert max(map(len, table_lines(table, width))) <= width


@pytest.mark.parametrize(("n", "said"), [(2, "no law is fitted"), (3, "a straight line in log n")])
def test_few_points_bear_a_simpler_law_or_none(tmp_path: Path, n: int, said: str) -> None:
    report = follow_subjects(series(tmp_path, n))
    assert len(report.extrapolation) == (0 if n == 2 else 2)
    assert len(views.page(report).tables) == (1 if n == 2 else 2)
    (note,) = (note.text for note in report.notes if note.kind == "too_few_points")
    assert f"{n} numbers of subjects" in note
    assert said in note


def test_runs_that_differ_in_more_are_not_followed(tmp_path: Path) -> None:
    (whole,) = series(tmp_path, 1)
    other = series(tmp_path, 2, mark="seed", seed=1)[1]
    with pytest.raises(RtcanError, match="no model was trained on several numbers") as caught:
        follow_subjects([whole, other])
    like = "--recipe tuned --folds 3 --length 96"
    hint = f"rtcan train --dataset pmemo {like} --subjects 40%,70%,100%"
    assert caught.value.hint == hint


def test_the_line_does_not_ask_for_subjects_and_the_folds_of_another_run(tmp_path: Path) -> None:
    (run,) = series(tmp_path, 1, splits_from=SplitsFrom("first", "id"))
    with pytest.raises(RtcanError, match="no model was trained on several numbers") as caught:
        follow_subjects([run])
    assert "--subjects 40%,70%,100%" in str(caught.value.hint)
    assert "--splits-from" not in str(caught.value.hint)


def test_of_several_series_the_longest_is_shown(tmp_path: Path) -> None:
    longer = series(tmp_path, 3)
    newer = series(tmp_path, 2, mark="seed", seed=1)
    accuracy = follow_subjects([*newer, *longer]).accuracy
    assert (accuracy["what"] == "measured").sum() == 3 * 2


def test_models_have_the_papers_names_where_it_has_one(tmp_path: Path) -> None:
    fused = series(tmp_path, 2, mark="m", fusion="music")
    accuracy = follow_subjects([*series(tmp_path, 2), *fused]).accuracy
    assert set(accuracy["model"]) == {"RTCAG", "RTCAN-1D"}


def test_simulated_and_recorded_runs_are_drawn_apart(tmp_path: Path) -> None:
    real = series(tmp_path, 2, mark="real", simulated=False)
    report = follow_subjects([*series(tmp_path, 2), *real], tmp_path / "out")
    assert set(report.accuracy["simulated"]) == {True, False}
    titles = [table.title for table in views.page(report).tables]
    assert sorted("(simulated)" in title for title in titles) == [False, True]
    names = {path.name for path in report.files}
    assert {"figure4_pmemo.svg", "figure4_pmemo_simulated.svg"} <= names


@pytest.mark.parametrize("simulated", [True, False])
def test_the_papers_marks_stand_beside_recorded_data_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulated: bool
) -> None:
    drawn: list[ScalingCurve] = []

    def draw(curves: list[ScalingCurve], **look: object) -> Figure:
        drawn.extend(curves)
        return Figure()

    monkeypatch.setattr("rtcan_cli.steps.scores.scaling.draw", draw)
    runs = series(tmp_path, 3, simulated=simulated, spec=ModelSpec("Rf", length=96))
    follow_subjects(runs, tmp_path / "out")
    assert [len(curve.paper) == 0 for curve in drawn] == [simulated] * 2

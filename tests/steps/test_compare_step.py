"""Runs against each other: what is compared, with which numbers, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.statistics import holm
from rtcan_cli.report import Report
from rtcan_cli.steps.compare import compare_runs
from rtcan_cli.steps.runs import Run
from tests.conftest import rtcan
from tests.steps.finished_runs import finish_run

KEYS = ["subject", "stimulus"]
SUBJECTS, FOLDS = "over subjects", "over folds"


def rows(report: Report, what: str, target: str = "arousal") -> list[dict[str, Any]]:
    """Rows of the tables of differences of one target."""
    tables = [
        t
        for t in report.tables
        if t.title.endswith(what) and f", {target}: accuracy less" in t.title
    ]
    return [row for table in tables for row in table.records()]


def right(path: Path, target: str = "arousal") -> pd.DataFrame:
    trials = Run.load(path).trials(target).set_index(KEYS).sort_index()
    return trials.assign(right=(trials["probability"] > 0.5) == trials["label"])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return finish_run(tmp_path, "good", skill=2.0), finish_run(tmp_path, "weak", skill=0.3)


def test_a_run_is_compared_with_the_first(pair: tuple[Path, Path]) -> None:
    report = compare_runs(pair)
    good, weak = map(right, pair)
    (row,) = rows(report, SUBJECTS)
    assert row["run"] == "weak"
    assert row["common trials"] == 120
    assert row["points"] == pytest.approx(100 * (weak["right"].mean() - good["right"].mean()))
    assert row["95 % from"] < row["points"] < row["to"] < 0
    assert row["p"] < 0.05
    assert all("(simulated)" in table.title for table in report.tables)


def test_folds_are_tested_with_the_corrected_t(pair: tuple[Path, Path]) -> None:
    (row,) = rows(compare_runs(pair), FOLDS)
    good, weak = (each.groupby("fold")["right"].mean() for each in map(right, pair))
    apart = (weak - good).to_numpy()
    audit = Run.load(pair[0]).audit("arousal")
    share = 1 / 5 + audit["test"].sum() / audit["train"].sum()
    statistic = apart.mean() / np.sqrt(share * apart.var(ddof=1))
    assert row["folds"] == 5
    assert row["points"] == pytest.approx(100 * apart.mean())
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(statistic), 4))
    assert row["d"] == pytest.approx(apart.mean() / apart.std(ddof=1))
    assert row["p (W)"] == pytest.approx(stats.wilcoxon(apart).pvalue)
    assert -1 <= row["r (W)"] < 0


def test_that_wilcoxon_is_not_corrected_is_said_wherever_it_is_shown(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    report = compare_runs(pair, tmp_path / "out")
    assert sum("not corrected for shared training trials" in n for n in report.notes) == 1
    for ending in ("md", "tex"):
        text = (tmp_path / "out" / f"comparison.{ending}").read_text()
        assert "not corrected for shared training trials" in text
        assert "weak" in text
        assert text.count("(simulated)") == len(report.tables)


@pytest.mark.parametrize("seed", [0, 1])
def test_only_runs_that_share_their_folds_are_tested_over_folds(tmp_path: Path, seed: int) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "other", seed=seed)]
    report = compare_runs(paths)
    assert len(rows(report, SUBJECTS)) == 1
    assert len(rows(report, FOLDS)) == (1 if seed == 0 else 0)


def test_only_folds_that_both_runs_have_trained_are_compared(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "all"), finish_run(tmp_path, "some", folds=(1, 4))]
    report = compare_runs(paths)
    one, other = map(right, paths)
    shared = one["fold"].isin([1, 4])
    (row,) = rows(report, SUBJECTS)
    assert row["common trials"] == shared.sum()
    expected = other.loc[shared, "right"].mean() - one.loc[shared, "right"].mean()
    assert row["points"] == pytest.approx(100 * expected)
    assert rows(report, FOLDS)[0]["folds"] == 2


def test_p_values_are_adjusted_for_the_comparisons_of_a_target(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "base", skill=0.3)]
    paths += [finish_run(tmp_path, f"r{k}", skill=0.4 + 0.3 * k) for k in range(4)]
    report = compare_runs(paths, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    table = table[(table["score"] == "accuracy") & (table["target"] == "arousal")]
    assert table["run"].tolist() == ["r0", "r1", "r2", "r3"]
    over = {what: rows(report, what) for what in (SUBJECTS, FOLDS)}
    for raw, what, column in (
        ("p_swap", SUBJECTS, "p"),
        ("p_folds", FOLDS, "p"),
        ("p_wilcoxon", FOLDS, "p (W)"),
    ):
        adjusted = [row[column] for row in over[what]]
        assert adjusted == pytest.approx(holm(table[raw]).tolist())
        assert (np.array(adjusted) > table[raw].to_numpy() - 1e-12).all()
    assert any("adjusted" in note for note in report.notes)


def test_protocols_are_compared_only_if_asked_to_and_it_is_said(tmp_path: Path) -> None:
    subject, trial = finish_run(tmp_path, "s"), finish_run(tmp_path, "t", protocol="trial")
    assert not rows(compare_runs([subject, trial]), SUBJECTS)
    report = compare_runs([subject, trial], against=subject)
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["t"]
    assert not rows(report, FOLDS)
    (note,) = (note for note in report.notes if "not held out as in" in note)
    assert "s (subject): t (trial)" in note


def test_each_protocol_has_its_own_first_run(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"{protocol}{k}", protocol=protocol)
        for protocol in ("trial", "subject")
        for k in (1, 2)
    ]
    assert [row["run"] for row in rows(compare_runs(paths), SUBJECTS)] == ["trial2", "subject2"]


def test_runs_with_other_labels_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "same")]
    paths.append(finish_run(tmp_path, "other", flipped=7, inputs={"labels": "else"}))
    report = compare_runs(paths)
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["same"]
    told = capsys.readouterr().err
    assert "arousal: other is not compared with one: " in told
    assert "label 7 of their 120 common trials differently" in told


def test_runs_on_other_components_are_compared_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "b", inputs={"components": "else"})]
    assert len(rows(compare_runs(paths), SUBJECTS)) == 1
    assert "b and one were trained on different components" in capsys.readouterr().err


def test_simulated_and_recorded_data_are_never_compared(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "real", simulated=False)]
    assert not rows(compare_runs(paths), SUBJECTS)
    assert not rows(compare_runs(paths, against=paths[0]), SUBJECTS)


def test_a_target_that_the_first_run_lacks_has_another_reference(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "arousal", targets=("arousal",))]
    paths += [finish_run(tmp_path, "two"), finish_run(tmp_path, "three")]
    report = compare_runs(paths)
    assert {row["run"] for row in rows(report, SUBJECTS)} == {"two", "three"}
    assert [row["run"] for row in rows(report, SUBJECTS, "valence")] == ["three"]


def test_the_reference_need_not_be_named_twice(tmp_path: Path) -> None:
    one, other = finish_run(tmp_path, "one"), finish_run(tmp_path, "other")
    report = compare_runs([one, other, one], against=other)
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["one"]
    assert len(compare_runs([one, one]).tables) == 2


def test_an_imported_network_cannot_be_the_reference(tmp_path: Path) -> None:
    one = finish_run(tmp_path, "one")
    imported = finish_run(tmp_path, "imported", protocol="unknown")
    with pytest.raises(RtcanError, match=r"imported\.h5: holds an imported network"):
        compare_runs([one], against=imported)


def test_a_reference_that_nothing_can_be_compared_with_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = finish_run(tmp_path, "one")
    compare_runs([one], against=one)
    assert "no run could be compared with one" in capsys.readouterr().err


def test_the_reference_of_the_command_line(tmp_path: Path) -> None:
    runs = tmp_path / "stores" / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for name in ("one", "other"):
        finish_run(runs, name)
    for name in ("one", "other"):
        options = ("-w", tmp_path / "stores", "-o", tmp_path, "--json", "--against", name)
        titles = json.loads(rtcan("compare", *options).stdout)["tables"]
        assert sum(f"accuracy less that of {name}," in title for title in titles) == 4


def test_what_is_warned_of_stands_in_the_files_too(tmp_path: Path) -> None:
    runs = [finish_run(tmp_path, "one"), finish_run(tmp_path, "other", seed=5)]
    report = compare_runs(runs, tmp_path / "figures")
    said = "the pmemo runs deal trials into different folds"
    assert not any(said in note for note in report.notes)  # it was printed as a warning
    assert said in (tmp_path / "figures" / "comparison.md").read_text()

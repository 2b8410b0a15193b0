"""Runs against each other: what is compared, with which numbers, and what is said about it."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.statistics import holm, seed_test
from rtcan_cli.report import Report
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import SplitsFrom
from rtcan_cli.steps.results.compare import compare_runs
from rtcan_cli.steps.results.differences import LESS
from rtcan_cli.steps.results.evaluate import evaluate_run
from rtcan_cli.stores import Store
from tests.conftest import rtcan
from tests.runs.finished_runs import finish_run

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
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "other", seed=seed, fusion="music")]
    report = compare_runs(paths)
    assert len(rows(report, SUBJECTS)) == 1
    assert len(rows(report, FOLDS)) == (1 if seed == 0 else 0)
    # What is left then says nothing about networks that are trained again.
    assert any("no test here shows" in note for note in report.notes) == (seed == 1)


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


SEEDS = "over subjects and seeds"


def seeds_of(folder: Path, name: str, seeds: tuple[int, ...], **changed: Any) -> list[Path]:
    """A run and other seeds of it on the same folds."""
    first = finish_run(folder, f"{name}{seeds[0]}", seed=seeds[0], **changed)
    with Store(first, "run") as store:
        source = SplitsFrom(first.stem, store.content_id)
    return [first] + [
        finish_run(folder, f"{name}{k}", seed=k, folds_of=seeds[0], splits_from=source, **changed)
        for k in seeds[1:]
    ]


def test_seeds_of_a_run_count_as_one_and_what_holds_for_new_networks_comes_first(
    tmp_path: Path,
) -> None:
    eda = seeds_of(tmp_path, "eda", (0, 1, 2), skill=0.5)
    fused = seeds_of(tmp_path, "fused", (0, 3), skill=2.5, fusion="music")
    report = compare_runs([*eda, *fused], tmp_path / "out")
    titles = [t.title for t in report.tables if ", arousal: accuracy less" in t.title]
    assert [title.rsplit(", ", 1)[1] for title in titles] == [SEEDS, FOLDS, SUBJECTS]
    assert all("accuracy less that of eda0 (3 seeds)" in title for title in titles)
    (row,) = rows(report, SEEDS)
    assert row["run"] == "fused0 (2 seeds)"
    assert row["seeds"] == "0,3 / 0,1,2"
    one, other = ([right(path)["right"] for path in group] for group in (fused, eda))
    expected = 100 * (np.mean(one) - np.mean(other))
    assert row["points"] == pytest.approx(expected)
    assert row["95 % from"] < expected < row["to"]
    trials = [[Run.load(path).trials("arousal") for path in group] for group in (fused, eda)]
    assert row["p"] == pytest.approx(seed_test(*trials).p_value)
    # Folds are tested on the means over seeds.
    (row,) = rows(report, FOLDS)
    folds = [
        np.mean([right(path).groupby("fold")["right"].mean() for path in group], axis=0)
        for group in (fused, eda)
    ]
    assert row["folds"] == 5
    assert row["points"] == pytest.approx(100 * np.mean(folds[0] - folds[1]))
    (row,) = rows(report, SUBJECTS)
    assert row["points"] == pytest.approx(expected)
    table = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert set(table["reference_seeds"]) == {"0,1,2"}


def test_means_and_spread_of_seeds_are_shown(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1, 2))
    (alone,) = [finish_run(tmp_path, "other", fusion="music")]
    report = compare_runs([*paths, alone])
    (table,) = (
        t
        for t in report.tables
        if t.title == "PMEmo (simulated), arousal: mean over seeds, sd between seeds"
    )
    (row,) = table.rows
    accuracy = [right(path).groupby("fold")["right"].mean().mean() for path in paths]
    assert row[:3] == ["eda0", "0,1,2", "same"]
    assert row[3:5] == pytest.approx([100 * np.mean(accuracy), 100 * np.std(accuracy, ddof=1)])
    assert any("same folds are trained again" in note for note in report.notes)
    # One run has a single seed: nothing says how much its training varies.
    assert not rows(report, SEEDS)
    assert [r["run"] for r in rows(report, FOLDS)] == ["other"]
    (shown,) = (t for t in evaluate_run(paths[1]).tables if "arousal: mean over seeds" in t.title)
    assert shown.rows[0][:3] == ["eda1", "1,0,2", "same"]
    assert shown.rows[0][3:] == pytest.approx(row[3:])
    assert not any("mean over seeds" in t.title for t in evaluate_run(alone).tables)


def test_seeds_that_dealt_other_folds_are_paired_by_their_folds(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"{fusion}{k}", seed=k, fusion=fusion)
        for fusion in ("none", "music")
        for k in (0, 1)
    ]
    report = compare_runs(paths)
    (row,) = rows(report, FOLDS)
    assert row["folds"] == 10  # five of each deal, as in repeated cross-validation
    apart = np.concatenate(
        [
            (right(paths[2 + k]).groupby("fold")["right"].mean())
            - (right(paths[k]).groupby("fold")["right"].mean())
            for k in (0, 1)
        ]
    )
    assert row["points"] == pytest.approx(100 * apart.mean())
    assert len(rows(report, SEEDS)) == 1
    assert any("--splits-from keeps the folds" in note for note in report.notes)


def test_seeds_that_label_trials_otherwise_are_compared_seed_by_seed(tmp_path: Path) -> None:
    paths = [
        finish_run(
            tmp_path,
            f"{fusion}{k}",
            seed=k,
            fusion=fusion,
            protocol="stimulus",
            thresholds="training",
            flipped=7 * k,
        )
        for fusion in ("none", "music")
        for k in (0, 1)
    ]
    report = compare_runs(paths)
    assert not any("mean over seeds" in table.title for table in report.tables)
    found = {
        table.title.split(f"{LESS} ")[1].split(",")[0]: [row["run"] for row in table.records()]
        for table in report.tables
        if f"arousal: {LESS}" in table.title and table.title.endswith(FOLDS)
    }
    assert found == {"none0": ["music0"], "none1": ["music1"]}
    assert any("a seed of none0 with other folds: none1" in note for note in report.notes)


def test_seeds_that_test_other_trials_are_not_compared_as_models(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, f"r{k}", seed=k, protocol="subject+stimulus") for k in (0, 1)]
    report = compare_runs(paths)
    assert not any(LESS in table.title for table in report.tables)
    assert any("a seed of r0 with other folds: r1" in note for note in report.notes)
    # A model without shared folds: several seeds would be of no help.
    for changed in ({"protocol": "subject+stimulus"}, {"subjects": "50%"}, {}):
        pair = [
            finish_run(tmp_path, f"{fusion}-{k}", seed=k, fusion=fusion, **changed)
            for k, fusion in ((2, "none"), (3, "music"))
        ]
        (note,) = (n for n in compare_runs(pair).notes if "no test here shows" in n)
        assert "--splits-from" in note
        assert ("several seeds" in note) is (not changed)


def test_a_reference_whose_seeds_are_all_that_is_there_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [finish_run(tmp_path, f"base{k}", seed=k) for k in (0, 1)]
    compare_runs(paths, against=paths[0])
    assert "with base0: the others are seeds of it" in capsys.readouterr().err


def test_a_copy_of_a_run_is_no_seed_of_its_own(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1))
    copy = tmp_path / "copy.h5"
    shutil.copy(paths[0], copy)
    report = compare_runs([*paths, copy])
    (table,) = (t for t in report.tables if "arousal: mean over seeds" in t.title)
    assert table.rows[0][1] == "0,1"
    assert not rows(report, SUBJECTS)
    assert "not compared, because it gives the same predictions as eda0: copy" in report.notes


def test_the_reference_brings_its_seeds_and_leads_them(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1))
    other = finish_run(tmp_path, "other", fusion="music")
    report = compare_runs([*paths, other], against=paths[1])
    assert all(
        "less that of eda1 (2 seeds)" in t.title
        for t in report.tables
        if "accuracy less" in t.title
    )
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["other"]


def test_tables_of_seeds_fit_a_terminal_of_100_columns(tmp_path: Path) -> None:
    name = "Rf-eda+music-both-6cefe"  # as long as names usually are
    paths = seeds_of(tmp_path, name, (0, 1, 2, 3, 4))
    paths += seeds_of(tmp_path, name, (5, 6), fusion="music")
    text = io.StringIO()
    out = Console(file=text, width=300)
    for table in compare_runs(paths).tables:
        out.print(console._rich_table(table))
    assert max(len(line.rstrip()) for line in text.getvalue().splitlines()) <= 100

"""Runs against each other: what is compared, with which numbers, and what is said about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.statistics import holm, seed_test
from rtcan_cli.results.base import as_data
from rtcan_cli.results.scores.comparison import Comparison
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import SplitsFrom
from rtcan_cli.steps.scores.compare import compare_runs
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.stores import Store
from rtcan_cli.views.files import with_tables
from rtcan_cli.views.layout import table_lines
from tests.conftest import rtcan
from tests.runs.finished_runs import finish_run
from tests.views.rows import rows_of

KEYS = ["subject", "stimulus"]
SUBJECTS, FOLDS, SEEDS = "p_swap", "p_folds", "p_seeds"


def rows(result: Comparison, what: str, target: str = "arousal") -> list[dict[str, Any]]:
    """Differences in accuracy of one target that were tested in this way."""
    found = result.differences
    found = found[(found["score"] == "accuracy") & (found["target"] == target)]
    return found[found[what].notna()].to_dict("records")


def texts(result: Comparison, kind: str) -> list[str]:
    return [note.text for note in result.notes if note.kind == kind]


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
    assert row["n_trials"] == 120
    assert row["difference"] == pytest.approx(weak["right"].mean() - good["right"].mean())
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["p_swap"] < 0.05
    assert (row["dataset"], row["simulated"]) == ("pmemo", True)
    assert all("(simulated)" in table.title for table in views.page(report).tables)


def test_folds_are_tested_with_the_corrected_t(pair: tuple[Path, Path]) -> None:
    (row,) = rows(compare_runs(pair), FOLDS)
    good, weak = (each.groupby("fold")["right"].mean() for each in map(right, pair))
    apart = (weak - good).to_numpy()
    audit = Run.load(pair[0]).audit("arousal")
    share = 1 / 5 + audit["test"].sum() / audit["train"].sum()
    statistic = apart.mean() / np.sqrt(share * apart.var(ddof=1))
    assert row["n_folds"] == 5
    assert row["fold_difference"] == pytest.approx(apart.mean())
    assert row["p_folds"] == pytest.approx(2 * stats.t.sf(abs(statistic), 4))
    assert row["cohens_d"] == pytest.approx(apart.mean() / apart.std(ddof=1))
    assert row["p_wilcoxon"] == pytest.approx(stats.wilcoxon(apart).pvalue)
    assert -1 <= row["rank_biserial"] < 0


def test_that_wilcoxon_is_not_corrected_is_said_wherever_it_is_shown(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    result = with_tables(compare_runs(pair), tmp_path / "comparison")
    (note,) = texts(result, "test_over_folds")
    assert "not corrected for shared training trials" in note
    for file in result.files:
        text = file.read_text()
        assert "not corrected for shared training trials" in text
        assert "weak" in text
        assert text.count("(simulated)") == len(views.page(result).tables)


@pytest.mark.parametrize("seed", [0, 1])
def test_only_runs_that_share_their_folds_are_tested_over_folds(tmp_path: Path, seed: int) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "other", seed=seed, fusion="music")]
    report = compare_runs(paths)
    assert len(rows(report, SUBJECTS)) == 1
    assert len(rows(report, FOLDS)) == (1 if seed == 0 else 0)
    # What is left then says nothing about networks that are trained again.
    assert bool(texts(report, "no_test_of_new_networks")) == (seed == 1)


def test_only_folds_that_both_runs_have_trained_are_compared(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "all"), finish_run(tmp_path, "some", folds=(1, 3, 4))]
    report = compare_runs(paths)
    one, other = map(right, paths)
    shared = one["fold"].isin([1, 3, 4])
    (row,) = rows(report, SUBJECTS)
    assert row["n_trials"] == shared.sum()
    expected = other.loc[shared, "right"].mean() - one.loc[shared, "right"].mean()
    assert row["difference"] == pytest.approx(expected)
    assert rows(report, FOLDS)[0]["n_folds"] == 3


def test_p_values_are_adjusted_for_the_comparisons_of_a_target(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "base", skill=0.3)]
    paths += [finish_run(tmp_path, f"r{k}", skill=0.4 + 0.3 * k) for k in range(4)]
    report = compare_runs(paths, tmp_path / "out")
    text = {"seeds": str, "reference_seeds": str}
    written = pd.read_csv(tmp_path / "out" / "differences.csv", dtype=text)
    pd.testing.assert_frame_equal(written, report.differences, check_dtype=False)
    table = pd.DataFrame(rows(report, SUBJECTS))
    assert table["run"].tolist() == ["r0", "r1", "r2", "r3"]
    for raw in ("p_swap", "p_folds", "p_wilcoxon"):
        adjusted = table[f"{raw}_holm"]
        assert adjusted.tolist() == pytest.approx(holm(table[raw]).tolist())
        assert (adjusted > table[raw] - 1e-12).all()
    assert texts(report, "adjusted")
    shown = [t for t in views.page(report).tables if "arousal: accuracy less" in t.title]
    adjusted = {t.title.rsplit(" ", 1)[1]: [row["p"] for row in rows_of(t)] for t in shown}
    assert adjusted == {
        "folds": table["p_folds_holm"].tolist(),
        "subjects": table["p_swap_holm"].tolist(),
    }


def test_protocols_are_compared_only_if_asked_to_and_it_is_said(tmp_path: Path) -> None:
    subject, trial = finish_run(tmp_path, "s"), finish_run(tmp_path, "t", protocol="trial")
    assert not rows(compare_runs([subject, trial]), SUBJECTS)
    report = compare_runs([subject, trial], against=subject)
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["t"]
    assert not rows(report, FOLDS)
    (note,) = texts(report, "other_protocols")
    assert "s (subject): t (trial)" in note


def test_each_protocol_has_its_own_first_run(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"{protocol}{k}", protocol=protocol)
        for protocol in ("trial", "subject")
        for k in (1, 2)
    ]
    assert [row["run"] for row in rows(compare_runs(paths), SUBJECTS)] == ["trial2", "subject2"]


def test_runs_with_other_labels_are_not_compared(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "same")]
    paths.append(finish_run(tmp_path, "other", flipped=7, inputs={"labels": "else"}))
    report = compare_runs(paths)
    assert [row["run"] for row in rows(report, SUBJECTS)] == ["same"]
    valence, arousal = texts(report, "not_comparable")
    assert valence.startswith("valence: ")
    assert "arousal: other is not compared with one: " in arousal
    assert "label 7 of their 120 common trials differently" in arousal
    assert texts(report, "different_labels")


def test_runs_on_other_components_are_compared_and_that_is_said(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "b", inputs={"components": "else"})]
    result = compare_runs(paths)
    assert len(rows(result, SUBJECTS)) == 1
    assert all(
        "b and one were trained on different components" in text
        for text in texts(result, "different_inputs")
    )
    assert len(texts(result, "different_inputs")) == 2


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
    assert compare_runs([one, one]).scores["run"].tolist() == ["one", "one"]  # two targets


def test_an_imported_network_cannot_be_the_reference(tmp_path: Path) -> None:
    one = finish_run(tmp_path, "one")
    imported = finish_run(tmp_path, "imported", protocol="unknown")
    with pytest.raises(RtcanError, match=r"imported\.h5: holds an imported network"):
        compare_runs([one], against=imported)


def test_a_reference_that_nothing_can_be_compared_with_is_named(tmp_path: Path) -> None:
    one = finish_run(tmp_path, "one")
    result = compare_runs([one], against=one)
    assert texts(result, "nothing_to_compare") == ["no run could be compared with one"]
    assert result.differences.empty


def test_the_reference_of_the_command_line(tmp_path: Path) -> None:
    runs = tmp_path / "stores" / "pmemo" / "runs"
    runs.mkdir(parents=True)
    for name in ("one", "other"):
        finish_run(runs, name)
    for name in ("one", "other"):
        options = ("-w", tmp_path / "stores", "-o", tmp_path, "--json", "--against", name)
        outcome = json.loads(rtcan("compare", *options).stdout)
        assert {row["reference"] for row in outcome["differences"]} == {name}
        assert isinstance(outcome["differences"][0]["n_folds"], int)


def test_different_folds_are_said_in_the_files_too(tmp_path: Path) -> None:
    runs = [finish_run(tmp_path, "one"), finish_run(tmp_path, "other", seed=5)]
    result = with_tables(compare_runs(runs), tmp_path / "comparison")
    (said,) = texts(result, "different_folds")
    assert said == "the pmemo runs have different folds"
    assert said in (tmp_path / "comparison.md").read_text()


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
    report = compare_runs([*eda, *fused])
    shown = views.page(report).tables
    titles = [t.title for t in shown if ", arousal: accuracy less" in t.title]
    assert [title.rsplit(", over ", 1)[1] for title in titles] == [
        "subjects and seeds",
        "folds",
        "subjects",
    ]
    assert all("accuracy less that of eda0 (3 seeds)" in title for title in titles)
    (row,) = rows(report, SEEDS)
    assert (row["run"], row["seeds"], row["n_seeds"]) == ("fused0", "0,3", 2)
    assert (row["reference"], row["reference_seeds"]) == ("eda0", "0,1,2")
    one, other = ([right(path)["right"] for path in group] for group in (fused, eda))
    expected = np.mean(one) - np.mean(other)
    assert row["difference"] == pytest.approx(expected)
    assert row["seed_low"] < expected < row["seed_high"]
    trials = [[Run.load(path).trials("arousal") for path in group] for group in (fused, eda)]
    assert row["p_seeds"] == pytest.approx(seed_test(*trials).p_value)
    # Folds are tested on the means over seeds.
    folds = [
        np.mean([right(path).groupby("fold")["right"].mean() for path in group], axis=0)
        for group in (fused, eda)
    ]
    assert row["n_folds"] == 5
    assert row["fold_difference"] == pytest.approx(np.mean(folds[0] - folds[1]))


@pytest.mark.long
def test_means_and_spread_of_seeds_are_shown(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1, 2))
    (alone,) = [finish_run(tmp_path, "other", fusion="music")]
    report = compare_runs([*paths, alone])
    (row,) = report.seeds.query("target == 'arousal'").to_dict("records")
    accuracy = [right(path).groupby("fold")["right"].mean().mean() for path in paths]
    assert (row["dataset"], row["simulated"]) == ("pmemo", True)
    assert (row["run"], row["seeds"], row["same_folds"]) == ("eda0", "0,1,2", True)
    spread = (np.mean(accuracy), np.std(accuracy, ddof=1))
    assert (row["accuracy"], row["accuracy_sd"]) == pytest.approx(spread)
    (note,) = texts(report, "seeds")
    assert "same folds are trained again" in note
    # One run has a single seed: nothing says how much its training varies.
    assert not rows(report, SEEDS)
    assert [r["run"] for r in rows(report, FOLDS)] == ["other"]
    (shown,) = evaluate_run(paths[1]).seeds.query("target == 'arousal'").to_dict("records")
    assert (shown["run"], shown["seeds"], shown["same_folds"]) == ("eda1", "1,0,2", True)
    assert (shown["accuracy"], shown["accuracy_sd"]) == pytest.approx(spread)
    assert evaluate_run(alone).seeds.empty


@pytest.mark.long
def test_seeds_that_dealt_other_folds_are_paired_by_their_folds(tmp_path: Path) -> None:
    paths = [
        finish_run(tmp_path, f"{fusion}{k}", seed=k, fusion=fusion)
        for fusion in ("none", "music")
        for k in (0, 1)
    ]
    report = compare_runs(paths)
    (row,) = rows(report, FOLDS)
    assert row["n_folds"] == 10  # five of each deal, as in repeated cross-validation
    apart = np.concatenate(
        [
            (right(paths[2 + k]).groupby("fold")["right"].mean())
            - (right(paths[k]).groupby("fold")["right"].mean())
            for k in (0, 1)
        ]
    )
    assert row["fold_difference"] == pytest.approx(apart.mean())
    assert len(rows(report, SEEDS)) == 1
    (note,) = texts(report, "seeds")
    assert "--splits-from keeps the folds" in note


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
    assert report.seeds.empty
    found = [(row["reference"], row["run"]) for row in rows(report, FOLDS)]
    assert found == [("none0", "music0"), ("none1", "music1")]
    (note,) = texts(report, "seed_with_other_folds")
    assert "a seed of none0 with other folds: none1" in note


def test_seeds_that_test_other_trials_are_not_compared_as_models(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, f"r{k}", seed=k, protocol="subject+stimulus") for k in (0, 1)]
    report = compare_runs(paths)
    assert report.differences.empty
    (note,) = texts(report, "seed_with_other_folds")
    assert "a seed of r0 with other folds: r1" in note
    # A model without shared folds: several seeds would be of no help.
    for changed in ({"protocol": "subject+stimulus"}, {"subjects": "50%"}, {}):
        pair = [
            finish_run(tmp_path, f"{fusion}-{k}", seed=k, fusion=fusion, **changed)
            for k, fusion in ((2, "none"), (3, "music"))
        ]
        (note,) = texts(compare_runs(pair), "no_test_of_new_networks")
        assert "--splits-from" in note
        assert ("several seeds" in note) is (not changed)


def test_a_reference_whose_seeds_are_all_that_is_there_says_so(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, f"base{k}", seed=k) for k in (0, 1)]
    (note,) = texts(compare_runs(paths, against=paths[0]), "nothing_to_compare")
    assert note.endswith("with base0: the others are seeds of it")


def test_a_copy_of_a_run_is_no_seed_of_its_own(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1))
    copy = tmp_path / "copy.h5"
    shutil.copy(paths[0], copy)
    report = compare_runs([*paths, copy])
    assert report.seeds["seeds"].tolist() == ["0,1", "0,1"]
    assert not rows(report, SUBJECTS)
    said = "not compared, because it answers as eda0 does: copy"
    assert texts(report, "copied_run") == [said]


def test_the_reference_brings_its_seeds_and_leads_them(tmp_path: Path) -> None:
    paths = seeds_of(tmp_path, "eda", (0, 1))
    other = finish_run(tmp_path, "other", fusion="music")
    report = compare_runs([*paths, other], against=paths[1])
    (row,) = rows(report, SUBJECTS)
    assert (row["run"], row["reference"], row["n_reference_seeds"]) == ("other", "eda1", 2)
    titles = [t.title for t in views.page(report).tables if "accuracy less" in t.title]
    assert all("less that of eda1 (2 seeds)" in title for title in titles)


@pytest.mark.long
def test_tables_fit_a_terminal(tmp_path: Path) -> None:
    name = "Rf-eda+music-both-6cefe"  # as long as names usually are
    paths = seeds_of(tmp_path, name, (0, 1, 2, 3, 4))
    paths += seeds_of(tmp_path, name, (5, 6), fusion="music")
    for table in views.page(compare_runs(paths, paper=True)).tables:
        for width in (60, 80, 120):
            assert max(map(len, table_lines(table, width))) <= width


def test_keys_are_the_same_whatever_the_data(tmp_path: Path) -> None:
    simulated = [finish_run(tmp_path, name) for name in ("one", "other")]
    real = [finish_run(tmp_path, name, simulated=False) for name in ("first", "second")]
    found = [as_data(compare_runs(simulated, paper=True)), as_data(compare_runs(real))]
    assert list(found[0]) == list(found[1])
    for name in ("scores", "differences"):
        assert list(found[0][name][0]) == list(found[1][name][0])
        assert [each[name][0]["simulated"] for each in found] == [True, False]


def test_simulated_and_recorded_data_are_drawn_apart(tmp_path: Path) -> None:
    paths = [finish_run(tmp_path, "one"), finish_run(tmp_path, "real", simulated=False)]
    files = {path.stem for path in compare_runs(paths, tmp_path / "out").files}
    assert {"comparison_pmemo_arousal", "comparison_pmemo_simulated_arousal"} <= files

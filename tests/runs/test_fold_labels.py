"""Thresholds from training trials: nothing that trains depends on the rating of a test trial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.labels import relabel
from rtcan_cli.runs.run import Run
from tests.conftest import must, rtcan

SUBJECTS, STIMULI = 4, 10
MODELS = ("--model", "logistic,subject-prior", "--folds", "3", "--jobs", "1")

pytestmark = pytest.mark.usefixtures("undrawn")


def drawn_ratings() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        [
            {"subject": f"P{i}", "stimulus": f"s{k}", "valence": v, "arousal": a}
            for i in range(SUBJECTS)
            for k, (v, a) in enumerate(rng.integers(1, 10, (STIMULI, 2)))
        ]
    )


def study(folder: Path, ratings: pd.DataFrame, method: str = "kmeans") -> Path:
    """A workspace with all that a linear model on EDA features needs."""
    raw, workspace = folder / "raw", folder / "stores"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(len(ratings)):
        walk = 5 + np.cumsum(rng.normal(0, 0.02, 15 * 8)) + 0.01 * rng.normal(size=15 * 8)
        np.savetxt(raw / f"{i}.txt", walk, fmt="%.5f")
    files = ratings.assign(signal=[f"{i}.txt" for i in range(len(ratings))], sampling_rate=8)
    files.to_csv(raw / "trials.csv", index=False)
    must("ingest", "table", raw, "-w", workspace)
    must("relabel", "-w", workspace, "--method", method)
    return workspace


def features(workspace: Path) -> Path:
    must("decompose", "-w", workspace, "--method", "highpass", "-j", "1")
    must("eda-features", "-w", workspace, "-j", "1")
    return workspace


def runs(workspace: Path) -> dict[str, Run]:
    found = [Run.load(path) for path in (workspace / "table" / "runs").glob("*.h5")]
    return {run.name: run for run in found}


def weights(run: Run, target: str, fold: int) -> dict[str, np.ndarray]:
    trained = run.model_of_fold(target, fold)
    chosen = {"candidate": np.array(trained.spec.candidate)}
    return {**chosen, **trained.weights, **trained.scales}


def changed_rating() -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    """Ratings, and the same with one that turns the label of another trial of its subject."""
    ratings = drawn_ratings()
    before = relabel(ratings, "kmeans", (1, 9), 0).labels
    for i in range(len(ratings)):
        for value in (1, 9):
            other = ratings.copy()
            other.loc[i, "arousal"] = value
            after = relabel(other, "kmeans", (1, 9), 0).labels
            if (before["arousal"] != after["arousal"]).drop(i).sum() > 1:
                return ratings, other, ratings["subject"][i], ratings["stimulus"][i]
    raise AssertionError("no rating matters to others")


def test_changing_the_rating_of_a_test_trial_changes_nothing_that_was_trained(
    tmp_path: Path,
) -> None:
    ratings, other, subject, stimulus = changed_rating()
    found: list[dict[str, Run]] = []
    for name, table in (("one", ratings), ("two", other)):
        workspace = features(study(tmp_path / name, table))
        for thresholds in ("training", "all"):
            options = ("--protocol", "trial", "--thresholds", thresholds, "--target", "arousal")
            must("train", "-w", workspace, *MODELS, *options)
        found.append(runs(workspace))
    assert len(found[0]) == 4
    assert found[0].keys() == found[1].keys()
    all_same = {"training": True, "all": True}
    for name, run in found[0].items():
        again, kind = found[1][name], run.settings.thresholds
        trials = run.trials("arousal")
        mine = (trials["subject"] == subject) & (trials["stimulus"] == stimulus)
        fold = int(trials.loc[mine, "fold"].iloc[0])
        same = np.array_equal(run.membership, again.membership)
        same &= np.array_equal(run.train_label("arousal", fold), again.train_label("arousal", fold))
        fitted = weights(run, "arousal", fold), weights(again, "arousal", fold)
        same &= fitted[0].keys() == fitted[1].keys()
        same = same and all(np.array_equal(fitted[0][key], fitted[1][key]) for key in fitted[0])
        all_same[kind] &= same
    # With thresholds from all ratings, the change reaches the training trials.
    assert all_same == {"training": True, "all": False}


@pytest.mark.parametrize("protocol", ["trial", "stimulus"])
def test_labels_are_those_of_the_medians_of_training_trials(tmp_path: Path, protocol: str) -> None:
    ratings = drawn_ratings()
    workspace = study(tmp_path, ratings, "median")
    options = ("--folds", "5", "--jobs", "1", "--protocol", protocol, "--thresholds", "training")
    must("train", "-w", workspace, "--model", "subject-prior", *options)
    (run,) = runs(workspace).values()
    for target in ("valence", "arousal"):
        trials = run.trials(target)
        table = trials.merge(ratings, on=["subject", "stimulus"])
        rating = table[target].to_numpy()
        n_different = 0
        for k in range(run.n_folds):
            role = run.splits(target).role[:, k]
            median = table[role == 0].groupby("subject")[target].median()
            expected = rating > table["subject"].map(median).to_numpy()
            found = run.fold_labels[trials.index, k]
            assert np.array_equal(found, expected)
            tested = role == 2
            assert np.array_equal(trials["label"][tested], expected[tested])
            usual = table.groupby("subject")[target].transform("median")
            n_different += int((expected != (rating > usual)).sum())
        assert n_different > 0  # else the same could have come from all ratings
    assert set(run.thresholds["fold"]) == set(range(1, run.n_folds + 1))
    if protocol == "trial":
        said = must("evaluate", "-w", workspace, "-o", tmp_path).stdout
        assert "come from the training trials of each fold alone" in " ".join(said.split())


@pytest.mark.long
def test_all_models_and_borrowed_folds_have_the_same_labels(tmp_path: Path) -> None:
    ratings = drawn_ratings()
    workspace = study(tmp_path, ratings)
    new = ("train", "-w", workspace, "--jobs", "1")
    own = ("--folds", "5", "--protocol", "trial", "--thresholds", "training")
    must(*new, "--model", "subject-prior,song-prior", *own)
    lender = next(run for run in runs(workspace).values() if run.model_name == "song-prior")
    must(*new, "--model", "majority", "--splits-from", lender.name)
    found = list(runs(workspace).values())
    assert len(found) == 3
    for run in found:
        pd.testing.assert_frame_equal(run.thresholds, lender.thresholds)
        assert np.array_equal(run.fold_labels, lender.fold_labels)
        assert "recordings" in run.provenance.inputs
    outcome = rtcan("compare", "-w", workspace, "-o", tmp_path)
    assert outcome.exit_code == 0
    assert "warning" not in outcome.stderr
    must(*new, "--model", "majority", "--splits-from", lender.name, "--thresholds", "all")
    (usual,) = (run for run in runs(workspace).values() if run.settings.thresholds == "all")
    assert "--thresholds all --splits-from" in usual.line()


@pytest.mark.long
def test_a_network_with_its_own_labels_is_explained_and_told_from_others(
    tmp_path: Path,
) -> None:
    workspace = study(tmp_path, drawn_ratings())
    must("decompose", "-w", workspace, "--method", "highpass", "-j", "1")
    new = (
        *("train", "-w", workspace, "--jobs", "1", "--folds", "3", "--protocol", "trial"),
        *("--length", "96", "--epochs", "1", "--channels", "8,8,8,8", "--recipe", "tuned"),
        *("--target", "arousal", "--thresholds", "training"),
    )
    must(*new, "--name", "plain")
    trial = ("--subject", "P0", "--music", "s0")
    one = runs(workspace)["plain"]
    must("gradcam", "plain", "-w", workspace, *trial, "-o", tmp_path)
    assert "--thresholds training" in one.settings.line("table")
    assert "training-thresholds" in one.settings.name()
    again = type(one.settings).from_parameters(one.provenance.parameters)
    assert again == one.settings


@pytest.mark.parametrize("protocol", ["subject", "loso", "subject+stimulus"])
def test_protocols_whose_test_subjects_have_no_training_trials_are_refused(
    tmp_path: Path, protocol: str
) -> None:
    options = ("--dataset", "table", "--protocol", protocol, "--thresholds", "training")
    outcome = rtcan("train", "-w", tmp_path, "--model", "majority", *options)
    assert outcome.exit_code == 1
    error, *hint = outcome.stderr.splitlines()
    assert error.startswith("error: thresholds from training trials")
    assert f"'{protocol}'" in error
    assert len(hint) == 1
    assert not list(tmp_path.iterdir())


def test_labels_that_rest_on_no_ratings_of_trials_are_refused(tmp_path: Path) -> None:
    workspace = study(tmp_path, drawn_ratings(), "fixed")
    options = ("--protocol", "trial", "--thresholds", "training", "--folds", "3")
    outcome = rtcan("train", "-w", workspace, "--model", "majority", *options)
    assert outcome.exit_code == 1
    assert "labels by the method 'fixed'" in outcome.stderr
    assert not list((workspace / "table").glob("runs/*.h5"))


@pytest.mark.long
def test_evaluate_says_what_usual_labels_depend_on(tmp_path: Path) -> None:
    workspace = study(tmp_path, drawn_ratings())
    said = {}
    for protocol in ("trial", "subject"):
        options = ("--protocol", protocol, "--folds", "4", "--name", protocol, "-j", "1")
        must("train", "-w", workspace, "--model", "majority", *options)
        said[protocol] = must("evaluate", protocol, "-w", workspace, "-o", tmp_path).stdout
    words = "labels of training trials depend on ratings of test trials"
    assert [words in " ".join(text.split()) for text in said.values()] == [True, False]


def test_a_subject_without_training_ratings_gets_the_centre_of_the_scale() -> None:
    ratings = drawn_ratings()
    counts = (ratings["subject"] != "P1").to_numpy()
    found = relabel(ratings, "kmeans", (1, 9), 0, counts).thresholds.set_index("subject")
    columns = ["valence", "arousal", "n_trials", "fallback"]
    assert found.loc["P1", columns].tolist() == [5, 5, 0, True]
    every = relabel(ratings, "kmeans", (1, 9), 0).thresholds.set_index("subject")
    pd.testing.assert_frame_equal(found.drop("P1"), every.drop("P1"))

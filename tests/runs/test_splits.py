"""Protocols, subsets of subjects and borrowed folds, as a user asks for them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store
from tests.conftest import Outcome, must, rtcan

TINY = (
    *("--recipe", "tuned", "--length", "96", "--epochs", "1", "--variant", "base"),
    *("--channels", "8,8,8,8", "--jobs", "1"),
)
THREE = ("--folds", "3", "--target", "arousal")
KEYS = ["subject", "stimulus"]

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def stores(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run of each protocol, named after it."""
    workspace = tmp_path_factory.mktemp("protocols") / "stores"
    shutil.copytree(prepared, workspace)
    for protocol in ("subject", "trial", "stimulus", "subject+stimulus", "loso"):
        # With this seed, each fold has both classes, however scikit-learn deals them.
        options = ("--protocol", protocol, "--name", protocol, "--seed", "1")
        must("train", "-w", workspace, *TINY, *THREE, *options)
    return workspace


def run_of(workspace: Path, name: str) -> Run:
    return Run.load(workspace / "pmemo" / "runs" / f"{name}.h5")


def roles(run: Run) -> pd.DataFrame:
    """Roles of all folds by subject and stimulus."""
    return pd.DataFrame(run.membership, pd.MultiIndex.from_frame(run.predictions[KEYS]))


def train(workspace: Path, *options: str) -> tuple[Run, Outcome]:
    """Train, and return the run that its report names."""
    outcome = must("train", "-w", workspace, *TINY, *options, "--json")
    return run_of(workspace, json.loads(outcome.stdout)["runs"][0]["name"]), outcome


def evaluated(workspace: Path, name: str, folder: Path) -> dict[str, Any]:
    return json.loads(must("evaluate", name, "-w", workspace, "-o", folder, "--json").stdout)


@pytest.mark.parametrize(
    ("protocol", "tests", "subject_known", "song_known", "said"),
    [
        ("subject", "unseen subjects", 0, 1, "no subject is shared between"),
        ("trial", "shuffled trials", 1, 1, "no trial is shared between"),
        ("stimulus", "unseen stimuli", 1, 0, "no song is shared between"),
        (
            "subject+stimulus",
            "unseen subjects and stimuli",
            0,
            0,
            "no subject and no song is shared between",
        ),
        ("loso", "unseen subjects, one a fold", 0, 1, "in all 9 trained folds no subject is"),
    ],
)
def test_evaluate_prints_the_audit_of_the_protocol(
    stores: Path,
    tmp_path: Path,
    protocol: str,
    tests: str,
    subject_known: int,
    song_known: int,
    said: str,
) -> None:
    result = evaluated(stores, protocol, tmp_path)
    assert result["run"]["protocol"] == protocol
    assert result["run"]["tests"].startswith(tests)
    run = run_of(stores, protocol)
    tested = int(run.predictions["probability"].notna().sum())
    assert sum(row["test"] for row in result["audit"]) == tested
    assert sum(row["subject_in_training"] for row in result["audit"]) == subject_known * tested
    assert sum(row["stimulus_in_training"] for row in result["audit"]) == song_known * tested
    notes = {note["kind"]: note["text"] for note in result["notes"]}
    assert said in notes["held_out"]
    assert sum(row["n_trials"] for row in result["folds"]) == tested
    untested = len(run.predictions) - tested
    assert (untested > 0) == (protocol == "subject+stimulus")
    never = re.findall(r"\d+", notes.get("never_tested", ""))[:1]
    assert never == ([str(untested)] if untested else [])
    (csv,) = tmp_path.rglob("audit.csv")
    table = pd.read_csv(csv)
    assert table["test"].sum() == tested
    counted = table[["train", "validation", "test", "unused"]].sum(axis=1)
    assert (counted == len(run.predictions)).all()


def test_trials_that_no_fold_tests_have_no_fold_and_no_probability(stores: Path) -> None:
    run = run_of(stores, "subject+stimulus")
    tested = (run.membership == 2).any(axis=1)
    assert 0 < tested.sum() < len(tested)
    assert np.array_equal(run.predictions["probability"].notna(), tested)
    assert np.array_equal(run.predictions["fold"] > 0, tested)
    assert set(run.membership.ravel()) == {0, 1, 2, 3}
    folds, summary = run.scores("arousal")
    assert folds["fold"].tolist() == [1, 2, 3]
    assert (summary.n_trials, summary.n_untested) == (tested.sum(), 0)
    assert run.is_complete


def test_a_run_that_leaves_one_subject_out_has_a_fold_for_each(stores: Path) -> None:
    run = run_of(stores, "loso")
    assert run.n_folds == 9
    assert run.is_complete
    assert run.predictions.groupby("subject")["fold"].nunique().eq(1).all()
    assert run.predictions.groupby("fold")["subject"].nunique().eq(1).all()


def test_compare_keeps_protocols_apart(stores: Path, tmp_path: Path) -> None:
    names = ("subject", "trial", "loso")
    report = json.loads(must("compare", *names, "-w", stores, "-o", tmp_path, "--json").stdout)
    assert {row["tests"]: row["run"] for row in report["scores"]} == {
        "unseen subjects": "subject",
        "shuffled trials, of subjects and stimuli seen in training": "trial",
        "unseen subjects, one a fold": "loso",
    }
    assert report["differences"] == []
    assert set(pd.read_csv(tmp_path / "comparison.csv")["protocol"]) == set(names)


@pytest.mark.parametrize("protocol", ["stimulus", "subject+stimulus"])
def test_scores_of_folds_that_share_a_song_are_not_shown(
    stores: Path, tmp_path: Path, protocol: str
) -> None:
    path = tmp_path / "broken.h5"
    shutil.copy(stores / "pmemo" / "runs" / f"{protocol}.h5", path)
    with h5py.File(path, "a") as h5:
        role = h5["membership/role"][()]
        subject, song = (h5[f"predictions/{n}"].asstr()[()] for n in KEYS)
        held = np.isin(role[:, 0], (1, 2))
        # Trained on though its song is tested; its subject is in training anyway.
        leak = np.isin(song, song[role[:, 0] == 2]) & (role[:, 0] > 1)
        leak &= ~np.isin(subject, subject[held]) | (protocol == "stimulus")
        role[np.flatnonzero(leak)[0], 0] = 0
        h5["membership/role"][...] = role
    outcome = rtcan("evaluate", path, "-o", tmp_path)
    assert outcome.exit_code == 1
    assert "fold 1: stimulus" in outcome.stderr
    assert "is in both the train and the test trials" in outcome.stderr


def test_test_subject_trains_the_folds_that_test_it(stores: Path) -> None:
    subject = run_of(stores, "stimulus").predictions["subject"].iloc[0]
    run, _ = train(stores, *THREE, "--protocol", "stimulus", "--test-subject", subject)
    mine = run.predictions[run.predictions["subject"] == subject]
    assert run.trained_folds("arousal") == sorted(mine["fold"].unique())
    assert mine["probability"].notna().all()
    alone, _ = train(stores, *THREE, "--test-subject", subject)
    assert len(alone.models) == 1
    outcome = rtcan("train", "-w", stores, *TINY, *THREE, "--test-subject", "nobody")
    assert outcome.exit_code == 1
    assert "no fold tests a subject 'nobody'" in outcome.stderr


# Folds of another run


@pytest.mark.parametrize(
    "protocol",
    ["trial", "subject+stimulus", pytest.param("loso", marks=pytest.mark.long)],  # 18 models
)
def test_folds_of_another_run_are_the_same(stores: Path, protocol: str) -> None:
    source = run_of(stores, protocol)
    run, _ = train(stores, "--target", "both", "--splits-from", protocol)
    for target in ("valence", "arousal"):
        mine = roles(run)[(run.predictions["target"] == target).to_numpy()]
        pd.testing.assert_frame_equal(mine.sort_index(), roles(source).sort_index())
    made = run.provenance.parameters
    assert made["protocol"] == protocol
    assert made["folds"] == 3
    with Store(source.path, "run") as store:
        assert made["splits_from"] == {"run": protocol, "content_id": store.content_id}
    assert f"--splits-from {protocol}" in run.line()
    again = must("train", "-w", stores, *TINY, "--target", "both", "--splits-from", protocol)
    assert "already done" in again.stderr


@pytest.mark.long
def test_seeds_of_a_run_share_its_folds_and_differ_in_what_they_learn(stores: Path) -> None:
    source = run_of(stores, "subject")
    options = ("--target", "arousal", "--splits-from", "subject", "--seed", "4,5")
    must("train", "-w", stores, *TINY, *options)
    folder = stores / "pmemo" / "runs"
    runs = [Run.load(path) for path in folder.glob("*.h5")]
    made = {
        run.settings.seed: run
        for run in runs
        if run.settings.splits_from is not None
        and run.settings.splits_from.run == "subject"
        and run.settings.seed in (4, 5)
    }
    assert set(made) == {4, 5}
    assert made[4].name != made[5].name
    answers = []
    for run in made.values():
        pd.testing.assert_frame_equal(roles(run).sort_index(), roles(source).sort_index())
        answers.append(run.trials("arousal")["probability"].to_numpy())
    assert not np.allclose(*answers)
    # Without --seed the seed is that of the other run.
    run, _ = train(stores, "--target", "arousal", "--splits-from", "subject")
    assert run.settings.seed == source.settings.seed


def test_folds_come_from_the_other_runs_store_and_not_from_its_seed(
    stores: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rotated.h5"
    shutil.copy(stores / "pmemo" / "runs" / "subject.h5", path)
    with h5py.File(path, "a") as h5:
        h5["membership/role"][...] = np.roll(h5["membership/role"][()], 1, axis=1)
        h5["predictions/fold"][...] = h5["predictions/fold"][()] % 3 + 1
    run, _ = train(stores, "--target", "arousal", "--splits-from", str(path))
    expected = np.roll(roles(run_of(stores, "subject")).to_numpy(), 1, axis=1)
    assert np.array_equal(run.membership, expected)


@pytest.mark.long
def test_trials_that_the_other_run_lacks_are_left_out_and_counted(
    stores: Path, tmp_path: Path
) -> None:
    few, _ = train(stores, *THREE, "--subjects", "6")
    n_more = len(run_of(stores, "subject").predictions) - len(few.predictions)
    run, outcome = train(stores, "--target", "arousal", "--splits-from", few.name, "--depth", "2")
    assert f"arousal: left out {n_more} trials: {few.name} has none" in outcome.stderr
    assert set(run.predictions["subject"]) == set(few.predictions["subject"])
    assert np.array_equal(run.membership, few.membership)


def test_broken_folds_of_another_run_are_refused(stores: Path, tmp_path: Path) -> None:
    path = tmp_path / "leaking.h5"
    shutil.copy(stores / "pmemo" / "runs" / "subject.h5", path)
    with h5py.File(path, "a") as h5:
        role = h5["membership/role"][()]
        role[np.flatnonzero(role[:, 1] == 2)[0], 1] = 0
        h5["membership/role"][...] = role
    options = ("--target", "arousal", "--splits-from", path)
    outcome = rtcan("train", "-w", stores, *TINY, *options, "--name", "leaking")
    assert outcome.exit_code == 1
    assert re.search(r"fold 2: subject \d+ is in both the train and the test", outcome.stderr)
    assert not (stores / "pmemo" / "runs" / "leaking.h5").exists()


def test_targets_that_disagree_about_a_trial_are_refused(stores: Path, tmp_path: Path) -> None:
    run, _ = train(stores, "--target", "both", "--splits-from", "trial")
    path = tmp_path / "torn.h5"
    shutil.copy(run.path, path)
    with h5py.File(path, "a") as h5:
        role = h5["membership/role"][()]
        role[-1] = np.roll(role[-1], 1)
        h5["membership/role"][...] = role
    outcome = rtcan("train", "-w", stores, *TINY, "--splits-from", path)
    assert outcome.exit_code == 1
    assert "is in different folds for valence and arousal" in outcome.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--folds", "3"),
        ("--protocol", "subject"),
        ("--subjects", "50%"),
    ],
)
def test_what_comes_with_the_folds_cannot_be_asked_for(options: tuple[str, str]) -> None:
    outcome = rtcan("train", "--splits-from", "subject", *options)
    assert outcome.exit_code == 2
    assert f"leave out {options[0]}" in " ".join(outcome.stderr.split())


def test_a_run_takes_no_folds_from_itself(stores: Path) -> None:
    path = stores / "pmemo" / "runs" / "subject.h5"
    before = path.read_bytes()
    options = ("--splits-from", "subject", "--name", "subject", "--force")
    outcome = rtcan("train", "-w", stores, *TINY, *options)
    assert outcome.exit_code == 1
    assert "cannot take its folds from itself" in outcome.stderr
    assert path.read_bytes() == before


def test_folds_of_a_missing_run_or_another_dataset_are_refused(
    stores: Path, tmp_path: Path
) -> None:
    assert rtcan("train", "-w", stores, "--splits-from", "no-such-run").exit_code == 1
    path = tmp_path / "deap.h5"
    shutil.copy(stores / "pmemo" / "runs" / "subject.h5", path)
    with h5py.File(path, "a") as h5:
        h5.attrs["dataset"] = "deap"
    outcome = rtcan("train", "-w", stores, "--splits-from", path)
    assert outcome.exit_code == 1
    assert "is a run of deap" in outcome.stderr


# Fewer subjects


@pytest.mark.long
def test_subsets_of_subjects_are_nested_and_named(stores: Path) -> None:
    small, outcome = train(stores, *THREE, "--subjects", "4")
    large, _ = train(stores, *THREE, "--subjects", "70%")
    assert "4 of 9 subjects are used" in outcome.stderr
    who = [set(run.predictions["subject"]) for run in (small, large)]
    assert [len(some) for some in who] == [4, 6]
    assert who[0] < who[1]
    assert "-4-" in small.name
    assert "-70pct-" in large.name
    assert large.provenance.parameters["subjects"] == "70%"
    assert "--subjects 70%" in large.settings.line("pmemo")
    full, _ = train(stores, *THREE, "--seed", "1", "--subjects", "100%", "--name", "full")
    assert full.settings.subjects is None
    assert np.array_equal(full.membership, run_of(stores, "subject").membership)


def test_too_few_subjects_for_the_folds_name_the_fix(stores: Path) -> None:
    outcome = rtcan("train", "-w", stores, *TINY, "--folds", "5", "--subjects", "40%")
    assert outcome.exit_code == 1
    assert "4 subjects cannot be divided into 5 folds" in outcome.stderr
    assert "--folds 4 or fewer, or a larger --subjects" in outcome.stderr
    outcome = rtcan("train", "-w", stores, *TINY, "--subjects", "10")
    assert outcome.exit_code == 1
    assert "10 subjects are wanted, but 9" in outcome.stderr
    outcome = rtcan("train", "-w", stores, *TINY, "--protocol", "stimulus", "--folds", "9")
    assert outcome.exit_code == 1
    assert "8 stimuli cannot be divided into 9 folds" in outcome.stderr
    assert rtcan("train", "-w", stores, "--subjects", "many").exit_code == 2


# A network that was trained elsewhere


@pytest.fixture
def elsewhere(stores: Path, tmp_path: Path) -> Path:
    """A run store that says that nobody knows its folds."""
    path = tmp_path / "elsewhere.h5"
    shutil.copy(stores / "pmemo" / "runs" / "subject.h5", path)
    with h5py.File(path, "a") as h5:
        parameters = json.loads(h5.attrs["parameters"]) | {"protocol": "unknown"}
        h5.attrs["parameters"] = json.dumps(parameters)
        h5["membership/role"][...] = 3
        h5["predictions/fold"][...] = 0
    return path


def test_folds_of_a_network_from_elsewhere_are_refused(stores: Path, elsewhere: Path) -> None:
    outcome = rtcan("train", "-w", stores, *TINY, "--splits-from", elsewhere)
    assert outcome.exit_code == 1
    assert "whose folds are not known" in outcome.stderr


def test_compare_leaves_a_network_from_elsewhere_out(
    stores: Path, elsewhere: Path, tmp_path: Path
) -> None:
    out = must("compare", "subject", elsewhere, "-w", stores, "-o", tmp_path / "f").stdout
    assert "not held out: elsewhere" in " ".join(out.split())
    with pytest.raises(RtcanError, match="no held-out scores"):
        Run.load(elsewhere).scores("arousal")

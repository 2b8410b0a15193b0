"""A finished run, read back: its parts, its labels and the score that needs no signal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.stores import Workspace
from tests.runs.finished_runs import finish_run

TARGETS = ("valence", "arousal")
TRAIN, VALIDATION, TEST = 0, 1, 2


def full_run(workspace: Path) -> Path:
    (path,) = (workspace / "pmemo" / "runs").glob("Rf-*.h5")
    return path


def columns(path: Path, target: str, *names: str) -> list[NDArray[np.generic]]:
    """Columns of a run's predictions of one target and its membership, by h5py alone."""
    with h5py.File(path) as h5:
        mine = h5["predictions/target"].asstr()[()] == target
        text = ("subject", "stimulus")
        found = [
            (h5[f"predictions/{n}"].asstr()[()] if n in text else h5[f"predictions/{n}"][()])[mine]
            for n in names
        ]
        return [*found, h5["membership/role"][()][mine]]


@pytest.mark.parametrize("target", TARGETS)
def test_predictions_carry_the_labels_of_their_target(trained: Path, target: str) -> None:
    subject, song, label, _ = columns(full_run(trained), target, "subject", "stimulus", "label")
    with h5py.File(trained / "pmemo" / "labels.h5") as h5:
        keys = zip(*(h5[f"labels/{n}"].asstr()[()] for n in ("subject", "stimulus")), strict=True)
        truth = dict(zip(keys, h5[f"labels/{target}"][()].tolist(), strict=True))
    assert label.tolist() == [truth[trial] for trial in zip(subject, song, strict=True)]


@pytest.mark.parametrize("target", TARGETS)
def test_parts_of_a_fold_are_those_of_the_membership(trained: Path, target: str) -> None:
    fold, subject, role = columns(full_run(trained), target, "fold", "subject")
    roles = Run.load(full_run(trained)).roles(target)
    assert list(roles) == [1, 2, 3]
    for k, parts in roles.items():
        assert parts.train.tolist() == np.flatnonzero(role[:, k - 1] == TRAIN).tolist()
        assert parts.validation.tolist() == np.flatnonzero(role[:, k - 1] == VALIDATION).tolist()
        assert parts.test.tolist() == np.flatnonzero(fold == k).tolist()
        groups = [set(subject[part]) for part in (parts.train, parts.validation, parts.test)]
        assert sum(map(len, groups)) == len(set.union(*groups)) == 9


@pytest.mark.parametrize("skewed", [1, 2, 3])
def test_majority_class_is_that_of_all_tested_trials(
    trained: Path, copy_of: Callable[[Path], Path], skewed: int
) -> None:
    # One fold mostly high, the others mostly low: training trials of a fold may disagree with all.
    path = full_run(copy_of(trained))
    with h5py.File(path, "a") as h5:
        fold = h5["predictions/fold"][()]
        quarter = np.arange(len(fold)) % 4 == 0
        label = np.where(fold == skewed, ~quarter, quarter)
        h5["predictions/label"][...] = label
        h5["membership/label"][...] = label[:, None]
    run = Run.load(path)
    shown = {table.title.split(":")[0]: table for table in views.page(evaluate_run(path)).tables}
    for target in TARGETS:
        fold, label, _ = columns(path, target, "fold", "label")
        (majority, _), *_ = Counter(label.tolist()).most_common()
        expected = [float(np.mean(label[fold == k] == majority)) for k in (1, 2, 3)]
        assert not np.isclose(expected, 0.5).any()
        assert np.average(expected, weights=[np.sum(fold == k) for k in (1, 2, 3)]) > 0.5
        folds, summary = run.scores(target)
        assert folds["fold"].tolist() == [1, 2, 3]
        assert folds["majority_accuracy"].tolist() == pytest.approx(expected)
        assert summary.majority_mean == pytest.approx(np.mean(expected))
        column = shown[target].columns.index("majority [%]")
        percent = [100 * x for x in [*expected, float(np.mean(expected))]]
        assert [row[column] for row in shown[target].rows[:4]] == pytest.approx(percent)


def test_networks_carry_the_music_statistics_of_their_training_songs(trained: Path) -> None:
    path = full_run(trained)
    song, role = columns(path, "arousal", "stimulus")
    run = Run.load(path)
    with h5py.File(Workspace(trained).store("pmemo", "music")) as h5:
        songs, values = h5["stimuli/stimulus"].asstr()[()], h5["features/value"][()]
    for fold in (1, 2, 3):
        heard = np.isin(songs, song[role[:, fold - 1] == TRAIN])
        mean = run.network_of_fold("arousal", fold).music_mean
        assert mean is not None
        np.testing.assert_allclose(mean, values[heard].mean(axis=0), rtol=1e-3, atol=1e-3)


def test_a_run_that_is_not_there_is_answered_with_the_name_most_like_it(tmp_path: Path) -> None:
    for dataset, name in (("pmemo", "one"), ("pmemo", "another"), ("deap", "one")):
        (tmp_path / dataset / "runs").mkdir(parents=True, exist_ok=True)
        finish_run(tmp_path / dataset / "runs", name)
    workspace = Workspace(tmp_path)
    with pytest.raises(RtcanError, match=r"run 'anther' does not exist .*another, one") as error:
        workspace.find_run("anther", "pmemo")
    assert error.value.hint == "another, for example"
    with pytest.raises(RtcanError, match="finished runs: none") as error:
        Workspace(tmp_path / "empty").find_run("x", None)
    assert error.value.hint == f"rtcan info --workspace {tmp_path / 'empty'}"
    with pytest.raises(RtcanError, match="more than once") as error:
        workspace.find_run("one", None)
    files = [tmp_path / dataset / "runs" / "one.h5" for dataset in ("deap", "pmemo")]
    assert error.value.hint == f"its file instead of its name: {files[0]} or {files[1]}"


def test_without_a_run_the_next_line_names_the_dataset_or_shows_what_is_there(
    tmp_path: Path,
) -> None:
    for name in ("pmemo", "deap"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recordings.h5").touch()
        with pytest.raises(RtcanError, match="no finished run is there") as error:
            Workspace(tmp_path).find_run(None, None)
        words = str(error.value.hint).split()[:4]
        first = ["rtcan", "train", "--dataset", "pmemo"]
        assert words == (
            first if name == "pmemo" else ["rtcan", "info", "--workspace", str(tmp_path)]
        )

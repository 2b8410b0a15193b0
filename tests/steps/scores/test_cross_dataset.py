"""A run is tested on people, stimuli and a sensor that it has never seen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.inputs import training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.predict import new_sources, predict_stores
from rtcan_cli.steps.scores.cross_dataset import evaluate_on
from rtcan_cli.stores import Workspace
from tests.conftest import SMALL_TRAINING, must

pytestmark = pytest.mark.usefixtures("undrawn")

DATASET = ("--subjects", "5", "--stimuli", "8", "--duration", "14")


@pytest.fixture(scope="module")
def workspace(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PMEmo with a run on EDA alone, and HKU956: other listeners, other songs, 4 Hz for 50 Hz."""
    folder = tmp_path_factory.mktemp("cross")
    stores = folder / "stores"
    shutil.copytree(prepared, stores)
    must("train", "-w", stores, *SMALL_TRAINING, "--name", "eda")
    must("simulate", "hku956", folder / "raw", *DATASET)
    prepare(folder / "raw", stores)
    return stores


def prepare(raw: Path, workspace: Path) -> None:
    must("ingest", "hku956", raw, "-w", workspace)
    must("relabel", "-d", "hku956", "-w", workspace)
    must("decompose", "-d", "hku956", "-w", workspace, "--jobs", "1")


def test_scores_are_those_of_the_mean_calibrated_answer(workspace: Path, tmp_path: Path) -> None:
    path, stores = workspace / "pmemo" / "runs" / "eda.h5", Workspace(workspace)
    result = evaluate_on(path, stores, "hku956", tmp_path)
    run = Run.load(path)
    sources = replace(
        new_sources(run, stores, "hku956", {}), labels=stores.store("hku956", "labels")
    )
    for target in ("valence", "arousal"):
        data, _ = training_data(sources, target, run.settings.onset, run.settings.spec.length)
        models = [run.model_of_fold(target, fold) for fold in run.trained_folds(target)]
        said = np.mean([model.calibrated(data) for model in models], axis=0)
        scores = result.scores[result.scores["target"] == target].set_index("score")["estimate"]
        assert scores["auc"] == pytest.approx(roc_auc_score(data.label, said))
        balanced = balanced_accuracy_score(data.label, said > 0.5)
        assert scores["balanced_accuracy"] == pytest.approx(balanced)
        alone = result.models[result.models["target"] == target]
        aucs = [roc_auc_score(data.label, model.calibrated(data)) for model in models]
        assert alone["auc"].tolist() == pytest.approx(aucs)
    assert result.n_subjects == 5
    assert result.n_trials == len(data)
    assert result.n_left_out == 0
    assert result.simulated
    page = views.page(result)
    assert all(table.title.endswith("simulated data") for table in page.tables)
    assert page.facts["tested on"] == "HKU956 (simulated)"
    assert page.facts["trained on"] == "PMEmo (simulated)"
    names = {file.name for file in result.files}
    assert {"scores.csv", "models.csv", "roc_arousal.png", "confusion_valence.png"} <= names
    assert all(file.parent == tmp_path / "pmemo" / "eda" / "on_hku956" for file in result.files)


@pytest.mark.long
def test_songs_of_another_dataset_are_not_known_by_their_numbers(
    workspace: Path, tmp_path: Path
) -> None:
    """CASE calls its videos 1 to 8, as PMEmo its songs; HKU956's listeners may be others."""
    must("train", "-d", "pmemo", "-w", workspace, "--model", "song-prior", "--folds", "3")
    (path,) = (workspace / "pmemo" / "runs").glob("song-prior*.h5")
    must(
        "simulate", "case", tmp_path / "raw", "--subjects", "3", "--stimuli", "8", "--duration", "8"
    )
    must("ingest", "case", tmp_path / "raw", "-w", workspace)
    must("relabel", "-d", "case", "-w", workspace)
    answers = predict_stores(path, Workspace(workspace), "case")
    for _, own in answers.models.groupby(["target", "fold"]):
        assert own["probability"].nunique() == 1
    same = predict_stores(path, Workspace(workspace), "case", same_songs=True)
    assert same.models.groupby(["target", "fold"])["probability"].nunique().max() > 1
    assert (
        evaluate_on(path, Workspace(workspace), "case")
        .verdicts["verdict"]
        .isin(["none_shown", "worse"])
        .all()
    )


def test_what_is_not_new_is_refused(workspace: Path, tmp_path: Path) -> None:
    path = workspace / "pmemo" / "runs" / "eda.h5"
    with pytest.raises(RtcanError, match="was trained on these recordings") as found:
        evaluate_on(path, Workspace(workspace), "pmemo")
    assert "rtcan evaluate eda" in str(found.value.hint)
    must("train", "-d", "hku956", "-w", workspace, "--model", "majority", "--folds", "3")
    (trained,) = (workspace / "hku956" / "runs").glob("majority-*.h5")
    other = tmp_path / "other"
    must("simulate", "hku956", tmp_path / "raw", *DATASET, "--seed", "1")
    prepare(tmp_path / "raw", other)
    with pytest.raises(RtcanError, match="was trained on 5 of these subjects: hku"):
        evaluate_on(trained, Workspace(other), "hku956")


def test_the_same_recordings_as_another_dataset_are_not_new(
    workspace: Path, tmp_path: Path
) -> None:
    """Exported and read again, the run's own listeners are a dataset of another name."""
    other = tmp_path / "other"
    own = ("-d", "hku956", "-w", workspace)
    must("train", *own, "--model", "majority", "--folds", "3", "--name", "own")
    must("export-bids", tmp_path / "bids", *own)
    must("ingest", "bids", tmp_path / "bids", "-w", other)
    must("relabel", "-w", other)
    with pytest.raises(RtcanError, match="recordings of bids are also in the study that own was"):
        evaluate_on(workspace / "hku956" / "runs" / "own.h5", Workspace(other), "bids")


def test_without_labels_there_is_nothing_to_score(workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "stores"
    shutil.copytree(workspace, other)
    (other / "hku956" / "labels.h5").unlink()
    with pytest.raises(RtcanError) as found:
        evaluate_on(other / "pmemo" / "runs" / "eda.h5", Workspace(other), "hku956")
    assert "rtcan relabel" in str(found.value.hint)

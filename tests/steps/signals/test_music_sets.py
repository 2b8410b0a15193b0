"""Songs described by other sets than the paper's, and by vectors of other models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import opensmile
import pytest

from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store
from tests.conftest import SMALL_TRAINING, must, rtcan

MODEL = "MERT-v1-95M, layer 6"
SIZE = 12


def vectors(songs: str = "12345678", seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {song: rng.normal(size=SIZE).astype(np.float32) for song in songs}


def save(path: Path, of: dict[str, np.ndarray]) -> Path:
    np.savez(path, stimulus=np.array(list(of)), features=np.stack(list(of.values())))
    return path


def stored(workspace: Path) -> dict[str, np.ndarray]:
    with Store(workspace / "pmemo" / "music.h5", "music") as store:
        songs = store.array("stimuli/stimulus").tolist()
        return dict(zip(songs, store.array("features/value"), strict=True))


def train(workspace: Path, *options: str | Path) -> Run:
    must("train", "-w", workspace, *SMALL_TRAINING, "--target", "arousal", *options)
    (path,) = (workspace / "pmemo" / "runs").glob("*.h5")
    return Run.load(path)


@pytest.mark.long
@pytest.mark.parametrize("name", ["eGeMAPSv02", "GeMAPSv01b", "emobase"])
def test_other_sets_are_those_of_opensmile(
    every_feature: None,
    prepared: Path,
    copy_of: Callable[[Path], Path],
    raw_pmemo: Path,
    name: str,
) -> None:
    workspace = copy_of(prepared)
    must("music-features", "-w", workspace, "--feature-set", name, "--jobs", "1")
    smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    with Store(workspace / "pmemo" / "music.h5", "music") as store:
        assert store.provenance.parameters["feature_set"] == name
        assert store.array("features/name").tolist() == smile.feature_names
    with Store(workspace / "pmemo" / "recordings.h5", "recordings") as store:
        raw = Path(store.provenance.parameters["raw"])
        audio = store.table("stimuli").set_index("stimulus")["audio"]
    from rtcan_cli.audio.read import read_audio

    for song, found in list(stored(workspace).items())[:2]:
        samples, rate = read_audio((raw / audio[song]).read_bytes(), song)
        expected = smile.process_signal(np.clip(samples[:, 0], -1, 32767 / 32768), rate)
        np.testing.assert_array_equal(found, expected.to_numpy()[0])
    shown = must("info", workspace / "pmemo" / "music.h5").stdout
    assert name in shown


def test_vectors_stand_under_the_song_of_their_row(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace, of = copy_of(prepared), vectors("7134")
    npz = save(tmp_path / "mert.npz", of | vectors("9", seed=1))
    csv = tmp_path / "mert.csv"
    rows = [",".join([song, *(repr(float(x)) for x in vector)]) for song, vector in of.items()]
    csv.write_text("\n".join([",".join(["song", *(f"d{k}" for k in range(SIZE))]), *rows]))
    for path in (npz, csv):
        options = ("--import", path, "--model", MODEL)
        outcome = must("music-features", "-w", workspace, *options, "--json")
        result = json.loads(outcome.stdout)
        assert (result["n_songs"], result["n_features"], result["model"]) == (4, SIZE, MODEL)
        assert [row["song"] for row in result["left_out"]] == ["2", "5", "6", "8"]
        kinds = [note["kind"] for note in result["notes"]]
        assert "songs_without_features" in kinds
        assert ("unheard" in kinds) == (path == npz)
        found = stored(workspace)
        assert found.keys() == of.keys()
        for song, vector in of.items():
            np.testing.assert_array_equal(found[song], vector)


def test_what_made_the_vectors_has_to_be_named(prepared: Path, tmp_path: Path) -> None:
    npz = save(tmp_path / "mert.npz", vectors())
    csv = tmp_path / "mert.csv"
    csv.write_text("song,a,b\n1,0.5,0.25\n")
    for path in (npz, csv):
        outcome = rtcan("music-features", "-w", prepared, "--import", path)
        assert outcome.exit_code == 1
        assert "--model NAME" in outcome.stderr
    command = ("music-features", "-w", prepared)
    assert rtcan(*command, "--model", MODEL).exit_code == 2
    assert rtcan(*command, "--import", npz, "--feature-set", "emobase").exit_code == 2
    none = save(tmp_path / "none.npz", {"x": np.ones(3)})
    outcome = rtcan(*command, "--import", none, "--model", MODEL)
    assert outcome.exit_code == 1
    assert "none of its 1 songs is in" in outcome.stderr


def test_a_run_says_what_it_heard_and_refuses_vectors_of_another_model(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    first = save(tmp_path / "first.npz", vectors())
    other = save(tmp_path / "other.npz", vectors(seed=1))
    must("music-features", "-w", workspace, "--import", first, "--model", MODEL)
    run = train(workspace, "--fusion", "music")
    assert run.provenance.music == MODEL
    assert run.model_of_fold("arousal", 1).spec.n_music == SIZE
    assert MODEL in must("info", run.path).stdout
    predict = ("predict", run.name, "-w", workspace, "-d", "pmemo")
    assert must(*predict).exit_code == 0
    with h5py.File(workspace / "pmemo" / "recordings.h5") as h5:
        audio = Path(json.loads(h5.attrs["parameters"])["raw"]) / h5["stimuli/audio"].asstr()[0]
    eda = tmp_path / "eda.csv"
    eda.write_text("eda\n" + "\n".join(f"{x:.4f}" for x in 2 + np.cumsum(np.full(600, 0.001))))
    outcome = rtcan(
        *("predict", run.name, "-w", workspace, "--eda", eda, "--sampling-rate", "50"),
        *("--audio", audio),
    )
    assert outcome.exit_code == 1
    assert "which rtcan cannot compute from audio" in outcome.stderr
    # As many numbers, but of another model: the run itself remembers, though its store is gone.
    must("music-features", "-w", workspace, "--import", other, "--model", "another")
    outcome = rtcan(*predict)
    assert outcome.exit_code == 1
    assert f"was trained on music features of {MODEL}" in " ".join(outcome.stderr.split())
    assert "are of another" in " ".join(outcome.stderr.split())


def test_runs_are_told_apart_by_what_they_heard(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    from rtcan_cli.runs.labels import labels_of

    workspace = copy_of(prepared)
    runs = []
    for name in ("one", "two"):
        npz = save(tmp_path / f"{name}.npz", vectors())
        must("music-features", "-w", workspace, "--import", npz, "--model", name)
        options = ("--model", "svm-music", "--target", "arousal", "--folds", "3", "--name", name)
        must("train", "-w", workspace, *options)
        runs.append(Run.load(workspace / "pmemo" / "runs" / f"{name}.h5"))
    assert [label.rpartition(", ")[2] for label in labels_of(runs)] == ["music one", "music two"]


def test_runs_on_other_features_lie_beside_each_other(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    """None takes the place of another one, and none is to be trained again on what it was not."""
    workspace = copy_of(prepared)
    options = ("--model", "svm-music", "--target", "arousal", "--folds", "3")
    train_it = ("train", "-w", workspace, *options, "--json")
    stored: dict[str, bytes] = {}
    for model in (None, "one", "two"):
        if model is not None:
            npz = save(tmp_path / f"{model}.npz", vectors())
            must("music-features", "-w", workspace, "--import", npz, "--model", model)
        (run,) = json.loads(must(*train_it).stdout)["runs"]
        assert run["name"] not in stored
        assert f"-{model}-" in run["name"] or model is None
        path = workspace / "pmemo" / "runs" / f"{run['name']}.h5"
        stored[run["name"]] = path.read_bytes()
        assert "already done" in must(*train_it).stderr
        assert Run.load(path).line() == f"rtcan train --dataset pmemo {' '.join(options)} " + (
            f"--workspace {workspace}"
        )
    state = json.loads(must("info", "-w", workspace, "--json").stdout)
    found = {step["run"]: step for step in state["steps"] if step["store"] == "run"}
    assert {name: step["state"] for name, step in found.items()} == dict.fromkeys(stored, "done")
    first, second, third = (found[name]["detail"] for name in stored)
    assert (first, second) == tuple(
        f"on music features of {each}, in place of two" for each in ("ComParE_2016", "one")
    )
    assert third is None
    assert not any("train" in (note["command"] or "") for note in state["notes"])
    for name, content in stored.items():
        assert (workspace / "pmemo" / "runs" / f"{name}.h5").read_bytes() == content


def test_an_imported_store_is_up_to_date(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    file = save(tmp_path / "vectors.npz", vectors())
    must("music-features", "-w", workspace, "--import", file, "--model", MODEL)
    state = json.loads(must("info", "-w", workspace, "--json").stdout)
    (music,) = [step for step in state["steps"] if step["store"] == "music"]
    assert music["state"] == "done"

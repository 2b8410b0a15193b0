"""A published network in a run store: what it answers, and what is said about the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan.released import CHANNEL_ORDER
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.steps.training import import_checkpoint
from rtcan_cli.steps.training.import_checkpoint import read_checkpoint
from rtcan_cli.steps.training.imported import imported_network
from rtcan_cli.stores import Provenance
from rtcan_cli.training.data import TrainingData, standardise
from rtcan_cli.training.predict import predict
from rtcan_cli.views.layout import table_lines
from tests.conftest import N_MUSIC, SMALL_TRAINING, SONG, SUBJECT, must, rtcan
from tests.models.rtcan.released_reference import Reference, published

NOT_USED = 3

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def fused() -> Reference:
    return published("pmemo", n_music=N_MUSIC, seed=2)


@pytest.fixture(scope="module")
def checkpoint(fused: Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What several GPUs would have saved."""
    path = tmp_path_factory.mktemp("checkpoint") / "pmemo_Arousal_best.pt"
    state = {f"module.{name}": tensor for name, tensor in fused.state_dict().items()}
    torch.save({"epoch": 7, "state_dict": state}, path)
    return path


@pytest.fixture(scope="module")
def imported(prepared: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the fused network. Not to be written to."""
    run = tmp_path_factory.mktemp("imported") / "theirs.h5"
    must("import-checkpoint", checkpoint, "-w", prepared, "--output", run)
    return run


def sources(workspace: Path, music: bool = True) -> Sources:
    folder = workspace / "pmemo"
    return Sources(
        folder / "components.h5", folder / "labels.h5", folder / "music.h5" if music else None
    )


def reference_answers(model: Reference, workspace: Path, order: tuple[str, ...]) -> np.ndarray:
    """P(high) of each arousal trial, from the reference and its own channel order."""
    data, _ = training_data(sources(workspace), "arousal", 3.0, 2500)
    assert data.music is not None
    assert data.song is not None
    channels = dict(zip(("original", "phasic", "tonic"), data.eda.transpose(1, 0, 2), strict=True))
    eda = torch.from_numpy(np.stack([channels[name] for name in order], axis=1))
    heard = data.music[np.unique(data.song)].astype(float)
    sd = heard.std(axis=0)
    z = (data.music[data.song] - heard.mean(axis=0)) / np.where(sd > 0, sd, np.inf)
    music = torch.from_numpy(z.clip(-10, 10).astype(np.float32))
    with torch.no_grad():
        if model.n_music:
            return model.output(eda, music)[:, 1].numpy()
        return model.output(eda).softmax(dim=1)[:, 1].numpy()


def test_probabilities_are_those_of_the_published_network(
    prepared: Path, fused: Reference, imported: Path
) -> None:
    with h5py.File(imported) as h5:
        found = h5["predictions/probability"][()]
        assert (h5["membership/role"][()] == NOT_USED).all()
        assert (h5["predictions/fold"][()] == 0).all()
        assert set(h5["predictions/target"].asstr()[()]) == {"arousal"}
        text = json.loads(h5.attrs["parameters"])
        assert text["layout"] == "released"
        assert h5.attrs["simulated"]
    expected = reference_answers(fused, prepared, CHANNEL_ORDER["pmemo"])
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_is_rebuilt_from_the_store_as_the_same_network(prepared: Path, imported: Path) -> None:
    run = Run.load(imported)
    assert run.is_imported
    network = run.network_of_fold("arousal", 1)
    data, _ = training_data(sources(prepared), "arousal", 3.0, 2500)
    assert data.music is not None
    assert data.song is not None
    assert network.music_mean is not None
    assert network.music_sd is not None
    music = standardise(data.music, network.music_mean, network.music_sd)[data.song]
    again = predict(network.model, data.eda, music)
    np.testing.assert_allclose(again, run.predictions["probability"], atol=1e-6)


def test_import_and_evaluate_say_that_nothing_is_held_out(
    prepared: Path, checkpoint: Path, imported: Path, tmp_path: Path
) -> None:
    with h5py.File(imported) as h5:
        label, probability = h5["predictions/label"][()], h5["predictions/probability"][()]
    right = float(np.mean((probability > 0.5) == label))
    first = must(
        "import-checkpoint", checkpoint, "-w", prepared, "--output", tmp_path / "r.h5", "--json"
    )
    scored = must("evaluate", imported, "-w", prepared, "-o", tmp_path / "figures", "--json")
    for outcome in (first, scored):
        result = json.loads(outcome.stdout)
        assert result["held_out"] is False
        (row,) = result["scores"]
        assert (row["target"], row["held_out"]) == ("arousal", False)
        assert row["accuracy"] == pytest.approx(right)
        assert row["n_trials"] == len(label)
        (note,) = (each for each in result["notes"] if each["kind"] == "not_held_out")
        assert "it is not known which trials it was trained on" in note["text"]
        assert "unseen" not in outcome.stdout
    (csv,) = (tmp_path / "figures").rglob("scores.csv")
    table = pd.read_csv(csv)
    assert table["held_out"].tolist() == [False]
    assert table["simulated"].tolist() == [True]
    assert table["accuracy"][0] == pytest.approx(right)
    assert len(list((tmp_path / "figures").rglob("confusion_arousal.*"))) > 0


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal_and_says_it_in_capitals(imported: Path, width: int) -> None:
    for result in (imported_network(imported), evaluate_run(imported)):
        page = views.page(result)
        (table,) = page.tables
        assert table.title == "arousal: all trials, NOT held out, simulated data"
        assert max(map(len, table_lines(table, width))) <= width
        assert page.facts["P(high)"] == "the output of its softmax"


def test_gradcam_explains_it_and_says_what_it_is(
    prepared: Path, imported: Path, tmp_path: Path
) -> None:
    options = (imported, "-w", prepared, "--dataset", "pmemo", "-o", tmp_path, "--json")
    report = json.loads(must("gradcam", "--subject", SUBJECT, "--music", SONG, *options).stdout)
    assert report["imported"]
    (row,) = report["decisions"]
    run = Run.load(imported).predictions
    mine = run[(run["subject"] == SUBJECT) & (run["stimulus"] == SONG)]
    high = mine["probability"].iloc[0]
    assert row["called_probability"] == pytest.approx(max(high, 1 - high), abs=1e-4)
    assert [note["kind"] for note in report["notes"]] == ["chance"]  # it was not trained
    (csv,) = tmp_path.rglob("attention_arousal_*.csv")
    assert pd.read_csv(csv)["weight"].max() == pytest.approx(1)


def test_it_is_kept_out_of_comparisons_and_of_folds(
    trained: Path, checkpoint: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(trained)
    name = must("import-checkpoint", checkpoint, "-w", workspace, "--json").stdout
    run = json.loads(name)["run"]["name"]
    assert re.fullmatch(r"released-pmemo-Rf-eda\+music-arousal-[0-9a-f]{6}", run)
    compared = json.loads(must("compare", "-w", workspace, "-o", tmp_path, "--json").stdout)
    shown = [row["run"] for row in compared["scores"]]
    assert len(shown) > 0
    assert run not in shown
    told = [note["text"] for note in compared["notes"]]
    assert any("not held out" in note and run in note for note in told)
    outcome = rtcan(
        "train", "-w", workspace, "--splits-from", run, "--recipe", "tuned", "--length", "96"
    )
    assert outcome.exit_code == 1
    assert "whose folds are not known" in outcome.stderr


@pytest.mark.long
def test_again_it_does_nothing_and_another_file_makes_it_again(
    prepared: Path, checkpoint: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    command = ("-w", workspace, "--name", "theirs")
    must("import-checkpoint", checkpoint, *command)
    assert "already done" in must("import-checkpoint", checkpoint, *command).stderr
    other = tmp_path / checkpoint.name
    torch.save(published("pmemo", n_music=N_MUSIC, seed=9).state_dict(), other)
    assert "making it again" in must("import-checkpoint", other, *command).stderr
    # A checkpoint does not make `info` stumble, not even when it is stale.
    must("relabel", "-w", workspace, "--method", "median")
    assert "import-checkpoint" in must("info", "-w", workspace).stdout


@pytest.mark.long
def test_channel_order_is_that_of_the_dataset_it_was_trained_on(
    prepared: Path, tmp_path: Path
) -> None:
    theirs = published("deap", seed=2)
    path, run = tmp_path / "arousal.pt", tmp_path / "run.h5"
    torch.save(theirs.state_dict(), path)
    # Used on PMEmo, it is seen that it is none of PMEmo's networks, but not which of two it is.
    outcome = rtcan("import-checkpoint", path, "-w", prepared, "--output", run)
    assert outcome.exit_code == 1
    assert "weights are those of a network for DEAP or AMIGOS" in outcome.stderr
    assert "--trained-on deap or amigos" in outcome.stderr
    must("import-checkpoint", path, "-w", prepared, "--output", run, "--trained-on", "deap")
    expected = reference_answers(theirs, prepared, CHANNEL_ORDER["deap"])
    np.testing.assert_allclose(Run.load(run).predictions["probability"], expected, atol=1e-4)
    # What the user says counts, but what speaks against it is said.
    outcome = must("import-checkpoint", path, "-w", prepared, "-o", run, "--trained-on", "pmemo")
    assert "looks like a published network for DEAP or AMIGOS" in outcome.stdout
    expected = reference_answers(theirs, prepared, CHANNEL_ORDER["pmemo"])
    np.testing.assert_allclose(Run.load(run).predictions["probability"], expected, atol=1e-4)
    # Where the order of its entries does not tell, that is said.
    torch.save(dict(sorted(theirs.state_dict().items())), path)
    outcome = must("import-checkpoint", path, "-w", prepared, "-o", run)
    assert "does not tell which dataset it was trained on; taken for PMEmo" in outcome.stdout


@pytest.mark.long
def test_one_import_does_not_replace_another(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace, path = copy_of(prepared), tmp_path / "valence.pt"
    torch.save(published("deap").state_dict(), path)
    for options in (
        ("--trained-on", "deap"),
        ("--trained-on", "amigos"),
        ("--trained-on", "amigos", "--onset", "0"),
        ("--trained-on", "amigos", "--target", "arousal"),
    ):
        must("import-checkpoint", path, "-w", workspace, *options)
    names = sorted(run.stem for run in (workspace / "pmemo" / "runs").glob("*.h5"))
    assert len(names) == 4
    assert sum(name.startswith("released-amigos-Re-eda-valence-") for name in names) == 2


@pytest.mark.parametrize(
    ("dataset", "attention", "non_local"),
    [
        ("deap", False, False),
        pytest.param("pmemo", False, True, marks=pytest.mark.long),
        pytest.param("amigos", True, False, marks=pytest.mark.long),
    ],
)
def test_each_configuration_goes_through_the_whole_command(
    prepared: Path, tmp_path: Path, dataset: str, attention: bool, non_local: bool
) -> None:
    theirs = published(dataset, seed=4, attention=attention, non_local=non_local)
    path, run = tmp_path / f"{dataset}_arousal.pt", tmp_path / "theirs.h5"
    torch.save(theirs.state_dict(), path)
    assert "behind their ReLU" in must("import-checkpoint", path, "-w", prepared, "-o", run).stdout
    expected = reference_answers(theirs, prepared, CHANNEL_ORDER[dataset])
    found = Run.load(run).predictions["probability"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    # The published code calls high what its second output is larger in.
    assert (found > 0.5).tolist() == (expected > 0.5).tolist()
    must("evaluate", run, "-w", prepared, "-o", tmp_path)
    # What is exported says the same, also where the last ReLU cuts off both outputs.
    exported = tmp_path / "network.pt"
    must("export", run, "-w", prepared, "--torchscript", exported)
    data, _ = training_data(sources(prepared, music=False), "arousal", 3.0, 2500)
    said = torch.jit.load(exported)(torch.from_numpy(data.eda)).numpy()
    np.testing.assert_allclose(said, found, atol=1e-5)


def test_pmemos_network_without_attention_is_refused(prepared: Path, tmp_path: Path) -> None:
    theirs = published("pmemo", n_music=6373, attention=False, non_local=False)
    path = tmp_path / "valence.pt"
    torch.save(theirs.state_dict(), path)
    outcome = rtcan("import-checkpoint", path, "-w", prepared, "-o", tmp_path / "run.h5")
    assert outcome.exit_code == 1
    assert "fails at 2500 samples in the published code too" in outcome.stderr
    assert not (tmp_path / "run.h5").exists()


def test_a_run_of_the_earlier_network_is_refused_with_what_to_do(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace, exported = copy_of(trained), tmp_path / "network.pt"
    paths = list((workspace / "pmemo" / "runs").glob("*.h5"))
    for path in paths:
        with h5py.File(path, "r+") as h5:
            parameters = json.loads(h5.attrs["parameters"])
            assert parameters.pop("network") == 2
            h5.attrs["parameters"] = json.dumps(parameters, sort_keys=True)
    commands: list[tuple[str | Path, ...]] = [
        ("evaluate",),
        ("compare",),
        ("gradcam", "--subject", SUBJECT, "--music", SONG),
        ("export", "--target", "arousal", "--torchscript", exported),
    ]
    for command in commands:
        outcome = rtcan(*command, "-w", workspace)
        assert outcome.exit_code == 1, command
        assert "holds RTCAN-1D of revision 1, and this rtcan computes revision 2" in outcome.stderr
        assert "make it again: rtcan train --dataset pmemo" in outcome.stderr
    assert not exported.exists()
    assert rtcan("info", "-w", workspace).exit_code == 0


def test_target_is_in_the_name_of_the_file_or_said(tmp_path: Path) -> None:
    state = published().state_dict()
    for name, said, expected in (
        ("best.pt", None, "valence"),
        ("best.pt", "arousal", "arousal"),
        ("best_Arousal.pth", None, "arousal"),
        ("arousal_valence.pt", None, "valence"),
    ):
        torch.save(state, tmp_path / name)
        checkpoint = read_checkpoint(tmp_path / name, "pmemo", said)
        assert checkpoint.target == expected
        guessed = said is None and name != "best_Arousal.pth"
        notes = [note.text for note in checkpoint.notes if note.kind == "assumed_target"]
        assert ["taken for valence (--target arousal)" in note for note in notes] == [
            True
        ] * guessed


def test_own_recordings_need_the_dataset_it_was_trained_on_if_it_does_not_tell(
    tmp_path: Path,
) -> None:
    path = tmp_path / "valence.pt"
    torch.save(published("pmemo", attention=False).state_dict(), path)
    assert read_checkpoint(path, "table").trained_on == "pmemo"
    torch.save(published("amigos").state_dict(), path)
    with pytest.raises(RtcanError, match="order of its EDA channels") as caught:
        read_checkpoint(path, "table")
    assert "--trained-on deap or amigos" in str(caught.value.hint)
    assert read_checkpoint(path, "table", trained_on="deap").trained_on == "deap"
    # The published scripts write the dataset into the name.
    named = path.with_name("AMIGOS_Resnet1d_Arousal_AL0.pt")
    path.rename(named)
    assert read_checkpoint(named, "table").trained_on == "amigos"
    torch.save(dict(sorted(published("amigos").state_dict().items())), path)
    with pytest.raises(RtcanError, match="for PMEmo or DEAP or AMIGOS"):
        read_checkpoint(path, "table")


@pytest.mark.parametrize(
    ("parts", "options", "message", "hint"),
    [
        (
            {},
            ("--trained-on", "deap"),
            "has channel attention in its residual",
            "--trained-on pmemo",
        ),
        ({"n_classes": 3}, (), "distinguishes 3 classes", ""),
        ({"n_music": 10}, (), "takes 10 music features", "music-features"),
    ],
)
def test_checkpoints_that_do_not_fit_are_refused(
    prepared: Path,
    tmp_path: Path,
    parts: dict[str, int],
    options: tuple[str, ...],
    message: str,
    hint: str,
) -> None:
    path, run = tmp_path / "valence.pt", tmp_path / "run.h5"
    torch.save(published(**parts).state_dict(), path)
    outcome = rtcan("import-checkpoint", path, "-w", prepared, "--output", run, *options)
    assert outcome.exit_code == 1
    assert f"valence.pt: {message}" in outcome.stderr
    assert hint in outcome.stderr
    assert not run.exists()


def test_other_networks_and_files_are_refused_in_one_line(prepared: Path, tmp_path: Path) -> None:
    path = tmp_path / "valence.pt"
    torch.save({"fc.weight": torch.zeros(3)}, path)
    outcome = rtcan("import-checkpoint", path, "-w", prepared)
    assert outcome.exit_code == 1
    assert "valence.pt: is not a state dict of the published network: it lacks" in outcome.stderr
    assert "has the unknown 'fc.weight'" in outcome.stderr
    path.write_text("no checkpoint")
    assert (
        "not a readable PyTorch checkpoint"
        in rtcan("import-checkpoint", path, "-w", prepared).stderr
    )


def test_the_released_layout_can_be_trained(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    options = ("--layout", "released", "--test-subject", SUBJECT, "--target", "arousal")
    must("train", "-w", workspace, *SMALL_TRAINING, *options)
    (path,) = (workspace / "pmemo" / "runs").glob("*.h5")
    run = Run.load(path)
    assert run.settings.spec.layout == "released"
    assert type(run.network_of_fold("arousal", run.trained_folds("arousal")[0]).model).__name__ == (
        "ReleasedRTCAN"
    )
    assert "--layout released" in run.settings.line("pmemo")
    report = json.loads(must("evaluate", path, "-w", workspace, "-o", tmp_path, "--json").stdout)
    assert report["run"]["model"] == "Rf (released layout), EDA alone"


def test_a_song_under_two_names_counts_once_in_the_scale_of_the_music(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    music = np.array([[0.0], [0.0], [6.0]], np.float32)
    data = TrainingData(
        eda=np.zeros((3, 3, 8), np.float32),
        label=np.array([0, 1, 0]),
        subject=np.array(["a", "b", "a"]),
        stimulus=np.array(["x", "x again", "y"]),
        music=music,
        song=np.array([0, 1, 2]),
        piece=np.array(["x", "x", "y"]),
    )
    monkeypatch.setattr(import_checkpoint, "predict", lambda *_: np.full(3, 0.5))
    checkpoint: Any = SimpleNamespace(target="arousal", model=torch.nn.Linear(1, 1))
    path = tmp_path / "run.h5"
    import_checkpoint._write(
        checkpoint, data, path, Provenance("import-checkpoint", "pmemo", {}, {})
    )
    with h5py.File(path) as h5:
        assert h5["weights/arousal/music_mean"][()].tolist() == [[3.0]]
        assert h5["weights/arousal/music_sd"][()].tolist() == [[3.0]]

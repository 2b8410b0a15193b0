"""The whole chain as a user types it, on a tiny simulated dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli import music
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store
from tests.conftest import AS_TRAINED, SMALL_TRAINING, SONG, SUBJECT, must, rtcan


def test_ingest_summary(raw_pmemo: Path, tmp_path: Path) -> None:
    outcome = must("ingest", "pmemo", raw_pmemo, "-w", tmp_path, "--json")
    summary = json.loads(outcome.stdout)
    assert (summary["edition"], summary["simulated"]) == ("PMEmo 2018", True)
    assert (summary["n_subjects"], summary["n_stimuli"]) == (9, 8)
    # Both hearings of every trial, one for each target.
    assert summary["n_recordings"] == 2 * summary["n_trials"]


@pytest.mark.parametrize(
    ("command", "store"),
    [
        (("relabel",), "labels"),
        (("decompose",), "components"),
        (("music-features",), "music"),
    ],
)
def test_a_finished_step_says_so_and_does_nothing(
    prepared: Path, command: tuple[str, ...], store: str
) -> None:
    path = prepared / "pmemo" / f"{store}.h5"
    before = path.stat().st_mtime_ns
    outcome = must(*command, "-w", prepared)
    assert "already done, nothing changed" in outcome.stderr
    assert path.stat().st_mtime_ns == before


def test_changed_parameters_are_named_and_the_step_is_done_again(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    outcome = must("relabel", "-w", workspace, "--method", "median")
    assert "method: kmeans -> median" in outcome.stderr
    with Store(workspace / "pmemo" / "labels.h5", "labels") as store:
        assert store.provenance.parameters["method"] == "median"


@pytest.mark.long
def test_force_makes_the_same_content_again(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    music._smile.cache_clear()  # so that openSMILE is asked again
    for command, kind in (
        ("relabel", "labels"),
        ("decompose", "components"),
        ("music-features", "music"),
    ):
        before = Store(prepared / "pmemo" / f"{kind}.h5").content_id
        must(command, "-w", workspace, "--force")
        assert Store(workspace / "pmemo" / f"{kind}.h5").content_id == before, kind


def test_components_add_up_to_the_z_scored_signal(prepared: Path) -> None:
    with (
        Store(prepared / "pmemo" / "recordings.h5") as raw,
        Store(prepared / "pmemo" / "components.h5") as parts,
    ):
        for index in (0, 5):
            eda = raw.signal("eda", index)
            total = sum(parts.signal(c, index) for c in ("phasic", "tonic", "residual"))
            np.testing.assert_allclose(total, (eda - eda.mean()) / eda.std(), atol=2e-6)
            assert parts.signal("driver", index).min() >= 0


def test_each_target_trains_on_its_own_hearing(prepared: Path) -> None:
    from rtcan_cli.runs.inputs import Sources, training_data

    folder = prepared / "pmemo"
    sources = Sources(folder / "components.h5", folder / "labels.h5")
    valence, _ = training_data(sources, "valence", 3.0, 96)
    arousal, _ = training_data(sources, "arousal", 3.0, 96)
    assert (valence.subject == arousal.subject).all()
    assert not np.allclose(valence.eda, arousal.eda)


def test_run_store_holds_what_a_reader_needs(trained: Path) -> None:
    run = Run.load(newest_run(trained))
    assert run.settings.spec.variant == "Rf"
    assert set(run.predictions["target"]) == {"valence", "arousal"}
    assert run.predictions["probability"].between(0, 1).all()
    for target in ("valence", "arousal"):
        tested = np.concatenate([roles.test for roles in run.roles(target).values()])
        assert sorted(tested) == list(range(len(run.trials(target))))
    with h5py.File(run.path) as h5:
        assert {weights.shape[0] for weights in h5["weights/arousal"].values()} == {3}
        assert h5.attrs["simulated"]


def test_stored_network_reproduces_the_stored_probabilities(trained: Path) -> None:
    from rtcan_cli.runs.inputs import training_data
    from rtcan_cli.steps.attention.networks import sources_of
    from rtcan_cli.stores import Workspace
    from rtcan_cli.training.data import standardise
    from rtcan_cli.training.predict import predict

    path = newest_run(trained)
    run = Run.load(path)
    data, _ = training_data(sources_of(Workspace(trained), path), "arousal", 3.0, 96)
    network = run.network_of_fold("arousal", 2)
    test = run.roles("arousal")[2].test
    assert data.music is not None
    assert data.song is not None
    assert network.music_mean is not None
    assert network.music_sd is not None
    music = standardise(data.music, network.music_mean, network.music_sd)[data.song[test]]
    probability = predict(network.model, data.eda[test], music)
    stored = run.trials("arousal")["probability"].to_numpy()[test]
    np.testing.assert_allclose(probability, stored, atol=1e-5)


def test_evaluate_states_scores_and_the_check(trained: Path, tmp_path: Path) -> None:
    outcome = must("evaluate", "-w", trained, "-o", tmp_path)
    assert "simulated data" in outcome.stdout
    assert "no subject is shared between training, validation and test" in outcome.stdout
    (csv,) = tmp_path.rglob("folds.csv")
    scores = pd.read_csv(csv)
    run = Run.load(newest_run(trained))
    trials = run.trials("arousal")
    own = trials[trials["fold"] == 1]
    right = ((own["probability"] > 0.5) == own["label"]).mean()
    first = scores[(scores["target"] == "arousal") & (scores["fold"] == 1)]
    assert first["accuracy"].item() == pytest.approx(right)
    assert scores["simulated"].all()
    assert {p.suffix for p in tmp_path.rglob("*.*")} == {".csv", ".png", ".svg", ".pdf"}


def test_scores_of_a_run_with_overlapping_subjects_are_not_shown(
    trained: Path, copy_of: Callable[[Path], Path]
) -> None:
    path = newest_run(copy_of(trained))
    with h5py.File(path, "a") as h5:
        role = h5["membership/role"]
        changed = role[()]
        changed[0] = np.where(changed[0] == 2, 0, changed[0])
        role[...] = changed
    for command in ("evaluate", "compare"):
        outcome = rtcan(command, path)
        assert outcome.exit_code == 1
        assert "is in both the train and the test trials" in outcome.stderr


def test_compare_shows_runs_and_the_paper(trained: Path, tmp_path: Path) -> None:
    outcome = must("compare", "-w", trained, "--paper", "-o", tmp_path, "--json")
    result = json.loads(outcome.stdout)
    (full,) = (row for row in result["scores"] if row["target"] == "arousal")
    assert full["run"] == newest_run(trained).stem
    assert full["paper_accuracy"] == pytest.approx(0.8376)
    assert full["accuracy_difference"] == pytest.approx(full["accuracy"] - 0.8376)
    notes = {note["kind"]: note["text"] for note in result["notes"]}
    assert "not comparable" in notes["paper"]
    assert "not all of their folds were trained: R" in notes["untrained_folds"]
    names = [path.stem for path in (trained / "pmemo" / "runs").glob("*.h5")]
    named = must("compare", *names, "-w", trained, "-o", tmp_path).stdout
    assert all(name in named for name in names)


@pytest.mark.long
def test_gradcam_shows_three_models_and_writes_the_numbers(trained: Path, tmp_path: Path) -> None:
    outcome = must(
        "gradcam", "--subject", SUBJECT, "--music", SONG, "-w", trained, "-o", tmp_path, "--json"
    )
    table = json.loads(outcome.stdout)["decisions"]
    assert [row["variant"] for row in table] == ["Rb", "Rd", "Rf"] * 2
    run = Run.load(newest_run(trained))
    mine = run.trials("arousal").query("subject == @SUBJECT")
    assert {row["fold"] for row in table if row["target"] == "arousal"} == set(mine["fold"])
    (csv,) = tmp_path.rglob("attention_arousal_*.csv")
    numbers = pd.read_csv(csv)
    assert numbers["time"].iloc[0] == 3.0
    assert numbers["variant"].unique().tolist() == ["Rb", "Rd", "Rf"]
    assert numbers["weight"].between(0, 1).all()
    pictures = {p.name for p in tmp_path.rglob("*.png")}
    assert pictures == {
        f"attention_{kind}_{target}_subject_{SUBJECT}_music_{SONG}.png"
        for kind in ("columns", "heat")
        for target in ("valence", "arousal")
    }


def test_info_of_the_workspace_names_what_is_stale_and_next(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    assert "nothing" not in must("info", "-w", trained).stdout
    workspace = copy_of(trained)
    must("relabel", "-w", workspace, "--method", "mean")
    said = json.loads(must("info", "-w", workspace, "--json").stdout)
    state = {(row["store"], row["state"]) for row in said["steps"]}
    assert ("labels", "done") in state
    assert ("run", "stale") in state
    (following,) = said["next_steps"]
    assert following["command"].startswith("rtcan train --dataset pmemo")
    (workspace / "pmemo" / "components.h5").unlink()
    outcome = must("info", "-w", workspace)
    assert "rtcan decompose --dataset pmemo" in outcome.stdout
    assert "rtcan ingest" in must("info", "-w", tmp_path / "empty").stdout


def test_info_of_a_store_shows_units_and_origin(prepared: Path) -> None:
    text = must("info", prepared / "pmemo" / "components.h5").stdout
    for expected in ("signals/phasic", "Hz", "alpha", "input: recordings", "simulated"):
        assert expected in text


def test_training_again_does_nothing_and_a_new_seed_is_a_new_run(
    trained: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(trained)
    before = len(list(workspace.rglob("runs/*.h5")))
    assert "already done" in must("train", "-w", workspace, *AS_TRAINED).stderr
    must("train", "-w", workspace, *AS_TRAINED, "--target", "arousal", "--seed", "1")
    assert len(list(workspace.rglob("runs/*.h5"))) == before + 1
    assert not list(workspace.rglob("*.partial"))


def newest_run(workspace: Path, dataset: str = "pmemo") -> Path:
    from rtcan_cli.stores import Workspace

    return Workspace(workspace).runs(dataset)[0]


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("dataset", "onset"), [("deap", 3.0), ("amigos", 5.0)])
def test_the_video_datasets_go_through_the_same_chain(
    dataset: str, onset: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    size = ("--subjects", "6", "--stimuli", "8", "--duration", "10")
    must("simulate", dataset, "./raw", *size)
    must("ingest", dataset, "./raw")
    must("relabel")
    must("decompose", "--jobs", "1")
    must("train", *SMALL_TRAINING)
    run = Run.load(newest_run(tmp_path / "rtcan-stores", dataset))
    assert run.settings.spec.variant == "Re"
    assert run.settings.fusion == "none"
    assert run.settings.onset == onset
    assert run.simulated
    assert "simulated data" in must("evaluate").stdout
    subject, video = run.predictions.loc[0, ["subject", "stimulus"]]
    must("gradcam", "--subject", subject, "--stimulus", video)
    assert list((tmp_path / "rtcan-figures" / dataset / run.name).glob("attention_columns_*.png"))
    outcome = rtcan("train", "--fusion", "music", *SMALL_TRAINING)
    assert outcome.exit_code == 1
    assert "music.h5: this store does not exist" in outcome.stderr

"""Recordings of unlike lengths, from files to answers: windows, and what the length alone tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store
from tests.conftest import must, rtcan

RATE, N_SUBJECTS, N_SONGS = 4, 6, 8
JOBS = ("--folds", "3", "--jobs", "1")
TRAINING = (
    *("--recipe", "tuned", "--length", "64", "--epochs", "1", *JOBS),
    *("--channels", "4,4,4,4"),
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Listeners who go on listening to what they like: 14 to 45 s."""
    folder, rng = tmp_path_factory.mktemp("unlike"), np.random.default_rng(3)
    rows = []
    for subject in range(N_SUBJECTS):
        for song in range(N_SONGS):
            seconds = 14 + 4 * song + rng.random()
            n = round(seconds * RATE)
            level = 2 + np.convolve(rng.random(n + 11) ** 8, np.ones(12) / 12, "valid")
            eda = level + 0.01 * rng.standard_normal(n)
            name = f"S{subject}_{song}.csv"
            np.savetxt(folder / name, eda, fmt="%.5f")
            valence, arousal = 1 + 8 * (song >= N_SONGS / 2), 1 + 8 * rng.integers(0, 2)
            rows.append((f"S{subject}", f"m{song}", valence, arousal, name, RATE))
    columns = ["subject", "stimulus", "valence", "arousal", "signal", "sampling_rate"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "trials.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def stores(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("stores")
    must("ingest", "table", raw, "-w", workspace)
    must("relabel", "-w", workspace, "--method", "fixed")
    must("decompose", "-w", workspace, "--jobs", "1")
    must("train", "-w", workspace, *TRAINING, "--target", "valence", "--window", "last:20")
    return workspace


def run_of(stores: Path, start: str) -> Run:
    (path,) = (stores / "table" / "runs").glob(f"{start}*.h5")
    return Run.load(path)


def test_trials_that_are_too_short_are_left_out_and_counted(stores: Path) -> None:
    run = run_of(stores, "Rf-eda-valence-last20-")
    assert str(run.settings.window) == "last:20"
    assert "--window last:20" in run.line(force=True)
    # 20 s after an onset of 3 s: songs of 14, 18 and 22 to 23 s are too short for it.
    assert set(run.predictions["stimulus"]) == {f"m{k}" for k in range(3, N_SONGS)}
    command = ("train", "-w", stores, *TRAINING, "--target", "valence", "--window", "last:20")
    again = must(*command, "--json")
    assert "lengths_differ" not in again.stdout
    said = must(*command, "--test-subject", "S0", "--name", "one").stderr
    assert "left out 18 recordings: too short for the window last:20" in said


def test_whole_recordings_of_unlike_lengths_are_said_before_and_after(stores: Path) -> None:
    options = (*TRAINING, "--target", "arousal", "--test-subject", "S0")
    found = must("train", "-w", stores, *options, "--json")
    notes = {note["kind"]: note for note in json.loads(found.stdout)["notes"]}
    assert "each is stretched to 64 samples" in notes["lengths_differ"]["text"]
    assert "--window first:11" in notes["lengths_differ"]["command"]
    assert "--model duration-prior" in notes["length_alone"]["command"]
    assert "stretched to 64 samples" in " ".join(found.stderr.split())


def test_a_file_gets_the_answer_of_the_same_recording_in_a_store(
    stores: Path, raw: Path, tmp_path: Path
) -> None:
    name, answers = run_of(stores, "Rf-eda-valence-last20-").name, []
    trial = ("--subject", "S1", "--stimulus", "m5")
    for source in (
        ("-d", "table"),
        ("--eda", raw / "S1_5.csv", "--sampling-rate", str(RATE), *trial),
    ):
        must("predict", name, "-w", stores, *source, "-o", tmp_path / "a.csv")
        table = pd.read_csv(tmp_path / "a.csv")
        answers.append(table[(table["subject"] == "S1") & (table["stimulus"] == "m5")])
    np.testing.assert_allclose(answers[0]["probability"], answers[1]["probability"], atol=1e-6)
    short = ("--eda", raw / "S1_0.csv", "--sampling-rate", str(RATE))
    refused = rtcan("predict", name, "-w", stores, *short)
    assert refused.exit_code == 1
    assert "S1_0.csv: too short for the window last:20" in " ".join(refused.stderr.split())


def test_an_exported_network_says_what_it_sees(stores: Path, tmp_path: Path) -> None:
    name, path = run_of(stores, "Rf-eda-valence-last20-").name, tmp_path / "net.pt"
    must("export", name, "-w", stores, "--fold", "1", "--torchscript", path)
    extra = {"metadata.json": ""}
    torch.jit.load(str(path), _extra_files=extra)
    facts = json.loads(extra["metadata.json"])
    assert facts["window"] == "last:20"
    assert "z-scored over the window" in facts["sampling"]


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_maps_are_in_seconds_of_the_recording(stores: Path, raw: Path, tmp_path: Path) -> None:
    name = run_of(stores, "Rf-eda-valence-last20-").name
    command = ("gradcam", name, "-w", stores, "-o", tmp_path)
    must(*command, "--subject", "S1", "--music", "m5")
    (csv,) = tmp_path.rglob("attention_*S1_music_m5*.csv")
    time = pd.read_csv(csv)["time"]
    n = len(np.loadtxt(raw / "S1_5.csv"))
    assert time.iloc[-1] == pytest.approx((n - 1) / RATE)
    assert time.iloc[0] == pytest.approx((n - 20 * RATE) / RATE)
    found = json.loads(must(*command, "--all", "--jobs", "1", "--json").stdout)
    assert "time_in_window" in {note["kind"] for note in found["notes"]}
    times = [row["time"] for row in found["average"]]
    assert 0 < min(times) < max(times) < 20


def test_the_length_alone_is_a_model_of_its_own(stores: Path, raw: Path, tmp_path: Path) -> None:
    command = ("train", "-w", stores, *JOBS, "--model", "duration-prior")
    refused = rtcan(*command, "--window", "first:10")
    assert refused.exit_code == 2
    assert "none of these models sees signals" in " ".join(refused.stderr.split())
    must(*command)
    run = run_of(stores, "duration-prior-both-")
    valence = run.trials("valence")
    assert len(valence) == N_SUBJECTS * N_SONGS
    assert ((valence["probability"] > 0.5) == (valence["label"] == 1)).mean() > 0.95
    source = ("--eda", raw / "S1_5.csv", "--sampling-rate", str(RATE))
    trial = ("--subject", "S1", "--stimulus", "m5")
    must("predict", run.name, "-w", stores, *source, *trial, "-o", tmp_path / "a.csv")
    answer = pd.read_csv(tmp_path / "a.csv").set_index("target")["probability"]
    must("predict", run.name, "-w", stores, "-d", "table", "-o", tmp_path / "b.csv")
    stored = pd.read_csv(tmp_path / "b.csv").set_index(["target", "subject", "stimulus"])
    for target in ("valence", "arousal"):
        own = stored.loc[(target, "S1", "m5"), "probability"]
        assert answer[target] == pytest.approx(own, abs=1e-6)


@pytest.mark.long
def test_features_have_windows_too(stores: Path) -> None:
    whole = json.loads(must("eda-features", "-w", stores, "--jobs", "1", "--json").stdout)
    (note,) = (note for note in whole["notes"] if note["kind"] == "lengths_differ")
    assert "--window first:11" in note["command"]
    command = ("eda-features", "-w", stores, "--jobs", "1", "--window", "first:shortest")
    cut = json.loads(must(*command, "--json").stdout)
    place, seconds = cut["window"].split(":")
    assert (place, cut["n_described"]) == ("first", N_SUBJECTS * N_SONGS)
    assert 11 <= float(seconds) <= 11.5
    with Store(stores / "table" / "features.h5", "features") as store:
        names = store.array("features/name").tolist()
        active = store.array("features/value")[:, names.index("scr_first")]
    assert active.max() <= float(seconds)
    mixed = must("train", "-w", stores, *JOBS, "--model", "svm-eda", "--json")
    assert "other_window" not in mixed.stdout
    both = ("--model", "svm-eda,cnn3-raw", "--target", "valence", "--window", "last:20")
    said = must("train", "-w", stores, *TRAINING[:-2], *both, "--test-subject", "S0", "--json")
    assert "other_window" in {note["kind"] for note in json.loads(said.stdout)["notes"]}


def test_a_file_of_options_knows_windows(stores: Path, tmp_path: Path) -> None:
    saved = tmp_path / "o.toml"
    must(
        *("train", "-w", stores, *TRAINING, "--target", "valence", "--window", "last:20"),
        *("--save-config", saved),
    )
    assert 'window = ["last:20"]' in saved.read_text()
    again = must("train", "-w", stores, "--config", saved, "--json")
    assert json.loads(again.stdout)["settings"][0]["window"] == "last:20"

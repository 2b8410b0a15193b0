"""Simulated own recordings, read by pandas and NumPy, and by the reader they are for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.table import DEVICES, FAULTS

SECONDS = 8.0


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table") / "raw"
    return simulate("table", folder, 5, 3, SECONDS, seed=1, truth=True).folder


def samples(row: pd.Series, folder: Path) -> tuple[np.ndarray, float]:
    """What a newcomer would make of one row."""
    path = folder / row["signal"]
    if path.suffix == ".npy":
        return np.load(path), row["sampling_rate"]
    if path.name == "EDA.csv":
        start, rate, *values = np.loadtxt(path)
        first = round((row["start"] - start) * rate)
        return np.array(values[first : first + round(row["duration"] * rate)]), rate
    if path.suffix == ".txt":
        return np.loadtxt(path), row["sampling_rate"]
    table = pd.read_csv(path)
    return table["eda"].to_numpy(), round(1 / table["time"].diff().median(), 3)


def test_the_reader_finds_what_pandas_finds(raw: Path) -> None:
    table = pd.read_csv(raw / "own_recordings" / "trials.csv")
    dataset = open_raw("table", raw)
    items = [item for part in dataset.parts for item in part()]
    trials = {(t.subject, t.stimulus): t for t in items if isinstance(t, Trial)}
    assert len(trials) == len(items) == len(table) == 15
    assert dataset.simulated
    assert dataset.damaged == ()
    rates = set()
    for _, row in table.iterrows():
        trial = trials[row["subject"], row["stimulus"]]
        assert (trial.valence, trial.arousal) == (row["valence"], row["arousal"])
        (recording,) = trial.recordings
        eda, rate = samples(row, raw / "own_recordings")
        assert recording.sampling_rate == pytest.approx(rate)
        assert len(recording.eda) == SECONDS * rate
        np.testing.assert_array_equal(recording.eda, eda)
        rates.add(rate)
    assert rates == set(DEVICES.values())


def test_the_songs_are_there(raw: Path) -> None:
    stimuli = open_raw("table", raw).stimuli
    assert [each.stimulus for each in stimuli] == ["song01", "song02", "song03"]
    for each in stimuli:
        info = soundfile.info(each.audio)
        assert (info.format, info.duration) == ("WAV", SECONDS)
        assert each.title


def test_the_truth_is_that_of_the_trials(raw: Path) -> None:
    items = [item for part in open_raw("table", raw).parts for item in part()]
    trials = {(t.subject, t.stimulus): t for t in items if isinstance(t, Trial)}
    for name in ("P01", "P02", "P03", "P04"):
        with np.load(raw / "truth" / f"{name}.npz") as truth:
            offsets, clean = truth["offsets"], truth["phasic"] + truth["tonic"]
            for i, song in enumerate(truth["stimulus"]):
                (recording,) = trials[name, str(song)].recordings
                made = clean[offsets[i] : offsets[i + 1]]
                # What is left is the sensor's noise.
                assert (recording.eda - made).std() < 0.02


def test_faults_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    root = simulate("table", tmp_path / "raw", 8, 3, SECONDS, seed=1, faults=True).folder
    listed = json.loads((root / "FAULTS.json").read_text())
    assert len(listed) == len(FAULTS)
    items = [item for part in open_raw("table", root).parts for item in part()]
    trials = {(t.subject, t.stimulus): t.recordings[0].eda for t in items if isinstance(t, Trial)}
    for fault in listed:
        eda = trials[fault["subject"], fault["stimulus"]]
        assert (root / fault["file"]).is_file()
        if fault["kind"].startswith("nan"):
            first, last = fault["samples"]
            assert np.flatnonzero(np.isnan(eda)).tolist() == [*range(first, last)]
        elif fault["kind"] == "flat":
            assert np.ptp(eda) == 0
        elif fault["kind"] == "offset":
            assert eda.max() < 0
        else:
            assert (eda == eda.max()).mean() >= 0.4
    broken = {(fault["subject"], fault["stimulus"]) for fault in listed}
    assert all(np.isfinite(eda).all() for key, eda in trials.items() if key not in broken)


def test_a_seed_fixes_every_byte(tmp_path: Path) -> None:
    def digest(name: str, seed: int) -> list[tuple[str, str]]:
        root = simulate("table", tmp_path / name, 4, 2, 6.0, seed=seed).folder
        return [
            (str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(root.rglob("*"))
            if path.is_file()
        ]

    first, again, other = digest("a", 3), digest("b", 3), digest("c", 4)
    assert first == again
    assert [name for name, _ in first] == [name for name, _ in other]
    assert sum(one == two for one, two in zip(first, other, strict=True)) == 0


def test_songs_need_a_length(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="duration of a song is missing"):
        simulate("table", tmp_path / "raw", 2, 2, None, seed=1, scale="full")

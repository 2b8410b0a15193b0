"""The truth beside the data is what the data were made from."""

from __future__ import annotations

import json
import pickle
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat

from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.physiology import SENSOR_NOISE, bateman, draw_population
from tests.datasets.reading import read

SIZES = {
    "deap": (2, 3, 40.0),
    "amigos": (9, 5, 20.0),
    "pmemo": (4, 3, 30.0),
    "wesad": (2, 5, 60.0),
    "case": (2, 3, 20.0),
}
RATES = {"deap": 128.0, "amigos": 128.0, "pmemo": 50.0, "wesad": 4.0, "case": 100.0}


@pytest.fixture(scope="module", params=sorted(SIZES))
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth") / request.param
    return simulate(request.param, folder, *SIZES[request.param], seed=2, truth=True).folder


def raw_recordings(root: Path, source: str, stimulus: str) -> np.ndarray:
    """The recording in its raw file, read with nothing of rtcan."""
    path = root / source
    if path.suffix == ".dat":
        with path.open("rb") as stream:
            return np.asarray(pickle.load(stream, encoding="latin1")["data"][int(stimulus) - 1, 36])
    if path.suffix == ".mat":
        content = loadmat(path)
        names = [cell[0] for cell in content["VideoIDs"][0]]
        return np.asarray(content["joined_data"][0][names.index(stimulus)][:, 16])
    if path.suffix == ".zip":
        return wristband(path, stimulus)
    if path.name.startswith("sub_"):
        table = pd.read_csv(path)
        return table.loc[table["video"] == int(stimulus), "gsr"].to_numpy()
    return np.loadtxt(path)


def wristband(path: Path, condition: str) -> np.ndarray:
    """A condition without its first and last ten seconds."""
    with zipfile.ZipFile(path) as archive:
        start, rate, *values = map(float, archive.read("EDA.csv").split())
    quest = path.with_name(path.name.replace("E4_Data.zip", "quest.csv")).read_text()
    _, order, *times = (line.split(";") for line in quest.splitlines()[:4])
    place = order.index(condition)
    seconds = [time[place].partition(".") for time in times]
    begin, end = (60 * int(m) + int(s.ljust(2, "0")) for m, _, s in seconds)
    chest = path.with_name(path.name.replace("E4_Data.zip", "respiban.txt")).read_text()
    (about,) = json.loads(chest.splitlines()[1][2:]).values()
    clock = datetime.strptime(f"{about['date']} {about['time']} +0200", "%Y-%m-%d %H:%M:%S.%f %z")
    lead = clock.timestamp() - start
    first, last = (round(rate * (lead + time)) for time in (begin + 10, end - 10))
    return np.array(values[first:last])


def test_truth_and_noise_are_the_raw_files(simulated: Path) -> None:
    name = simulated.name
    found = set()
    for path in sorted((simulated / "truth").glob("*.npz")):
        if path.stem == "population":
            continue
        with np.load(path, allow_pickle=False) as truth:
            content = dict(truth)
        assert content["sampling_rate"] == RATES[name]
        assert content["offsets"][-1] == len(content["driver"])
        for i, source in enumerate(content["source"]):
            part = slice(content["offsets"][i], content["offsets"][i + 1])
            driver, phasic, tonic = (content[x][part] for x in ("driver", "phasic", "tonic"))
            assert driver.dtype == phasic.dtype == tonic.dtype == np.float32
            raw = raw_recordings(simulated, source, content["stimulus"][i])
            gain, zero = content["gain"][i], content["zero"][i]
            assert content["quantity"][i] == ("resistance" if name == "deap" else "conductance")
            eda = gain / (raw + zero) if name == "deap" else raw / gain + zero
            noise = eda - (phasic + tonic)
            assert len(noise) == len(raw)
            assert abs(noise.mean()) < 6 * SENSOR_NOISE / np.sqrt(len(raw))
            assert noise.std() == pytest.approx(SENSOR_NOISE, rel=0.15)
            assert np.abs(noise).max() < 6 * SENSOR_NOISE
            assert (driver >= 0).all()
            # Responses from before the recording die away; at its end the filter says it all.
            late = phasic - bateman(driver.astype(float), RATES[name])
            assert np.abs(late[-round(RATES[name]) :]).max() < 0.01
            assert content["body"].shape == (len(content["source"]), 2)
            found.add(tuple(str(content[x][i]) for x in ("subject", "stimulus", "target")))
    trials, _ = read(name, simulated)
    known = {(*key, each.target) for key, trial in trials.items() for each in trial.recordings}
    assert found == known, "the truth has the recordings' own names"


def test_the_population_is_the_one_that_the_seed_stands_for(simulated: Path) -> None:
    subjects, stimuli, _ = SIZES[simulated.name]
    population = draw_population(subjects, stimuli, 2)
    with np.load(simulated / "truth" / "population.npz", allow_pickle=False) as truth:
        np.testing.assert_array_equal(truth["pull"], population.stimuli)
        np.testing.assert_array_equal(truth["deviation"], population.deviations)
        for trait in ("bias", "spread", "responsiveness", "rate", "level"):
            np.testing.assert_array_equal(truth[trait], getattr(population.listeners, trait))
        names = set(truth["subject"]), set(truth["stimulus"])
    trials, _ = read(simulated.name, simulated)
    assert names == ({who for who, _ in trials}, {what for _, what in trials})


@pytest.mark.parametrize("name", sorted(SIZES))
def test_data_are_the_same_with_and_without_their_truth(name: str, tmp_path: Path) -> None:
    for folder, truth in (("with", True), ("without", False)):
        simulate(name, tmp_path / folder, 2, 2, 6.0, seed=1, truth=truth)
    plain = [path for path in (tmp_path / "without").rglob("*") if path.is_file()]
    assert plain
    for path in plain:
        if path.name != "SIMULATED.json":
            other = tmp_path / "with" / path.relative_to(tmp_path / "without")
            assert path.read_bytes() == other.read_bytes()


def test_the_truth_is_the_sound_signal_where_the_file_has_a_fault(tmp_path: Path) -> None:
    root = simulate("deap", tmp_path / "raw", 4, 2, 12.0, 1, faults=True, truth=True).folder
    assert np.ptp(raw_recordings(root, "data_preprocessed_python/s04.dat", "2")) == 0
    with np.load(root / "truth" / "s04.npz") as truth:
        assert np.ptp(truth["tonic"][truth["offsets"][1] :]) > 0

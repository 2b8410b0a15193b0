"""Skin resistance, as DEAP ships it: from the publisher's files to an answer, the right way up."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from rtcan_cli.datasets.polarity import CONDUCTANCE, FLIPPED, KEPT, SignalKind
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.eda_fit import kind_of_file, read_new, trained_kind
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import alike_but_seed
from tests.conftest import must, rtcan
from tests.stores.test_opening import open_elsewhere

RATE, REST = 128, 3
SIZE = ("--subjects", "4", "--stimuli", "4", "--duration", "40")
TRAINING = ("--folds", "3", "--jobs", "1")
NETWORK = ("--recipe", "tuned", "--length", "96", "--epochs", "1")
AS_IS = "resistance, left as it is"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resistance") / "raw"
    must("simulate", "deap", folder, *SIZE, "--seed", "3", "--truth")
    return folder


def prepare(raw: Path, workspace: Path, *options: str) -> str:
    """Ingest and decompose; what ingest said."""
    said = must("ingest", "deap", raw, "-w", workspace, *options, "--json").stdout
    must("decompose", "-w", workspace, "--jobs", "1")
    return said


@pytest.fixture(scope="module")
def workspace(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a network and a learner on features. Not to be written to."""
    folder = tmp_path_factory.mktemp("flipped")
    prepare(raw, folder)
    must("relabel", "-w", folder, "--method", "median")
    must("eda-features", "-w", folder, "--jobs", "1")
    must("train", "-w", folder, *TRAINING, *NETWORK, "--output", folder / "deap/runs/net.h5")
    must("train", "-w", folder, *TRAINING, "--model", "svm-gsr")
    return folder


@pytest.fixture(scope="module")
def kept(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ingested as it is. Not to be written to."""
    folder = tmp_path_factory.mktemp("kept")
    said = json.loads(prepare(raw, folder, "--polarity", "as-is"))
    assert (said["eda_unit"], said["eda_polarity"]) == ("Ohm", AS_IS)
    return folder


def stored(path: Path, channel: str) -> dict[tuple[str, str], np.ndarray]:
    """One channel of each recording of a store, by h5py alone."""
    with h5py.File(path) as h5:
        names = [h5[f"recordings/{name}"].asstr()[()] for name in ("subject", "stimulus")]
        parts = np.split(h5[f"signals/{channel}"][()], h5["signals/offsets"][1:-1])
    return dict(zip(zip(*names, strict=True), parts, strict=True))


def truth(raw: Path, channel: str) -> dict[tuple[str, str], np.ndarray]:
    """The same of what was simulated, in microsiemens."""
    found = {}
    for path in (raw / "truth").glob("s*.npz"):
        with np.load(path) as content:
            parts = np.split(content[channel], content["offsets"][1:-1])
            keys = zip(content["subject"], content["stimulus"], strict=True)
            found.update(zip(((str(a), str(b)) for a, b in keys), parts, strict=True))
    return found


def correlations(workspace: Path, raw: Path) -> np.ndarray:
    """Phasic part against the simulated one, of each trial, after the rest before the video."""
    phasic = stored(workspace / "deap" / "components.h5", "phasic")
    true = truth(raw, "phasic")
    assert phasic.keys() == true.keys()
    after = slice(REST * RATE, None)
    return np.array([np.corrcoef(phasic[key][after], true[key][after])[0, 1] for key in true])


def test_files_hold_what_the_publisher_ships(raw: Path) -> None:
    """Ohm without their offset; read with nothing of rtcan."""
    conductance = truth(raw, "phasic")["01", "1"] + truth(raw, "tonic")["01", "1"]
    with (raw / "data_preprocessed_python" / "s01.dat").open("rb") as stream:
        gsr = pickle.load(stream, encoding="latin1")["data"][0, 36]
    resistance = 1e6 / conductance
    offset = resistance[: REST * RATE].mean()
    # Noise of 0.01 uS makes so many Ohm.
    assert np.abs(gsr - (resistance - offset)).max() < 6 * 0.01 * (resistance**2).max() / 1e6
    assert abs(gsr[: REST * RATE].mean()) < 1e-6


def test_phasic_part_is_the_true_one(workspace: Path, raw: Path) -> None:
    r = correlations(workspace, raw)
    assert np.median(r) > 0.97
    assert r.min() > 0.9
    assert (r > 0.95).mean() > 0.8


def test_left_as_it_is_the_phasic_part_is_another(kept: Path, raw: Path) -> None:
    assert np.median(correlations(kept, raw)) < 0.5


def test_unit_and_polarity_are_stored_and_said(workspace: Path, kept: Path) -> None:
    for folder, polarity in ((workspace, "resistance, sign flipped"), (kept, AS_IS)):
        with h5py.File(folder / "deap" / "recordings.h5") as h5:
            assert set(h5["recordings/unit"].asstr()[()]) == {"Ohm"}
            assert set(h5["recordings/polarity"].asstr()[()]) == {polarity}
        for kind in ("recordings", "components"):
            said = must("info", folder / "deap" / f"{kind}.h5").stdout
            assert f"Ohm ({polarity})" in said
        assert polarity in must("info", folder / "deap" / "recordings.h5", "--quality").stdout
    with h5py.File(workspace / "deap" / "features.h5") as h5:
        units = dict(
            zip(h5["features/name"].asstr()[()], h5["features/unit"].asstr()[()], strict=True)
        )
    assert (units["raw_mean"], units["eda_mean"]) == ("-Ohm", "z")


def test_samples_are_flipped_and_no_more(workspace: Path, kept: Path) -> None:
    one, other = (stored(folder / "deap" / "recordings.h5", "eda") for folder in (workspace, kept))
    for key, samples in one.items():
        np.testing.assert_array_equal(samples, -other[key])


def test_the_matlab_edition_is_the_same(raw: Path, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "mat").mkdir()
    for path in (raw / "data_preprocessed_python").glob("*.dat"):
        with path.open("rb") as stream:
            savemat(tmp_path / "mat" / f"{path.stem}.mat", pickle.load(stream, encoding="latin1"))
    must("ingest", "deap", tmp_path / "mat", "-w", tmp_path)
    matlab = stored(tmp_path / "deap" / "recordings.h5", "eda")
    python = stored(workspace / "deap" / "recordings.h5", "eda")
    for key, samples in python.items():
        np.testing.assert_array_equal(samples, matlab[key])


@pytest.mark.long
@pytest.mark.usefixtures("every_format")
def test_figures_name_what_they_show(kept: Path, workspace: Path, tmp_path: Path) -> None:
    for folder, label in ((workspace, "EDA [-Ohm]"), (kept, "EDA [Ohm]")):
        recordings = folder / "deap" / "recordings.h5"
        must("info", recordings, "--quality", "--plot", "--figures-dir", tmp_path / folder.name)
        (page,) = (tmp_path / folder.name).rglob("quality.svg")
        assert label in page.read_text()


@pytest.fixture(scope="module")
def files(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One recording in three files: resistance, its negative, and the true conductance."""
    with (raw / "data_preprocessed_python" / "s02.dat").open("rb") as stream:
        gsr = pickle.load(stream, encoding="latin1")["data"][2, 36]
    conductance = truth(raw, "phasic")["02", "3"] + truth(raw, "tonic")["02", "3"]
    folder = tmp_path_factory.mktemp("files")
    found = {}
    for name, values in (("ohm", gsr), ("turned", -gsr), ("us", conductance)):
        found[name] = folder / f"{name}.csv"
        found[name].write_text("eda\n" + "\n".join(repr(float(x)) for x in values) + "\n")
    return found


def answer(workspace: Path, run: str, csv: Path, *options: str | Path) -> pd.Series:
    must("predict", run, "-w", workspace, *options, "-o", csv)
    table = pd.read_csv(csv, dtype={"subject": str, "stimulus": str})
    return table.set_index("target")["probability"]


@pytest.mark.long
def test_a_new_recording_is_turned_as_those_of_training(
    workspace: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    def of(name: str, unit: str) -> pd.Series:
        options = ("--eda", files[name], "--sampling-rate", "128", "--unit", unit)
        return answer(workspace, "net", tmp_path / "new.csv", *options)

    must("predict", "net", "-w", workspace, "-d", "deap", "--all-folds", "-o", tmp_path / "all.csv")
    every = pd.read_csv(tmp_path / "all.csv", dtype={"subject": str, "stimulus": str})
    own = every[(every["subject"] == "02") & (every["stimulus"] == "3")].set_index("target")
    resistance = of("ohm", "Ohm")
    np.testing.assert_allclose(resistance, own["probability"][resistance.index], atol=1e-6)
    np.testing.assert_allclose(resistance, of("turned", "a.u."), atol=1e-9)
    wrong = (of("ohm", "a.u.") - resistance).abs().max()
    assert (of("us", "uS") - resistance).abs().max() < wrong / 2


def test_a_file_without_a_unit_is_refused_by_a_run_on_resistance(
    workspace: Path, files: dict[str, Path]
) -> None:
    outcome = rtcan(
        "predict", "net", "-w", workspace, "--eda", files["us"], "--sampling-rate", "128"
    )
    assert outcome.exit_code == 1
    assert "does not say whether it holds skin resistance or skin conductance" in outcome.stderr
    assert "--unit Ohm for resistance, --unit uS for conductance" in outcome.stderr


def test_features_in_another_unit_are_refused(workspace: Path, files: dict[str, Path]) -> None:
    (run,) = (workspace / "deap" / "runs").glob("svm-gsr*.h5")
    command = ("predict", run.stem, "-w", workspace, "--sampling-rate", "128", "--eda")
    must(*command, files["ohm"], "--unit", "ohm")
    outcome = rtcan(*command, files["us"], "--unit", "uS")
    assert outcome.exit_code == 1
    assert "sees features in the unit of the EDA (raw_mean)" in outcome.stderr
    assert "convert the EDA to Ohm" in outcome.stderr


def test_runs_and_stores_of_other_polarity_do_not_fit(workspace: Path, kept: Path) -> None:
    components = kept / "deap" / "components.h5"
    outcome = rtcan(
        "predict", "net", "-w", workspace, "-d", "deap", "--components-store", components
    )
    assert outcome.exit_code == 1
    assert "a response makes one rise and the other fall" in outcome.stderr
    assert f"rtcan ingest deap RAW --workspace {workspace}" in " ".join(outcome.stderr.split())


@pytest.mark.long
@pytest.mark.usefixtures("every_format")
def test_a_run_on_resistance_as_it_is_takes_nothing_else(
    workspace: Path, kept: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "stores"
    shutil.copytree(kept, folder)
    must("relabel", "-w", folder, "--method", "median")
    must("train", "-w", folder, *TRAINING, *NETWORK, "--target", "arousal")
    (run,) = (folder / "deap" / "runs").glob("*.h5")
    rate = ("--sampling-rate", "128")
    command = ("predict", run.stem, "-w", folder, *rate, "--eda", files["us"], "--unit", "uS")
    outcome = rtcan(*command)
    assert outcome.exit_code == 1
    assert "was trained on Ohm (resistance, left as it is)" in outcome.stderr
    options = (*rate, "--eda", files["ohm"], "--unit", "Ohm")
    assert len(answer(folder, run.stem, tmp_path / "new.csv", *options)) == 1
    components = folder / "deap" / "components.h5"
    components.rename(tmp_path / "away.h5")
    outcome = rtcan(*command)  # the run itself says what it was trained on
    assert outcome.exit_code == 1
    assert "was trained on Ohm (resistance, left as it is)" in outcome.stderr
    assert "Ohm (resistance, left as it is)" in must("info", run).stdout
    (tmp_path / "away.h5").rename(components)
    trial = ("--subject", "02", "--stimulus", "3")
    must("gradcam", "-w", folder, *trial, "-o", tmp_path / "figures")
    drawn = list((tmp_path / "figures").rglob("attention_*.svg"))
    assert drawn
    assert all("skin resistance" in figure.read_text() for figure in drawn)


@pytest.fixture
def run(workspace: Path) -> Run:
    return Run.load(workspace / "deap" / "runs" / "net.h5")


def as_table(run: Run, eda: dict[str, str]) -> Run:
    """The run as if it was trained on a table's recordings that nobody has any more."""
    return replace(run, provenance=replace(run.provenance, dataset="table", eda=eda))


def test_a_run_whose_stores_are_gone_says_what_it_was_trained_on(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    kind = SignalKind("kOhm", FLIPPED)
    found = trained_kind(as_table(run, kind.parameters), {})
    assert found == kind
    path.write_text("eda\n" + "\n".join(str(300 + i) for i in range(40)) + "\n")
    new = read_new(found, path, 4, unit="kOhm")
    assert kind_of_file(run, found, new, "new.csv").sign == -1
    new = read_new(found, path, 4)
    with pytest.raises(RtcanError, match="does not say whether it holds skin resistance"):
        kind_of_file(run, found, new, "new.csv")
    # The same samples may have been read again, with a unit that was not known before.
    restated = SignalKind("Ohm", KEPT)
    assert trained_kind(as_table(run, kind.parameters), {"components": restated.parameters}) == (
        restated
    )


def test_nothing_is_assumed_of_a_run_that_does_not_say_it(run: Run) -> None:
    for each in (as_table(run, {}), replace(run, provenance=replace(run.provenance, eda={}))):
        with pytest.raises(RtcanError, match="whether it was trained on skin conductance or skin"):
            trained_kind(each, {})
    # PMEmo is shipped as conductance, whatever the options of ingest.
    provenance = replace(run.provenance, dataset="pmemo", eda={})
    assert trained_kind(replace(run, provenance=provenance), {}) == SignalKind("uS", CONDUCTANCE)


def test_stores_that_another_program_has_open_are_not_taken_for_missing(
    workspace: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "stores"
    shutil.copytree(workspace, folder)
    with open_elsewhere(folder / "deap" / "components.h5"):
        outcome = rtcan(
            *("predict", "net", "-w", folder, "--eda", files["us"], "--unit", "uS"),
            *("--sampling-rate", "128"),
        )
    assert outcome.exit_code == 1
    assert "is open for writing in another program" in outcome.stderr


def test_what_a_run_says_of_its_eda_is_not_a_setting(run: Run) -> None:
    assert run.provenance.eda == {"eda_unit": "Ohm", "eda_polarity": FLIPPED}
    assert not run.provenance.eda.keys() & run.settings.parameters().keys()
    older = replace(run.provenance, eda={})
    assert older.changes(run.provenance) == []
    assert older.digest() == run.provenance.digest()
    assert alike_but_seed(run, replace(run, provenance=older))

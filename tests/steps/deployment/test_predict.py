"""What `predict` says of a trial is what the run's own models say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.results.base import as_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.new_recording import NewRecording
from rtcan_cli.steps.deployment.predict import predict_recording, predict_stores
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.views.deployment.prediction import SHOWN
from rtcan_cli.views.layout import table_lines
from tests.conftest import must, rtcan


@pytest.fixture(scope="module")
def run(full_run: Path) -> Run:
    return Run.load(full_run)


@pytest.fixture(scope="module")
def own(trained: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Answers to the run's own trials, not calibrated."""
    csv = tmp_path_factory.mktemp("predict") / "own.csv"
    options = ("--dataset", "pmemo", "--uncalibrated", "-o", csv)
    assert "simulated data" in must("predict", run.name, "-w", trained, *options).stdout
    return pd.read_csv(csv, dtype={"subject": str, "stimulus": str})


@pytest.fixture(scope="module")
def every(trained: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Calibrated answers of all models to all trials."""
    path = tmp_path_factory.mktemp("predict") / "all.json"
    outcome = must("predict", run.name, "-w", trained, "-d", "pmemo", "--all-folds", "-o", path)
    assert "come also from models that were trained on them" in outcome.stdout
    assert "calibrated on validation folds" in outcome.stdout
    content = json.loads(path.read_text())
    assert content["calibration"] == "calibrated"
    assert 0 < content["lowest_temperature"] <= content["highest_temperature"]
    assert [note["kind"] for note in content["notes"]] == ["seen_in_training"]
    assert content["files"] == [str(path)]
    answers, said = pd.DataFrame(content["answers"]), pd.DataFrame(content["models"])
    assert len(said) == 3 * len(answers)
    by_fold = said.pivot_table(index=KEYS, columns="fold", values="probability")
    return answers.join(by_fold.add_prefix("fold_"), on=KEYS)


@pytest.fixture(scope="module")
def files(
    trained: Path, raw_pmemo: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, str, str]:
    """A recording of the workspace as a CSV file, its song, and who listened to what."""
    with Store(trained / "pmemo" / "recordings.h5", "recordings") as store:
        table = store.table("recordings")
        index = int(np.flatnonzero(table["target"] == "arousal")[5])
        signal, row = store.signal("eda", index), table.iloc[index]
        stimuli = store.table("stimuli").set_index("stimulus")
        audio = Path(store.provenance.parameters["raw"]) / stimuli["audio"][row["stimulus"]]
    eda = tmp_path_factory.mktemp("files") / "recording.csv"
    eda.write_text("eda\n" + "\n".join(repr(float(x)) for x in signal) + "\n")
    return eda, audio, row["subject"], row["stimulus"]


KEYS = ["target", "subject", "stimulus"]


def test_own_trials_get_the_stored_test_probabilities(run: Run, own: pd.DataFrame) -> None:
    both = own.merge(run.predictions, on=KEYS, suffixes=("", "_stored"))
    assert len(both) == len(own) == len(run.predictions)
    np.testing.assert_allclose(both["probability"], both["probability_stored"], atol=1e-6)
    assert (both["n_models"] == 1).all()
    assert set(own["status"]) == {"held_out"}
    assert own["simulated"].all()
    own_fold = [row[f"fold_{row['fold']}"] for _, row in both.iterrows()]
    np.testing.assert_array_equal(own_fold, both["probability"])
    assert (own["call"] == np.where(own["probability"] > 0.5, "high", "low")).all()


def test_the_answer_is_the_mean_of_calibrated_probabilities(
    run: Run, own: pd.DataFrame, every: pd.DataFrame
) -> None:
    folds = ["fold_1", "fold_2", "fold_3"]
    assert (every["n_models"] == 3).all()
    np.testing.assert_allclose(every["probability"], every[folds].mean(axis=1))
    np.testing.assert_allclose(every["sd"], every[folds].std(axis=1))
    np.testing.assert_allclose(every["highest"], every[folds].max(axis=1))
    assert set(every["status"]) == {"seen_in_training"}
    both = own.merge(every, on=KEYS, suffixes=("", "_calibrated"))
    for row in run.models.itertuples():
        mine = both[(both["target"] == row.target) & both[f"fold_{row.fold}"].notna()]
        raw = mine[f"fold_{row.fold}"]
        expected = 1 / (1 + ((1 - raw) / raw) ** (1 / row.temperature))
        np.testing.assert_allclose(mine[f"fold_{row.fold}_calibrated"], expected, rtol=1e-6)


def test_a_file_gets_the_answer_of_the_same_recording_in_a_store(
    trained: Path, run: Run, every: pd.DataFrame, files: tuple[Path, Path, str, str], tmp_path: Path
) -> None:
    eda, audio, subject, stimulus = files
    csv = tmp_path / "new.csv"
    command = ("predict", run.name, "-w", trained, "--eda", eda, "--audio", audio)
    out = must(*command, "--sampling-rate", "50", "-o", csv).stdout
    assert "P(high) of each fold's model" in out
    new = pd.read_csv(csv).set_index("target")
    stored = every[(every["subject"] == subject) & (every["stimulus"] == stimulus)]
    stored = stored.set_index("target")
    folds = ["fold_1", "fold_2", "fold_3", "probability"]
    np.testing.assert_allclose(
        new.loc["arousal", folds].astype(float),
        stored.loc["arousal", folds].astype(float),
        atol=1e-6,
    )
    assert set(new["status"]) == {"new"}
    named = ("--sampling-rate", "50", "--subject", subject, "--stimulus", stimulus)
    out = must(*command, *named, "-o", csv).stdout
    assert "only the fold that tests a trial was used" in " ".join(out.split())
    assert (pd.read_csv(csv)["n_models"] == 1).all()


BAD = {
    "no rate": ([], "does not say its sampling rate"),
    "slow": (["--sampling-rate", "1"], "at least 2 Hz are needed"),
    "no such file": (["--eda", "nowhere.csv", "--sampling-rate", "50"], "nowhere.csv"),
    "no such column": (["--column", "gsr", "--sampling-rate", "50"], "no column 'gsr'"),
    "ending": (["--sampling-rate", "50", "-o", "answers.xlsx"], "of a kind that is not written"),
}
SIGNALS = {
    "missing samples": (lambda x: np.where(np.arange(len(x)) > 300, np.nan, x), "gap"),
    "flat": (lambda x: np.ones(len(x)), "flat: every sample has the same value"),
    "short": (lambda x: x[:100], "only 2.0 s long"),
}


@pytest.mark.parametrize("case", [*BAD, *SIGNALS, "no audio", "wrong rate"])
def test_bad_input_is_one_clear_line(
    trained: Path,
    run: Run,
    files: tuple[Path, Path, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    eda, audio, *_ = files
    options: list[str | Path] = ["--eda", eda, "--audio", audio]
    values = np.loadtxt(eda, skiprows=1)
    if case in BAD:
        more, message = BAD[case]
        options += more
    elif case in SIGNALS:
        change, message = SIGNALS[case]
        np.savetxt("bad.txt", change(values))
        options = ["--eda", "bad.txt", "--audio", audio, "--sampling-rate", "50"]
    elif case == "no audio":
        options, message = ["--eda", eda, "--sampling-rate", "50"], "also hears music"
    else:
        lines = [f"{i / 50:.2f},{x}" for i, x in enumerate(values)]
        Path("timed.csv").write_text("time,eda\n" + "\n".join(lines), encoding="utf-8")
        options = ["--eda", "timed.csv", "--audio", audio, "--sampling-rate", "4"]
        message = "is sampled at 50 Hz, not at 4 Hz"
    outcome = rtcan("predict", run.name, "-w", trained, *options)
    assert outcome.exit_code == 1
    assert message in outcome.stderr
    assert len([x for x in outcome.stderr.splitlines() if x.startswith("error:")]) == 1
    assert "unexpected" not in outcome.stderr
    assert not (tmp_path / "answers.xlsx").exists()


def test_trials_that_every_model_was_trained_on_are_left_out(trained: Path, tmp_path: Path) -> None:
    (path,) = (trained / "pmemo" / "runs").glob("Rb-*.h5")  # one fold only
    stored = Run.load(path).predictions
    csv = tmp_path / "x.csv"
    out = must("predict", path.stem, "-w", trained, "-d", "pmemo", "-o", csv).stdout
    assert len(pd.read_csv(csv)) == stored["probability"].notna().sum() < len(stored)
    assert "all models of the run were trained on it" in " ".join(out.split())


def test_a_name_that_is_written_otherwise_is_not_taken_for_a_new_one(
    trained: Path, run: Run, files: tuple[Path, Path, str, str]
) -> None:
    """Its trials would be answered by models that have learned from them."""
    eda, audio, subject, stimulus = files
    line = ("predict", run.name, "-w", trained, "--eda", eda, "--audio", audio)
    line += ("--sampling-rate", "50")
    for own in (("--subject", f"0{subject}"), ("--stimulus", f"{stimulus}.0")):
        outcome = rtcan(*line, *own)
        assert outcome.exit_code == 1
        name = own[0][2:]
        known = subject if name == "subject" else stimulus
        assert f"{name} {own[1]!r} may be {known!r}" in outcome.stderr


def test_a_model_of_features_says_what_is_unlike_its_recordings(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    must("eda-features", "-w", workspace, "--jobs", "1")
    must("train", "-w", workspace, "--model", "logistic", "--folds", "3", "--name", "features")
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "long.csv", 5 + np.cumsum(rng.normal(0, 0.02, 8 * 60)), "%.4f")
    line = ("predict", "features", "-w", workspace, "--eda", tmp_path / "long.csv")
    said = " ".join(must(*line, "--sampling-rate", "8").stdout.split())
    assert "long.csv is sampled at 8 Hz, the recordings that features was trained on 50 Hz" in said
    assert "long.csv lasts 60 s" in said


@pytest.mark.long
def test_other_settings_than_in_training_are_said(
    trained: Path, run: Run, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(trained)
    other = tmp_path / "components.h5"
    must("decompose", "-w", workspace, "--method", "highpass", "--jobs", "1", "-o", other)
    out = must("predict", run.name, "-w", workspace, "--components-store", other).stdout
    assert "decomposition highpass instead of cvxeda" in " ".join(out.split())


def test_a_learner_answers_without_eda(
    trained: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(trained)
    name = "least"
    must("train", "-w", workspace, "--model", "majority", "--folds", "3", "--name", name, "-j", "1")
    csv = tmp_path / "x.csv"
    must("predict", name, "-w", workspace, "-d", "pmemo", "--uncalibrated", "-o", csv)
    answers = pd.read_csv(csv, dtype={"subject": str, "stimulus": str})
    stored = Run.load(workspace / "pmemo" / "runs" / f"{name}.h5").predictions
    both = answers.merge(stored, on=KEYS, suffixes=("", "_stored"))
    assert len(both) == len(stored)
    np.testing.assert_allclose(both["probability"], both["probability_stored"], atol=1e-6)
    outcome = rtcan("predict", name, "-w", workspace, "-d", "pmemo", "--all-new")
    assert outcome.exit_code == 1
    assert "was trained on these very recordings" in outcome.stderr
    outcome = rtcan("export", name, "-w", workspace, "--target", "arousal", "--torchscript", csv)
    assert outcome.exit_code == 1
    assert "is not a network" in outcome.stderr


@pytest.mark.long
def test_another_study_with_the_same_names_is_new(trained: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "raw"
    size = ("--subjects", "4", "--stimuli", "4", "--duration", "14", "--seed", "3")
    must("simulate", "pmemo", other, *size)
    must("ingest", "pmemo", other, "-w", tmp_path)
    must("decompose", "-w", tmp_path, "--jobs", "1")
    must("music-features", "-w", tmp_path, "--jobs", "1")
    csv = tmp_path / "answers.csv"
    for option, statuses in (((), {"held_out"}), (("--all-new",), {"new"})):
        must("predict", run.path, "-w", tmp_path, "-d", "pmemo", *option, "-o", csv)
        assert set(pd.read_csv(csv)["status"]) == statuses
    outcome = rtcan("predict", run.name, "-w", trained, "-d", "pmemo", "--all-new")
    assert outcome.exit_code == 1
    assert "was trained on these very recordings" in outcome.stderr
    outcome = rtcan("predict", run.name, "-w", trained, "--eda", csv, "--all-new")
    assert outcome.exit_code == 2


@pytest.mark.long
def test_what_is_shown_fits_a_terminal_and_says_what_is_simulated(
    trained: Path, run: Run, files: tuple[Path, Path, str, str]
) -> None:
    eda, audio, *_ = files
    recording = NewRecording(eda, sampling_rate=50, audio=audio)
    stores = Workspace(trained)
    one = predict_recording(run.path, stores, recording)
    many = predict_stores(run.path, stores, "pmemo")
    assert list(as_data(one)) == list(as_data(many))
    assert one.answers["status"].tolist() == ["new", "new"]
    assert one.models["fold"].tolist() == [1, 2, 3, 1, 2, 3]
    assert (one.dataset, many.dataset, one.eda_file) == (None, "pmemo", eda)
    # What a run of simulated data is asked about may be real.
    assert "simulated" in str(views.page(one).facts["trained on"])
    assert "simulated" not in str(views.page(one).facts["asked about"])
    asked = replace(one, run=replace(one.run, simulated=False))
    assert str(views.page(asked).facts["asked about"]).endswith("(simulated)")
    for result, n_tables in ((one, 2), (many, 1)):
        page = views.page(result)
        assert len(page.tables) == n_tables
        for table in page.tables:
            assert table.title.endswith("simulated data")
            for width in (60, 80, 120):
                assert max(map(len, table_lines(table, width))) <= width
    rows = views.page(many).tables[0].rows
    assert len(many.answers) > SHOWN == len(rows)
    assert any(f"the first {SHOWN} of {len(many.answers)}" in n for n in views.page(many).notes)


@pytest.mark.parametrize(
    "option",
    [
        *("--sampling-rate=4", "--column=2", "--unit=uS", "--decimal=,", "--start=1"),
        *("--duration=9", "--subject=a", "--stimulus=b", "--repetition=2"),
    ],
)
def test_what_only_a_file_needs_is_refused_with_a_dataset(option: str) -> None:
    outcome = rtcan("predict", "--dataset", "pmemo", option)
    assert outcome.exit_code == 2
    assert f"{option.partition('=')[0]}: only for a recording given by --eda" in " ".join(
        outcome.stderr.split()
    )

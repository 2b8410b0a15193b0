"""Own recordings, from files to scores, through the commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.stores import Store
from tests.conftest import SMALL_TRAINING, must, rtcan


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "raw"
    must("simulate", "table", folder, "--subjects", "6", "--stimuli", "4", "--duration", "10")
    # As if they were real: what is shown of them must not differ for want of a mark.
    (folder / "SIMULATED.json").unlink()
    return folder


@pytest.fixture(scope="module")
def workspace(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("stores")
    must("ingest", "table", raw, "-w", workspace, "--rating-scale", "0", "10", "--unit", "µS")
    return workspace


def test_scale_and_unit_are_those_of_the_options(workspace: Path) -> None:
    with Store(workspace / "table" / "recordings.h5", "recordings") as store:
        made = store.provenance.parameters
    assert (made["rating_scale"], made["unit"], made["decimal"]) == ([0, 10], "µS", ".")
    assert (made["eda_unit"], made["eda_polarity"]) == ("uS", "conductance")


@pytest.mark.long
def test_from_files_to_scores_without_the_paper(workspace: Path, tmp_path: Path) -> None:
    assert "next: rtcan relabel --dataset table" in must("info", "-w", workspace).stdout
    relabelled = must("relabel", "-w", workspace, "--plot", "P01", "--figures-dir", tmp_path).stdout
    must("decompose", "-w", workspace)
    assert "next: rtcan music-features --dataset table" in must("info", "-w", workspace).stdout
    must("train", "-w", workspace, *SMALL_TRAINING, "--target", "arousal")
    evaluated = must("evaluate", "-w", workspace, "-o", tmp_path).stdout
    must("gradcam", "-w", workspace, "--subject", "P01", "--music", "song01", "-o", tmp_path)
    compared = must("compare", "-w", workspace, "--paper", "-o", tmp_path).stdout
    for text in (relabelled, evaluated, compared):
        assert "own recordings" in text
        assert "paper" not in text
        assert "stimuluss" not in text
        assert "simulated" not in text


def test_what_ingest_says(raw: Path, tmp_path: Path) -> None:
    said = json.loads(must("ingest", "table", raw, "-w", tmp_path, "--json").stdout)
    assert (said["n_subjects"], said["n_stimuli"], said["n_usable"]) == (6, 4, 24)
    assert (said["lowest_rating"], said["highest_rating"]) == (1, 9)
    assert [note["text"].split(":")[0] for note in said["notes"]] == [
        "Empatica E4 sessions",
        "next",
    ]


def test_options_of_the_table_are_part_of_the_store(raw: Path, tmp_path: Path) -> None:
    must("ingest", "table", raw, "-w", tmp_path)
    again = must("ingest", "table", raw, "-w", tmp_path, "--unit", "uS").stderr
    assert "unit: null -> uS" in again
    assert "already done" in must("ingest", "table", raw, "-w", tmp_path, "--unit", "uS").stderr


def test_audio_that_comes_later_is_noticed(raw: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(raw, folder)
    (songs,) = folder.rglob("songs")
    songs.rename(tmp_path / "songs")
    said = must("ingest", "table", folder, "-w", tmp_path / "stores", "--json").stdout
    assert json.loads(said)["n_with_audio"] == 0
    (tmp_path / "songs").rename(songs)
    said = must("ingest", "table", folder, "-w", tmp_path / "stores", "--json").stdout
    assert json.loads(said)["n_with_audio"] == 4


@pytest.mark.parametrize(
    "options", [("--decimal", ","), ("--rating-scale", "1", "9"), ("--unit", "uS")]
)
def test_options_of_the_table_are_wrong_usage_elsewhere(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    outcome = rtcan("ingest", "deap", tmp_path, *options)
    assert outcome.exit_code == 2
    assert f"{options[0]}: only for table and bids" in outcome.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("pmemo", "--min-eda", "1"), "--min-eda: the EDA of PMEmo is not in microsiemens"),
        (("deap", "--max-slope", "1"), "--max-slope: the EDA of DEAP is not in microsiemens"),
        (("table", "--unit", "a.u.", "--max-eda", "9"), "--max-eda: --unit a.u. is not micro"),
        (("table", "--keep-artefacts", "--min-eda", "9"), "--min-eda: not with --keep-artefacts"),
        (("table", "--keep-artefacts", "--max-steps", "9"), "--max-steps: not with --keep-"),
    ],
)
def test_limits_that_nothing_is_compared_with_are_refused(
    options: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    outcome = rtcan("ingest", options[0], tmp_path, *options[1:])
    assert outcome.exit_code == 2
    assert why in " ".join(outcome.stderr.replace("│", " ").split())


def test_a_bad_row_ends_the_work_unless_it_is_to_be_skipped(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "x.txt").write_text("".join(f"{2 + abs(i % 14 - 7) / 10}\n" for i in range(80)))
    (folder / "trials.csv").write_text(
        "subject,stimulus,valence,arousal,signal,sampling_rate\n"
        "1,a,5,5,x.txt,8\n"
        "1,b,6;5,5,y.txt,8\n"
    )
    outcome = rtcan("ingest", "table", folder, "-w", tmp_path)
    assert outcome.exit_code == 1
    assert "trials.csv, line 3: the valence '6;5' is not a number" in outcome.stderr
    assert "--skip-bad" in outcome.stderr
    assert not (tmp_path / "table" / "recordings.h5").exists()
    said = json.loads(
        must("ingest", "table", folder, "-w", tmp_path, "--skip-bad", "--json").stdout
    )
    (left_out,) = said["left_out"]
    assert "line 3: the valence '6;5' is not a number" in left_out["reason"]


def write_study(folder: Path, ratings: list[float]) -> Path:
    folder.mkdir(exist_ok=True)
    eda = 5 + 0.05 * np.cumsum(np.random.default_rng(0).standard_normal(80))
    (folder / "x.csv").write_text("eda\n" + "\n".join(map(repr, eda.tolist())) + "\n")
    rows = [f"1,s{i},{rating:g},5,x.csv,8,{i / 8:g},9" for i, rating in enumerate(ratings)]
    header = "subject,stimulus,valence,arousal,signal,sampling_rate,start,duration"
    (folder / "trials.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def test_a_lower_limit_is_offered_for_dry_wrists(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [2, 3])
    turn = np.sin(np.arange(80) / 12)
    high = np.where(np.arange(80) % 40 < 16, 61.0 + turn, 59.0 + turn)
    for name, eda in (("dry", 0.058 + 0.01 * turn), ("high", high)):
        (folder / f"{name}.csv").write_text("eda\n" + "\n".join(map(repr, eda.tolist())))
        with (folder / "trials.csv").open("a") as trials:
            trials.write(f"2,{name},3,3,{name}.csv,8,0,9\n")

    def notes(*options: str) -> dict[str, str]:
        said = json.loads(must("ingest", "table", folder, "-w", tmp_path, *options).stdout)
        return {note["kind"]: f"{note['text']} {note['command']}" for note in said["notes"]}

    said = notes("--json")["below_range"]
    assert said.startswith("recordings that are left out because they fall below 0.05 uS: 1")
    assert "--min-eda 0.04" in said
    assert "below_range" not in notes("--json", "--min-eda", "0.04")


def test_another_unit_is_advised_where_no_recording_is_plausible(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [2, 3])
    numbers = [float(line) for line in (folder / "x.csv").read_text().split()[1:]]
    (folder / "x.csv").write_text("eda\n" + "\n".join(f"{1000 * x:.0f}" for x in numbers))
    outcome = rtcan("ingest", "table", folder, "-w", tmp_path)
    assert outcome.exit_code == 1
    said = " ".join(outcome.stderr.split())
    assert "holds no usable recording (no plausible sample: 100 % outside 0.05 to 60 uS)" in said
    assert "in nS about" in said
    assert must("ingest", "table", folder, "-w", tmp_path, "--unit", "nS")


def test_a_slip_is_named_and_can_be_skipped(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [5, 55, 2, 3])
    outcome = rtcan("ingest", "table", folder, "-w", tmp_path)
    assert outcome.exit_code == 1
    said = " ".join(outcome.stderr.split())
    assert "trials.csv, line 3: subject 1, stimulus s1: the valence rating 55 is not on" in said
    assert "they go from 2 to 55" in said
    assert "--rating-scale LOW HIGH" in said
    assert "--skip-bad leaves it out" in said
    assert not (tmp_path / "table" / "recordings.h5").exists()
    options = ("-w", tmp_path, "--skip-bad", "--json")
    said = json.loads(must("ingest", "table", folder, *options).stdout)
    assert said["n_trials"] == 3
    (left_out,) = said["left_out"]
    assert "the valence rating 55 is not on the scale from 1 to 9" in left_out["reason"]


def test_another_scale_is_refused_even_where_bad_rows_are_skipped(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [-10, -3, 2, 9.5, 7, 5])
    for options in ((), ("--skip-bad",)):
        outcome = rtcan("ingest", "table", folder, "-w", tmp_path, *options)
        assert outcome.exit_code == 1
        said = " ".join(outcome.stderr.split())
        assert "3 of 6 trials are not on the scale from 1 to 9: they go from -10 to 9.5" in said
        assert "--rating-scale LOW HIGH" in said
    options = ("-w", tmp_path, "--rating-scale", "-10", "10", "--json")
    assert json.loads(must("ingest", "table", folder, *options).stdout)["n_trials"] == 6


def test_a_missing_rating_is_said(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [float("nan"), 3, 4, 5])
    said = json.loads(must("ingest", "table", folder, "-w", tmp_path, "--json").stdout)
    (text,) = (note["text"] for note in said["notes"] if note["kind"] == "without_rating")
    assert text == "1 of 4 trials have no valence rating, and so no valence label"


def test_a_table_of_resistance_is_turned_round_if_it_has_no_offset(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", [2, 3, 4, 5])

    def samples(*options: str) -> np.ndarray:
        must("ingest", "table", folder, "-w", tmp_path, *options)
        with Store(tmp_path / "table" / "recordings.h5", "recordings") as store:
            return store.signal("eda", 0)

    whole = samples("--unit", "a.u.")
    assert whole.min() > 0
    np.testing.assert_allclose(samples("--unit", "kOhm", "--keep-artefacts"), 1000 / whole)
    eda = np.loadtxt(folder / "x.csv", skiprows=1)
    (folder / "x.csv").write_text("eda\n" + "\n".join(map(repr, (eda - eda.mean()).tolist())))
    plain = samples("--unit", "a.u.")
    assert plain.min() < 0
    np.testing.assert_array_equal(samples("--unit", "kOhm"), -plain)
    np.testing.assert_array_equal(samples("--unit", "kOhm", "--polarity", "as-is"), plain)
    np.testing.assert_array_equal(samples("--unit", "a.u.", "--polarity", "resistance"), -plain)
    for options, message in (
        (("--polarity", "resistance"), "uS is a unit of conductance, not of resistance"),
        (("--unit", "V"), "'V' is not a unit of skin conductance or skin resistance"),
    ):
        outcome = rtcan("ingest", "table", folder, "-w", tmp_path, *options)
        assert outcome.exit_code == 1
        assert message in " ".join(outcome.stderr.split())

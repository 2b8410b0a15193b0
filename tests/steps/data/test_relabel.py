"""Labels from ratings, from stimuli's means and from a table, as a user makes them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from rtcan_cli import views
from rtcan_cli.evaluation import published
from rtcan_cli.results.base import as_data
from rtcan_cli.results.data.labels import Labels
from rtcan_cli.steps.data.relabel import relabel_ratings
from rtcan_cli.views.layout import table_lines
from tests.conftest import SUBJECT, must, rtcan

SUBJECTS, SONGS = ("100083", "100085", "200101"), {"4": (0.25, 0.75), "12": (0.625, 0.5)}


@pytest.fixture(scope="module")
def workspace_2019(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ingested and decomposed recordings without a rating of a single subject."""
    raw = tmp_path_factory.mktemp("raw") / "PMEmo2019"
    (raw / "EDA").mkdir(parents=True)
    (raw / "annotations").mkdir()
    rows = [f"{song},{arousal},{valence}" for song, (valence, arousal) in SONGS.items()]
    (raw / "annotations" / "static_annotations.csv").write_text(
        "\n".join(["musicId,Arousal(mean),Valence(mean)", *rows])
    )
    rng = np.random.default_rng(0)
    for song in SONGS:
        eda = 3 + np.cumsum(0.01 * rng.standard_normal((400, len(SUBJECTS))), axis=0)
        table = pd.DataFrame(eda, columns=SUBJECTS, index=np.round(np.arange(400) / 50, 2))
        table.to_csv(raw / "EDA" / f"{song}_EDA.csv", index_label="time(s)")
    workspace = tmp_path_factory.mktemp("workspace")
    must("ingest", "pmemo", raw, "-w", workspace)
    must("decompose", "-w", workspace, "--jobs", "1")
    return workspace


def stored(workspace: Path, table: str) -> pd.DataFrame:
    """A table of the labels store, by h5py alone."""
    with h5py.File(workspace / "pmemo" / "labels.h5") as h5:
        columns = {
            name: column.asstr()[()] if column.dtype.kind in "OS" else column[()]
            for name, column in h5[table].items()
        }
    return pd.DataFrame(columns)


def made(workspace: Path) -> dict[str, object]:
    with h5py.File(workspace / "pmemo" / "labels.h5") as h5:
        return dict(json.loads(h5.attrs["parameters"]))


def answer(*arguments: str | Path) -> dict[str, object]:
    return dict(json.loads(must(*arguments, "--json").stdout))


# --- stimulus means --------------------------------------------------------------------------


def test_without_own_ratings_the_error_says_what_is_possible(workspace_2019: Path) -> None:
    outcome = rtcan("relabel", "-w", workspace_2019)
    assert outcome.exit_code == 1
    assert "PMEmo 2019 has no ratings of single subjects" in outcome.stderr
    for way in ("--method stimulus-mean", "--import CSV", "2018 edition"):
        assert way in outcome.stderr


def test_means_label_every_listener_and_can_be_trained_on(
    workspace_2019: Path, copy_of: Callable[[Path], Path]
) -> None:
    from rtcan_cli.runs.inputs import Sources, training_data

    workspace = copy_of(workspace_2019)
    summary = answer("relabel", "-w", workspace, "--method", "stimulus-mean")
    assert (summary["n_subjects"], summary["n_labelled"]) == (3, 6)
    assert (summary["n_few_ratings"], summary["ratings"], summary["imported"]) == (None,) * 3
    for counts in summary["classes"]:
        assert (counts["n_high"], counts["n_low"], counts["n_unlabelled"]) == (3, 3, 0)
        assert counts["high_share"] == 0.5
        assert counts["paper_n_high"] is None, "the paper's labels are those of single subjects"
    folder = workspace / "pmemo"
    sources = Sources(folder / "components.h5", folder / "labels.h5")
    for target, high in (("valence", "12"), ("arousal", "4")):
        data, left_out = training_data(sources, target, 3.0, 96)
        assert not left_out
        assert sorted(zip(data.subject, data.stimulus, strict=True)) == sorted(
            (subject, song) for subject in SUBJECTS for song in SONGS
        )
        assert data.label.tolist() == [int(song == high) for song in data.stimulus]
    assert stored(workspace, "thresholds").empty
    assert made(workspace) == {"method": "stimulus-mean"}
    assert "already done" in must("relabel", "-w", workspace, "--method", "stimulus-mean").stderr
    assert "stimulus-mean" in must("info", folder / "labels.h5").stdout


def test_means_also_serve_where_subjects_rated(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--method", "stimulus-mean")
    with h5py.File(workspace / "pmemo" / "recordings.h5") as h5:
        songs = h5["stimuli/stimulus"].asstr()[()]
        means = dict(zip(songs, h5["stimuli/valence_mean"][()], strict=True))
    labels = stored(workspace, "labels")
    assert labels["valence"].tolist() == [int(means[song] > 0.5) for song in labels["stimulus"]]


def test_songs_without_a_mean_are_named(prepared: Path, copy_of: Callable[[Path], Path]) -> None:
    workspace = copy_of(prepared)
    with h5py.File(workspace / "pmemo" / "recordings.h5", "a") as h5:
        song = h5["stimuli/stimulus"].asstr()[0]
        n = int((h5["trials/stimulus"].asstr()[()] == song).sum())
        n_songs = len(h5["stimuli/stimulus"])
        h5["stimuli/valence_mean"][0] = np.nan
        h5["stimuli/arousal_mean"][()] = np.nan
    summary = answer("relabel", "-w", workspace, "--method", "stimulus-mean")
    n_trials = len(stored(workspace, "labels"))
    assert [row["n_unlabelled"] for row in summary["classes"]] == [n, n_trials]
    told = [note["text"] for note in summary["notes"] if note["kind"] == "stimuli_without_mean"]
    of_valence, of_arousal = told
    assert of_valence == (
        f"1 of {n_songs} songs have no mean valence rating ({song}): their {n} trials get no "
        "valence label"
    )
    assert of_arousal.startswith(f"{n_songs} of {n_songs} songs have no mean arousal rating")


# --- tables ----------------------------------------------------------------------------------


def test_a_table_gives_exactly_its_labels(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    trials = stored(workspace, "labels")[["subject", "stimulus"]]
    rng = np.random.default_rng(0)
    table = trials.assign(arousal=rng.integers(0, 2, len(trials)), valence=1).iloc[2:]
    table = pd.concat([table.sample(frac=1, random_state=2), table.iloc[:1].assign(subject="7")])
    csv = tmp_path / "value_all.csv"
    table.to_csv(csv, index=False, header=False)
    summary = answer("relabel", "-w", workspace, "--import", csv)
    assert (summary["method"], summary["n_labelled"]) == ("import", len(trials) - 2)
    assert summary["imported"] == {
        "file": "value_all.csv",
        "n_rows": len(trials) - 1,
        "n_used": len(trials) - 2,
        "n_foreign": 1,
        "n_missing": 2,
    }
    expected = trials.merge(table, how="left").fillna(-1)
    labels = stored(workspace, "labels")
    for column in ("subject", "stimulus", "valence", "arousal"):
        assert labels[column].tolist() == expected[column].tolist()
    assert stored(workspace, "thresholds").empty
    digest = hashlib.sha256(csv.read_bytes()).hexdigest()
    assert made(workspace) == {"method": "import", "import": "value_all.csv", "sha256": digest}
    again = must("relabel", "-w", workspace, "--import", csv)
    assert "already done" in again.stderr
    assert "trials that the table does not have" in again.stdout
    csv.write_text(csv.read_text().replace(",1\n", ",0\n"))
    assert "sha256" in must("relabel", "-w", workspace, "--import", csv).stderr
    assert (stored(workspace, "labels")["valence"] <= 0).all()


def test_imported_labels_are_trained_on(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    from rtcan_cli.runs.inputs import Sources, training_data

    workspace = copy_of(prepared)
    trials = stored(workspace, "labels")
    csv = tmp_path / "labels.csv"
    trials.assign(valence=1 - trials["valence"])[1:].to_csv(csv, index=False)
    must("relabel", "-w", workspace, "--import", csv)
    folder = workspace / "pmemo"
    sources = Sources(folder / "components.h5", folder / "labels.h5")
    before = Sources(folder / "components.h5", prepared / "pmemo" / "labels.h5")
    data, left_out = training_data(sources, "valence", 3.0, 96)
    assert list(left_out.values()) == [1]
    other, _ = training_data(before, "valence", 3.0, 96)
    assert (data.label == 1 - other.label[1:]).all()


def test_a_table_that_is_none_leaves_the_labels_as_they_are(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    labels = workspace / "pmemo" / "labels.h5"
    before = labels.read_bytes()
    csv = tmp_path / "value_all.csv"
    csv.write_text("s1,1,0,1\n")
    outcome = rtcan("relabel", "-w", workspace, "--import", csv)
    assert outcome.exit_code == 1
    assert "none of its 1 rows is a trial" in outcome.stderr
    assert labels.read_bytes() == before


@pytest.mark.parametrize(
    "options",
    [
        ("--import", "x.csv", "--method", "kmeans"),
        ("--import", "x.csv", "--plot", SUBJECT),
        ("--import", "x.csv", "--seed", "1"),
        ("--method", "median", "--plot", SUBJECT),
        ("--method", "stimulus-mean", "--seed", "1"),
        ("--method", "import"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    prepared: Path, options: tuple[str, ...]
) -> None:
    before = (prepared / "pmemo" / "labels.h5").stat().st_mtime_ns
    assert rtcan("relabel", "-w", prepared, *options).exit_code == 2
    assert (prepared / "pmemo" / "labels.h5").stat().st_mtime_ns == before


@pytest.mark.parametrize("written", ["inf", "1e9", "2", "-1", "0.5"])
def test_a_label_is_0_or_1(prepared: Path, tmp_path: Path, written: str) -> None:
    csv = tmp_path / "labels.csv"
    csv.write_text(f"{SUBJECT},1,{written},1\n")
    outcome = rtcan("relabel", "-w", prepared, "--import", csv, "-o", tmp_path / "labels.h5")
    assert outcome.exit_code == 1
    assert f"labels.csv: line 1: the arousal label is '{written}', not 0 or 1" in outcome.stderr


def test_a_table_without_any_label_is_refused(prepared: Path, tmp_path: Path) -> None:
    csv = tmp_path / "labels.csv"
    csv.write_text(f"{SUBJECT},1,nan,\n")
    outcome = rtcan("relabel", "-w", prepared, "--import", csv, "-o", tmp_path / "labels.h5")
    assert outcome.exit_code == 1
    assert "labels.csv: gives no trial a label" in outcome.stderr
    assert not (tmp_path / "labels.h5").exists()


# --- ratings ---------------------------------------------------------------------------------


def labels_of(prepared: Path, folder: Path, *, simulated: bool) -> Labels:
    """The result for recordings that are simulated, or said not to be."""
    recordings = folder / f"recordings-{simulated}.h5"
    shutil.copy(prepared / "pmemo" / "recordings.h5", recordings)
    with h5py.File(recordings, "a") as h5:
        h5.attrs["simulated"] = simulated
    return relabel_ratings(recordings, folder / f"labels-{simulated}.h5")


def test_real_data_stand_beside_the_paper(prepared: Path, tmp_path: Path) -> None:
    simulated, real = (labels_of(prepared, tmp_path, simulated=flag) for flag in (True, False))
    assert simulated.classes["paper_n_high"].isna().all()
    printed = published.labels_table("pmemo").set_index("target")
    for row in real.classes.itertuples():
        assert row.paper_n_high == printed.loc[row.target, "paper_n_high"]
        assert row.paper_n_low == printed.loc[row.target, "paper_n_low"]
    assert real.ratings is not None
    assert real.ratings.paper_spearman_r is not None
    with h5py.File(tmp_path / "recordings-False.h5") as h5:
        ratings = [h5[f"trials/{target}"][()] for target in ("valence", "arousal")]
    assert real.ratings.spearman_r == pytest.approx(spearmanr(*ratings).statistic)
    columns = views.page(real).tables[0].columns
    assert [*columns][-2:] == ["paper high", "paper low"]
    assert "paper high" not in views.page(simulated).tables[0].columns


def test_keys_are_the_same_for_simulated_and_real_data(prepared: Path, tmp_path: Path) -> None:
    simulated, real = (
        as_data(labels_of(prepared, tmp_path, simulated=flag)) for flag in (True, False)
    )
    assert list(real) == list(simulated)
    assert list(real["classes"][0]) == list(simulated["classes"][0])
    assert list(real["ratings"]) == list(simulated["ratings"])
    assert type(real["classes"][0]["paper_n_high"]) is int


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(prepared: Path, tmp_path: Path, width: int) -> None:
    for table in views.page(labels_of(prepared, tmp_path, simulated=False)).tables:
        assert max(map(len, table_lines(table, width))) <= width


def test_the_scale_is_that_of_the_recordings(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    """Not that of the dataset: own recordings have any scale."""
    workspace = copy_of(prepared)
    with h5py.File(workspace / "pmemo" / "recordings.h5", "a") as h5:
        parameters = json.loads(h5.attrs["parameters"])
        assert parameters["rating_scale"] == [0, 1]
        parameters["rating_scale"] = [-1, 1]
        h5.attrs["parameters"] = json.dumps(parameters)
    must("relabel", "-w", workspace, "--method", "fixed")
    assert (stored(workspace, "thresholds")[["valence", "arousal"]] == 0).all(axis=None)


def test_the_four_steps_are_drawn(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--plot", SUBJECT, "--figures-dir", tmp_path / "figures")
    assert {path.suffix for path in (tmp_path / "figures").rglob("*.*")} == {".png", ".svg", ".pdf"}
    outcome = rtcan("relabel", "-w", workspace, "--plot", "nobody")
    assert outcome.exit_code == 1
    assert f"one of {SUBJECT}" in outcome.stderr

"""Songs that are heard again, and songs under two names, from files to scores."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.conftest import SMALL_TRAINING, must, rtcan
from tests.real_listeners import EXCERPT, ratings

SUBJECTS, SONGS, RATE = 6, 6, 4
#: The same samples as song0, in files of other names and another format.
COPIES = {"zz-song0": "flac", "encore": "wav"}
FOLDS = ("--folds", "3", "--jobs", "1")

pytestmark = pytest.mark.usefixtures("undrawn")


def write_study(folder: Path) -> None:
    """Everybody hears every song, some twice; song0 is there under three names."""
    rng = np.random.default_rng(0)
    (folder / "songs").mkdir(parents=True)
    for i in range(SONGS):
        sound = (rng.normal(0, 3000, 2 * 8000)).astype(np.int16)
        files = [f"song{i}.wav", *(f"{name}.{kind}" for name, kind in COPIES.items() if i == 0)]
        for name in files:
            soundfile.write(folder / "songs" / name, sound, 8000, subtype="PCM_16")
    audio = {f"song{i}": f"songs/song{i}.wav" for i in range(SONGS)}
    audio |= {name: f"songs/{name}.{kind}" for name, kind in COPIES.items()}
    rows = []
    for i in range(SUBJECTS):
        heard = [(f"song{k}", 1) for k in range(SONGS)] + [(f"song{i % SONGS}", 2)]
        heard += [(name, 1) for name in list(COPIES)[: 1 + i % 2]]
        heard += [("song1", 2)] if i % SONGS != 1 else []
        for n, (stimulus, repetition) in enumerate(heard):
            signal = f"p{i}_{n}.csv"
            level = 5 + np.cumsum(rng.normal(0, 0.05, 12 * RATE))
            np.savetxt(folder / signal, level, "%.4f")
            valence, arousal = rng.integers(1, 10, 2)
            rows.append(
                {
                    "subject": f"p{i}",
                    "stimulus": stimulus,
                    # As a spreadsheet leaves it: only where it is not the first time.
                    "repetition": repetition if repetition > 1 else "",
                    "valence": valence,
                    "arousal": arousal,
                    "signal": signal,
                    "sampling_rate": RATE,
                    "audio": audio[stimulus],
                }
            )
    with (folder / "trials.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repeats") / "study"
    write_study(folder)
    return folder


@pytest.fixture(scope="module")
def workspace(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("stores")
    must("ingest", "table", study, "-w", workspace)
    must("relabel", "-w", workspace)
    must("decompose", "-w", workspace, "--jobs", "1")
    return workspace


def contents(study: Path) -> dict[str, str]:
    """What each stimulus sounds like, from the files and `trials.csv` alone."""
    table = pd.read_csv(study / "trials.csv").drop_duplicates("stimulus")
    return {
        row.stimulus: hashlib.sha256(
            soundfile.read(study / row.audio, dtype="int16")[0].tobytes()
        ).hexdigest()
        for row in table.itertuples()
    }


def trials_of(run: Path) -> pd.DataFrame:
    """Trials of a run, read with h5py alone; the index is the row of the membership."""
    with h5py.File(run) as h5:
        text = {n: h5[f"predictions/{n}"].asstr()[()] for n in ("target", "subject", "stimulus")}
        return pd.DataFrame(text).assign(repetition=h5["predictions/repetition"][()])


@pytest.mark.parametrize(
    ("model", "protocol"),
    [
        ("majority", "subject+stimulus"),
        ("song-prior", "stimulus"),
        pytest.param("majority", "stimulus", marks=pytest.mark.long),
        pytest.param("song-prior", "subject+stimulus", marks=pytest.mark.long),
    ],
)
def test_no_sound_is_on_two_sides_of_a_fold(
    study: Path, workspace: Path, tmp_path: Path, model: str, protocol: str
) -> None:
    said = must(
        "train", "-w", workspace, "--model", model, "--protocol", protocol, *FOLDS, "--json"
    )
    (run,) = map(Path, json.loads(said.stdout)["files"])
    trials, sound = trials_of(run), contents(study)
    assert len(set(sound.values())) == SONGS < len(sound)
    with h5py.File(run) as h5:
        role, probability = h5["membership/role"][()], h5["predictions/probability"][()]
    heard = trials["stimulus"].map(sound).to_numpy()
    for k in range(role.shape[1]):
        sides = [set(heard[role[:, k] == code]) for code in (0, 1, 2)]
        assert all(sides)
        assert not any(one & other for one, other in combinations(sides, 2))
    wanted = pd.read_csv(study / "trials.csv").fillna({"repetition": 1})
    keys = ["subject", "stimulus", "repetition"]
    for _, own in trials.groupby("target"):
        assert set(map(tuple, own[keys].to_numpy())) == set(map(tuple, wanted[keys].to_numpy()))
        assert not own.duplicated(keys).any()
    if protocol == "stimulus":
        assert np.isfinite(probability).all()
    report = json.loads(
        must("evaluate", run.stem, "-w", workspace, "-o", tmp_path, "--json").stdout
    )
    assert report["audit"]
    assert all(row["stimulus_in_training"] == 0 for row in report["audit"])


def test_a_prior_of_songs_counts_all_names_together(study: Path, workspace: Path) -> None:
    """Closed form: (k + 2 s) / (n + 2) over the training trials that sound the same."""
    said = must("train", "-w", workspace, "--model", "song-prior", *FOLDS, "--json")
    (run,) = map(Path, json.loads(said.stdout)["files"])
    with h5py.File(run) as h5:
        role, label = h5["membership/role"][()], h5["predictions/label"][()]
        probability = h5["predictions/probability"][()]
    trials = trials_of(run)
    heard, sound = trials["stimulus"].map(contents(study)).to_numpy(), contents(study)
    of = (trials["target"] == "valence").to_numpy()
    for row in np.flatnonzero(of & (heard == sound["song0"])):
        (k,) = np.flatnonzero(role[row] == 2)
        train = of & (role[:, k] == 0)
        share, own = label[train].mean(), label[train & (heard == heard[row])]
        assert probability[row] == pytest.approx((own.sum() + 2 * share) / (len(own) + 2), abs=1e-6)


def of_kind(said: dict[str, Any], kind: str) -> list[str]:
    """The notes of a kind."""
    return [note["text"] for note in said["notes"] if note["kind"] == kind]


def test_ingest_says_what_is_there_again(study: Path, tmp_path: Path) -> None:
    said = json.loads(must("ingest", "table", study, "-w", tmp_path, "--json").stdout)
    table = pd.read_csv(study / "trials.csv")
    assert said["n_trials"] == said["n_usable"] == len(table)
    assert said["n_again"] == (table["repetition"] > 1).sum()
    (text,) = of_kind(said, "shared_songs")
    assert "song0 = zz-song0 = encore" in text


def test_copies_that_come_later_are_noticed(study: Path, tmp_path: Path) -> None:
    """A song's file may be replaced by another song's."""
    write_study(tmp_path / "study")
    stores = tmp_path / "stores"
    must("ingest", "table", tmp_path / "study", "-w", stores)
    songs = tmp_path / "study" / "songs"
    (songs / "song3.wav").write_bytes((songs / "song2.wav").read_bytes())
    os.utime(songs / "song3.wav", ns=(1, 1))
    said = must("ingest", "table", tmp_path / "study", "-w", stores, "--json")
    (text,) = of_kind(json.loads(said.stdout), "shared_songs")
    assert "song2 = song3" in text


@pytest.mark.parametrize("name", ["repetition", "song"])
def test_without_the_column_rows_are_refused_or_apart(
    study: Path, tmp_path: Path, name: str
) -> None:
    write_study(tmp_path / "study")
    table = tmp_path / "study" / "trials.csv"
    rows = pd.read_csv(table, dtype=str)
    if name == "repetition":
        rows.drop(columns="repetition").to_csv(table, index=False)
        outcome = rtcan("ingest", "table", tmp_path / "study", "-w", tmp_path)
        assert outcome.exit_code == 1
        assert "the column repetition" in " ".join(outcome.stderr.split())
        return
    # No audio is known, but somebody knows the songs.
    rows = rows.drop(columns="audio")
    said = json.loads(must(*_ingest(rows, table, tmp_path), "--json").stdout)
    assert of_kind(said, "shared_songs") == []
    rows["song"] = rows["stimulus"].map(dict.fromkeys(COPIES, "song0"))
    said = json.loads(must(*_ingest(rows, table, tmp_path), "--json").stdout)
    (text,) = of_kind(said, "shared_songs")
    assert "song0 = zz-song0 = encore" in text


def _ingest(rows: pd.DataFrame, table: Path, workspace: Path) -> list[str | Path]:
    rows.to_csv(table, index=False)
    return ["ingest", "table", table.parent, "-w", workspace]


@pytest.mark.long
def test_each_hearing_is_explained_drawn_and_predicted(workspace: Path, tmp_path: Path) -> None:
    arousal = ("--target", "arousal")
    said = must("train", "-w", workspace, *SMALL_TRAINING, *arousal, "--json").stdout
    (run,) = map(Path, json.loads(said)["files"])
    trial = ("gradcam", run.stem, "-w", workspace, "--subject", "p2", "--music", "song2")
    first = json.loads(must(*trial, "-o", tmp_path, "--json").stdout)
    assert first["repetition"] == 1
    assert any("repetition 1 is shown" in note["text"] for note in first["notes"])
    second = json.loads(must(*trial, "--repetition", "2", "-o", tmp_path, "--json").stdout)
    assert second["repetition"] == 2
    assert not {*first["files"]} & {*second["files"]}
    maps = [
        tmp_path / "table" / run.stem / f"attention_arousal_subject_p2_music_song2{end}.csv"
        for end in ("", "_repetition_2")
    ]
    one, other = (pd.read_csv(path) for path in maps)
    assert not np.allclose(one["original"], other["original"])
    outcome = rtcan(*trial, "--repetition", "3")
    assert outcome.exit_code == 1
    assert "repetition 3" in outcome.stderr

    draw = ("decompose", "-w", workspace, "--figures-dir", tmp_path, "--json", "--plot")
    stem = "decomposition_subject_p2_stimulus_song2"
    for plotted, ends in (("p2:song2", {"", "_repetition_2"}), ("p2:song2:2", {"_repetition_2"})):
        files = map(Path, json.loads(must(*draw, plotted).stdout)["files"])
        found = {path.stem.removeprefix(stem) for path in files if path.stem.startswith(stem)}
        assert found == ends

    answers = tmp_path / "answers.csv"
    must("predict", run.stem, "-w", workspace, "--dataset", "table", "-o", answers)
    keys = ["target", "subject", "stimulus", "repetition"]
    stored = trials_of(run)
    with h5py.File(run) as h5:
        stored["fold"] = h5["predictions/fold"][()]
    both = pd.read_csv(answers).merge(stored, on=keys, validate="one_to_one")
    assert len(both) == len(stored)
    assert (both["status"] == "held_out").all()
    # Only the fold that tests this very hearing was asked.
    for row in both.itertuples():
        asked = [k for k in (1, 2, 3) if not np.isnan(getattr(row, f"fold_{k}"))]
        assert asked == [row.fold]
    eda = workspace / "hearing.csv"
    np.savetxt(eda, 5 + np.cumsum(np.random.default_rng(9).normal(0, 0.05, 48)), "%.4f")
    file = ("predict", run.stem, "-w", workspace, "--eda", eda, "--sampling-rate", "4")
    known = ("--subject", "p2", "--stimulus", "song2", "-o", answers)
    for repetition, status in (("2", "held_out"), ("3", "new")):
        must(*file, *known, "--repetition", repetition)
        assert pd.read_csv(answers)["status"].tolist() == [status]


def test_labels_from_a_table_name_the_hearing(workspace: Path, tmp_path: Path) -> None:
    with h5py.File(workspace / "table" / "labels.h5") as h5:
        names = {n: h5[f"labels/{n}"].asstr()[()] for n in ("subject", "stimulus")}
        rows = pd.DataFrame(names).assign(repetition=h5["labels/repetition"][()])
    rng = np.random.default_rng(4)
    rows["arousal"], rows["valence"] = rng.integers(0, 2, (2, len(rows)))
    table, output = tmp_path / "labels.csv", tmp_path / "labels.h5"
    rows.sample(frac=1, random_state=0).to_csv(table, index=False)
    must("relabel", "-w", workspace, "--import", table, "-o", output)
    with h5py.File(output) as h5:
        for target in ("valence", "arousal"):
            assert h5[f"labels/{target}"][()].tolist() == rows[target].tolist()
    rows.drop(columns="repetition").to_csv(table, index=False)
    outcome = rtcan("relabel", "-w", workspace, "--import", table, "-o", output)
    assert outcome.exit_code == 1
    assert "which of 2 hearings" in " ".join(outcome.stderr.split())


@pytest.mark.long
def test_real_listeners_who_heard_songs_again(tmp_path: Path) -> None:
    stores = tmp_path / "stores"
    said = must("ingest", "hku956", EXCERPT, "-w", stores, "--jobs", "1", "--json").stdout
    table = ratings()
    n_again = int(table.duplicated(["participant_id", "song_id"]).sum())
    assert json.loads(said)["n_again"] == n_again == 30
    assert json.loads(said)["n_trials"] == len(table) == 808
    must("relabel", "-w", stores)
    said = must(
        "train", "-w", stores, "--model", "majority", "--protocol", "stimulus", *FOLDS, "--json"
    )
    (run,) = map(Path, json.loads(said.stdout)["files"])
    song = trials_of(run)["stimulus"].to_numpy()
    with h5py.File(run) as h5:
        role = h5["membership/role"][()]
    assert len(song) == 2 * len(table)
    for k in range(role.shape[1]):
        sides = [set(song[role[:, k] == code]) for code in (0, 1, 2)]
        assert not any(one & other for one, other in combinations(sides, 2))


def streamed_wav(number: int) -> bytes:
    """A WAV file with a length of 0 in its header, as programs write into a pipe."""
    sound = np.random.default_rng(number).normal(0, 0.1, 8000)
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 8000, format="WAV")
    content = bytearray(buffer.getvalue())
    content[40:44] = bytes(4)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "can_be_read"),
    [
        (streamed_wav, True),
        (lambda number: b"", False),
        (lambda number: b"<!DOCTYPE html><html><body>Too many downloads</body></html>", False),
        (lambda number: streamed_wav(number)[:44], False),
    ],
    ids=["no length", "empty", "HTML", "header alone"],
)
def test_what_stands_in_the_place_of_songs_makes_them_not_one(
    tmp_path: Path, content: Callable[[int], bytes], can_be_read: bool
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    rng = np.random.default_rng(0)
    lines = ["subject,stimulus,valence,arousal,signal,sampling_rate,audio"]
    for number in range(4):
        (raw / f"{number}.wav").write_bytes(content(number))
        np.savetxt(raw / f"{number}.csv", 5 + np.cumsum(rng.normal(0, 0.05, 12 * RATE)), "%.4f")
        lines.append(f"p,song{number},{2 * number + 1},5,{number}.csv,{RATE},{number}.wav")
    (raw / "trials.csv").write_text("\n".join(lines) + "\n")
    said = json.loads(must("ingest", "table", raw, "-w", tmp_path / "stores", "--json").stdout)
    assert of_kind(said, "shared_songs") == []
    told = of_kind(said, "unreadable_audio")
    assert len(told) == (not can_be_read)
    assert all(text.startswith("4 stimuli whose audio cannot be read") for text in told)
    with h5py.File(tmp_path / "stores" / "table" / "recordings.h5") as h5:
        songs = h5["stimuli/song"].asstr()[()].tolist()
    assert songs == [f"song{number}" for number in range(4)]

from __future__ import annotations

import csv
import math
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rtcan_cli import views
from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.data.draft import draft_trials
from rtcan_cli.steps.data.ingest import ingest_raw
from tests.datasets.formats.made_files import UNIX, write_avro, write_edf

SAMPLES = 2 + 0.2 * np.sin(np.arange(160) / 9)


def e4(folder: Path, tags: str = "") -> None:
    folder.mkdir(parents=True)
    values = "\n".join(f"{x:.6f}" for x in (0, *SAMPLES))
    (folder / "EDA.csv").write_text(f"1700000000.0\n4.0\n{values}\n")
    (folder / "HR.csv").write_text("1700000000.0\n1.0\n70\n71\n")
    (folder / "tags.csv").write_text(tags)


def text(path: Path, header: str = "time,EDA (uS)", above: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"{i / 4},{x + above:.6f}" for i, x in enumerate(SAMPLES))
    path.write_text(f"{header}\n{rows}\n", encoding="utf-8")


def written(folder: Path) -> list[dict[str, str]]:
    with open(folder / "trials.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_marker_of_a_session_begins_a_trial(tmp_path: Path) -> None:
    e4(tmp_path / "p01", "1700000010.50\n1700000025.00\n")
    e4(tmp_path / "p02", "1700000005.00\n")
    found = draft_trials(tmp_path)
    assert (found.n_recordings, found.n_trials, found.n_subjects) == (2, 3, 2)
    assert found.recordings["n_markers"].tolist() == [2, 1]
    rows = written(tmp_path)
    assert [row["subject"] for row in rows] == ["p01", "p01", "p02"]
    assert [row["start"] for row in rows] == ["1700000010.5", "1700000025", "1700000005"]
    # Until the next marker, and until the end: 161 samples at 4 Hz.
    assert [row["duration"] for row in rows] == ["14.5", "15.25", "35.25"]
    assert {row["valence"] + row["arousal"] for row in rows} == {""}


def test_markers_of_one_moment_are_one_trial(tmp_path: Path) -> None:
    """A trial without a length would be taken to last until the end of the file."""
    e4(tmp_path / "p01", "1700000010\n1700000010\n1700000025\n")
    draft_trials(tmp_path)
    rows = [(row["start"], row["duration"]) for row in written(tmp_path)]
    assert rows == [("1700000010", "15"), ("1700000025", "15.25")]


def test_files_with_other_endings_are_counted(tmp_path: Path) -> None:
    text(tmp_path / "a" / "song.csv")
    for name in ("a/S2.pkl", "a/S3.PKL", "a/OpenSignals.h5"):
        (tmp_path / name).write_bytes(b"?")
    note = draft_trials(tmp_path).notes[-1]
    assert note.text == "files that were not looked at, by what they end in: .pkl (2), .h5 (1)"


def test_what_is_drafted_is_read_once_it_is_filled_in(tmp_path: Path) -> None:
    for level, subject in enumerate(("anna", "bert")):
        for song in ("one", "two"):
            above = level + 0.5 * (song == "two")
            text(tmp_path / "eda" / f"{subject}_{song}.csv", above=above)
    (tmp_path / "one.mp3").write_bytes(b"ID3")
    draft_trials(tmp_path)
    rows = written(tmp_path)
    keys = [(row["subject"], row["stimulus"], row["audio"]) for row in rows]
    assert keys == [
        ("anna", "one", "one.mp3"),
        ("anna", "two", ""),
        ("bert", "one", "one.mp3"),
        ("bert", "two", ""),
    ]
    filled = (tmp_path / "trials.csv").read_text().replace(",,,eda/", ",3,7,eda/")
    (tmp_path / "trials.csv").write_text(filled)
    ingested = ingest_raw("table", tmp_path, tmp_path / "out" / "recordings.h5")
    assert (ingested.n_trials, ingested.n_usable) == (4, 4)


def test_files_that_are_not_recordings_are_named(tmp_path: Path) -> None:
    text(tmp_path / "a" / "song.csv")
    text(tmp_path / "b" / "song.csv", "time,heart rate")
    text(tmp_path / "b" / "other.csv", "one,two")
    (tmp_path / "b" / "notes.txt").write_text("hello\nworld\n")
    found = draft_trials(tmp_path).recordings.set_index("signal")["problem"]
    assert pd.isna(found["a/song.csv"])
    assert found["b/notes.txt"]
    assert "does not show which column is EDA" in found["b/other.csv"]
    assert "'heart rate'" in found["b/song.csv"]
    assert [row["signal"] for row in written(tmp_path)] == ["a/song.csv"]


def test_one_reason_is_said_once_for_all_files(tmp_path: Path) -> None:
    text(tmp_path / "song.csv")
    for number in range(12):
        text(tmp_path / f"heart{number:02d}.csv", "time,heart rate")
    text(tmp_path / "other.csv", "one,two")
    result = draft_trials(tmp_path)
    assert result.recordings["problem"].notna().sum() == 13
    (table,) = (each for each in views.page(result).tables if each.title == "Not in the table")
    files, reasons = zip(*table.rows, strict=True)
    assert files == ("heart00.csv, heart01.csv, heart02.csv, ... (12 in all)", "other.csv")
    assert "'heart rate'" in reasons[0]


def test_what_is_not_known_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n".join(f"{x:.6f}" for x in SAMPLES))
    found = draft_trials(tmp_path)
    assert math.isnan(found.recordings["sampling_rate"][0])
    kinds = [note.kind for note in found.notes]
    assert kinds == ["fill_in_ratings", "stimulus_unknown", "rate_unknown", "unit_unknown"]
    assert found.notes[0].command == f"rtcan ingest table {tmp_path}"
    assert "trials.csv" in "\n".join(views.page(found).notes)


def test_a_generic_name_of_a_file_is_not_a_subject(tmp_path: Path) -> None:
    e4(tmp_path / "S01_1700_A1", "1700000010.50\n")
    e4(tmp_path / "S02")
    with zipfile.ZipFile(tmp_path / "S01_1700_A1.zip", "w") as packed:
        packed.write(tmp_path / "S01_1700_A1" / "EDA.csv", "EDA.csv")
    text(tmp_path / "EDA_S03_song.csv")
    found = draft_trials(tmp_path)
    subjects = {row["signal"]: row["subject"] for row in written(tmp_path)}
    assert subjects == {
        "EDA_S03_song.csv": "S03",
        "S01_1700_A1/EDA.csv": "S01_1700_A1",
        "S02/EDA.csv": "S02",
    }
    problems = found.recordings.set_index("signal")["problem"]
    assert "the folder S01_1700_A1 beside it" in problems["S01_1700_A1.zip"]


def test_the_one_folder_is_the_subject_of_a_session(tmp_path: Path) -> None:
    e4(tmp_path / "S01" / "data")
    text(tmp_path / "signal.csv")
    draft_trials(tmp_path)
    assert [row["subject"] for row in written(tmp_path)] == ["S01", ""]


def test_the_name_of_a_device_is_not_a_subject(tmp_path: Path) -> None:
    e4(tmp_path / "e4" / "007")
    text(tmp_path / "eda" / "008_song1.csv")
    draft_trials(tmp_path)
    found = [(row["subject"], row["stimulus"]) for row in written(tmp_path)]
    assert found == [("007", ""), ("008", "song1")]


@pytest.mark.parametrize("column", ["trial", "Stimulus"])
def test_a_column_that_says_the_trial_is_drafted_and_read(tmp_path: Path, column: str) -> None:
    names = {"trial": "12", "Stimulus": "AB"}[column]
    labels = [names[0]] * 70 + [""] * 10 + [names[1]] * 80
    rows = [f"{i / 4},{x:.6f},{labels[i]}" for i, x in enumerate(SAMPLES)]
    (tmp_path / "p1.csv").write_text("\n".join([f"time,EDA (uS),{column}", *rows]))
    draft_trials(tmp_path)
    found = written(tmp_path)
    assert [row["samples"] for row in found] == [f"{column}={name}" for name in names]
    assert [row["stimulus"] for row in found] == (["", ""] if column == "trial" else ["A", "B"])
    lines = [f"p1,{i},5,5,p1.csv,{row['samples']}" for i, row in enumerate(found)]
    header = "subject,stimulus,valence,arousal,signal,samples"
    (tmp_path / "trials.csv").write_text("\n".join([header, *lines]))
    (part,) = open_raw("table", tmp_path).parts
    first, second = (item.recordings[0].eda for item in part() if isinstance(item, Trial))
    np.testing.assert_allclose(first, SAMPLES[:70], atol=1e-6)
    np.testing.assert_allclose(second, SAMPLES[80:], atol=1e-6)


def test_a_folder_of_raw_data_is_one_recording(tmp_path: Path) -> None:
    for person in ("p01", "p02"):
        folder = tmp_path / f"1-1-{person}" / "raw_data" / "v6"
        folder.mkdir(parents=True)
        for begin in (UNIX, UNIX + 900):
            write_avro(folder / f"1-1-{person}_{begin:.0f}.avro", begin=begin)
    draft_trials(tmp_path)
    rows = written(tmp_path)
    assert {row["signal"] for row in rows} == {f"1-1-p0{i}/raw_data/v6" for i in (1, 2)}
    assert {row["subject"] for row in rows} == {"1-1-p01", "1-1-p02"}


def test_a_decimal_comma_is_told(tmp_path: Path) -> None:
    text(tmp_path / "p1_song.csv")
    rows = "\n".join(f"{i / 4};{x:.6f}" for i, x in enumerate(SAMPLES)).replace(".", ",")
    (tmp_path / "p2_song.csv").write_text(f"time;EDA\n{rows}\n")
    problem = draft_trials(tmp_path).recordings["problem"][1]
    assert problem.endswith("(try: --decimal , if that is a decimal comma)")


def test_a_table_that_is_there_is_kept(tmp_path: Path) -> None:
    text(tmp_path / "a_one.csv")
    (tmp_path / "trials.csv").write_text("mine")
    with pytest.raises(RtcanError, match="is there already"):
        draft_trials(tmp_path)
    assert (tmp_path / "trials.csv").read_text() == "mine"


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("nothing")
    with pytest.raises(RtcanError, match="contains no recording of EDA"):
        draft_trials(tmp_path)
    assert not (tmp_path / "trials.csv").exists()


def test_a_draft_is_on_the_clock_of_each_file(tmp_path: Path) -> None:
    pytest.importorskip("edfio")
    e4(tmp_path / "p01", "1700000010.50\n")
    (tmp_path / "p02").mkdir()
    write_edf(tmp_path / "p02" / "rec.edf")
    text(tmp_path / "p03" / "rec.csv")
    draft_trials(tmp_path)
    starts = [(row["subject"], row["start"]) for row in written(tmp_path)]
    assert starts == [
        ("p01", "1700000010.5"),
        ("p02", "2024-03-01T10:15:05.000"),
        ("p02", "2024-03-01T10:15:09.500"),
        ("p03", ""),
    ]
    items = [item for part in open_raw("table", tmp_path).parts for item in part()]
    positions = [item.recordings[0].position for item in items if isinstance(item, Trial)]
    assert len(positions) == len(items) == 4
    assert [each.rpartition(" ")[2] for each in positions[:3]] == ["42:161", "20:56", "56:80"]

"""The page on own recordings: its table is read, its reader runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.header import OPTIONAL, REQUIRED
from rtcan_cli.datasets.trials import Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.data.songs import songs_of
from rtcan_cli.stores import Store

PAGE = (Path(__file__).parents[2] / "docs/howto/own_data.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_the_table_is_complete(tmp_path: Path) -> None:
    table = blocks("csv")[0]
    (tmp_path / "trials.csv").write_text(table)
    for folder in ("e4/007", "eda", "songs"):
        (tmp_path / folder).mkdir(parents=True)
    values = np.random.default_rng(0).normal(5, 0.05, 480).round(6)
    session = [1_700_000_000, 4, *values[:400]]
    np.savetxt(tmp_path / "e4/007/EDA.csv", session, fmt="%.6f", newline="\r\n")
    lines = [f"{i / 32},{value}" for i, value in enumerate(values)]
    (tmp_path / "eda/008_song1.csv").write_text("\n".join(["time,eda", *lines]) + "\n")
    (tmp_path / "eda/008_song2.csv").write_text("".join(f"{value}\n" for value in values))
    for song in ("song1", "song2"):
        (tmp_path / "songs" / f"{song}.wav").touch()
    dataset = open_raw("table", tmp_path)
    items = [item for part in dataset.parts for item in part()]
    trials = {(t.subject, t.stimulus): t for t in items if isinstance(t, Trial)}
    assert len(trials) == len(items) == 4
    for key, first, last, rate in (
        (("007", "song1"), 40, 160, 4),
        (("007", "song2"), 220, 340, 4),
        (("008", "song1"), 0, 480, 32),
        (("008", "song2"), 0, 480, 16),
    ):
        (recording,) = trials[key].recordings
        assert recording.sampling_rate == rate
        np.testing.assert_array_equal(recording.eda, values[first:last])
    assert all(stimulus.audio for stimulus in dataset.stimuli)


def test_every_column_is_described() -> None:
    columns = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (?:yes|no|if|for)", PAGE, re.M)
    named = {name for cell in columns for name in re.findall(r"\w+", cell)}
    assert named == {*REQUIRED, *OPTIONAL}


def test_songs_that_are_heard_again_are_told_apart(tmp_path: Path) -> None:
    _, again, names, long = blocks("csv")
    file = tmp_path / "trials.csv"
    file.write_text(again)
    trials = [each for part in open_raw("table", tmp_path).parts for each in part()]
    keys = [(t.stimulus, t.repetition) for t in trials if isinstance(t, Trial)]
    assert sorted(keys) == [("song1", 1), ("song1", 2), ("song2", 1)]
    # What the page's lines of pandas make of the table without the column.
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        rows = [line.split(",") for line in again.splitlines()]
        file.write_text("\n".join(",".join(row[:2] + row[3:]) for row in rows) + "\n")
        with pytest.raises(RtcanError, match="are the same trial"):
            open_raw("table", tmp_path)
        exec(blocks("python")[0], {})
    trials = [each for part in open_raw("table", tmp_path).parts for each in part()]
    assert keys == [(t.stimulus, t.repetition) for t in trials if isinstance(t, Trial)]
    file.write_text(names)
    found = songs_of(open_raw("table", tmp_path).stimuli, {})
    assert found == {"yesterday": "yesterday", "yesterday_remix": "yesterday"}
    file.write_text(long)
    assert not open_raw("table", tmp_path).damaged


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the page's program defines, after it has run on two subjects."""
    rng = np.random.default_rng(0)
    (tmp_path / "raw" / "json").mkdir(parents=True)
    for subject in ("anna", "ben"):
        trials = [
            {"song": song, "valence": 2, "arousal": 6, "eda": rng.normal(5, 0.05, 80).tolist()}
            for song in ("song1", "song2")
        ]
        session = {"rate": 8.0, "trials": trials}
        (tmp_path / "raw" / "json" / f"{subject}.json").write_text(json.dumps(session))
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("\n".join(blocks("python")[1:]), namespace)
    return namespace


def test_the_reader_makes_a_store(
    reader: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path / "rtcan-stores/table/recordings.h5", "recordings") as store:
        assert store.table("trials")["subject"].tolist() == ["anna", "anna", "ben", "ben"]
        assert store.provenance.parameters["rating_scale"] == [1, 7]
        assert store.provenance.parameters["edition"] == "our JSON files"
        written = json.loads((tmp_path / "raw/json/ben.json").read_text())["trials"][1]["eda"]
        # Samples are kept in single precision.
        np.testing.assert_allclose(store.signal("eda", 3), written, rtol=1e-6)


def test_the_reader_names_a_damaged_file(reader: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "raw/json/ben.json").write_text('{"trials": [')
    parts = reader["open_raw"](tmp_path / "raw/json").parts
    assert len(parts[0]()) == 2
    with pytest.raises(RtcanError, match=r"ben\.json cannot be read"):
        parts[1]()

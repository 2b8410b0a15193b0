"""Simulated HKU956, read by pandas and NumPy, and by the reader it is for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.design import Design
from rtcan_cli.simulate.hku956 import units
from rtcan_cli.simulate.physiology import draw_population
from rtcan_cli.simulate.sizes import FULL_SIZES


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hku956") / "raw"
    return simulate("hku956", folder, 6, 3, 8.0, seed=1, faults=True, truth=True).folder


@pytest.fixture(scope="module")
def faults(raw: Path) -> dict[str, tuple[str, int, str]]:
    """Subject, place and song of each fault."""
    return {
        fault["kind"]: (fault["subject"], int(place), song)
        for fault in json.loads((raw / "FAULTS.json").read_text())
        for place, song in [Path(fault["file"]).stem.split("_")]
    }


def test_the_reader_finds_what_pandas_finds(
    raw: Path, faults: dict[str, tuple[str, int, str]]
) -> None:
    folder = raw / "HKU956"
    table = pd.read_csv(folder / "3. AV_ratings.csv", dtype={"song_id": str})
    table = table.set_index(["participant_id", "song_no", "song_id"])
    files = {
        (path.parts[-3], int(place), song): path
        for path in folder.glob("1. physiological signals/*/EDA/*.csv")
        for place, song in [path.stem.split("_")]
    }
    assert set(faults) >= {"flat", "clipped", "no-rating", "no-recording", "empty-rating"}
    assert table.index.is_unique
    assert set(files) - set(table.index) == {faults["no-rating"]}
    assert set(table.index) - set(files) == {faults["no-recording"]}
    dataset = open_raw("hku956", raw)
    assert (dataset.simulated, dataset.damaged) == (True, ())
    items = [item for part in dataset.parts for item in part()]
    excluded = {
        (item.subject, item.stimulus, item.repetition): item.reason
        for item in items
        if isinstance(item, Excluded)
    }
    trials = {
        (item.subject, item.stimulus, item.repetition): item
        for item in items
        if isinstance(item, Trial)
    }
    times: Counter[tuple[str, str]] = Counter()
    reasons = {
        "no-rating": "there is no rating of this recording",
        "no-recording": "there is no recording of this rating",
        "empty-rating": "there is no rating",
    }
    for subject, place, song in sorted({*table.index, *files}):
        times[subject, song] += 1
        key = subject, song, times[subject, song]
        kinds = [kind for kind, where in faults.items() if where == (subject, place, song)]
        assert excluded.get(key) == next((reasons[k] for k in kinds if k in reasons), None)
        if kinds in (["no-rating"], ["empty-rating"]):
            assert key not in trials
            continue
        row, trial = table.loc[subject, place, song], trials.pop(key)
        assert (trial.valence, trial.arousal) == (row["valence_rating"], row["arousal_rating"])
        assert max(abs(trial.valence), abs(trial.arousal)) <= 10
        for target in ("valence", "arousal"):
            sign = {"negative": -1, "neutral": 0, "positive": 1}[row[target]]
            assert np.sign(row[f"{target}_rating"]) == sign
        if kinds != ["no-recording"]:
            (recording,) = trial.recordings
            assert recording.notes == ()
            assert len(recording.eda) == 4 * row["play_duration"]
            np.testing.assert_array_equal(
                recording.eda, np.loadtxt(files[subject, place, song], ndmin=1)
            )
    assert trials == {}
    assert max(times.values()) == 2, "somebody heard a song again"


def test_songs_are_there_and_as_long_as_they_were_played(raw: Path) -> None:
    table = pd.read_csv(raw / "HKU956" / "3. AV_ratings.csv", dtype={"song_id": str})
    links = pd.read_csv(raw / "HKU956" / "2. original_song_audio.csv", dtype=str)
    played = table.groupby("song_id")["play_duration"].max()
    assert sorted(links["song_id"]) == sorted(played.index) == ["1001", "1002", "1003"]
    dataset = open_raw("hku956", raw)
    assert dataset.notes == dataset.unclaimed == ()
    for stimulus in dataset.stimuli:
        link = links.set_index("song_id").loc[stimulus.stimulus, "link"]
        assert Path(stimulus.audio) == raw / "HKU956" / link
        assert soundfile.info(stimulus.audio).duration >= played[stimulus.stimulus] - 0.1


def test_truth_is_what_the_files_were_made_from(
    raw: Path, faults: dict[str, tuple[str, int, str]]
) -> None:
    spoilt = {subject for subject, _, _ in faults.values()}
    (subject, *_) = sorted({path.stem for path in (raw / "truth").glob("hku*")} - spoilt)
    with np.load(raw / "truth" / f"{subject}.npz", allow_pickle=False) as truth:
        for i, source in enumerate(truth["source"]):
            part = slice(*truth["offsets"][i : i + 2])
            eda = truth["phasic"][part] + truth["tonic"][part]
            assert np.std(np.loadtxt(raw / source) - eda) == pytest.approx(0.01, rel=0.5)


def test_the_published_size() -> None:
    size = FULL_SIZES["hku956"]
    population = draw_population(size.subjects, size.stimuli, 3)
    sessions = units(Design(population, size.duration, 3, "full"))
    heard = Counter(song for unit in sessions for song in unit.songs)
    seconds = np.concatenate([unit.seconds for unit in sessions])
    assert (len(sessions), len(heard), len(seconds)) == (30, 592, 956)
    assert sum(len(unit.songs) - len(set(unit.songs)) for unit in sessions) == 33
    assert sum(times > 1 for times in heard.values()) == 164
    assert max(count for unit in sessions for count in Counter(unit.songs).values()) == 2
    assert 5 <= max(heard.values()) <= 20
    assert min(len(unit.songs) for unit in sessions) >= 10
    # Of the published recordings, half are between 34 and 56 s long, and 5 % longer than 98 s.
    assert np.quantile(seconds, [0.25, 0.5, 0.75, 0.95]) == pytest.approx(
        [34, 42, 56, 98], rel=0.15
    )
    assert seconds.min() >= 27
    assert seconds.max() <= 329
    assert (seconds == seconds.round()).all()


@pytest.mark.parametrize(("n_subjects", "n_songs"), [(1, 1), (2, 900), (60, 3)])
def test_other_sizes_at_full_scale(n_subjects: int, n_songs: int) -> None:
    population = draw_population(n_subjects, n_songs, 3)
    sessions = units(Design(population, 10.0, 3, "full"))
    assert len(sessions) == n_subjects
    assert all(set(unit.songs) <= set(range(n_songs)) for unit in sessions)
    written = [song for unit in sessions for song in unit.to_write]
    assert sorted(written) == list(range(n_songs))

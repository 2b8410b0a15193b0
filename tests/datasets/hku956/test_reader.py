from __future__ import annotations

import math
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.errors import RtcanError
from tests.conftest import must, rtcan
from tests.datasets.reading import zip_folder
from tests.real_listeners import EXCERPT, ratings

HEADER = (
    "participant_id,song_no,song_id,valence_rating,valence,arousal_rating,arousal,play_duration"
)
ROWS = (
    "hku1904,0,31,-9.5,negative,0,neutral,30",
    "hku1903,2,262957,5,positive,-2.5,negative,40",  # again
    "hku1903,10,7,1,positive,1,positive,30",
    "hku1903,0,262957,7.4,positive,6,positive,30",
)
SONGS = ("7", "31", "262957", "999")


def samples(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(2 + np.cumsum(0.02 * rng.standard_normal(round(4 * seconds))), 6)


def study(
    parent: Path, *rows: str, signals: str = "1. physiological_signals", first: str = "\ufeff"
) -> Path:
    """The four trials as the publisher has them; other rows of the table if any are given."""
    folder = parent / "HKU956"
    for row in ROWS:
        subject, place, song, *_, seconds = row.split(",")
        file = folder / signals / subject / "EDA" / f"{place}_{song}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{x:.6f}\n" for x in samples(float(seconds), int(place))))
    lines = [HEADER, *(rows or ROWS)]
    (folder / "3. AV_ratings.csv").write_text(first + "\n".join(lines) + "\n", encoding="utf-8")
    links = ["song_id,link", *(f"{song},http://example.org/{song}.mp3" for song in SONGS)]
    (folder / "2. original_song_audio.csv").write_text("\n".join(links) + "\n")
    return folder


def read(raw: Path) -> tuple[list[Trial], list[Excluded], list[RtcanError]]:
    dataset = open_raw("hku956", raw)
    items = [*dataset.damaged, *(item for part in dataset.parts for item in part())]
    kinds = (Trial, Excluded, RtcanError)
    trials, excluded, errors = ([item for item in items if isinstance(item, k)] for k in kinds)
    return trials, excluded, errors


@pytest.mark.parametrize(
    ("signals", "first", "packed"),
    [
        ("1. physiological_signals", "\ufeff", False),
        ("1. physiological signals", "", False),
        ("1. Physiological Signals", "\ufeff", True),
    ],
)
def test_reads_what_the_publisher_ships(
    tmp_path: Path, signals: str, first: str, packed: bool
) -> None:
    folder = study(tmp_path / "raw", signals=signals, first=first)
    raw = zip_folder(folder, tmp_path / "hku956.zip") if packed else tmp_path / "raw"
    dataset = open_raw("hku956", raw)
    assert [each.stimulus for each in dataset.stimuli] == list(SONGS)
    assert (dataset.simulated, dataset.damaged, dataset.unclaimed) == (False, (), ())
    trials, excluded, errors = read(raw)
    assert excluded == errors == []
    found = [(t.subject, t.stimulus, t.repetition, t.valence, t.arousal) for t in trials]
    # In the order of the session, whose places are numbers.
    assert found == [
        ("hku1903", "262957", 1, 7.4, 6.0),
        ("hku1903", "262957", 2, 5.0, -2.5),
        ("hku1903", "7", 1, 1.0, 1.0),
        ("hku1904", "31", 1, -9.5, 0.0),
    ]
    for trial, (seconds, seed) in zip(trials, [(30, 0), (40, 2), (30, 10), (30, 0)], strict=True):
        (recording,) = trial.recordings
        assert (recording.target, recording.sampling_rate, recording.notes) == ("both", 4.0, ())
        assert np.array_equal(recording.eda, samples(seconds, seed))


def test_what_is_not_there_or_not_right_is_named(tmp_path: Path) -> None:
    rows = (
        "hku1903,0,262957,7.4,,6,,33",  # played longer than recorded
        "hku1903,1,262957,2,,2,,30",  # no recording
        "hku1903,2,262957,,,,,40",  # no rating
        "hku1903,10,8,1,,1,,30",  # another song than the recording's
        "hku1904,0,31,,,4,,30",  # as hku1929's was until 2022-11
        "hku1904,0,31,3,,3,,30",
    )
    folder = study(tmp_path, *rows)
    eda = folder / "1. physiological_signals" / "hku1904" / "EDA"
    shutil.copy(eda / "0_31.csv", eda / "0_31 (1).csv")
    trials, excluded, errors = read(tmp_path)
    assert errors == []
    key = [(t.subject, t.stimulus, t.repetition, len(t.recordings)) for t in trials]
    assert key == [
        ("hku1903", "262957", 1, 1),
        ("hku1903", "262957", 2, 0),  # its rating counts for the threshold
        ("hku1903", "8", 1, 0),
        ("hku1904", "31", 1, 1),
    ]
    assert math.isnan(trials[-1].valence)
    note = "the song was played for 33 s (play_duration), but the recording has 30 s"
    assert trials[0].recordings[0].notes == (note,)
    told = {
        (e.subject, e.stimulus, e.repetition, e.reason, Path(e.source).name, e.position)
        for e in excluded
    }
    table = "3. AV_ratings.csv"
    assert told == {
        ("hku1903", "262957", 2, "there is no recording of this rating", table, "line 3"),
        ("hku1903", "262957", 3, "there is no rating", table, "line 4"),
        ("hku1903", "8", 1, "there is no recording of this rating", table, "line 5"),
        ("hku1903", "7", 1, "there is no rating of this recording", "10_7.csv", ""),
        ("hku1904", "31", 1, "it was rated twice: the first rating is kept", table, "line 7"),
        (
            *("", "", 1, "the file's name is not PLACE_SONG.csv, such as 0_262957.csv"),
            *("0_31 (1).csv", ""),
        ),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("valence_rating,", "rating,", "has no column valence_rating"),
        ("7.4", "seven", "line 5: 'seven' is not a number"),
        ("hku1904,0,31", "hku1904,first,31", "line 2: participant_id, song_no and song_id"),
        ("7.4,positive,6,positive,30", "7.4", "line 5 has no arousal_rating"),
        (",valence,", ",valence_rating,", "has two columns valence_rating"),
        (",arousal,play", ",play_duration,play", "has two columns play_duration"),
        ("negative,0,neutral,30", "negative,0,neutral,-30", "line 2: play_duration is negative"),
        ("negative,0,neutral,30", "negative,0,neutral,inf", "line 2: 'inf' is not a finite"),
        ("negative,0", "neg,ative,0", "line 2: 9 cells for 8 columns"),
        ("hku1904,0", "1904,0", None),  # nothing fits, but nothing is wrong with the table
    ],
)
def test_a_damaged_table_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    table = study(tmp_path) / "3. AV_ratings.csv"
    text = table.read_text(encoding="utf-8").replace(old, new, 1)
    table.write_text(text, encoding="utf-8")
    if message is None:
        assert len(read(tmp_path)[1]) == 2
        return
    with pytest.raises(RtcanError, match=message) as caught:
        open_raw("hku956", tmp_path)
    assert str(table) in str(caught.value)


def test_columns_that_are_not_used_may_have_any_name(tmp_path: Path) -> None:
    """Also the same as another one, or none: each cell stays in its column."""
    table = study(tmp_path) / "3. AV_ratings.csv"
    expected = [(t.valence, t.arousal, t.recordings[0].notes) for t in read(tmp_path)[0]]
    text = table.read_text(encoding="utf-8")
    for names in ("", "note"):
        changed = text.replace(",valence,", f",{names},").replace(",arousal,", f",{names},")
        table.write_text(changed, encoding="utf-8")
        trials = read(tmp_path)[0]
        assert [(t.valence, t.arousal, t.recordings[0].notes) for t in trials] == expected


def test_two_songs_at_one_place_and_a_whole_session_are_named(tmp_path: Path) -> None:
    eda = study(tmp_path) / "1. physiological_signals" / "hku1903" / "EDA"
    shutil.copy(eda / "0_262957.csv", eda / "0_31.csv")
    whole = eda / "10_7.csv"
    whole.write_text(f"1544024410.000000\n4.000000\n{whole.read_text()}")
    trials, excluded, errors = read(tmp_path)
    assert sum(len(t.recordings) for t in trials) == 3
    assert [(e.stimulus, e.reason) for e in excluded] == [
        ("31", "there is no rating of this recording")
    ]
    place, session = map(str, errors)
    assert "0_262957.csv" in place
    assert "0_31.csv" in place
    assert "two songs at one place" in place
    assert "10_7.csv begins with a Unix time" in session


@pytest.mark.parametrize("name", ["HKU1903", "hku1903 ", "hku01903"])
def test_a_listener_with_two_names_is_refused(tmp_path: Path, name: str) -> None:
    signals = study(tmp_path) / "1. physiological_signals"
    (signals / "hku1903").rename(signals / name)
    with pytest.raises(RtcanError, match="differ in case, spaces or leading zeros only") as caught:
        open_raw("hku956", tmp_path)
    assert repr(name) in str(caught.value)
    assert "'hku1903'" in str(caught.value)


@pytest.mark.parametrize(("shift", "word"), [(1, "less"), (-1, "more")])
def test_places_counted_from_another_number_are_refused(
    tmp_path: Path, shift: int, word: str
) -> None:
    folder = study(tmp_path)
    for file in (folder / "1. physiological_signals").glob("*/EDA/*.csv"):
        place, song = file.name.split("_")
        file.rename(file.with_name(f"{int(place) + 5}_{song}"))
    rows = [row.split(",") for row in ROWS]
    rows = [[row[0], str(int(row[1]) + 5 + shift), *row[2:]] for row in rows]
    table = folder / "3. AV_ratings.csv"
    table.write_text("\n".join([HEADER, *map(",".join, rows)]) + "\n")
    with pytest.raises(RtcanError, match=f"4 would if each song_no were one {word}") as caught:
        open_raw("hku956", tmp_path)
    assert str(table) in str(caught.value)


def test_slips_and_damaged_recordings_are_errors_of_their_own(tmp_path: Path) -> None:
    folder = study(tmp_path, *(row.replace("7.4", "74") for row in ROWS))
    eda = folder / "1. physiological_signals" / "hku1903" / "EDA"
    (eda / "2_262957.csv").write_text("0.1\n0.2;0.3\n")
    trials, excluded, errors = read(tmp_path)
    assert [(t.stimulus, t.repetition, len(t.recordings)) for t in trials] == [
        ("262957", 2, 0),
        ("7", 1, 1),
        ("31", 1, 1),
    ]
    assert [e.reason for e in excluded] == ["there is no rating"]
    slip, damaged = map(str, errors)
    assert "line 5, subject hku1903, song 262957: the valence rating 74 is not on the" in slip
    assert "2_262957.csv: line 2" in damaged
    assert damaged.endswith("(subject hku1903, song 262957, repetition 2)")


def test_no_ratings_two_copies_and_another_scale_are_refused(tmp_path: Path) -> None:
    folder = study(tmp_path / "one")
    shutil.copytree(folder, tmp_path / "one" / "copy")
    with pytest.raises(RtcanError, match="HKU956 more than once: in HKU956, copy"):
        open_raw("hku956", tmp_path / "one")
    (folder / "3. AV_ratings.csv").unlink()
    with pytest.raises(RtcanError, match=r"but no ratings: 3\. AV_ratings\.csv"):
        open_raw("hku956", folder)
    study(tmp_path / "other", *(r.replace("7.4", "74").replace("1,pos", "10.1,pos") for r in ROWS))
    with pytest.raises(RtcanError, match="ratings of 2 of 4 trials are not on the scale"):
        open_raw("hku956", tmp_path / "other")


def test_songs_that_were_fetched(tmp_path: Path) -> None:
    """Their folder need not be that of the recordings."""
    study(tmp_path / "raw")
    audio, workspace = tmp_path / "songs", tmp_path / "stores"
    audio.mkdir()
    tone = np.sin(np.arange(22050 * 8) / 9)
    for name in ("7.mp3", "12.mp3"):
        soundfile.write(audio / name, tone, 22050)
    for dataset, words in (("pmemo", "only for the dataset hku956"), ("hku956", "no audio file")):
        wrong = tmp_path / "raw" / "HKU956" / "1. physiological_signals"
        outcome = rtcan("ingest", dataset, tmp_path / "raw", "--audio", wrong)
        assert outcome.exit_code == (2 if dataset == "pmemo" else 1)
        assert words in " ".join(outcome.stderr.split())
    outcome = must("ingest", "hku956", tmp_path / "raw", "-w", workspace)
    assert "592" not in outcome.stdout
    assert "4 songs without an audio file: 7, 31, 262957, 999" in outcome.stdout
    assert "name their folder with --audio DIR" in outcome.stdout
    # Nothing asks for music, and who asks for it is told how to get it.
    assert "music" not in must("info", "-w", workspace).stdout
    outcome = rtcan("music-features", "-w", workspace)
    assert outcome.exit_code == 1
    assert "rtcan ingest hku956 RAW --audio DIR" in " ".join(outcome.stderr.split())
    outcome = must("ingest", "hku956", tmp_path / "raw", "-w", workspace, "--audio", audio)
    told = " ".join(outcome.stdout.split())
    assert "3 songs without an audio file: 31, 262957, 999" in told
    assert "1 audio file that no song uses: 12.mp3" in told
    with h5py.File(workspace / "hku956" / "recordings.h5") as h5:
        assert list(h5["stimuli/audio"].asstr()) == ["7.mp3", "", "", ""]
        assert len(h5["stimuli/sound"].asstr()[0]) > 0
    told = must("music-features", "-w", workspace, "--jobs", "1").stdout
    assert "2 songs without an audio file: 31, 262957" in " ".join(told.split())


def test_real_listeners() -> None:
    """All that pandas finds is there."""
    trials, excluded, errors = read(EXCERPT)
    assert excluded == errors == []
    table = ratings().sort_values(["participant_id", "song_no"])
    table["repetition"] = table.groupby(["participant_id", "song_id"]).cumcount() + 1
    names = ["participant_id", "song_id", "repetition", "valence_rating", "arousal_rating"]
    found = [(t.subject, t.stimulus, t.repetition, t.valence, t.arousal) for t in trials]
    assert found == list(table[names].itertuples(index=False, name=None))
    assert len({trial.subject for trial in trials}) == 24
    assert sum(trial.repetition > 1 for trial in trials) == 30
    # Each is as long as its song was played, so nothing is to be dropped, the first value neither.
    assert [len(t.recordings[0].eda) / 4 for t in trials] == table["play_duration"].tolist()
    eda = np.stack([trial.recordings[0].eda[:3] for trial in trials])
    assert (eda[:, 0] == 0).sum() == 1
    assert np.median(np.abs(np.diff(eda, axis=1)), axis=0) == pytest.approx([0.00128] * 2, rel=0.01)

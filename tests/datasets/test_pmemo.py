from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Trial
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import read, same_trials, zip_folder


@pytest.fixture
def raw(pmemo_raw: Path, tmp_path: Path) -> Path:
    """The folder PMEmo, to be changed at will."""
    return Path(shutil.copytree(pmemo_raw / "PMEmo", tmp_path / "PMEmo"))


def eda_of(trial: Trial) -> dict[str, np.ndarray]:
    return {recording.target: recording.eda for recording in trial.recordings}


# --- 2018 ------------------------------------------------------------------------------------


def test_reads_what_pandas_reads(pmemo_raw: Path) -> None:
    trials, excluded = read("pmemo", pmemo_raw)
    assert not excluded
    assert len(trials) == 5 * 3
    for (subject, song), trial in trials.items():
        assert [recording.target for recording in trial.recordings] == ["valence", "arousal"]
        for recording in trial.recordings:
            folder, initial = recording.target.title(), recording.target[0].upper()
            eda = pd.read_csv(
                pmemo_raw / f"PMEmo/EDA/{folder}/{song}_{subject}_{initial}.csv", header=None
            )
            assert_array_equal(recording.eda, eda[0])
            assert recording.sampling_rate == 50
            ratings = pd.read_csv(
                pmemo_raw / f"PMEmo/Annotations/{folder}/{song}-{initial}.csv", index_col=0
            )
            assert getattr(trial, recording.target) == ratings.loc[int(subject), "static"]


def test_describes_itself(pmemo_raw: Path) -> None:
    dataset = open_raw("pmemo", pmemo_raw)
    assert (dataset.name, dataset.edition) == ("pmemo", "PMEmo 2018")
    assert (dataset.simulated, dataset.n_batches, dataset.notes) == (True, 3, ())
    batches = list(dataset.batches())
    assert [{item.stimulus for item in batch} for batch in batches] == [{"1"}, {"2"}, {"3"}]
    assert len(dataset.files) == 5 * 3 * 2 + 3 * 2 + 2 + 1
    for target in ("valence", "arousal"):
        for stimulus, batch in zip(dataset.stimuli, batches, strict=True):
            ratings = [getattr(item, target) for item in batch]
            assert_allclose(getattr(stimulus, f"{target}_mean"), np.mean(ratings), atol=1e-4)
    song = dataset.stimuli[0]
    assert (song.stimulus, song.title, song.artist) == ("1", "Simulated song 1", "rtcan")
    assert soundfile.info(song.audio).duration == pytest.approx(6)


def test_songs_come_by_number(raw: Path) -> None:
    (raw / "Chorus" / "10.mp3").touch()
    assert [song.stimulus for song in open_raw("pmemo", raw).stimuli] == ["1", "2", "3", "10"]


def test_half_downloaded_audio_is_no_song(raw: Path) -> None:
    (raw / "Chorus" / "1.mp3.part").touch()
    (raw / "Chorus" / "2.mp3").rename(raw / "Chorus" / "2.mp3.part")
    one, two, three = (song.audio for song in open_raw("pmemo", raw).stimuli)
    assert (Path(one).name, two, Path(three).name) == ("1.mp3", "", "3.mp3")


def test_linked_folders_are_read(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "PMEmo").symlink_to(raw, target_is_directory=True)
    expected, _ = read("pmemo", raw)
    assert same_trials(read("pmemo", tmp_path / "links")[0], expected)


def test_zip_files_and_folders_around_are_read_in_place(raw: Path, tmp_path: Path) -> None:
    expected, _ = read("pmemo", raw)
    packed = zip_folder(raw, tmp_path / "somewhere.zip")
    assert same_trials(read("pmemo", tmp_path)[0], expected)
    shutil.rmtree(raw)
    for place in (packed, tmp_path):
        dataset = open_raw("pmemo", place)
        assert same_trials(read("pmemo", place)[0], expected)
        assert dataset.files == (packed,)
        assert not dataset.simulated
        assert {song.audio for song in dataset.stimuli} == {""}
        assert any("zip file: unpack it" in note for note in dataset.notes)


def test_ratings_on_nine_points_are_put_on_the_unit_scale(raw: Path) -> None:
    expected, _ = read("pmemo", raw)
    for path in (raw / "Annotations").rglob("*.csv"):
        table = pd.read_csv(path)
        table["static"] = 1 + 8 * table["static"]
        table.to_csv(path, index=False)
    dataset = open_raw("pmemo", raw)
    assert any("from 1 to 9" in note for note in dataset.notes)
    assert same_trials(read("pmemo", raw)[0], expected)


@pytest.mark.parametrize("header", ["", "EDA", "time,EDA", "0,1", "sample,EDA"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_all_shapes_of_a_recording_are_read(raw: Path, header: str, line_end: str) -> None:
    values = np.arange(100) / 7
    lines = [] if header in ("", "0,1") else [header]
    if header == "sample,EDA":
        lines += [f"{place},{value}" for place, value in enumerate(values)]
    elif "," in header:
        lines += [f"{place / 50:.2f},{value}" for place, value in enumerate(values)]
    else:
        lines += [f"{value}" for value in values]
    path = raw / "EDA" / "Valence" / "1_100184_V.csv"
    path.write_bytes((line_end.join(lines) + line_end).encode("utf-8-sig"))
    trials, _ = read("pmemo", raw)
    recording = trials["100184", "1"].recordings[0]
    assert_array_equal(recording.eda, values)
    assert recording.sampling_rate == 50


def test_uneven_times_are_put_on_an_even_grid(raw: Path) -> None:
    path = raw / "EDA" / "Valence" / "1_100184_V.csv"
    path.write_text("0,0\n0.1,1\n0.4,4\n0.6,6\n")
    recording = read("pmemo", raw)[0]["100184", "1"].recordings[0]
    assert_allclose(recording.eda, [0, 2, 4, 6])
    assert recording.sampling_rate == 5


def test_gaps_are_kept(raw: Path) -> None:
    path = raw / "EDA" / "Valence" / "1_100184_V.csv"
    path.write_text("\n1\nnan\n\n4\n\n")
    assert_array_equal(
        eda_of(read("pmemo", raw)[0]["100184", "1"])["valence"], [np.nan, 1, np.nan, np.nan, 4]
    )


def test_a_missing_hearing_leaves_the_other(raw: Path) -> None:
    (raw / "EDA" / "Valence" / "1_100184_V.csv").unlink()
    (raw / "EDA" / "Arousal" / "1_100185_A.csv").write_text("")
    (raw / "EDA" / "Arousal" / "1_100186_A.csv").write_text("nan\nnan\n")
    trials, excluded = read("pmemo", raw)
    assert list(eda_of(trials["100184", "1"])) == ["arousal"]
    assert list(eda_of(trials["100185", "1"])) == ["valence"]
    assert not math.isnan(trials["100184", "1"].valence), "the rating was given all the same"
    assert [(each.subject, each.stimulus, each.reason) for each in excluded] == [
        ("100184", "1", "there is no recording of the valence hearing"),
        ("100185", "1", "arousal hearing: the recording is empty"),
        ("100186", "1", "arousal hearing: the recording is wholly NaN"),
    ]


def test_a_missing_rating_leaves_the_other(raw: Path) -> None:
    path = raw / "Annotations" / "Valence" / "1-V.csv"
    lines = path.read_text().splitlines()
    assert lines[1].startswith("100184,")
    subject, _, *dynamic = lines[2].split(",")
    path.write_text("\n".join([lines[0], ",".join([subject, "", *dynamic]), *lines[3:]]))
    trials, excluded = read("pmemo", raw)
    for name in ("100184", subject):
        trial = trials[name, "1"]
        assert math.isnan(trial.valence)
        assert not math.isnan(trial.arousal)
        assert len(trial.recordings) == 2
    assert not excluded


def test_recordings_without_any_rating_are_left_out(raw: Path) -> None:
    for target in ("Valence", "Arousal"):
        (raw / "Annotations" / target / f"2-{target[0]}.csv").unlink()
    trials, excluded = read("pmemo", raw)
    assert len(trials) == 10
    assert {(each.stimulus, each.reason) for each in excluded} == {("2", "there is no rating")}
    assert len(excluded) == 5


def test_ratings_outlive_missing_and_useless_recordings(raw: Path) -> None:
    """The subject rated the song, so the threshold has to know of it."""
    expected = read("pmemo", raw)[0]
    for target in ("Valence", "Arousal"):
        (raw / "EDA" / target / f"2_100184_{target[0]}.csv").unlink()
        (raw / "EDA" / target / f"3_100184_{target[0]}.csv").write_text("nan\nnan\n")
    trials, excluded = read("pmemo", raw)
    assert trials.keys() == expected.keys()
    for song in ("2", "3"):
        trial, whole = trials["100184", song], expected["100184", song]
        assert trial.recordings == ()
        assert (trial.valence, trial.arousal) == (whole.valence, whole.arousal)
    assert [(each.stimulus, each.reason) for each in excluded] == [
        ("2", "there is no recording of the valence hearing"),
        ("2", "there is no recording of the arousal hearing"),
        ("3", "valence hearing: the recording is wholly NaN"),
        ("3", "arousal hearing: the recording is wholly NaN"),
    ]


def test_ratings_off_the_scale_and_doubled_ones_are_told(raw: Path) -> None:
    path = raw / "Annotations" / "Arousal" / "3-A.csv"
    header, first, second, *others = path.read_text().splitlines()
    off = second.split(",")
    off[1] = "-0.5"
    path.write_text("\n".join([header, first, first, ",".join(off), *others]))
    trials, excluded = read("pmemo", raw)
    assert [(each.subject, each.reason) for each in excluded] == [
        ("100184", "arousal was rated twice: the first rating is kept"),
        ("100185", "the arousal rating -0.5 is not on the scale from 0 to 1"),
    ]
    assert ("100184", "3") in trials
    assert ("100185", "3") not in trials


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("EDA/Valence/1_100184_V.csv", "0.00,1\n0.02,2\n0.0", "line 3 has 1 columns instead of 2"),
        ("EDA/Valence/1_100184_V.csv", "1,2,3\n", "has 3 columns instead of a value"),
        ("EDA/Valence/1_100184_V.csv", "1\n2\nx3\n", "line 3 holds something else than numbers"),
        ("EDA/Valence/1_100184_V.csv", "0.1,1\n0.1,2\n", "do not increase"),
        ("Annotations/Valence/1-V.csv", "id,static\n100184", "line 2 is no subject with a rating"),
        ("Annotations/Valence/1-V.csv", "id,static\n100184,x", "line 2 is no subject with"),
        ("metadata.csv", "", "is empty"),
        ("A_static.csv", "musicId,sd\n1,0.5\n", "holds no mean arousal of song 1"),
    ],
)
def test_damaged_tables_are_named(raw: Path, name: str, content: str, message: str) -> None:
    (raw / name).write_text(content)
    with pytest.raises(RtcanError, match=message) as caught:
        read("pmemo", raw)
    assert str(raw / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["metadata.csv", "Annotations/Arousal/1-A.csv"])
def test_text_in_another_encoding_is_named(raw: Path, name: str) -> None:
    path = raw / name
    path.write_bytes(path.read_bytes() + "4,4.mp3,Señorita,?\n".encode("latin1"))
    with pytest.raises(RtcanError, match="is not UTF-8 text") as caught:
        open_raw("pmemo", raw)
    assert str(path) in str(caught.value)


def test_recordings_without_annotations_say_what_is_missing(raw: Path) -> None:
    shutil.rmtree(raw / "Annotations")
    with pytest.raises(RtcanError, match=r"Annotations/Valence/1-V\.csv"):
        open_raw("pmemo", raw)


def test_metadata_and_means_are_not_needed(raw: Path) -> None:
    for name in ("metadata.csv", "A_static.csv", "V_static.csv"):
        (raw / name).unlink()
    song = open_raw("pmemo", raw).stimuli[0]
    assert song.title == ""
    assert math.isnan(song.valence_mean)
    assert song.audio.endswith("1.mp3")


def test_two_copies_are_an_error(raw: Path) -> None:
    shutil.copytree(raw, raw.parent / "copy")
    with pytest.raises(RtcanError, match="PMEmo more than once: in PMEmo, copy"):
        open_raw("pmemo", raw.parent)


# --- 2019 ------------------------------------------------------------------------------------


@pytest.fixture
def raw_2019(tmp_path: Path) -> Path:
    raw = tmp_path / "PMEmo2019"
    for name in ("EDA", "annotations", "chorus"):
        (raw / name).mkdir(parents=True)
    (raw / "metadata.csv").write_text(
        "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time\n"
        '4,4.mp3,"One, two",Señor X,Album,38.41,02:35,03:10\n12,12.mp3,Song,Y,,10,,\n',
        encoding="utf-8-sig",
    )
    (raw / "annotations" / "static_annotations.csv").write_text(
        "musicId,Arousal(mean),Valence(mean)\n4,0.4,0.575\n"
    )
    (raw / "chorus" / "4.mp3").touch()
    (raw / "EDA" / "4_EDA.csv").write_text(
        "time(s),100083,EDA_200185,100086\n0.00,1,4,\n0.02,2,,\n0.04,3,6,\n0.06,4,,\n"
    )
    # Thinned unevenly, as the sample on the publisher's site is.
    (raw / "EDA" / "12_EDA.csv").write_text("time,100083\n0.0,0.0\n0.1,1\n0.3,3\n0.4,4\n")
    return raw


def test_the_2019_edition_has_signals_and_song_means_only(raw_2019: Path) -> None:
    trials, excluded = read("pmemo", raw_2019)
    assert sorted(trials) == [("100083", "12"), ("100083", "4"), ("200185", "4")]
    for trial in trials.values():
        assert math.isnan(trial.valence)
        assert math.isnan(trial.arousal)
        assert [recording.target for recording in trial.recordings] == ["both"]
    assert_array_equal(eda_of(trials["100083", "4"])["both"], [1, 2, 3, 4])
    assert trials["100083", "4"].recordings[0].sampling_rate == 50
    assert [(each.subject, each.reason) for each in excluded] == [
        ("100086", "the recording is empty")
    ]


def test_only_empty_cells_at_the_end_of_a_column_are_no_samples(raw_2019: Path) -> None:
    trials, _ = read("pmemo", raw_2019)
    assert_array_equal(eda_of(trials["200185", "4"])["both"], [4, np.nan, 6])


def test_uneven_2019_recordings_are_put_on_an_even_grid(raw_2019: Path) -> None:
    recording = read("pmemo", raw_2019)[0]["100083", "12"].recordings[0]
    assert recording.sampling_rate == pytest.approx(7.5)
    assert_allclose(recording.eda, [0, 4 / 3, 8 / 3, 4])


def test_the_2019_edition_describes_itself(raw_2019: Path) -> None:
    dataset = open_raw("pmemo", raw_2019.parent)
    assert dataset.edition == "PMEmo 2019"
    assert not dataset.simulated
    assert dataset.n_batches == 2
    assert len(dataset.files) == 4
    (note,) = dataset.notes
    assert "2018 edition" in note
    assert "relabel does not" in note, "no step makes labels of songs from their means"
    assert "can be made" not in note
    four, twelve = dataset.stimuli
    assert (four.title, four.artist) == ("One, two", "Señor X")
    assert (four.arousal_mean, four.valence_mean) == (0.4, 0.575)
    assert four.audio == str(raw_2019.resolve() / "chorus" / "4.mp3")
    assert (twelve.stimulus, twelve.audio) == ("12", "")
    assert math.isnan(twelve.valence_mean)


def test_the_2018_edition_is_preferred_when_both_are_there(raw_2019: Path, raw: Path) -> None:
    dataset = open_raw("pmemo", raw.parent)
    assert raw.parent == raw_2019.parent
    assert dataset.edition == "PMEmo 2018"
    assert any("2019 edition is there as well" in note for note in dataset.notes)
    assert same_trials(read("pmemo", raw.parent)[0], read("pmemo", raw)[0])


def test_strange_columns_are_left_out(raw_2019: Path) -> None:
    (raw_2019 / "EDA" / "12_EDA.csv").write_text(
        "time,100083,comment,EDA_100083\n0,1,5,7\n0.1,2,6,8\n"
    )
    trials, excluded = read("pmemo", raw_2019)
    assert_array_equal(eda_of(trials["100083", "12"])["both"], [1, 2])
    assert [(each.subject, each.reason) for each in excluded if each.stimulus == "12"] == [
        ("comment", "the column's name does not end in a subject's six digits"),
        ("100083", "the subject has a second column: the first one is kept"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no recordings"),
        ("time,100083\n", "holds no recordings"),
        ("time,100083,100084\n0,1,2\n0.02,2,3\n0.04,3", "line 4 has 2 columns instead of 3"),
        ("time,100083\n0,1\n0.02,abc\n", "line 3 holds something else than numbers"),
        ("time,100083\n0,1\n0,2\n", "do not increase"),
    ],
)
def test_damaged_2019_tables_are_named(raw_2019: Path, content: str, message: str) -> None:
    path = raw_2019 / "EDA" / "12_EDA.csv"
    path.write_text(content)
    with pytest.raises(RtcanError, match=message) as caught:
        read("pmemo", raw_2019)
    assert str(path) in str(caught.value)


def test_a_wrong_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RtcanError, match=r"EDA/Arousal/1_100177_A\.csv.*1 other files \(notes"):
        open_raw("pmemo", tmp_path)


@pytest.mark.skipif(
    "RTCAN_REAL_DATA" not in os.environ, reason="RTCAN_REAL_DATA names no folder of real data"
)
def test_the_real_sample_is_readable_as_it_is() -> None:
    raw = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample"
    dataset = open_raw("pmemo", raw)
    assert (dataset.edition, dataset.simulated) == ("PMEmo 2019", False)
    trials, excluded = read("pmemo", raw)
    assert not excluded
    assert sorted(song for _, song in trials) == ["108"] * 4 + ["634"] * 4
    for (subject, song), trial in trials.items():
        (recording,) = trial.recordings
        table = pd.read_csv(raw / "EDA" / f"{song}_EDA.csv")
        assert len(recording.eda) == len(table)
        assert 12 < recording.sampling_rate < 14
        # The grid lies within one step of the times, so the means of slow signals agree closely.
        assert recording.eda.mean() == pytest.approx(table[subject].mean(), abs=0.02)
        assert_allclose(recording.eda[[0, -1]], table[subject].iloc[[0, -1]])
    assert dataset.stimuli[0].title == "This Is What You Came For"
    assert all(Path(song.audio).is_file() for song in dataset.stimuli)

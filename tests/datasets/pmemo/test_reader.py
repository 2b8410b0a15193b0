from __future__ import annotations

import math
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.datasets.trials import Excluded, Trial
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
    assert (dataset.simulated, dataset.in_turn, dataset.notes) == (True, False, ())
    batches = [part() for part in dataset.parts]
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
    dataset = open_raw("pmemo", tmp_path / "links", follow_links=True)
    items = [item for part in dataset.parts for item in part()]
    found = {(each.subject, each.stimulus): each for each in items if isinstance(each, Trial)}
    assert same_trials(found, expected)
    # Without being asked, nothing outside of the folder is read.
    with pytest.raises(RtcanError, match=r"links/PMEmo is a link that leads out of"):
        open_raw("pmemo", tmp_path / "links")
    (tmp_path / "alias").symlink_to(raw, target_is_directory=True)
    assert same_trials(read("pmemo", tmp_path / "alias")[0], expected)


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
        assert [song.audio for song in dataset.stimuli] == [
            f"{packed.resolve()}:PMEmo/Chorus/{song}.mp3" for song in (1, 2, 3)
        ]
        assert not dataset.notes


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
    path.write_text("0,0\n0.16,1.6\n0.4,4\n0.6,6\n")
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
    assert eda_of(trials["100185", "1"])["arousal"].size == 0
    assert np.isnan(eda_of(trials["100186", "1"])["arousal"]).all()
    assert not math.isnan(trials["100184", "1"].valence), "the rating was given all the same"
    assert [(each.subject, each.stimulus, each.reason) for each in excluded] == [
        ("100184", "1", "there is no recording of the valence hearing"),
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
    assert {each.subject for each in excluded} == {"100184", subject}
    assert {each.reason for each in excluded} == {"there is no valence rating"}


def test_recordings_without_any_rating_are_left_out(raw: Path) -> None:
    """A song without annotations is another matter than a subject without ratings."""
    for target in ("Valence", "Arousal"):
        (raw / "Annotations" / target / f"2-{target[0]}.csv").unlink()
        path = raw / "Annotations" / target / f"3-{target[0]}.csv"
        path.write_text(path.read_text().replace("\n100184,", "\n999999,"))
    trials, excluded = read("pmemo", raw)
    assert len(trials) == 10
    short = "the song has no annotations: PMEmo has none of clips shorter than 15.5 s"
    assert [(each.stimulus, each.reason) for each in excluded if each.subject != "999999"] == [
        *[("2", short)] * 5,
        ("3", "there is no rating"),
    ]
    assert trials["999999", "3"].recordings == ()


def test_ratings_outlive_missing_recordings(raw: Path) -> None:
    """The subject rated the song, so the threshold has to know of it."""
    expected = read("pmemo", raw)[0]
    for target in ("Valence", "Arousal"):
        (raw / "EDA" / target / f"2_100184_{target[0]}.csv").unlink()
    trials, excluded = read("pmemo", raw)
    assert trials.keys() == expected.keys()
    trial, whole = trials["100184", "2"], expected["100184", "2"]
    assert trial.recordings == ()
    assert (trial.valence, trial.arousal) == (whole.valence, whole.arousal)
    assert [(each.stimulus, each.reason) for each in excluded] == [
        ("2", "there is no recording of the valence hearing"),
        ("2", "there is no recording of the arousal hearing"),
    ]


def test_ratings_off_the_scale_and_doubled_ones_are_told(raw: Path) -> None:
    path = raw / "Annotations" / "Arousal" / "3-A.csv"
    header, first, second, *others = path.read_text().splitlines()
    off = second.split(",")
    off[1] = "-0.5"
    path.write_text("\n".join([header, first, first, ",".join(off), *others]))
    dataset = open_raw("pmemo", raw)
    (slip,) = dataset.damaged
    assert str(slip).startswith(
        f"{path}: song 3, subject 100185: the arousal rating -0.5 is not on the scale from 0 to 1 "
        "(1 of "
    )
    assert "they go from -0.5 to " in str(slip)
    items = dataset.parts[2]()
    told = [(each.subject, each.reason) for each in items if isinstance(each, Excluded)]
    assert told == [
        ("100184", "arousal was rated twice: the first rating is kept"),
        ("100185", "there is no arousal rating"),
    ]
    ratings = {each.subject: each.arousal for each in items if isinstance(each, Trial)}
    assert ratings["100184"] == float(first.split(",")[1])
    assert math.isnan(ratings["100185"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("EDA/Valence/1_100184_V.csv", "0.00,1\n0.02,2\n0.0", "line 3 has 1 columns instead of 2"),
        ("EDA/Valence/1_100184_V.csv", "1,2,3\n", "has 3 columns instead of a value"),
        ("EDA/Valence/1_100184_V.csv", "1\n2\nx3\n", "line 3 holds something else than numbers"),
        ("EDA/Valence/1_100184_V.csv", "0.1,1\n0.1,2\n", "do not increase"),
        ("EDA/Valence/1_100184_V.csv", "1,52\n1,53\n2,1\n", "has a comma as decimal sign"),
        ("EDA/Valence/1_100184_V.csv", '"1,52"\n"1,53"\n', "line 1 has a comma as decimal sign"),
        ("EDA/Valence/1_100184_V.csv", "0;1,5\n0,02;1,5\n", "has a comma as decimal sign"),
        ("EDA/Valence/1_100184_V.csv", "20,1.5\n40,1.6\n60,1.7\n", "20 apart"),
        ("EDA/Valence/1_100184_V.csv", "1.5\n1.6\n\0\0\0", "line 3 has NUL bytes"),
        ("EDA/Valence/1_100184_V.csv", f"1.5\n{'1.6' * 10**6}\n", r"line 2 .{0,99}$"),
        ("Annotations/Valence/1-V.csv", "id,static\n100184\n", "line 2 is not a subject with"),
        ("Annotations/Valence/1-V.csv", "id,static\n100184", "ends in the middle of line 2"),
        ("Annotations/Valence/1-V.csv", "id,static\n100184,x", "line 2 is not a subject with"),
        ("Annotations/Valence/1-V.csv", "id,static\n\n\n,1", "line 4 is not a subject with"),
        ("metadata.csv", "", "is empty"),
        ("A_static.csv", "musicId,sd\n1,0.5\n", "holds no mean arousal of song 1"),
        ("A_static.csv", "musicId,Valence(mean)\n1,0.5\n", "holds no mean arousal of song 1"),
        ("A_static.csv", "1,0.5,0.1\n1,0.6,0.1\n", "two means of arousal for song 1"),
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
        read("pmemo", raw)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("metadata.csv", "title"),
        ("A_static.csv", "arousal_mean"),
        ("Annotations/Arousal/1-A.csv", "arousal"),
        ("EDA/Valence/1_100184_V.csv", "recording"),
    ],
)
def test_the_rest_is_there_where_one_file_is_damaged(raw: Path, name: str, lost: str) -> None:
    whole, _ = read("pmemo", raw)
    songs = open_raw("pmemo", raw).stimuli
    path = raw / name
    path.write_bytes(path.read_bytes()[:-10] + b"\0" * 10)
    dataset = open_raw("pmemo", raw)
    items = [item for part in dataset.parts for item in part()]
    (error,) = [*dataset.damaged, *(item for item in items if isinstance(item, RtcanError))]
    assert str(path) in str(error)
    trials = {(item.subject, item.stimulus): item for item in items if isinstance(item, Trial)}
    assert trials.keys() == whole.keys()
    if lost == "title":
        assert {song.title for song in dataset.stimuli} == {""}
        assert [song.valence_mean for song in dataset.stimuli] == [s.valence_mean for s in songs]
    elif lost == "arousal_mean":
        assert all(math.isnan(song.arousal_mean) for song in dataset.stimuli)
        assert [song.title for song in dataset.stimuli] == [song.title for song in songs]
    elif lost == "recording":
        assert list(eda_of(trials.pop(("100184", "1")))) == ["arousal"]
        del whole["100184", "1"]
        assert same_trials(trials, whole)
    else:
        for (_, song), trial in trials.items():
            assert math.isnan(trial.arousal) == (song == "1"), "nothing of a damaged file is used"


def test_trials_without_ratings_for_damaged_annotations_say_so(raw: Path) -> None:
    for target in ("Valence", "Arousal"):
        (raw / "Annotations" / target / f"2-{target[0]}.csv").write_text("id,static\n100184,x\n")
    dataset = open_raw("pmemo", raw)
    assert len(dataset.damaged) == 2
    reasons = [each.reason for each in dataset.parts[1]() if isinstance(each, Excluded)]
    assert reasons == ["there is no rating, for the song's annotations are damaged"] * 5


def test_one_slip_does_not_change_the_scale_of_all(raw: Path) -> None:
    expected, _ = read("pmemo", raw)
    path = raw / "Annotations" / "Valence" / "1-V.csv"
    header, first, *others = path.read_text().splitlines()
    subject, _, rest = first.split(",", 2)
    path.write_text("\n".join([header, f"{subject},7,{rest}", *others]))
    dataset = open_raw("pmemo", raw)
    (slip,) = dataset.damaged
    assert f"song 1, subject {subject}: the valence rating 7 is not on the scale" in str(slip)
    trials = [each for part in dataset.parts for each in part() if isinstance(each, Trial)]
    assert len(trials) == len(expected)
    for trial in trials:
        whole = expected[trial.subject, trial.stimulus]
        assert trial.arousal == whole.arousal
        hit = (trial.subject, trial.stimulus) == (subject, "1")
        assert math.isnan(trial.valence) if hit else trial.valence == whole.valence


def test_ratings_on_another_scale_are_refused(raw: Path) -> None:
    for path in (raw / "Annotations").rglob("*.csv"):
        header, *rows = path.read_text().splitlines()
        cells = [row.split(",", 2) for row in rows]
        scaled = [f"{who},{float(rating) * 20 - 10:g},{rest}" for who, rating, rest in cells]
        path.write_text("\n".join([header, *scaled]))
    with pytest.raises(RtcanError, match=r"trials are not on the scale .*: they go from -\d") as no:
        open_raw("pmemo", raw)
    assert "PMEmo's ratings go from" in str(no.value.hint)


@pytest.mark.parametrize("written", ["inf", "-Infinity", "1e999"])
def test_a_rating_that_is_infinite_is_damage(raw: Path, written: str) -> None:
    path = raw / "Annotations" / "Valence" / "1-V.csv"
    header, first, *others = path.read_text().splitlines()
    subject, _, rest = first.split(",", 2)
    path.write_text("\n".join([header, f"{subject},{written},{rest}", *others]))
    (error,) = open_raw("pmemo", raw).damaged
    assert str(error).startswith(
        f"{path}: line 2 is not a subject with a rating: {subject},{written}"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("musicId,Valence(m", "holds no mean ratings, only its first line"),
        ("musicId,mean,mean\n1,0.5,0.7\n", "has two columns mean"),
        ("song,musicId,mean\n1,2,0.7\n", "has two columns musicid"),
        ("musicId,mean,std\n1", "ends in the middle of line 2"),
        ("musicId,mean,std\n1,1e9,0\n2,1e9,0\n3,1e9,0\n", "song 1 is 1e+09, which is not on"),
        ("musicId,mean,std\n1,0.5,0\n2,-3,0\n3,0.7,0\n", "song 2 is -3, which is not on the"),
        ("musicId,mean,std\n1,inf,0\n2,0.5,0\n3,0.7,0\n", "holds no mean valence of song 1"),
    ],
    ids=["18 bytes", "two means", "two songs", "cut", "billions", "negative", "infinite"],
)
def test_damaged_means_are_refused(raw: Path, content: str, message: str) -> None:
    path = raw / "V_static.csv"
    path.write_text(content)
    dataset = open_raw("pmemo", raw)
    (error,) = dataset.damaged
    assert str(error).startswith(str(path))
    assert message in str(error)
    assert "No song has a mean valence rating." in dataset.notes


def test_songs_without_means_are_named(raw: Path) -> None:
    header, first, *_ = (raw / "A_static.csv").read_text().splitlines()
    (raw / "A_static.csv").write_text(f"{header}\n{first}\n2,,\n")
    (raw / "V_static.csv").unlink()
    dataset = open_raw("pmemo", raw)
    assert dataset.damaged == ()
    n = len(dataset.stimuli)
    names = [each.stimulus for each in dataset.stimuli if each.stimulus != first.split(",")[0]]
    assert dataset.notes == (
        "No song has a mean valence rating: the table of means is not there.",
        f"{n - 1} of {n} songs have no mean arousal: {', '.join(names)}.",
    )


def test_subjects_are_the_same_where_a_program_wrote_them_as_decimals(raw: Path) -> None:
    expected, _ = read("pmemo", raw)
    for path in (raw / "Annotations").rglob("*.csv"):
        header, *rows = path.read_text().splitlines()
        rows = [row.replace(",", ".0,", 1) for row in rows]
        path.write_text("\n".join([header, "", *rows, " , "]))
    assert same_trials(read("pmemo", raw)[0], expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("EDA/Valence/1_100184_V.csv", "EDA/Valence/1_0100184_V.csv"),
        ("EDA/Valence/1_100184_V.csv", "EDA/Valence/01_100184_V.csv"),
        ("Annotations/Valence/1-V.csv", "Annotations/Valence/01-V.csv"),
        ("Chorus/1.mp3", "Chorus/001.mp3"),
    ],
)
def test_names_that_may_be_the_same_are_an_error(raw: Path, old: str, new: str) -> None:
    (raw / old).rename(raw / new)
    with pytest.raises(RtcanError, match="differ in case, spaces or leading zeros only") as caught:
        open_raw("pmemo", raw)
    assert Path(new).name in str(caught.value)
    assert str(caught.value).count(str(raw)) == 2


def test_files_in_the_other_ratings_folder_are_told(raw: Path) -> None:
    path = raw / "EDA" / "Valence" / "1_100184_V.csv"
    path.rename(path.with_name("1_100184_A.csv"))
    with pytest.raises(RtcanError, match=r"Valence/1_100184_A\.csv belongs to the other rating"):
        read("pmemo", raw)


def test_names_that_differ_in_case_only_are_an_error(raw: Path) -> None:
    shutil.copy(raw / "metadata.csv", raw / "Metadata.csv")
    with pytest.raises(RtcanError, match=r"Metadata\.csv and .*metadata\.csv differ in upper"):
        open_raw("pmemo", raw)


@pytest.mark.parametrize("rows", ["Arousal(mean),Arousal(std)", "mean,std", None])
def test_means_may_have_any_header(raw: Path, rows: str | None) -> None:
    header = [] if rows is None else [f"musicId,{rows}"]
    (raw / "A_static.csv").write_text("\n".join([*header, "1,0.25,0.1", "2.0,0.5,0.1"]))
    means = [song.arousal_mean for song in open_raw("pmemo", raw).stimuli]
    assert_array_equal(means, [0.25, 0.5, np.nan])


def test_parts_can_be_read_in_another_process(raw: Path) -> None:
    expected, _ = read("pmemo", raw)
    parts = pickle.loads(pickle.dumps(open_raw("pmemo", raw).parts))
    items = [item for part in parts for item in part()]
    trials = {(item.subject, item.stimulus): item for item in items if isinstance(item, Trial)}
    assert same_trials(trials, expected)


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
    assert sorted(trials) == [
        ("100083", "12"),
        ("100083", "4"),
        ("100086", "4"),
        ("200185", "4"),
    ]
    for trial in trials.values():
        assert math.isnan(trial.valence)
        assert math.isnan(trial.arousal)
        assert [recording.target for recording in trial.recordings] == ["both"]
    assert_array_equal(eda_of(trials["100083", "4"])["both"], [1, 2, 3, 4])
    assert trials["100083", "4"].recordings[0].sampling_rate == 50
    assert eda_of(trials["100086", "4"])["both"].size == 0, "the quality rules say so later"
    assert not excluded


def test_only_empty_cells_at_the_end_of_a_column_are_no_samples(raw_2019: Path) -> None:
    trials, _ = read("pmemo", raw_2019)
    assert_array_equal(eda_of(trials["200185", "4"])["both"], [4, np.nan, 6])


def test_uneven_2019_recordings_are_put_on_an_even_grid(raw_2019: Path) -> None:
    recording = read("pmemo", raw_2019)[0]["100083", "12"].recordings[0]
    assert recording.sampling_rate == 10
    assert_array_equal(recording.eda, [0, 1, np.nan, 3, 4])
    assert recording.jitter == pytest.approx(np.std([1, 2, 1]))


def test_a_hole_in_the_times_is_missing_in_all_columns(raw_2019: Path) -> None:
    rows = [f"{k / 50:.2f},{k},{-k}" for k in range(200) if not 50 <= k < 80]
    (raw_2019 / "EDA" / "12_EDA.csv").write_text("\n".join(["time,100083,100085", *rows]))
    trials, _ = read("pmemo", raw_2019)
    for subject, sign in (("100083", 1.0), ("100085", -1.0)):
        expected = sign * np.arange(200)
        expected[50:80] = np.nan
        (recording,) = trials[subject, "12"].recordings
        assert_array_equal(recording.eda, expected)
        assert recording.sampling_rate == 50


@pytest.mark.parametrize("first", ["", "sample"])
def test_sample_numbers_are_no_times(raw_2019: Path, first: str) -> None:
    (raw_2019 / "EDA" / "12_EDA.csv").write_text(f"{first},100083\n0,1.5\n1,2.5\n2,3.5\n")
    (recording,) = read("pmemo", raw_2019)[0]["100083", "12"].recordings
    assert recording.sampling_rate == 50
    assert_array_equal(recording.eda, [1.5, 2.5, 3.5])


def test_a_table_without_times_has_the_published_rate(raw_2019: Path) -> None:
    (raw_2019 / "EDA" / "12_EDA.csv").write_text("100083,EDA_100084\n1.5,2\n2.5,3\n,4\n")
    trials, _ = read("pmemo", raw_2019)
    for subject, expected in (("100083", [1.5, 2.5]), ("100084", [2, 3, 4])):
        (recording,) = trials[subject, "12"].recordings
        assert recording.sampling_rate == 50
        assert math.isnan(recording.jitter)
        assert_array_equal(recording.eda, expected)


def test_damaged_2019_metadata_and_means_leave_the_signals(raw_2019: Path) -> None:
    whole, _ = read("pmemo", raw_2019)
    for name in ("metadata.csv", "annotations/static_annotations.csv"):
        (raw_2019 / name).write_text("")
    dataset = open_raw("pmemo", raw_2019)
    assert [str(error).split("PMEmo2019/")[1] for error in dataset.damaged] == [
        "metadata.csv is empty",
        "annotations/static_annotations.csv is empty",
    ]
    items = [item for part in dataset.parts for item in part()]
    trials = {(item.subject, item.stimulus): item for item in items if isinstance(item, Trial)}
    assert same_trials(trials, whole)


def test_the_2019_edition_describes_itself(raw_2019: Path) -> None:
    dataset = open_raw("pmemo", raw_2019.parent)
    assert dataset.edition == "PMEmo 2019"
    assert not dataset.simulated
    assert len(dataset.parts) == 2
    assert len(dataset.files) == 4
    note, *lacking = dataset.notes
    assert lacking == [f"1 of 2 songs have no mean {target}: 12." for target in TARGETS]
    assert "2018 edition" in note
    assert "--method stimulus-mean" in note
    assert "--import" in note
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
        ("", "has no recordings"),
        ("time,100083\n", "has no recordings"),
        ("time,100083,100084\n0,1,2\n0.02,2,3\n0.04,3", "line 4 has 2 columns instead of 3"),
        ("time,100083\n0,1\n0.02,abc\n", "line 3 holds something else than numbers"),
        ("time,100083\n0,1\n0,2\n", "do not increase: 0 follows 0"),
        ("0,1\n0.02,2\n0.04,3\n", "has no names of subjects in its first line"),
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
    with pytest.raises(RtcanError, match=r"EDA/Arousal/1_100177_A\.csv.*1 other file \(notes"):
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


@pytest.mark.parametrize(
    ("keep", "message"),
    [(-4, "ends in the middle of line"), (0, "holds no ratings")],
)
def test_ratings_that_were_cut_off_are_damage(raw: Path, keep: int, message: str) -> None:
    path = raw / "Annotations" / "Arousal" / "1-A.csv"
    lines = path.read_text().splitlines()
    cells = lines[-1].split(",")
    # The last row ends within its rating: 0.875 would be read as 0.8.
    cut = "\n".join([*lines[:-1], f"{cells[0]},0.8"])
    path.write_text(cut if keep else "")
    (error,) = open_raw("pmemo", raw).damaged
    assert message in str(error)
    assert "1-A.csv" in str(error)


def test_a_link_that_leads_to_itself_is_damage(raw: Path) -> None:
    recording = next((raw / "EDA" / "Arousal").iterdir())
    recording.unlink()
    recording.symlink_to(recording.name)
    (error,) = open_raw("pmemo", raw).damaged
    assert f"{recording} cannot be read" in str(error)

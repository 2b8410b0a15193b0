from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import read, same_trials, zip_folder

VIDEOS = [10, 3, 11, 1, 12]
SECONDS = 10
SIGNAL_STEP, JOYSTICK_STEP = 10, 50
COLUMNS = "daqtime,ecg,bvp,gsr,rsp,skt,emg_zygo,emg_coru,emg_trap,video"


def tables(videos: list[int] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Physiology whose GSR counts the rows, and a joystick that moves."""
    videos = VIDEOS if videos is None else videos
    made = []
    for step in (SIGNAL_STEP, JOYSTICK_STEP):
        time = np.arange(0, 1000 * SECONDS * len(videos), step)
        made.append(
            pd.DataFrame({"time": time, "video": np.repeat(videos, 1000 * SECONDS // step)})
        )
    signal, joystick = made
    physiology = pd.DataFrame(0.5, signal.index, COLUMNS.split(","))
    physiology["daqtime"], physiology["video"] = signal["time"], signal["video"]
    physiology["gsr"] = signal.index + 0.125
    joystick = joystick.rename(columns={"time": "jstime"})
    moved = np.sin(joystick["jstime"] / 3000).round(3)
    joystick.insert(1, "valence", 5 + moved)
    joystick.insert(2, "arousal", 5 - 2 * moved)
    return physiology, joystick


def write(
    parent: Path,
    physiology: pd.DataFrame,
    joystick: pd.DataFrame,
    subject: int = 1,
    edition: str = "interpolated",
) -> Path:
    folder = parent / "CASE_full" / "data" / edition
    for name, table in (("physiological", physiology), ("annotations", joystick)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        table.to_csv(folder / name / f"sub_{subject}.csv", index=False)
    return folder


def refusal(raw: Path) -> str:
    with pytest.raises(RtcanError) as caught:
        read("case", raw)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_trials_are_videos_rated_by_the_mean_of_the_joystick(tmp_path: Path) -> None:
    physiology, joystick = tables()
    folder = write(tmp_path, physiology, joystick)
    trials, excluded = read("case", tmp_path)
    assert list(trials) == [("1", "3"), ("1", "1")], "in the order of the session"
    assert [each.stimulus for each in excluded] == ["2", "4", "5", "6", "7", "8"]
    assert {each.reason for each in excluded} == {"there is no rating of this video"}
    means = joystick.groupby("video")[["valence", "arousal"]].mean()
    for (_, stimulus), trial in trials.items():
        assert_allclose([trial.valence, trial.arousal], means.loc[int(stimulus)])
        (recording,) = trial.recordings
        assert recording.sampling_rate == 100
        assert_array_equal(recording.eda, physiology["gsr"][physiology["video"] == int(stimulus)])
    titles = {each.stimulus: each.title for each in open_raw("case", tmp_path).stimuli}
    assert titles["3"] == "boring-1"
    zip_folder(folder.parent.parent, tmp_path / "CASE_full.zip")
    for raw in (folder, folder.parent, tmp_path / "CASE_full.zip"):
        assert same_trials(read("case", raw)[0], trials), raw


def test_the_interpolated_files_are_read_where_both_are_there(tmp_path: Path) -> None:
    physiology, joystick = tables()
    write(tmp_path, physiology, joystick)
    write(tmp_path, physiology + 1, joystick, edition="non-interpolated")
    (path,) = {
        path for path in open_raw("case", tmp_path).files if path.parent.name != "annotations"
    }
    assert path.parent.parent.name == "interpolated"
    physiology.loc[500:, "daqtime"] += 3
    folder = write(tmp_path, physiology, joystick, edition="non-interpolated")
    assert "line 502: the time is not 10 ms later" in refusal(folder)
    with pytest.raises(RtcanError, match="holds no CASE subjects"):
        open_raw("case", write(tmp_path / "x", physiology, joystick, 1, "non-interpolated").parent)


def test_subjects_are_in_order_and_those_missing_are_named(tmp_path: Path) -> None:
    for subject in (10, 2):
        write(tmp_path, *tables(), subject)
    folder = write(tmp_path, *tables(), 3)
    (folder / "annotations" / "sub_3.csv").unlink()
    dataset = open_raw("case", tmp_path)
    (error,) = dataset.damaged
    assert "sub_3.csv has no ratings: annotations/sub_3.csv is not there" in str(error)
    subjects = [part()[0].subject for part in dataset.parts]  # type: ignore[union-attr]
    assert subjects == ["2", "10"]
    assert dataset.notes[1].startswith("27 of the 30 published subjects are not there: 1, 4, 5, ")


def test_ratings_without_a_recording_are_named(tmp_path: Path) -> None:
    write(tmp_path, *tables(), 2)
    folder = write(tmp_path, *tables(), 1)
    (folder / "physiological" / "sub_1.csv").unlink()
    dataset = open_raw("case", tmp_path)
    (error,) = dataset.damaged
    assert "sub_1.csv has no recording: physiological/sub_1.csv is not there" in str(error)
    assert len(dataset.parts) == 1
    (folder / "annotations" / "sub_1.csv").rename(folder / "annotations" / "sub_02.csv")
    assert "are of the same subject, 2" in refusal(tmp_path)


def test_a_joystick_off_the_scale_is_refused(tmp_path: Path) -> None:
    physiology, joystick = tables()
    row = joystick.index[joystick["video"] == 3][7]
    joystick.loc[row, "valence"] = -1.0
    write(tmp_path, physiology, joystick)
    (part,) = open_raw("case", tmp_path).parts
    error, trial, *_ = part()
    assert "video 3: the valence rating -1 is not on the scale from 0.5 to 9.5" in str(error)
    assert isinstance(trial, Trial)
    assert trial.stimulus == "1"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"sep": ";"}, "line 2 has semicolons between its columns"),
        ({"sep": "\t"}, "line 2 has tabs between its columns"),
        ({"sep": ";", "decimal": ","}, "line 2 has a comma as decimal sign"),
        ({"decimal": ","}, "line 2 has a comma as decimal sign"),
        ({"decimal": ",", "quoting": csv.QUOTE_NONE, "escapechar": "|"}, "it seems that line 2"),
    ],
)
def test_other_marks_between_columns_and_in_numbers_are_named(
    tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    physiology, joystick = tables()
    path = write(tmp_path, physiology, joystick) / "annotations" / "sub_1.csv"
    joystick.assign(valence=5.5).to_csv(path, index=False, **how)
    path.write_text(path.read_text().replace("|", ""))
    with pytest.raises(RtcanError, match=message) as caught:
        read("case", tmp_path)
    assert "save it again" in str(caught.value.hint)


def test_names_in_quotes_are_read(tmp_path: Path) -> None:
    folder = write(tmp_path, *tables())
    expected, _ = read("case", tmp_path)
    for path in folder.glob("*/*.csv"):
        head, _, rows = path.read_text().partition("\n")
        quoted = ",".join(f'"{name}"' for name in head.split(","))
        path.write_text(f"{quoted}\n{rows}")
    assert same_trials(read("case", tmp_path)[0], expected)


def test_useless_ratings_and_recordings_are_named(tmp_path: Path) -> None:
    physiology, joystick = tables([10, *range(1, 9), 12])
    joystick.loc[joystick["video"] == 2, "valence"] = np.nan
    joystick.loc[joystick["video"] == 3, "arousal"] = 25.0
    physiology.loc[physiology["video"] == 4, "video"] = 11
    physiology.loc[physiology["video"] == 5, "gsr"] = np.nan
    joystick = joystick[joystick["video"] != 2]
    joystick.loc[joystick["video"] == 6, ["valence", "arousal"]] = np.nan
    joystick["jstime"] = np.arange(len(joystick)) * JOYSTICK_STEP
    physiology = physiology[physiology["video"] != 2]
    physiology["daqtime"] = np.arange(len(physiology)) * SIGNAL_STEP
    write(tmp_path, physiology, joystick)
    (part,) = open_raw("case", tmp_path).parts
    items = part()
    excluded = {each.stimulus: each.reason for each in items if isinstance(each, Excluded)}
    assert excluded == {
        "2": "there is no rating of this video",
        "4": "there is no recording of this video",
        "6": "values are missing in the rating of this video",
    }
    (error,) = (each for each in items if isinstance(each, RtcanError))
    assert "sub_1.csv: video 3: the arousal rating 25 is not on the scale from 0.5 to 9.5" in str(
        error
    )
    trials = {each.stimulus: each for each in items if isinstance(each, Trial)}
    assert trials["4"].recordings == (), "its rating counts for the threshold"
    assert np.isnan(trials["5"].recordings[0].eda).all(), "the quality rules judge it"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((0, 700, "video", 3.5), "line 702: the video is not one of CASE's"),
        ((0, 700, "video", np.nan), "line 702: the time or the video is missing"),
        ((0, 4700, "video", 3), "line 4702: the video 3 begins again"),
        ((0, 700, "daqtime", np.nan), "line 702: the time or the video is missing"),
        ((0, 700, "daqtime", 7001), "line 702: the time is not 10 ms later"),
        ((0, 700, "gsr", "x"), "a cell holds text instead of a number: 'x'"),
        ((1, 70, "jstime", 9), "line 72: the time is not 50 ms later"),
        ((1, 70, "video", 9), "line 72: the video is not one of CASE's"),
    ],
)
def test_a_damaged_table_is_refused(
    tmp_path: Path, change: tuple[int, int, str, object], message: str
) -> None:
    which, row, column, value = change
    both = [table.astype(object) for table in tables()]
    both[which].loc[row, column] = value
    write(tmp_path, *both)
    assert message in refusal(tmp_path)


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    physiology, joystick = tables()
    late = joystick.assign(jstime=joystick["jstime"] + 1000)
    write(tmp_path / "late", physiology, late)
    said = "the video 3 is on from 10000 to 20000 ms, but from 11000 to 21000 ms in"
    assert said in refusal(tmp_path / "late")
    write(tmp_path / "cut", physiology.iloc[:1500], joystick)
    assert "the video 3 is on from 10000 to 15000 ms, but from 10000 to 20000 ms" in refusal(
        tmp_path / "cut"
    )
    folder = write(tmp_path / "names", physiology.rename(columns={"gsr": "eda"}), joystick)
    assert "sub_1.csv has no column gsr, but 'daqtime,ecg,bvp,eda" in refusal(tmp_path / "names")
    (folder / "physiological" / "sub_1.csv").write_text(COLUMNS.replace("ecg", "gsr") + "\n")
    assert "sub_1.csv has two columns gsr" in refusal(tmp_path / "names")
    (folder / "physiological" / "sub_1.csv").write_text("")
    assert "is empty" in refusal(tmp_path / "names")
    (folder / "physiological" / "sub_1.csv").write_text(f"{COLUMNS}\n")
    assert "it holds no rows" in refusal(tmp_path / "names")


def test_reads_what_the_simulator_writes(case_raw: Path) -> None:
    trials, excluded = read("case", case_raw)
    assert len(trials) == 4 * 4
    assert {each.stimulus for each in excluded} == {"5", "6", "7", "8"}
    folder = case_raw / "CASE_full" / "data" / "interpolated"
    for (subject, stimulus), trial in trials.items():
        tables = [
            pd.read_csv(folder / name / f"sub_{subject}.csv")
            .groupby("video")
            .get_group(int(stimulus))
            for name in ("physiological", "annotations")
        ]
        assert_array_equal(trial.recordings[0].eda, tables[0]["gsr"])
        assert_allclose([trial.valence, trial.arousal], tables[1][["valence", "arousal"]].mean())
    assert np.isnan(trials["2", "1"].recordings[0].eda).sum() == 50
    assert np.ptp(trials["4", "3"].recordings[0].eda) == 0

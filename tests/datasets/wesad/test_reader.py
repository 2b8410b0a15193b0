from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.reasons import grouped
from tests.conftest import must, rtcan
from tests.datasets.reading import read, same_trials, zip_folder

NAMES = ["Base", "TSST", "Medi 1", "Fun", "Medi 2"]
BEGINS = [20, 60, 100, 140, 180]
"""As the questionnaire has them, in its own spelling: 0.2, 1, 1.4, 2.2 and 3."""
LENGTH = 35
LEAD = 7
"""Seconds from the wristband's start to the chest device's."""
CHEST_RATE = 10
# 9:39:01 in Germany in summer.
CHEST_START = datetime(2017, 5, 22, 7, 39, 1, tzinfo=UTC).timestamp()
QUEST = """# Subj:;S2;;
# ORDER;Base;TSST;Medi 1;Fun;Medi 2;sRead;fRead;;
# START;0.2;1;1.4;2.2;3;0.01;0.07;;
# END;0.55;1.35;2.15;2.55;3.35;0.06;0.1;;
;;;;;;;
# PANAS;1;1;3;2
# DIM;7;2;;
# DIM;5;4;;
# DIM;7;2;;
# DIM;8;1;;
# DIM;6;3;;
;;;;;
# SSSQ;5;5;4;4;3;5
"""


def write(
    parent: Path,
    quest: str = QUEST,
    subject: str = "S2",
    seconds: float = 220,
    counts: Sequence[object] | None = None,
    **header: object,
) -> Path:
    """A subject whose samples count from 1, so that a trial shows where it was cut."""
    folder = parent / "WESAD" / subject
    (folder / f"{subject}_E4_Data").mkdir(parents=True)
    (folder / f"{subject}_quest.csv").write_text(quest)
    values = [f"{x:.6f}" for x in range(1, round(4 * (LEAD + seconds)) + 1)]
    lines = [f"{CHEST_START - LEAD:.6f}", "4.000000", *values, ""]
    (folder / f"{subject}_E4_Data" / "EDA.csv").write_text("\n".join(lines))
    (folder / f"{subject}_E4_Data" / "TEMP.csv").write_text("\n".join([*lines[:2], "33", ""]))
    about = {
        "sensor": ["ECG", "EDA"],
        "column": ["nSeq", "DI", "CH1", "CH2"],
        "label": ["CH1", "CH2"],
        "time": "9:39:1.0",
        "date": "2017-5-22",
        "device": "biosignalsplux",
        "sampling rate": CHEST_RATE,
        "resolution": [16, 16],
    } | header
    frames = range(round(CHEST_RATE * seconds)) if counts is None else counts
    rows = [f"{i}\t0\t32768\t{i}\t" for i in frames]
    top = ["# OpenSignals Text File Format", f"# {json.dumps({'00:07': about})}", "# EndOfHeader"]
    (folder / f"{subject}_respiban.txt").write_text("\n".join([*top, *rows, ""]))
    return folder


def chest(raw: Path) -> list[Any]:
    (part,) = open_raw("wesad", raw, device="chest").parts
    return part()


def refusal(raw: Path) -> str:
    with pytest.raises(RtcanError) as caught:
        read("wesad", raw)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_conditions_are_cut_out_of_the_wristbands_session(tmp_path: Path) -> None:
    write(tmp_path)
    dataset = open_raw("wesad", tmp_path)
    assert dataset.edition == "WESAD, wrist (Empatica E4)"
    assert len(dataset.files) == 3
    songs = {each.stimulus: each.song for each in dataset.stimuli}
    assert songs == {"Base": "", "TSST": "", "Fun": "", "Medi 1": "Medi", "Medi 2": "Medi"}
    trials, excluded = read("wesad", tmp_path)
    assert excluded == []
    assert list(trials) == [("S2", name) for name in NAMES], "in the order of the session"
    ratings = [(trial.valence, trial.arousal) for trial in trials.values()]
    assert ratings == [(7, 2), (5, 4), (7, 2), (8, 1), (6, 3)]
    for trial, begin in zip(trials.values(), BEGINS, strict=True):
        (recording,) = trial.recordings
        assert recording.sampling_rate == 4
        # Without the first and the last ten seconds of the condition.
        first = 4 * (LEAD + begin + 10)
        assert_array_equal(recording.eda, np.arange(first, first + 4 * (LENGTH - 20)) + 1)


def test_conditions_are_cut_out_of_the_chest_devices_recording(tmp_path: Path) -> None:
    write(tmp_path)
    assert open_raw("wesad", tmp_path, device="chest").edition == "WESAD, chest (RespiBAN)"
    items = chest(tmp_path)
    assert [item.stimulus for item in items] == NAMES
    for trial, begin in zip(items, BEGINS, strict=True):
        (recording,) = trial.recordings
        assert recording.sampling_rate == CHEST_RATE
        counts = np.arange(CHEST_RATE * (begin + 10), CHEST_RATE * (begin + LENGTH - 10))
        assert_allclose(recording.eda, counts / 2**16 * 3 / 0.12)


def test_all_packings_read_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain")
    expected, _ = read("wesad", tmp_path / "plain")
    session = folder / "S2_E4_Data"
    packed = tmp_path / "packed" / "WESAD" / "S2"
    packed.mkdir(parents=True)
    for name in ("S2_quest.csv", "S2_respiban.txt"):
        shutil.copy(folder / name, packed)
    zip_folder(session, packed / "S2_E4_Data.zip")
    zip_folder(packed.parent, tmp_path / "WESAD.zip")
    for raw in ("plain/WESAD", "packed", "WESAD.zip"):
        assert same_trials(read("wesad", tmp_path / raw)[0], expected), raw


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("S2", "S3", "is of the subject 'S3'"),
        ("# ORDER", "# ODER", "has 0 lines '# ORDER' instead of one"),
        ("# END", "# START", "has 2 lines '# START' instead of one"),
        ("Fun", "Joy", "names the condition 'Joy', which WESAD does not have"),
        ("Fun", "Base", "names the condition 'Base', twice"),
        ("0.55;", "", "has 6 times in '# END' for 7 conditions"),
        ("1.35", "1.75", "'1.75' in '# END' is not a time in minutes.seconds"),
        ("1.35", "1.350", "'1.350' in '# END' is not a time"),
        ("0.55", "0.1", "the condition Base ends before it begins"),
        ("# DIM;6;3;;\n", "", r"has 4 ratings (DIM) of 5 conditions"),
        ("# DIM;6;3;;", "# DIM;6", "a line '# DIM' is cut short"),
        ("1.35", "1.45", "the conditions TSST and Medi 1 overlap in time"),
        ("START;0.2;1;", "START;0.2;0.3;", "the conditions Base and TSST overlap in time"),
        ("# DIM;6;3", "# DIM;x;3", "the rating (DIM) of Medi 2: 'x' is not a number"),
    ],
)
def test_a_questionnaire_that_does_not_fit_together_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    write(tmp_path, QUEST.replace(old, new, 1))
    said = refusal(tmp_path)
    assert message in said
    assert "S2_quest.csv" in said


def test_useless_ratings_are_named(tmp_path: Path) -> None:
    write(tmp_path, QUEST.replace("# DIM;8;1", "# DIM;;").replace("# DIM;6;3", "# DIM;6;30"))
    (part,) = open_raw("wesad", tmp_path).parts
    *_, fun, last = part()
    assert isinstance(fun, Excluded)
    assert (fun.stimulus, fun.reason) == ("Fun", "there is no rating")
    assert isinstance(last, RtcanError)
    assert "DIM, condition Medi 2: the arousal rating 30 is not on the scale" in str(last)


def test_conditions_that_are_not_there_are_named(tmp_path: Path) -> None:
    quest = QUEST.replace("Medi 2", "bRead").replace("# DIM;6;3;;\n", "")
    write(tmp_path, quest, seconds=155)
    trials, excluded = read("wesad", tmp_path)
    assert [(each.stimulus, each.reason) for each in excluded] == [
        ("Fun", "the recording ends 10 s before the trial does"),
        ("Medi 2", "the condition is not in the schedule (ORDER)"),
    ]
    assert trials["S2", "Fun"].recordings == (), "its rating counts for the threshold"
    assert len(trials) == 4


@pytest.mark.parametrize("kept", ["# DIM;6;", "# DIM;6", "# DIM;", "# DIM"])
def test_a_questionnaire_cut_in_its_last_rating_is_refused(tmp_path: Path, kept: str) -> None:
    write(tmp_path, QUEST.partition("# DIM;6")[0] + kept)
    assert "S2_quest.csv: a line '# DIM' is cut short" in refusal(tmp_path)


def test_trials_outside_the_recording_are_named_in_words_that_can_be_grouped(
    tmp_path: Path,
) -> None:
    quest = QUEST.replace("0.55", "0.35").replace("START;0.2;1;", "START;0.2;0.45;")
    folder = write(tmp_path, quest, seconds=170.93)
    eda = folder / "S2_E4_Data" / "EDA.csv"
    _, rate, *values = eda.read_text().split("\n")
    eda.write_text("\n".join([f"{CHEST_START + 60:.6f}", rate, *values]))
    _, excluded = read("wesad", tmp_path)
    reasons = [each.reason for each in excluded]
    assert reasons == [
        "the condition is too short to leave out 10 s at either end",
        "the recording begins 5 s after the trial",
    ]
    both = grouped({"the recording begins 5 s after the trial": 1, reasons[1].replace("5", "9"): 1})
    assert both == [("the recording begins 5 to 9 s after the trial", 2)]


def test_folders_without_a_questionnaire_are_named(tmp_path: Path) -> None:
    (write(tmp_path) / "S2_quest.csv").unlink()
    write(tmp_path, QUEST.replace("S2", "S3"), "S3")
    (tmp_path / "WESAD" / "S4").mkdir()
    dataset = open_raw("wesad", tmp_path)
    said = sorted(str(error) for error in dataset.damaged)
    assert [each.partition(": ")[2].partition(" (")[0] for each in said] == [
        "the folder S2 has no S2_quest.csv",
        "the folder S4 is empty",
    ]
    (note,) = dataset.notes[1:]
    assert note.startswith("12 of the 15 published subjects are not there: S5, ")


def test_a_subject_in_two_folders_is_refused(tmp_path: Path) -> None:
    for name in ("S2", "S02"):
        write(tmp_path, subject=name)
    with pytest.raises(RtcanError, match="are of the same subject, 2") as caught:
        open_raw("wesad", tmp_path)
    assert all(f"{name}_quest.csv" in str(caught.value) for name in ("S2", "S02"))


@pytest.mark.parametrize(
    ("device", "gone", "message"),
    [
        ("wrist", "S2_E4_Data", "there is no S2_E4_Data/EDA.csv or S2_E4_Data.zip beside it"),
        ("wrist", "S2_respiban.txt", "there is no S2_respiban.txt beside it"),
        ("chest", "S2_respiban.txt", "there is no S2_respiban.txt beside it"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, device: Any, gone: str, message: str) -> None:
    path = write(tmp_path) / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(RtcanError, match=re.escape(message)):
        open_raw("wesad", tmp_path, device=device)
    write(tmp_path, QUEST.replace("S2", "S3"), "S3")
    dataset = open_raw("wesad", tmp_path, device=device)
    assert [message in str(error) for error in dataset.damaged] == [True]
    assert len(dataset.parts) == 1


def test_a_copy_without_all_subjects_says_so(tmp_path: Path) -> None:
    for subject in ("S2", "S10", "S12"):
        write(tmp_path, QUEST.replace("S2", subject), subject)
    dataset = open_raw("wesad", tmp_path)
    missing = "13 of the 15 published subjects are not there: S3, S4, S5, S6, S7, S8, S9, S11, "
    assert dataset.notes[1:] == (
        f"{missing}... (13 in all)",
        "subjects that were not published: S12",
    )
    subjects = [part()[0].subject for part in dataset.parts]  # type: ignore[union-attr]
    assert subjects == ["S2", "S10", "S12"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"time": ""}, "does not say when it began"),
        ({"time": "9:39:1.0", "date": "22 May"}, "does not say when it began"),
        ({"column": ["nSeq", "CH1"]}, "header names 2 columns, but its rows have"),
    ],
)
def test_a_chest_device_without_a_clock_is_named(
    tmp_path: Path, header: dict[str, Any], message: str
) -> None:
    write(tmp_path, **header)
    assert message in refusal(tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"device": "other"}, "has 0 channels of EDA in counts instead of one"),
        ({"sensor": ["EDA", "EDA"]}, "has 2 channels of EDA in counts instead of one"),
        ({"counts": [*range(900), *range(950, 2200)]}, r"frames were lost \(gaps: 1\)"),
        ({"counts": [*range(900), "", *range(901, 2200)]}, "row 901 lacks a number"),
        ({"counts": [*range(900), "x", *range(901, 2200)]}, "holds text instead of a number"),
    ],
)
def test_a_damaged_recording_of_the_chest_is_refused(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    write(tmp_path, **changed)
    with pytest.raises(RtcanError, match=message):
        chest(tmp_path)


def test_other_files_in_the_place_of_the_devices_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "S2_E4_Data" / "EDA.csv").write_text("eda\n1\n2\n3\n")
    assert "EDA.csv does not begin with a Unix time" in refusal(tmp_path)
    zip_folder(folder / "S2_E4_Data", folder / "S2_E4_Data.zip")
    (folder / "S2_E4_Data" / "EDA.csv").unlink()
    assert "EDA.csv does not begin with a Unix time" in refusal(tmp_path)
    (folder / "S2_respiban.txt").write_text("nSeq\tEDA\n1\t2\n3\t4\n")
    shutil.rmtree(folder / "S2_E4_Data")
    (folder / "S2_E4_Data.zip").unlink()
    (folder / "S2_E4_Data").mkdir()
    zip_folder(folder / "S2_E4_Data", folder / "S2_E4_Data.zip")
    assert "holds 0 files EDA.csv instead of one" in refusal(tmp_path)
    with pytest.raises(RtcanError, match="is not a recording of OpenSignals"):
        chest(tmp_path)


def test_the_store_says_whose_eda_it_holds(wesad_raw: Path, tmp_path: Path) -> None:
    for device, rate in (("wrist", 4), ("chest", 100)):
        store = tmp_path / f"{device}.h5"
        said = json.loads(
            must(
                *("ingest", "wesad", wesad_raw, "--device", device, "-o", store, "--json"),
                *("--min-eda", "6"),
            ).stdout
        )
        # A line that makes the store again has to name the device.
        (line,) = (note["command"] for note in said["notes"] if note["kind"] == "below_range")
        assert ("--device chest" in line) == (device == "chest")
        assert said["edition"].startswith(f"WESAD, {device}")
        assert (said["n_subjects"], said["n_stimuli"], said["n_trials"]) == (3, 5, 15)
        with h5py.File(store) as h5:
            assert set(h5["recordings/sampling_rate"][:]) == {rate}
            assert set(h5["trials/song"].asstr()[:]) == {"Base", "TSST", "Fun", "Medi"}
            assert all(len(digest) == 64 for digest in h5["files/sha256"].asstr()[:])
    outcome = rtcan("ingest", "case", wesad_raw, "--device", "wrist")
    assert outcome.exit_code == 2
    assert "--device: only for the dataset wesad" in " ".join(outcome.stderr.split())


def test_reads_what_the_simulator_writes(wesad_raw: Path) -> None:
    wrist, excluded = read("wesad", wesad_raw)
    assert (len(wrist), excluded) == (15, [])
    assert next(iter(wrist)) == ("S2", "Base")
    # One order, then the other.
    orders = [[name for who, name in wrist if who == subject] for subject in ("S2", "S3")]
    assert orders == [NAMES, ["Base", "Fun", "Medi 1", "TSST", "Medi 2"]]
    for part in open_raw("wesad", wesad_raw, device="chest").parts:
        for trial in part():
            assert isinstance(trial, Trial)
            (one,), (other,) = trial.recordings, wrist[trial.subject, trial.stimulus].recordings
            # The same skin at the same time; at a fault the wristband sees something else.
            if (trial.subject, trial.stimulus) not in (("S2", "TSST"), ("S4", "Base")):
                assert np.abs(one.eda[::25] - other.eda).max() < 0.1

"""Trials of a BIDS dataset are those of its events, and what is not sure is refused by name."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.reader import TableOptions
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Trial
from rtcan_cli.errors import RtcanError

RATE = 8.0
EVENTS = """onset\tduration\ttrial_type\tstim_file\tvalence\tarousal
2\t10\tmusic\tsongs/a.wav\t6\t3
20\t10\tmusic\tsongs/b.wav\t2\tn/a
35\t1\trest\tn/a\tn/a\tn/a
"""


def signal(seconds: float = 40, seed: int = 0) -> np.ndarray:
    return 5 + np.cumsum(np.random.default_rng(seed).normal(0, 0.01, int(seconds * RATE)))


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_physio(
    path: Path, columns: dict[str, np.ndarray], about: dict[str, Any] | None = None, **top: Any
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    text = "\n".join("\t".join("n/a" if x != x else repr(x) for x in row) for row in rows)
    path.with_name(f"{path.name}.tsv.gz").write_bytes(gzip.compress(text.encode()))
    given = {"SamplingFrequency": RATE, "StartTime": 0, "Columns": list(columns), **top}
    write_json(path.with_name(f"{path.name}.json"), given | (about or {}))


MICROSIEMENS = {"eda": {"Units": "uS"}}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two subjects, one with two sessions, of which EDA is one column of three."""
    folder = tmp_path / "study"
    write_json(folder / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0"})
    for stem in ("sub-01/ses-1/func/sub-01_ses-1", "sub-01/ses-2/func/sub-01_ses-2"):
        place = folder / f"{stem}_task-music_physio"
        columns = {"cardiac": signal(seed=1), "eda": signal(), "trigger": np.zeros(320)}
        write_physio(place, columns, MICROSIEMENS)
        (folder / f"{stem}_task-music_events.tsv").write_text(EVENTS)
    place = folder / "sub-02" / "beh" / "sub-02_task-music"
    write_physio(
        place.with_name(f"{place.name}_recording-skin_physio"),
        {"GSR": signal(seed=2)},
        {"GSR": {"Units": "nS"}},
        StartTime=-2.5,
    )
    write_physio(place.with_name(f"{place.name}_recording-heart_physio"), {"cardiac": signal()})
    place.with_name(f"{place.name}_events.tsv").write_text(EVENTS)
    return folder


def items(dataset: RawDataset) -> list[Item]:
    return [item for part in dataset.parts for item in part()]


def trials(dataset: RawDataset) -> dict[tuple[str, str, int], Trial]:
    return {
        (item.subject, item.stimulus, item.repetition): item
        for item in items(dataset)
        if isinstance(item, Trial)
    }


def problems(dataset: RawDataset) -> str:
    found = [str(each) for each in (*dataset.damaged, *items(dataset))]
    return "\n".join(found)


def test_trials_are_cut_out_of_their_runs(study: Path) -> None:
    dataset = open_raw("bids", study)
    found = trials(dataset)
    assert set(found) == {
        *(("01", f"songs-{song}", k) for song in "ab" for k in (1, 2)),
        *(("02", f"songs-{song}", 1) for song in "ab"),
    }
    first = found["01", "songs-a", 1]
    assert (first.valence, first.arousal) == (6, 3)
    assert np.isnan(found["01", "songs-b", 2].arousal)
    (recording,) = first.recordings
    assert (recording.sampling_rate, recording.unit) == (RATE, "uS")
    np.testing.assert_array_equal(recording.eda, signal()[16:96])
    # The recording of the other began 2.5 s before its run, in another unit.
    (other,) = found["02", "songs-b", 1].recordings
    np.testing.assert_allclose(other.eda, signal(seed=2)[180:260] / 1000, rtol=1e-12)
    notes = " ".join(dataset.notes)
    assert "3 rows of events are not trials" in notes
    assert "2 trials are counted as repetitions" in notes
    assert "audio files that are not there: songs/a.wav, songs/b.wav" in notes


def test_gaps_stay_gaps(study: Path) -> None:
    values = signal()
    values[30:34] = np.nan
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    write_physio(place, {"eda": values}, MICROSIEMENS)
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    assert np.flatnonzero(np.isnan(recording.eda)).tolist() == [14, 15, 16, 17]


def test_descriptions_and_events_are_inherited(study: Path) -> None:
    for session in ("1", "2"):
        stem = f"sub-01/ses-{session}/func/sub-01_ses-{session}_task-music"
        (study / f"{stem}_physio.json").unlink()
        (study / f"{stem}_events.tsv").unlink()
    about = {"SamplingFrequency": RATE, "Columns": ["cardiac", "eda", "trigger"], **MICROSIEMENS}
    write_json(study / "task-music_physio.json", about)
    (study / "task-music_events.tsv").write_text(EVENTS)
    found = trials(open_raw("bids", study))
    assert len(found) == 6
    np.testing.assert_array_equal(found["01", "songs-a", 2].recordings[0].eda, signal()[16:96])


def test_audio_is_found_in_the_folder_of_stimuli(study: Path) -> None:
    song = study / "stimuli" / "songs" / "a.wav"
    song.parent.mkdir(parents=True)
    song.touch()
    stimuli = {each.stimulus: each.audio for each in open_raw("bids", study).stimuli}
    assert stimuli == {"songs-a": str(song), "songs-b": ""}


def test_a_column_is_what_its_measure_type_says(study: Path) -> None:
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    about = {
        "one": {"Units": "uS", "MeasureType": "EDA"},
        "eda": {"Units": "uS", "MeasureType": "EDA-phasic"},
    }
    columns = {"one": signal(seed=5), "eda": signal(seed=6)}
    write_physio(place, columns, about, PhysioType="specified")
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal(seed=5)[16:96])
    # Parts of a decomposition are not EDA as it was measured.
    about["one"]["MeasureType"] = "EDA-tonic"
    write_physio(place, columns, about, PhysioType="specified")
    assert not trials(open_raw("bids", study))["01", "songs-a", 1].recordings


def test_scr_may_be_a_part_and_is_refused_by_name(study: Path) -> None:
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    about = {
        "one": {"Units": "uS", "MeasureType": "SCR"},
        "two": {"Units": "uS", "MeasureType": "GSR"},
    }
    write_physio(place, {"one": signal()}, {"one": about["one"]})
    dataset = open_raw("bids", study)
    assert "the column one is SCR, which may be the whole EDA" in problems(dataset)
    assert not trials(dataset)["01", "songs-a", 1].recordings
    write_physio(place, {"one": signal(), "two": signal(seed=3)}, about)
    dataset = open_raw("bids", study)
    assert "is SCR" not in problems(dataset)
    (recording,) = trials(dataset)["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal(seed=3)[16:96])


def test_repaired_samples_are_counted_trial_by_trial(study: Path) -> None:
    marks = np.zeros(320)
    marks[[10, 20, 21, 95, 96]] = 1
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    write_physio(place, {"eda": signal(), "interpolated": marks}, MICROSIEMENS)
    found = trials(open_raw("bids", study))
    (first,), (second,) = (found["01", f"songs-{song}", 1].recordings for song in "ab")
    assert "the column interpolated marks 3 samples that were repaired before" in first.notes
    assert not any("interpolated" in note for note in second.notes)


def test_gaze_is_not_eda(study: Path) -> None:
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    write_physio(place, {"eda": signal()}, MICROSIEMENS, PhysioType="eyetrack")
    dataset = open_raw("bids", study)
    assert not trials(dataset)["01", "songs-a", 1].recordings
    assert "there is no recording of this run with EDA" in problems(dataset)


@pytest.mark.parametrize("unit", ["µS", "microS", "microsiemens", "uS"])
def test_spellings_of_units(study: Path, unit: str) -> None:
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    write_physio(place, {"eda": signal()}, {"eda": {"Units": unit}})
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal()[16:96])


def test_a_unit_has_to_be_said(study: Path) -> None:
    place = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_physio"
    write_physio(place, {"eda": 1000 * signal()})
    dataset = open_raw("bids", study)
    assert "does not say the unit of eda" in problems(dataset)
    found = trials(open_raw("bids", study, TableOptions(unit="nS")))
    np.testing.assert_allclose(found["01", "songs-a", 1].recordings[0].eda, signal()[16:96])


def test_resistance_is_converted(study: Path) -> None:
    for session in ("1", "2"):
        place = study / f"sub-01/ses-{session}/func/sub-01_ses-{session}_task-music_physio"
        write_physio(place, {"eda": 1000 / signal()}, {"eda": {"Units": "kOhm"}})
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_allclose(recording.eda, signal()[16:96])
    assert recording.polarity == "conductance, converted from kOhm"


def test_resistance_without_its_offset_may_be_positive_in_one_run(study: Path) -> None:
    about: dict[str, Any] = {"Units": "Ohm", "Polarity": "resistance", "OffsetRemoved": True}
    for place in study.rglob("*_physio.tsv.gz"):
        stem = place.with_name(place.name.removesuffix(".tsv.gz"))
        write_physio(stem, {"eda": signal()}, {"eda": about})
    for found in trials(open_raw("bids", study)).values():
        if found.recordings:
            assert found.recordings[0].polarity == "resistance, sign flipped"
            np.testing.assert_array_equal(found.recordings[0].eda.min() > 0, True)
    about["Polarity"] = "upwards"
    write_physio(stem, {"eda": signal()}, {"eda": about})
    assert "its description says Polarity 'upwards'" in problems(open_raw("bids", study))


def test_what_was_recorded_before_the_onset_is_read_with_the_trial(study: Path) -> None:
    path = study / "sub-01/ses-1/func/sub-01_ses-1_task-music_events.tsv"
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{head}\trecorded_before", *(f"{line}\t1.5" for line in lines)]))
    dataset = open_raw("bids", study)
    (recording,) = trials(dataset)["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal()[4:96])
    assert "recordings begin up to 1.5 s before their stimuli" in " ".join(dataset.notes)
    path.write_text(path.read_text().replace("\t1.5", "\t-1"))
    assert "line 2: recorded_before is -1 s" in problems(open_raw("bids", study))


def test_two_recordings_with_eda_are_not_chosen_from(study: Path) -> None:
    stem = study / "sub-02" / "beh" / "sub-02_task-music_recording-left_physio"
    write_physio(stem, {"eda": signal()}, MICROSIEMENS)
    dataset = open_raw("bids", study)
    assert "several recordings with EDA" in problems(dataset)
    assert not trials(dataset)["02", "songs-a", 1].recordings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("onset\t", "start\t", "has no column onset"),
        ("2\t10\tmusic", "n/a\t10\tmusic", "line 2: there is no onset"),
        ("2\t10\tmusic", "2\t-10\tmusic", "line 2: the duration is -10 s"),
        ("\t6\t3", "\tsix\t3", "line 2: valence is 'six', not a number"),
        ("\t6\t3", "\t6", "line 2: 5 cells for 6 columns"),
        ("\t6\t3", "\tinf\t3", "line 2: valence is inf; what is missing is n/a"),
        ("\tvalence\t", "\tarousal\t", "has the column arousal more than once"),
        ("2\t10\tmusic", "30\t10\tmusic", "the trial ends at 42.5 s, but its signal at 40 s"),
        ("2\t10\tmusic", "2\tn/a\tmusic", "do not say how long the stimulus was"),
        ("\t6\t3", "\t60\t3", "the valence rating 60 is not on the scale from 1 to 9"),
        ("songs/a.wav", "../../a.wav", "does not lie in the folder stimuli"),
    ],
)
def test_events_that_are_not_sure_are_named(study: Path, old: str, new: str, message: str) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        found = problems(open_raw("bids", study))
    except RtcanError as error:
        found = str(error)
    assert message in found


def test_the_scale_of_the_description_counts(study: Path) -> None:
    ends = {"Minimum": 0, "Maximum": 10}
    write_json(study / "task-music_events.json", {"valence": ends, "arousal": ends})
    assert open_raw("bids", study).rating_scale == (0, 10)
    with pytest.raises(RtcanError, match="but --rating-scale from 1 to 9"):
        open_raw("bids", study, TableOptions(scale_is_stated=True))
    write_json(
        study / "task-music_events.json", {"valence": ends, "arousal": ends | {"Maximum": 9}}
    )
    assert "another scale for valence than for arousal" in problems_or_error(study)


def problems_or_error(study: Path) -> str:
    try:
        return problems(open_raw("bids", study))
    except RtcanError as error:
        return str(error)


@pytest.mark.parametrize(
    ("stated", "licence", "authors", "note"),
    [
        ({"License": "CC0", "Authors": ["A", "B"]}, "CC0", ("A", "B"), ""),
        ({"License": "PDDL"}, "PDDL", (), "states no Authors"),
        ({"License": 4, "Authors": "A"}, "", (), "states no License and no Authors"),
    ],
)
def test_licence_and_authors_are_kept(
    study: Path, stated: dict[str, Any], licence: str, authors: tuple[str, ...], note: str
) -> None:
    write_json(study / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0", **stated})
    dataset = open_raw("bids", study)
    assert (dataset.credit.licence, dataset.credit.authors) == (licence, authors)
    assert note in " ".join(dataset.notes)
    assert ("states no" in " ".join(dataset.notes)) == bool(note)


def test_without_ratings_trials_are_read_all_the_same(study: Path) -> None:
    for path in study.rglob("*events.tsv"):
        lines = [line.split("\t")[:4] for line in path.read_text().splitlines()]
        path.write_text("".join("\t".join(line) + "\n" for line in lines))
    dataset = open_raw("bids", study)
    assert "No table of events has a column valence or arousal" in " ".join(dataset.notes)
    assert len(trials(dataset)) == 6


def test_subjects_that_may_be_the_same_are_refused(study: Path) -> None:
    (study / "sub-02").rename(study / "sub-1")
    for path in (study / "sub-1" / "beh").iterdir():
        path.rename(path.with_name(path.name.replace("sub-02", "sub-1")))
    with pytest.raises(RtcanError, match="differ in case, spaces or leading zeros only"):
        open_raw("bids", study)


def test_what_is_no_dataset_is_told(study: Path, tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="does not exist"):
        open_raw("bids", tmp_path / "gone")
    (study / "dataset_description.json").write_text("[")
    with pytest.raises(RtcanError, match="is not a JSON object"):
        open_raw("bids", study)
    (study / "dataset_description.json").unlink()
    with pytest.raises(RtcanError, match=r"dataset_description\.json"):
        open_raw("bids", study)


def test_a_link_that_leads_out_is_refused(study: Path, tmp_path: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    outside = tmp_path / "events.tsv"
    path.rename(outside)
    path.symlink_to(outside)
    assert "leads out of" in problems_or_error(study)


def test_trials_without_a_rating_are_left_out(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    path.write_text(path.read_text().replace("\t6\t3", "\tn/a\tn/a"))
    left_out = [item for item in items(open_raw("bids", study)) if isinstance(item, Excluded)]
    assert [(each.subject, each.stimulus, each.reason) for each in left_out] == [
        ("02", "songs-a", "there is no rating")
    ]


def keys(opened: RawDataset) -> list[tuple[str, str, int]]:
    """Subject, stimulus and repetition of all trials."""
    items = [item for part in opened.parts for item in part()]
    return [(it.subject, it.stimulus, it.repetition) for it in items if isinstance(it, Trial)]


def test_lines_may_end_with_carriage_returns(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    expected = keys(open_raw("bids", study))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r"))
    assert keys(open_raw("bids", study)) == expected


def test_a_cell_of_far_too_many_characters_is_one_table_that_is_told(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    path.write_text(path.read_text().replace("songs/b.wav", "b" * 200_000))
    opened = open_raw("bids", study)
    (error,) = opened.damaged
    assert re.search(r"sub-02_task-music_events\.tsv, line 3: not a table", str(error))
    assert {key[0] for key in keys(opened)} == {"01"}


def test_participants_with_such_a_cell_are_named(study: Path) -> None:
    (study / "participants.tsv").write_text("participant_id\toriginal_id\nsub-01\t" + "b" * 200_000)
    with pytest.raises(RtcanError, match=r"participants\.tsv, line 2: not a table"):
        open_raw("bids", study)


@pytest.mark.parametrize("count", ["1e300", "9.3e18", "1e7", "0", "1.5"])
def test_repetitions_that_nobody_counted_are_named(study: Path, count: str) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    lines = [f"{line}\t{count}" for line in EVENTS.splitlines()]
    lines[0] = EVENTS.splitlines()[0] + "\trepetition"
    path.write_text("\n".join(lines))
    damaged = open_raw("bids", study).damaged
    assert "sub-02_task-music_events.tsv, line 2: the repetition is" in str(damaged[0])


def test_a_scale_that_no_number_can_hold_is_named(study: Path) -> None:
    (study / "task-music_events.json").write_text(
        f'{{"valence": {{"Minimum": 1, "Maximum": {"9" * 401}}}}}'
    )
    with pytest.raises(RtcanError, match=r"Minimum or Maximum of valence that is too large"):
        open_raw("bids", study)


def one_run(folder: Path, columns: dict[str, np.ndarray], about: dict[str, Any]) -> Path:
    """A dataset of a single run."""
    write_json(folder / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0"})
    place = folder / "sub-01" / "beh" / "sub-01_task-music"
    write_physio(place.with_name(f"{place.name}_physio"), columns, about)
    place.with_name(f"{place.name}_events.tsv").write_text(EVENTS)
    return folder


def test_the_whole_eda_by_its_measure_type(tmp_path: Path) -> None:
    """M-BIDS calls the column scr, and says with BEP045's MeasureType that it is all of it."""
    clock = np.arange(320) / RATE
    about = {"scr": {"Units": "uS", "MeasureType": "EDA-total"}, "timestamp": {"Units": "s"}}
    folder = one_run(tmp_path / "a", {"timestamp": clock, "scr": signal()}, about)
    (recording,) = trials(open_raw("bids", folder))["01", "songs-a", 1].recordings
    np.testing.assert_allclose(recording.eda, signal()[16:96])
    unsure = one_run(tmp_path / "b", {"scr": signal()}, {"scr": {"Units": "uS"}})
    assert "the column scr is SCR, which may be the whole EDA" in problems(open_raw("bids", unsure))
    both = {name: {"Units": "uS", "MeasureType": "EDA-total"} for name in ("scr1", "scr2")}
    several = one_run(tmp_path / "c", {"scr1": signal(), "scr2": signal()}, both)
    assert "several columns are EDA (scr1, scr2)" in problems(open_raw("bids", several))


def test_several_columns_that_may_be_eda_lead_to_a_table_of_trials(tmp_path: Path) -> None:
    columns = {"GSR_raw": signal(), "GSR_cal": signal(seed=1)}
    (problem,) = [
        each
        for each in items(open_raw("bids", one_run(tmp_path / "a", columns, {})))
        if isinstance(each, RtcanError)
    ]
    assert "does not show which column is EDA: there are 2 (GSR_raw, GSR_cal)" in str(problem)
    assert problem.hint == "ingest table, with a trials.csv that names it"


def test_a_dataset_without_eda_says_what_it_has(tmp_path: Path) -> None:
    folder = one_run(tmp_path / "a", {"cardiac": signal(), "respiratory": signal()}, {})
    with pytest.raises(RtcanError, match="has a column of EDA: the columns are cardiac, resp"):
        open_raw("bids", folder)
    packed = folder / "sub-01" / "beh" / "sub-01_task-music_physio.tsv.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    with pytest.raises(RtcanError, match="recordings are not packed, as the standard asks"):
        open_raw("bids", folder)
    packed.with_suffix("").unlink()
    with pytest.raises(RtcanError, match=r"has no physiological recordings \(sub-\*_physio") as e:
        open_raw("bids", folder)
    assert "a channel of an EEG recording" in str(e.value.hint)


def test_content_that_git_annex_did_not_bring_is_named(tmp_path: Path) -> None:
    """A clone of OpenNeuro's datasets has links to files that are not there."""
    folder = one_run(tmp_path / "a", {"eda": signal()}, MICROSIEMENS)
    path = folder / "sub-01" / "beh" / "sub-01_task-music_physio.tsv.gz"
    path.unlink()
    path.symlink_to("../../.git/annex/objects/G9/m5/MD5E-s16.tsv.gz/MD5E-s16.tsv.gz")
    assert "physio.tsv.gz: its content was not downloaded" in problems(open_raw("bids", folder))


def test_columns_of_events_that_name_no_stimulus_are_listed(tmp_path: Path) -> None:
    folder = one_run(tmp_path / "a", {"eda": signal()}, MICROSIEMENS)
    events = folder / "sub-01" / "beh" / "sub-01_task-music_events.tsv"
    events.write_text("onset\tduration\tevent_type\n2\t10\tCSp\n")
    with pytest.raises(RtcanError, match="columns are onset, duration, event_type"):
        open_raw("bids", folder)
    events.write_text("onset\tduration\tstimulus_name\n2\t10\tsquare\n")  # M-BIDS
    assert ("01", "square", 1) in trials(open_raw("bids", folder))

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.formats import text as text_format
from rtcan_cli.datasets.polarity import CONDUCTANCE, SignalKind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Trial
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.data.ingest import _judge
from tests.datasets.table.studies import HEADER, read, study
from tests.real_listeners import ratings


def test_one_row_a_trial(tmp_path: Path) -> None:
    study(tmp_path, "007,s1,5,6.5,a.csv,4", "007,s2,1,9,b.csv,8", "1e3,s1,3,,c.csv,4")
    dataset, trials, excluded, errors = read(tmp_path)
    assert (excluded, errors, dataset.notes, dataset.damaged) == ([], [], (), ())
    assert [(t.subject, t.stimulus, t.valence) for t in trials] == [
        ("007", "s1", 5.0),
        ("007", "s2", 1.0),
        ("1e3", "s1", 3.0),
    ]
    assert math.isnan(trials[2].arousal)
    (recording,) = trials[1].recordings
    assert_array_equal(recording.eda, [1.0, 1.1, 1.2, 1.3])
    assert (recording.target, recording.sampling_rate, recording.position) == ("both", 8.0, "")
    assert recording.source == str(tmp_path / "b.csv")
    assert [path.name for path in dataset.files] == ["trials.csv", "a.csv", "b.csv", "c.csv"]
    assert dataset.edition == "own recordings"
    assert not dataset.simulated


def test_one_row_a_hearing(tmp_path: Path) -> None:
    study(
        tmp_path,
        "1,s1,5,,a.csv,4,valence",
        "1,s2,6,7,c.csv,4,",
        "1,s1,,3,b.csv,4,Arousal",
        header=HEADER + ",target",
    )
    dataset, trials, _, _ = read(tmp_path)
    assert len(dataset.parts) == 2
    first = next(trial for trial in trials if trial.stimulus == "s1")
    assert (first.valence, first.arousal) == (5, 3)
    assert [(r.target, r.eda[0]) for r in first.recordings] == [("valence", 0), ("arousal", 1)]


def test_a_signal_file_is_read_once_for_all_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{i},s{j},5,5,a.csv,4,{(i * 2 + j) / 4},0.25" for i in range(2) for j in range(2)]
    study(tmp_path, *rows, "9,s9,5,5,b.csv,4,,", header=HEADER + ",start,duration")
    opened: list[str] = []
    true = text_format.decode
    monkeypatch.setattr(
        text_format, "decode", lambda file: opened.append(file.name.name) or true(file)
    )
    dataset = open_raw("table", tmp_path)
    assert len(dataset.parts) == 2
    trials = [item for part in dataset.parts for item in part() if isinstance(item, Trial)]
    assert opened == ["a.csv", "b.csv"]
    assert [trial.recordings[0].eda.tolist() for trial in trials[:4]] == [[0], [0.1], [0.2], [0.3]]
    assert trials[3].recordings[0].position == "samples 3:4"


@given(st.lists(st.lists(st.integers(0, 12), min_size=0, max_size=2, unique=True), max_size=25))
def test_parts_share_no_file(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("study")
    rows = []
    for trial, names in enumerate(files):
        for file, target in zip(names, ("valence", "arousal"), strict=False):
            rows.append(f"1,s{trial},5,5,{file}.csv,4,{target},{trial}")
        if not names:
            rows.append(f"1,s{trial},5,5,,4,,{trial}")
    study(folder, *rows, "2,last,5,5,a.csv,4,,0", header=HEADER + ",target,start")
    dataset = open_raw("table", folder)
    parts = [list(part.args[0]) for part in dataset.parts]  # type: ignore[attr-defined]
    used = [{row.signal for trial in part for row in trial if row.signal} for part in parts]
    assert sum(map(len, used)) == len(set().union(*used))
    assert sorted(row.line for part in parts for trial in part for row in trial) == [
        *range(2, len(rows) + 3)
    ]


def test_a_table_may_have_a_column_of_units(tmp_path: Path) -> None:
    header = f"{HEADER},unit"
    values = [1.0, 1.1, 1.2, 1.3]
    for cells, expected in (
        (("MOhm", "megaohm"), (1 / np.array(values), 1 / (np.array(values) + 1))),
        (("nS", "MOhm"), (np.array(values) / 1000, 1 / (np.array(values) + 1))),
        (("", "mS"), (np.array(values), (np.array(values) + 1) * 1000)),
    ):
        rows = (f"1,s1,5,5,b.csv,4,{cells[0]}", f"1,s2,5,5,c.csv,4,{cells[1]}")
        dataset, trials, _, errors = read(study(tmp_path, *rows, header=header))
        assert (errors, dataset.notes) == ([], ())
        for trial, wanted in zip(trials, expected, strict=True):
            np.testing.assert_allclose(trial.recordings[0].eda, wanted)
            assert trial.recordings[0].unit == "uS"
    for cells, message in (
        (("V", ""), "line 2: 'V' is not a unit"),
        (("a.u.", "uS"), "line 2: signals in arbitrary units cannot be in one table"),
    ):
        rows = (f"1,s1,5,5,b.csv,4,{cells[0]}", f"1,s2,5,5,c.csv,4,{cells[1]}")
        with pytest.raises(RtcanError, match=message):
            open_raw("table", study(tmp_path, *rows, header=header))
    with pytest.raises(RtcanError, match="the unit is 'kOhm', but --unit says uS"):
        row = "1,s1,5,5,b.csv,4,kOhm"
        open_raw("table", study(tmp_path, row, header=header), TableOptions(unit="uS"))


def test_the_table_may_lie_deeper(tmp_path: Path) -> None:
    (tmp_path / "study" / "data").mkdir(parents=True)
    study(tmp_path / "study" / "data", "1,s1,5,5,a.csv,4")
    _, trials, _, _ = read(tmp_path)
    assert trials[0].recordings[0].source == str(tmp_path / "study/data/a.csv")
    study(tmp_path / "study", "1,s1,5,5,b.csv,4")
    _, trials, _, _ = read(tmp_path / "study")
    assert trials[0].recordings[0].source == str(tmp_path / "study/b.csv")
    with pytest.raises(RtcanError, match=r"several tables: study/data/trials\.csv, study/"):
        open_raw("table", tmp_path)


def test_no_table_is_said_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="no files at all"):
        open_raw("table", tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RtcanError, match=r"holds no trials\.csv .* 1 other file \(notes\.txt\)"):
        open_raw("table", tmp_path)
    with pytest.raises(RtcanError, match="is a single file, not a folder"):
        open_raw("table", tmp_path / "notes.txt")
    with pytest.raises(RtcanError, match="does not exist"):
        open_raw("table", tmp_path / "nowhere")


def test_hearings_of_one_stimulus_are_counted(tmp_path: Path) -> None:
    header = HEADER + ",repetition,song"
    rows = ["1,s1,5,5,a.csv,4,,", "1,s1,6,5,b.csv,4,2.0,", "2,s1,6,5,c.csv,4,1,one"]
    folder = study(tmp_path, *rows, header=header)
    dataset = open_raw("table", folder)
    items = [item for part in dataset.parts for item in part()]
    assert {(t.subject, t.repetition) for t in items if not isinstance(t, RtcanError)} == {
        ("1", 1),
        ("1", 2),
        ("2", 1),
    }
    assert [(each.stimulus, each.song) for each in dataset.stimuli] == [("s1", "one")]


def test_damaged_and_missing_files_are_told_once(tmp_path: Path) -> None:
    rows = [f"1,s{i},5,5,gone.csv,4,{i}" for i in range(3)] + ["1,s9,5,5,b.csv,,0"]
    study(tmp_path, *rows, "2,s1,5,5,a.csv,4,", header=HEADER + ",start")
    (tmp_path / "b.csv").write_text("1\n2\n")
    dataset, trials, excluded, errors = read(tmp_path)
    assert [str(error) for error in errors] == [
        f"{tmp_path}/gone.csv does not exist (trials.csv, line 2 and 2 more)",
        f"{tmp_path}/b.csv does not say its sampling rate (trials.csv, line 5)",
    ]
    assert errors[1].hint == "add a column sampling_rate to the table, or a column time to the file"
    # The ratings count all the same.
    assert len(trials) == 5
    assert [len(trial.recordings) for trial in trials] == [0, 0, 0, 0, 1]
    assert excluded == []
    assert tmp_path / "gone.csv" not in dataset.files


def test_what_is_left_out_has_a_reason_and_a_place(tmp_path: Path) -> None:
    study(
        tmp_path,
        "1,s2,,,b.csv,4,",
        "1,s3,5,5,,4,",
        "1,s4,5,5,c.csv,4,60",
        "1,s5,5,5,c.csv,4,0",
        header=HEADER + ",start",
    )
    _, trials, excluded, _ = read(tmp_path)
    table = str(tmp_path / "trials.csv")
    assert {(e.stimulus, e.reason, e.source, e.position) for e in excluded} == {
        ("s2", "there is no rating", table, "line 2"),
        ("s3", "there is no signal file", table, "line 3"),
        ("s4", "the trial starts at 60 s, but its signal ends at 1 s", table, "line 4"),
    }
    assert {t.stimulus: len(t.recordings) for t in trials} == {"s3": 0, "s4": 0, "s5": 1}


def test_a_rating_off_the_scale_is_an_error_that_names_it(tmp_path: Path) -> None:
    study(tmp_path, "1,s1,10,5,a.csv,4", "1,s2,5,5,b.csv,4", "1,s3,5,5,c.csv,4")
    dataset, trials, _, _ = read(tmp_path)
    (error,) = dataset.damaged
    assert str(error) == (
        f"{tmp_path}/trials.csv, line 2: subject 1, stimulus s1: the valence rating 10 is not on "
        "the scale from 1 to 9 (1 of 3 trials; they go from 5 to 10)"
    )
    assert error.hint == ("correct it, or --rating-scale LOW HIGH names the scale that was used")
    assert [trial.stimulus for trial in trials] == ["s2", "s3"]
    dataset, trials, _, _ = read(tmp_path, TableOptions(rating_scale=(0, 100)))
    assert dataset.damaged == ()
    assert "s1" in {trial.stimulus for trial in trials}


def test_slips_are_counted_in_trials_and_name_the_repetition(tmp_path: Path) -> None:
    """A trial with a row for each hearing is one trial; the line is that of the rating."""
    header = HEADER + ",target,repetition"
    rows = [
        *("1,s1,5,,,,valence,1", "1,s1,,6,,,arousal,1"),
        *("1,s1,4,,,,valence,2", "1,s1,,10,,,arousal,2"),
        *("1,s2,5,,,,valence,1", "1,s2,,6,,,arousal,1"),
    ]
    dataset, _, excluded, _ = read(study(tmp_path, *rows, header=header))
    (error,) = dataset.damaged
    assert str(error) == (
        f"{tmp_path}/trials.csv, line 5: subject 1, stimulus s1, repetition 2: the arousal rating "
        "10 is not on the scale from 1 to 9 (1 of 3 trials; they go from 4 to 10)"
    )
    left = {(each.stimulus, each.repetition) for each in excluded}  # for there is no signal file
    assert left == {("s1", 1), ("s2", 1)}


def test_both_ratings_of_one_trial_off_the_scale_are_one_slip(tmp_path: Path) -> None:
    header = HEADER + ",target"
    rows = [
        *("1,s1,,60,,,arousal", "1,s1,50,,,,valence"),
        *("1,s2,5,,,,valence", "1,s2,,6,,,arousal"),
    ]
    (error,) = read(study(tmp_path, *rows, header=header))[0].damaged
    assert "line 3: subject 1, stimulus s1: the valence rating 50 is not on" in str(error)
    assert "(1 of 2 trials; " in str(error)


def test_ratings_on_another_scale_are_refused_whole(tmp_path: Path) -> None:
    """Leaving out what is off the scale would keep a biased part: here five of nine trials."""
    rows = [f"1,s{i},{2 * i - 6},5,,4" for i in range(9)]
    with pytest.raises(RtcanError) as caught:
        open_raw("table", study(tmp_path, *rows))
    assert str(caught.value) == (
        f"{tmp_path}/trials.csv: the ratings of 5 of 9 trials are not on the scale from 1 to 9: "
        "they go from -6 to 10"
    )
    assert caught.value.hint == "--rating-scale LOW HIGH names the scale that was used"


def test_recordings_without_any_rating_are_read(tmp_path: Path) -> None:
    dataset, trials, excluded, _ = read(study(tmp_path, "1,s1,,,a.csv,4", "1,s2,,NA,b.csv,4"))
    assert len(trials) == 2
    assert excluded == []
    assert dataset.notes[0].startswith("There is no rating")


def test_ratings_on_part_of_the_scale_are_asked_about(tmp_path: Path) -> None:
    rows = [f"1,s{i},{1 + i % 5},{1 + i % 5},,4" for i in range(10)]
    (note,) = open_raw("table", study(tmp_path, *rows)).notes
    assert "between 1 and 5, but the scale goes from 1 to 9" in note
    assert open_raw("table", tmp_path, TableOptions(rating_scale=(1, 5))).notes == ()


def test_stimuli_and_their_audio(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "x.wav").touch()
    header = HEADER + ",audio,title,artist"
    rows = (
        "1,s2,5,5,a.csv,4,,,",
        "1,s1,5,5,b.csv,4,songs/y.wav,,",
        '2,s2,5,5,c.csv,4,songs/x.wav,"Hey, ya",Somebody',
    )
    dataset = open_raw("table", study(tmp_path, *rows, header=header))
    assert [(s.stimulus, s.title, s.artist, s.audio) for s in dataset.stimuli] == [
        ("s2", "Hey, ya", "Somebody", str(tmp_path / "songs" / "x.wav")),
        ("s1", "", "", ""),
    ]
    assert dataset.notes == ("1 audio files are not there; the first is songs/y.wav (line 3)",)
    with pytest.raises(RtcanError, match=r"line 2: the audio '\.\./x\.wav' does not lie below"):
        open_raw("table", study(tmp_path, "1,s2,5,5,a.csv,4,../x.wav,,", header=header))
    rows = ("1,s2,5,5,a.csv,4,x.wav,,", "2,s2,5,5,b.csv,4,y.wav,,")
    with pytest.raises(RtcanError, match="lines 2 and 3 give stimulus s2 two audio files"):
        open_raw("table", study(tmp_path, *rows, header=header))


AUDIO = HEADER + ",audio"


def test_a_link_beside_the_data_hides_no_unclaimed_audio(tmp_path: Path) -> None:
    raw, elsewhere = tmp_path / "raw", tmp_path / "elsewhere"
    (raw / "study").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "foreign.wav").touch()
    study(raw / "study", "1,s,5,5,a.csv,4,songs/x.wav", header=AUDIO)
    (raw / "songs").mkdir()
    for name in ("x.wav", "nobody's.wav"):
        (raw / "songs" / name).touch()
    # A link that stays in the folder that is named, though it leaves that of the table.
    (raw / "study" / "songs").symlink_to(Path("..") / "songs")
    unclaimed = (str(raw / "study" / "songs" / "nobody's.wav"),)
    assert open_raw("table", raw).unclaimed == unclaimed
    # One that leaves it.
    (raw / "study" / "songs").unlink()
    (raw / "songs").rename(raw / "study" / "songs")
    (raw / "study" / "link").symlink_to(elsewhere)
    assert open_raw("table", raw / "study").unclaimed == unclaimed
    assert len(open_raw("table", raw / "study", follow_links=True).unclaimed) == 2


def test_a_folder_that_cannot_be_searched_for_audio_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RtcanError("/raw/private cannot be read: Permission denied")

    monkeypatch.setattr("rtcan_cli.datasets.table.reader.files_beside", refused)
    notes = open_raw("table", study(tmp_path, "1,s,5,5,a.csv,4")).notes
    told = "audio files that no row names were not looked for: /raw/private cannot be read"
    assert any(told in note for note in notes)


def test_sessions_are_noted(tmp_path: Path) -> None:
    study(tmp_path, "1,s1,5,5,EDA.csv,,1544027340,0.5", header=HEADER + ",start,duration")
    (tmp_path / "EDA.csv").write_text("1544027337.0\n4.0\n" + "".join(f"{i}\n" for i in range(40)))
    dataset, trials, _, _ = read(tmp_path)
    assert trials[0].recordings[0].eda.tolist() == [12, 13]
    assert dataset.notes[0].startswith("Empatica E4 sessions: 1 of the signal files")
    # A session holds conductance, whatever the others hold: its sign must not be flipped.
    with pytest.raises(RtcanError, match=r"EDA\.csv is an Empatica E4 session"):
        open_raw("table", tmp_path, TableOptions(unit="kOhm"))


def test_options_are_checked() -> None:
    for wrong in (
        {"decimal": ";"},
        {"rating_scale": (9.0, 1.0)},
        {"rating_scale": (0.0, math.inf)},
        {"unit": " "},
    ):
        with pytest.raises(RtcanError):
            replace(TableOptions(), **wrong)


def test_other_datasets_take_no_options(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="deap has its own rating scale"):
        open_raw("deap", tmp_path, TableOptions())


def test_values_survive_whatever_the_file(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(5, 1, 40)
    np.save(tmp_path / "x.npy", values)
    np.savetxt(
        tmp_path / "x.tsv",
        np.c_[np.arange(40) / 8, values],
        header="t\teda",
        comments="",
        delimiter="\t",
        fmt="%.17g",
    )
    (tmp_path / "trials.csv").write_text(
        HEADER + "\n1,npy,5,5,x.npy,8\n1,tsv,5,5,x.tsv,\n", encoding="utf-8"
    )
    _, trials, _, _ = read(tmp_path)
    for trial in trials:
        assert_array_equal(trial.recordings[0].eda, values)
        assert trial.recordings[0].sampling_rate == 8


def test_a_forgotten_scale_of_real_ratings_is_noticed(tmp_path: Path) -> None:
    """HKU956's ratings go from -10 to 10; two fifths of the trials would fit 1 to 9 as well."""
    rows = [
        f"{r.participant_id},{r.song_no}-{r.song_id},{r.valence_rating},{r.arousal_rating},,4"
        for r in ratings().itertuples()
    ]
    study(tmp_path, *rows)
    with pytest.raises(RtcanError, match=r"the ratings of \d+ of \d+ trials are not on the scale"):
        open_raw("table", tmp_path)
    dataset = open_raw("table", tmp_path, TableOptions(rating_scale=(-10, 10)))
    assert dataset.damaged == ()
    assert sum(len(part()) for part in dataset.parts) >= len(rows)


def resistance(folder: Path, *names: str, header: str = "EDA (kOhm)", offset: float = 300) -> None:
    for name in names:
        values = offset + 20 * np.sin(np.arange(400) / 30)
        (folder / name).write_text("\n".join([header, *(f"{x:.4f}" for x in values)]) + "\n")


def test_resistance_left_as_it_is_is_what_the_dataset_holds(tmp_path: Path) -> None:
    study(tmp_path, "1,s,5,5,a.csv,4", "1,t,5,5,b.csv,4")
    resistance(tmp_path, "a.csv", "b.csv")
    options = TableOptions(polarity="as-is")
    dataset, trials, _, errors = read(tmp_path, options)
    assert errors == []
    assert dataset.kind is not None
    assert (dataset.kind.unit, dataset.kind.falls) == ("kOhm", True)
    (recording,) = trials[0].recordings
    conductance = SignalKind("uS", CONDUCTANCE)
    judged = _judge(recording, Rules(), profile("table"), conductance)
    assert judged.quality.implausible == 0  # 300 kOhm, not 300 uS
    resistance(tmp_path, "b.csv", header="EDA (uS)", offset=30)
    _, _, _, (error,) = read(tmp_path, options)
    assert "b.csv would be stored in uS (conductance), but the other recordings" in str(error)


def test_one_spoilt_file_does_not_flip_all_others(tmp_path: Path) -> None:
    study(tmp_path, "1,s,5,5,a.csv,4", "1,t,5,5,b.csv,4", "1,u,5,5,c.csv,4")
    resistance(tmp_path, "a.csv", header="EDA", offset=0)
    resistance(tmp_path, "b.csv", "c.csv", header="EDA")
    dataset, _, _, (error,) = read(tmp_path, TableOptions(unit="kOhm"))
    assert dataset.kind is not None
    assert dataset.kind.polarity == "conductance, converted from kOhm"
    assert "a.csv holds skin resistance without its offset" in str(error)


@pytest.mark.parametrize("unit", ["[kOhm]", "kilo-ohms"])
def test_resistance_of_sessions_is_refused_however_it_is_spelled(unit: str, tmp_path: Path) -> None:
    study(tmp_path, "1,s,5,5,a.csv,4")
    (tmp_path / "a.csv").write_text("1500000000.0\n4.0\n" + "0.5\n" * 40)
    with pytest.raises(RtcanError, match="Empatica E4 session"):
        open_raw("table", tmp_path, TableOptions(unit=unit))

from __future__ import annotations

from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.errors import RtcanError
from tests.datasets.table.studies import HEADER, read, study


def test_names_spaces_separators_and_extra_columns(tmp_path: Path) -> None:
    (tmp_path / "TRIALS.TSV").write_text(
        '\ufeffStimulus ;SUBJECT; Valence;Arousal;Signal;Sampling rate [Hz];remark;"my; notes"\r\n'
        ' s 1 ;"01";"6,5"; 2 ;sub\\a.csv;4;x;y\r\n'
        "\r\n"
        ";;;;;\r\n"
        "s2;01;6.5;NA;sub/b.csv;4\r\n",
        encoding="utf-8",
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.csv").write_text("0,1\n0,2\n")
    (tmp_path / "sub" / "b.csv").write_text("0.1\n0.2\n")
    dataset, trials, _, errors = read(tmp_path, TableOptions(decimal=","))
    assert errors == []
    assert [(t.subject, t.stimulus, t.valence) for t in trials] == [
        ("01", "s 1", 6.5),
        ("01", "s2", 6.5),
    ]
    assert [t.recordings[0].eda.tolist() for t in trials] == [[0.1, 0.2]] * 2
    assert dataset.notes == ("TRIALS.TSV: not used: remark, my; notes",)


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("start [ms],duration [ms],sampling_rate [kHz]", "500,750,0.004"),
        ("Start (min),Duration [s],Sampling rate [Hz]", "0.008333333333,0.75,4"),
        ("start [h:m:s],duration,sampling rate", "00:00:00.5,0.75,4"),
    ],
)
def test_units_in_the_names_of_columns_are_used(tmp_path: Path, columns: str, cells: str) -> None:
    header = f"subject,stimulus,valence,arousal,signal,{columns}"
    _, (trial,), _, errors = read(study(tmp_path, f"1,s,5,5,a.csv,{cells}", header=header))
    assert errors == []
    (recording,) = trial.recordings
    assert recording.sampling_rate == 4
    assert_array_equal(recording.eda, [0.2, 0.3])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("start [samples]", r"the unit of the column 'start \[samples\]' is not known"),
        ("sampling_rate [ms]", r"'sampling_rate \[ms\]' is not known"),
        ("start_ms", "the column 'start_ms' seems to be the start of the trials"),
        ("onset", "the column 'onset' seems to be the start"),
        ("start,duration_min", "the column 'duration_min' seems to be the duration"),
        ("start,length", "the column 'length' seems to be the duration"),
        ("start,end", "the column 'end' seems to be the end of the trials"),
        ("start,stop_time_s", "the column 'stop_time_s' seems to be the end"),
    ],
)
def test_columns_that_may_cut_a_trial_are_not_passed_over(
    tmp_path: Path, columns: str, message: str
) -> None:
    header = f"subject,stimulus,valence,arousal,signal,{columns}"
    with pytest.raises(RtcanError, match=message):
        open_raw("table", study(tmp_path, "1,s,5,5,a.csv,1,1", header=header))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("subject,stimulus,valance,arousal,signal", "lacks the column valence; its first line has"),
        ("subject,stimulus", "lacks the columns valence, arousal, signal"),
        (HEADER + ",Signal", "has two columns signal"),
        ("", "lacks the columns"),
    ],
)
def test_missing_columns_are_named(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        open_raw("table", study(tmp_path, "1,s1,5,5,a.csv,4", header=header))

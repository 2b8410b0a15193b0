from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from tests.datasets.table.studies import HEADER, read, study


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "nan", "inf", "1e9", "first"])
def test_hearings_are_whole_numbers(tmp_path: Path, number: str) -> None:
    rows = ["1,s1,5,5,a.csv,4,", f"2,s1,6,5,b.csv,4,{number}"]
    (error,) = open_raw("table", study(tmp_path, *rows, header=HEADER + ",repetition")).damaged
    assert "line 3" in str(error)
    assert "repetition" in str(error)


@pytest.mark.parametrize(
    ("bad", "message", "hint"),
    [
        ("2,s1,high,5,b.csv,4", "line 3: the valence 'high' is not a number", None),
        ('2,s1,"6,5",5,b.csv,4', "the valence '6,5' is not a number", "--decimal ,"),
        ("2,s1,6,5,5,b.csv,4", "line 3: 7 cells for 6 columns", "--decimal ,"),
        ("2,s1,6,5,b.csv,0", "the sampling rate 0 Hz is not possible", None),
        ("2,s1,6,5,b.csv,4 Hz", "the sampling rate '4 Hz' is not a number", None),
        (",s1,6,5,b.csv,4", "the subject is empty", None),
        ("2,,6,5,b.csv,4", "the stimulus is empty", None),
        ("../x,s1,6,5,b.csv,4", "a character that a name cannot have", "no / or"),
        ("2\x1b,s1,6,5,b.csv,4", "a character that a name cannot have", "no / or"),
    ],
)
def test_a_bad_row_leaves_the_others(
    tmp_path: Path, bad: str, message: str, hint: str | None
) -> None:
    study(tmp_path, "1,s1,5,5,a.csv,4", bad, "3,s1,5,5,c.csv,4")
    dataset, trials, _, _ = read(tmp_path)
    assert [trial.subject for trial in trials] == ["1", "3"]
    (error,) = dataset.damaged
    assert message in str(error)
    assert str(tmp_path / "trials.csv") in str(error)
    assert (hint or "") in (error.hint or "")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("x,,", "the start 'x' is not a number"),
        ("-1,,", "the start -1 is neither"),
        ("1544027337000,,", "the start 1544027337000 is neither"),
        (",0,", "the duration 0 s is not possible"),
        (",,dominance", "the target 'dominance' is neither"),
        (",,,trial", "the samples 'trial' are not a column and its value"),
        ("3,,,trial=3", "samples say where the trial is, and so do start or duration"),
    ],
)
def test_bad_times_and_targets(tmp_path: Path, cells: str, message: str) -> None:
    study(tmp_path, f"1,s1,5,5,a.csv,4,{cells}", header=HEADER + ",start,duration,target,samples")
    (error,) = open_raw("table", tmp_path).damaged
    assert message in str(error)


@pytest.mark.parametrize("written", ["inf", "-Infinity", "1e999"])
def test_a_rating_has_to_be_finite(tmp_path: Path, written: str) -> None:
    rows = (f"1,s1,{written},5,a.csv,4", "1,s2,5,5,b.csv,4")
    (error,) = open_raw("table", study(tmp_path, *rows)).damaged
    where = f"{tmp_path}/trials.csv, line 2"
    assert str(error) == f"{where}: the valence '{written}' is not a finite number"

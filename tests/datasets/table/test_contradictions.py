from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.table.studies import HEADER, study


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,s1,5,5,a.csv,4", "1,s1,5,5,b.csv,4"], "lines 2 and 3 are the same trial"),
        (["1,s1,5,5,a.csv,4", "2,s1,5,5,./a.csv,4"], "lines 2 and 3 take the same samples"),
        (["1,s1,5,5,a.csv,4", "01,s2,5,5,b.csv,4"], r"subject '1' \(line 2\) and '01' \(line 3\)"),
        (["S1,s1,5,5,a.csv,4", "s01,s2,5,5,b.csv,4"], "may be the same"),
        (["1,s1,5,5,a.csv,4", "1.0,s2,5,5,b.csv,4"], "may be the same"),
        (["1,Song,5,5,a.csv,4", "2,song,5,5,b.csv,4"], "stimulus 'Song'"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(RtcanError, match=message) as caught:
        open_raw("table", study(tmp_path, *rows))
    assert str(tmp_path / "trials.csv") in str(caught.value)
    assert caught.value.hint


def test_hearings_may_not_contradict_each_other(tmp_path: Path) -> None:
    header = HEADER + ",target"
    rows = ["1,s1,5,5,a.csv,4,valence", "1,s1,6,5,b.csv,4,arousal"]
    with pytest.raises(RtcanError, match="lines 2 and 3 give subject 1, stimulus s1 two valence"):
        open_raw("table", study(tmp_path, *rows, header=header))
    rows = ["1,s1,5,5,a.csv,4,valence", "1,s1,5,5,b.csv,4,"]
    with pytest.raises(RtcanError, match="lines 2 and 3 are the same trial"):
        open_raw("table", study(tmp_path, *rows, header=header))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,s1,5,5,a.csv,4,2,", "1,s1,6,5,b.csv,4,2,"], "are the same trial .*repetition 2"),
        (["1,s1,5,5,a.csv,4,,x", "2,s1,6,5,b.csv,4,,y"], "give stimulus s1 two songs"),
        (["1,s1,5,5,a.csv,4,,x", "2,s2,6,5,b.csv,4,,X"], "song 'x' .* and 'X' .* may be the same"),
    ],
)
def test_hearings_and_songs_that_contradict_are_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    folder = study(tmp_path, *rows, header=HEADER + ",repetition,song")
    with pytest.raises(RtcanError, match=message):
        open_raw("table", folder)

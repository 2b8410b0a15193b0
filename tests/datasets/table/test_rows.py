from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.table.studies import HEADER, study


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1,s1,5,5,../a.csv,4"], r"line 2: the signal '\.\./a\.csv' does not lie below"),
        (["1,s1,5,5,sub/../../a.csv,4"], "does not lie below"),
        (["1,s1,5,5,..\\a.csv,4"], "does not lie below"),
        (["1,s1,5,5,/etc/passwd,4"], "does not lie below"),
        (["1,s1,5,5,C:\\a.csv,4"], "does not lie below"),
        (["1,s1,5,5,a\x07.csv,4"], "does not lie below"),
        ([], "has no rows"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(RtcanError, match=message) as caught:
        open_raw("table", study(tmp_path, *rows))
    assert str(tmp_path / "trials.csv") in str(caught.value)
    assert caught.value.hint


def test_text_that_is_no_table_is_named(tmp_path: Path) -> None:
    for content, message in (
        ("subject\n".encode("utf-16"), "UTF-16"),
        (HEADER.encode() + "\n张,s1,5,5,a.csv,4\n".encode("gbk"), "not UTF-8"),
        (HEADER.encode() + b'\n1,s1,5,5,"' + b"x" * 200_000, "is not a CSV file: line 2"),
    ):
        (tmp_path / "trials.csv").write_bytes(content)
        with pytest.raises(RtcanError, match=message):
            open_raw("table", tmp_path)


def test_a_table_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """What is left of the last number may be another number."""
    raw = study(tmp_path, "P01,a,6.5,8,one.csv,10", "P02,a,6")
    path = raw / "trials.csv" if raw.is_dir() else raw
    path.write_text(path.read_text().rstrip("\n"))
    with pytest.raises(RtcanError, match=r"ends in the middle of line 3: P02,a,6"):
        open_raw("table", tmp_path)

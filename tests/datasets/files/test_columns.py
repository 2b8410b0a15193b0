from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.files.columns import read_columns
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError


def table(folder: Path, text: str, encoding: str = "utf-8") -> RawFile:
    path = folder / "t.csv"
    path.write_bytes(text.encode(encoding))
    return RawFile(path, PurePosixPath(path.name))


def test_columns_of_a_file_and_of_a_member_of_a_zip_file(tmp_path: Path) -> None:
    numbers = np.arange(12.0).reshape(4, 3) / 8
    text = "# a\n# b\n" + "".join("\t".join(map(str, row)) + "\t\n" for row in numbers)
    file = table(tmp_path, text)
    assert_array_equal(read_columns(file, (0, 2), "\t", 2), numbers[:, [0, 2]])
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(file.path, "in/t.csv")
    member = RawFile(tmp_path / "t.zip", PurePosixPath("in/t.csv"), ("in/t.csv",))
    assert_array_equal(read_columns(member, (1,), "\t", 2), numbers[:, [1]])


def test_missing_numbers_are_nan(tmp_path: Path) -> None:
    file = table(tmp_path, "a,b\r\n1,NaN\r\n,2\r\ninf,3,4\r\n5")
    expected = [[1, np.nan], [np.nan, 2], [np.nan, 3], [5, np.nan]]
    assert_array_equal(read_columns(file, (0, 1)), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", "a cell holds text instead of a number: 'x'"),
        ("a\n1\n", "it is not a table of numbers with enough columns"),
        ("a,b\n1,\xb5\n", "it is not a table of numbers"),
        ("a,b\n", "it holds no rows"),
        ("", "is empty"),
        ("PK\x03\x04" + "x" * 100, "is a zip file"),
    ],
)
def test_what_is_no_such_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RtcanError, match=message) as caught:
        read_columns(table(tmp_path, text, "latin1"), (0, 1))
    assert str(caught.value).startswith(f"{tmp_path}/t.csv")

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.files.tsv import read_rows
from rtcan_cli.errors import RtcanError


def rows(path: Path, content: bytes) -> list[list[str]]:
    path.write_bytes(content)
    return read_rows(RawFile(path, PurePosixPath(path.name)))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_cells_are_text_whatever_ends_a_line(tmp_path: Path, end: bytes) -> None:
    content = end.join([b"\xef\xbb\xbfa\tb", '"x\t2\u2028'.encode(), b""])
    assert rows(tmp_path / "a.tsv", content) == [["a", "b"], ['"x', "2\u2028"]]


def test_a_cell_that_is_far_too_long_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match=r"a\.tsv, line 2: not a table separated by tabs"):
        rows(tmp_path / "a.tsv", b"a\tb\n1\t" + b"2" * 200_000)

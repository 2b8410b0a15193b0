from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.growing import GrowingFile
from tests.like_windows import POSIX_ONLY


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def test_only_complete_lines_are_taken(tmp_path: Path, copies: Path) -> None:
    path = tmp_path / "eda.csv"
    path.write_bytes(b"")
    growing = GrowingFile(path, copies)
    whole = b""
    assert not growing.update()
    for piece, lines in ((b"time,ED", 0), (b"A\n0,1", 1), (b".5\n1,2\n2,", 3), (b"3", 3)):
        with path.open("ab") as file:
            file.write(piece)
        before = growing.lines
        assert growing.update() == (lines > before)
        whole += piece
        assert growing.lines == lines
        assert growing.copy.read_bytes() == whole[: whole.rfind(b"\n") + 1]


def test_long_files_are_taken_in_pieces(
    tmp_path: Path, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.files.growing._BLOCK", 7)
    path = tmp_path / "eda.txt"
    path.write_text("".join(f"{n},{n * n}\n" for n in range(100)) + "100,1", encoding="utf-8")
    growing = GrowingFile(path, copies)
    assert growing.update()
    assert growing.lines == 100
    assert growing.copy.read_text(encoding="utf-8").splitlines()[-1] == "99,9801"


def test_a_replaced_file_is_not_taken_for_the_same(tmp_path: Path, copies: Path) -> None:
    path = tmp_path / "eda.csv"
    path.write_text("a\nb\n", encoding="utf-8")
    growing = GrowingFile(path, copies)
    growing.update()
    path.write_text("c\n", encoding="utf-8")
    with pytest.raises(RtcanError, match="replaced or cut"):
        growing.update()


@pytest.mark.parametrize(("name", "why"), [("eda.xlsx", "only text"), ("no.csv", "not exist")])
def test_what_cannot_grow_is_refused(tmp_path: Path, copies: Path, name: str, why: str) -> None:
    with pytest.raises(RtcanError, match=why):
        GrowingFile(tmp_path / name, copies)


def test_what_was_read_must_stay_as_it_was(tmp_path: Path, copies: Path) -> None:
    path = tmp_path / "eda.csv"
    path.write_text("a\nb\n", encoding="utf-8")
    growing = GrowingFile(path, copies)
    growing.update()
    path.write_text("c\nd\ne\nf\n", encoding="utf-8")  # longer, but another content
    with pytest.raises(RtcanError, match="replaced or cut"):
        growing.update()


def test_another_file_in_its_place_is_not_the_same(tmp_path: Path, copies: Path) -> None:
    path, other = tmp_path / "eda.csv", tmp_path / "other.csv"
    path.write_text("a\nb\n", encoding="utf-8")
    growing = GrowingFile(path, copies)
    growing.update()
    other.write_text("a\nb\nc\n", encoding="utf-8")
    other.replace(path)
    with pytest.raises(RtcanError, match="replaced or cut"):
        growing.update()


@POSIX_ONLY  # which has no such pipes
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path, copies: Path) -> None:
    path = tmp_path / "eda.csv"
    path.write_text("a\nb\n", encoding="utf-8")
    growing = GrowingFile(path, copies)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RtcanError, match="not a file any more"):
        growing.update()

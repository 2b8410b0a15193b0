from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import (
    exchange,
    leftovers,
    new_file,
    new_folder_beside,
    remove_leftovers,
    replace_empty,
    write_whole,
)
from tests.like_windows import POSIX_ONLY

#: No process has such a number: Linux ends at 4,194,304.
NOBODY = 4_194_305


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_whole(path, "µS\n")
    assert path.read_bytes() == "µS\n".encode()
    write_whole(path, b"\x00")
    assert path.read_bytes() == b"\x00"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_whole(path, "old")
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(RtcanError, match=r"a\.csv: cannot be written: File too large") as e:
            write_whole(path, "x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert e.value.hint is not None
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_processes_left_goes_and_that_of_living_ones_stays(tmp_path: Path) -> None:
    prefix = ".a.csv.part-"
    names = [f"{prefix}{NOBODY}", f"{prefix}{os.getppid()}", f"{prefix}x", f".b.csv.part-{NOBODY}"]
    for name in names:
        (tmp_path / name).touch()
    write_whole(tmp_path / "a.csv", "")
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", *names[1:]}
    # Who has the lock believes no number: it may have been given to another process since.
    assert [path.name for path in leftovers(tmp_path, prefix, alone=True)] == [names[1]]
    remove_leftovers(tmp_path, prefix, alone=True)
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", *names[2:]}


def test_what_killed_processes_left_of_folders_goes_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "a"
    names = [f".a.part-{NOBODY}", f".a.part-{os.getppid()}", f".b.part-{NOBODY}", "aside"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    with new_folder_beside(place) as beside:
        assert not list(beside.iterdir())
        (beside / "file").touch()
        assert not place.exists()
        replace_empty(beside, place)
    assert {path.name for path in tmp_path.iterdir()} == {"a", *names[1:]}
    assert all(list(path.iterdir()) for path in tmp_path.iterdir())


def test_a_folder_does_not_take_the_place_of_what_has_come_there(tmp_path: Path) -> None:
    place = tmp_path / "a"
    with (
        pytest.raises(RtcanError, match="a: cannot be written") as e,
        new_folder_beside(place) as beside,
    ):
        place.mkdir()
        (place / "mine").touch()
        replace_empty(beside, place)
    assert e.value.hint is not None
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "mine"]


def test_folders_change_places_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"of {name}").touch()
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot exchange names")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["of b"]
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["of a"]
    assert not exchange(tmp_path / "a", tmp_path / "nothing")


@POSIX_ONLY  # which has no such permissions
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_permissions_follow_the_umask_even_if_a_library_puts_its_own_file_there(
    tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "a.bin"
    before = os.umask(umask)
    try:
        with new_file(path) as place:
            other = tmp_path / "b"
            other.touch()
            other.chmod(0o600 if umask == 0o022 else 0o644)
            os.replace(other, place)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask

"""Why a store cannot be opened, and that what may be whole is neither called damaged nor replaced.

`--force`, which makes a store again, is the advice only where nothing is lost by it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from rtcan_cli.errors import BlockedError, RtcanError
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.overview.workspace import workspace_state
from rtcan_cli.stores import Provenance, Store, Workspace, check_replaceable, create
from tests.unprivileged import folder_of_somebody_else, unprivileged

MADE = Provenance("music-features", "pmemo", {}, {"recordings": "1"}, False)


def write_music(path: Path) -> None:
    with create(path, "music", MADE) as store:
        store.write("stimuli/stimulus", ["1", "2"])
        store.write("stimuli/seconds", [30.0, 31.0])
        store.write("stimuli/eda_seconds", [30.0, 31.0])
        store.write("features/name", ["a"])
        store.write("features/value", np.zeros((2, 1), np.float32))
        store.write("excluded/stimulus", [])
        store.write("excluded/reason", [])


@contextmanager
def open_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program has it open for writing, as a notebook might."""
    code = (
        f"import h5py, time; f = h5py.File({str(path)!r}, 'r+'); print(flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield other
        finally:
            other.kill()


def test_a_store_that_this_program_has_open_with_locks_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "music.h5"
    write_music(path)
    with h5py.File(path, locking=True), pytest.raises(BlockedError, match="in this program"):
        Store(path)
    Store(path).close()


def test_a_store_that_another_program_has_open_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "pmemo" / "music.h5"
    path.parent.mkdir()
    write_music(path)
    before = path.read_bytes()
    with open_elsewhere(path):
        with pytest.raises(BlockedError, match="is open for writing in another program") as caught:
            Store(path, "music")
        assert "--force" not in f"{caught.value}{caught.value.hint}"
        with pytest.raises(BlockedError):
            check_replaceable(path, "music")
        with pytest.raises(BlockedError):
            is_current(path, "music", MADE, force=False)
        (music,) = [step for step in Workspace(tmp_path).steps("pmemo") if step.kind == "music"]
        assert music.state == "unreadable"
    assert len(path.read_bytes()) == len(before)


def test_a_store_that_a_killed_program_had_open_may_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "pmemo" / "music.h5"
    path.parent.mkdir()
    path.with_name("recordings.h5").touch()  # what a music store is made from
    write_music(path)
    with open_elsewhere(path):
        pass
    with pytest.raises(RtcanError, match="by a program that ended without closing it") as caught:
        Store(path, "music")
    assert not isinstance(caught.value, BlockedError)
    assert "--force" in str(caught.value.hint)
    check_replaceable(path, "music")


def test_a_store_that_may_not_be_read_is_not_damaged() -> None:
    with folder_of_somebody_else() as folder:
        path = folder / "music.h5"
        write_music(path)
        path.chmod(0)
        with unprivileged():
            for act in (
                lambda: Store(path, "music"),
                lambda: check_replaceable(path, "music"),
                lambda: is_current(path, "music", MADE, force=True),
            ):
                with pytest.raises(BlockedError, match=r"music\.h5: .*Permission denied") as caught:
                    act()
                assert "--force" not in f"{caught.value}{caught.value.hint}"


def test_a_store_in_a_folder_that_may_not_be_entered_is_not_missing() -> None:
    with folder_of_somebody_else() as folder:
        path = folder / "closed" / "music.h5"
        path.parent.mkdir()
        write_music(path)
        path.parent.chmod(0)
        try:
            with unprivileged(), pytest.raises(BlockedError, match="Permission denied"):
                Store(path, "music")
        finally:
            path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html>", "is an HTML page, not a store"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a Git LFS pointer"),
        (bytes(100), "contains only zero bytes"),
        (bytes(10_000), "begins with thousands of zero bytes"),
        (b"PK\x03\x04" + bytes(100), "is a zip file"),
        (b"MATLAB 5.0 MAT-file" + bytes(500), "is a MATLAB file of version 5 to 7"),
        (b"subject,stimulus\n1,2\n", "is not an HDF5 file"),
    ],
)
def test_what_is_no_store_is_named_and_not_replaced(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "music.h5"
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=rf"music\.h5: {reason}") as caught:
        Store(path, "music")
    assert "--force" not in f"{caught.value}{caught.value.hint}"
    with pytest.raises(RtcanError, match="is not replaced"):
        check_replaceable(path, "music")


def test_a_folder_in_place_of_a_store_and_a_store_in_place_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "pmemo" / "music.h5"
    path.parent.mkdir()
    write_music(path)
    with pytest.raises(RtcanError, match="pmemo: is a folder, not a store") as caught:
        Store(path.parent, "music")
    assert str(path) in str(caught.value.hint)
    with pytest.raises(RtcanError, match="is a file, not a folder"):
        workspace_state(path)


def test_an_hdf5_file_of_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "music.h5"
    with h5py.File(path, "w", userblock_size=512) as h5:
        h5["data"] = np.zeros(10)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    with pytest.raises(RtcanError, match="an HDF5 file, but not an rtcan store"):
        Store(path, "music")

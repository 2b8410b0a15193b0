"""Rows in a file without a name: what they read as, who shares them, and what is left of them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.mapped import SMALL, MappedRows, folder_for
from rtcan_cli.parallel import map_unordered
from tests.child import Child

ROWS = np.random.default_rng(0).normal(size=(9, 3, 40)).astype(np.float32)

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
import rtcan_cli.files.mapped as mapped
mapped.SMALL = 0
rows = mapped.MappedRows(Path(sys.argv[1]), "rows")
rows.append(np.ones(1000, np.float32))
array = rows.array()
assert array.sum() == 1000
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def in_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", 3 * ROWS[0].nbytes)


def written(folder: Path, rows: NDArray[np.float32] = ROWS) -> MappedRows:
    kept = MappedRows(folder, "rows")
    assert [kept.append(row) for row in rows] == list(range(len(rows)))
    return kept


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_few_rows_stay_in_memory(tmp_path: Path) -> None:
    before = descriptors()
    kept = written(tmp_path)
    array = kept.array()
    np.testing.assert_array_equal(array, ROWS)
    assert array.flags.writeable
    assert kept.array() is array
    assert descriptors() == before
    assert ROWS.nbytes < SMALL


@pytest.mark.usefixtures("in_file")
def test_all_rows_stay_in_memory_where_processes_cannot_share_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.PROCESSES", tmp_path / "proc")
    before = descriptors()
    array = written(tmp_path).array()
    np.testing.assert_array_equal(array, ROWS)
    assert array.flags.writeable
    assert descriptors() == before


@pytest.mark.usefixtures("in_file")
def test_many_rows_are_in_a_file_that_nobody_can_change(tmp_path: Path) -> None:
    before = descriptors()
    kept = written(tmp_path)
    array = kept.array()
    np.testing.assert_array_equal(array, ROWS)
    assert isinstance(array.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0
    assert not os.listdir(tmp_path)  # also while it is used
    part = array[2:4]
    del kept, array
    np.testing.assert_array_equal(part, ROWS[2:4])
    del part
    assert descriptors() == before


@pytest.mark.parametrize("first", [2, 5])
@pytest.mark.usefixtures("in_file")
def test_rows_can_be_added_to_an_array_that_is_used(tmp_path: Path, first: int) -> None:
    kept = written(tmp_path, ROWS[:first])
    before = kept.array()
    for row in ROWS[first:]:
        kept.append(row)
    np.testing.assert_array_equal(kept.array(), ROWS)
    np.testing.assert_array_equal(before, ROWS[:first])


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    kept = written(tmp_path)
    for other in (ROWS[0, :, 1:], ROWS[0].astype(float)):
        with pytest.raises(ValueError, match=r"\(3, 40\) float32"):
            kept.append(other)
    np.testing.assert_array_equal(kept.array(), ROWS)


def test_no_rows_are_an_empty_array(tmp_path: Path) -> None:
    assert not len(MappedRows(tmp_path, "rows").array())


def file_of(number: int, array: NDArray[np.float32]) -> tuple[int, float, bool]:
    """File that an array is read from, in a worker process."""
    base = array if isinstance(array, np.memmap) else array.base
    assert isinstance(base, np.memmap)
    assert base.filename is not None
    return os.stat(base.filename).st_ino, float(array.sum()), array.flags.writeable


@pytest.mark.usefixtures("in_file")
def test_worker_processes_read_the_same_file(tmp_path: Path) -> None:
    array = written(tmp_path).array()
    own = file_of(0, array)
    results = map_unordered(partial(file_of, array=array), [1, 2], jobs=2)
    assert {result for _, result in results} == {own}
    assert not own[2]


def test_nothing_is_left_by_a_kill(tmp_path: Path) -> None:
    child = Child(KILLED, str(tmp_path))
    assert child.ended().returncode == -9
    assert not os.listdir(tmp_path)


@pytest.mark.usefixtures("in_file")
def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    with (
        full_disk(5 * ROWS[0].nbytes),
        pytest.raises(RtcanError, match="rows cannot be kept there") as caught,
    ):
        written(tmp_path, np.tile(ROWS, (100, 1, 1))).array()
    assert str(tmp_path) in str(caught.value)
    assert "File too large" in str(caught.value)
    assert "free some space there, or let TMPDIR" in (caught.value.hint or "")
    assert not os.listdir(tmp_path)


@pytest.mark.usefixtures("in_file")
def test_a_folder_that_cannot_be_used_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        with pytest.raises(RtcanError, match=f"{name}: rows cannot be kept there") as caught:
            written(tmp_path / name)
        assert "let TMPDIR name a folder that exists" in (caught.value.hint or "")
        assert "space" not in (caught.value.hint or "")


def test_the_file_is_beside_the_store_or_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "components.h5"
    monkeypatch.delenv("TMPDIR", raising=False)
    assert folder_for(store) == tmp_path
    denied: Callable[..., bool] = lambda *_: False  # noqa: E731
    monkeypatch.setattr("os.access", denied)
    assert folder_for(store) != tmp_path
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert folder_for(store) == Path("/elsewhere")

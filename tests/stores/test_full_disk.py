"""A disk that is full. The kernel's limit on file sizes stands in for it: writes fail alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Partial, Provenance, Store, create
from rtcan_cli.stores.schema import SCHEMAS, Field, Schema

MADE = Provenance("decompose", "pmemo", {}, {"recordings": "ab"})
#: A little of everything that a writer can do.
KIND = Schema(
    "test",
    "decompose",
    "",
    (
        Field("names/name", "str", ("names",), "", ""),
        Field("signals/offsets", "int64", ("n+1",), "", ""),
        Field("signals/x", "float32", ("samples",), "", ""),
        Field("weights/{target}/*", "", ("models of target", "..."), "", ""),
    ),
)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond some bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write(path: Path) -> None:
    rng = np.random.default_rng(0)
    with create(path, "test", MADE) as store:
        store.write("names/name", [f"{i:09d}" for i in range(2000)])
        for _ in range(12):
            store.append_signals({"x": rng.normal(size=100_000).astype(np.float32)})
        for fold in range(3):
            for i in range(20):
                values = rng.normal(size=(50, 50)).astype(np.float32)
                store.write_slice(f"weights/arousal/layer{i}", fold, 3, values)


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEMAS, "test", KIND)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.95, 0.9999])
def test_a_store_that_does_not_fit_is_one_clear_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], share: float
) -> None:
    whole = tmp_path / "whole.h5"
    write(whole)
    path = tmp_path / "labels.h5"
    path.write_bytes(b"what was there before")
    full = pytest.raises(RtcanError, match=r"labels\.h5: cannot be written: File too large")
    with at_most(int(share * whole.stat().st_size)), full as e:
        write(path)
    assert e.value.hint is not None
    assert path.read_bytes() == b"what was there before"
    assert {p.name for p in tmp_path.iterdir()} == {"whole.h5", "labels.h5"}
    # HDF5 by itself prints a traceback for each object that it could not write.
    assert capfd.readouterr() == ("", "")
    write(path)
    assert Store(path).content_id == Store(whole).content_id


def test_errors_of_the_body_are_its_own(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), create(tmp_path / "a.h5", "test", MADE):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_what_hdf5_itself_would_write(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write(path)
    rng = np.random.default_rng(0)
    expected = np.concatenate([rng.normal(size=100_000).astype(np.float32) for _ in range(12)])
    with h5py.File(path) as h5:
        np.testing.assert_array_equal(h5["signals/x"][()], expected)
        assert len(h5["names/name"]) == 2000
        assert h5["weights/arousal/layer7"].shape == (3, 50, 50)


def test_an_item_that_does_not_fit_leaves_the_old_one(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "run.h5", "step")
    partial.put("a", {"x": np.arange(3.0)})
    with at_most(1000), pytest.raises(RtcanError, match=r"a\.npz: cannot be written") as e:
        partial.put("a", {"x": np.arange(1000.0)})
    assert e.value.hint is not None
    kept = partial.get("a")
    assert kept is not None
    np.testing.assert_array_equal(kept["x"], np.arange(3.0))
    assert [p.name for p in partial.folder.iterdir()] == ["a.npz"]
    partial.put("a", {"x": np.arange(1000.0)})

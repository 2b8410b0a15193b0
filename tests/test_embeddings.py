"""Vectors in .npz files stand under their songs, and what is not sure is refused."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest

from rtcan_cli.embeddings import read_npz
from rtcan_cli.errors import RtcanError

VALUES = np.random.default_rng(0).normal(size=(3, 5))
SONGS = ["7", "4", "1"]


def saved(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_both_layouts_hold_the_same(compressed: bool) -> None:
    save = np.savez_compressed if compressed else np.savez
    table, single = io.BytesIO(), io.BytesIO()
    save(table, stimulus=np.array(SONGS), features=VALUES)
    save(single, **dict(zip(SONGS, VALUES, strict=True)))  # type: ignore[arg-type]
    for stream in (table, single):
        songs, features = read_npz(stream.getvalue(), "e.npz")
        assert songs == SONGS
        assert features.dtype == np.float32
        np.testing.assert_array_equal(features, VALUES.astype(np.float32))


def test_whole_numbers_are_names_too() -> None:
    songs, _ = read_npz(saved(stimulus=np.array([7, 4, 1]), features=VALUES), "e.npz")
    assert songs == SONGS


def with_gap() -> np.ndarray:
    values = VALUES.copy()
    values[1, 2] = np.nan
    return values


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged, or not a file of arrays"),
        (saved(stimulus=np.array(SONGS), features=VALUES)[:-40], "is damaged, or not a file of"),
        (saved(stimulus=np.array(SONGS)), "has the arrays stimulus, not stimulus and features"),
        (saved(stimulus=np.array(SONGS[:2]), features=VALUES), "2 names and 3 rows of features"),
        (saved(stimulus=np.array(["7", "4", "7"]), features=VALUES), "has song 7 more than once"),
        (saved(stimulus=np.array(["7", "", "1"]), features=VALUES), "without a song's identifier"),
        (saved(stimulus=np.array(SONGS), features=with_gap()), "for song 4 at position 3"),
        (saved(stimulus=np.array(SONGS), features=VALUES * 1e300), "for song 7 at position"),
        (saved(stimulus=np.array(SONGS), features=VALUES[:, 0]), "not a table of numbers"),
        (saved(stimulus=np.arange(3.0), features=VALUES), "is not a list of names"),
        (saved(a=VALUES[0], b=VALUES[1, :4]), "has 4 numbers for song b, but 5 for a"),
        (saved(a=VALUES), "has for a is of the shape"),
        (saved(a=np.array(["x"])), "not a vector of numbers"),
        (saved(), "has no arrays"),
    ],
)
def test_what_is_not_sure_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        read_npz(content, "e.npz")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("executed",)


def test_objects_are_not_unpickled(capsys: pytest.CaptureFixture[str]) -> None:
    array = np.empty(3, object)
    array[:] = [Bomb()] * 3
    assert pickle.dumps(array)
    with pytest.raises(RtcanError, match="objects would have to be unpickled"):
        read_npz(saved(stimulus=np.array(SONGS), features=array), "e.npz")
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000)}",
            "not the one it states",
        ),
        ("((((", "is damaged, or not a file of arrays"),
        ("{'descr': '<f8'", "is damaged, or not a file of arrays"),
    ],
)
def test_claims_of_a_header_are_not_believed(header: str, message: str) -> None:
    stream = io.BytesIO()
    line = header.ljust(117).encode() + b"\n"
    npy = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + line + bytes(80)
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("song.npy", npy)
    with pytest.raises(RtcanError, match=message):
        read_npz(stream.getvalue(), "e.npz")


def test_a_small_file_with_huge_content_is_not_unpacked() -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, song=np.zeros(8_000_000))
    content = stream.getvalue()
    assert len(content) < 100_000
    with pytest.raises(RtcanError, match=r"would unpack from 0\.1 MB to 64 MB"):
        read_npz(content, "e.npz")


def test_only_methods_that_numpy_uses_are_unpacked() -> None:
    stream, array = io.BytesIO(), io.BytesIO()
    np.save(array, VALUES[0])
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("song.npy", array.getvalue())
    with pytest.raises(RtcanError, match="packed with a method that NumPy does not use"):
        read_npz(stream.getvalue(), "e.npz")

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix

from rtcan_cli.datasets.files.matlab import Keep, Variable, load_variables
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def raw_file(path: Path) -> RawFile:
    return RawFile(path, PurePosixPath(path.name))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matlab") / "a.mat"


def load(path: Path, content: Any, wanted: dict[str, Keep]) -> dict[str, Variable]:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        savemat(path, content)
    return load_variables(raw_file(path), wanted)


def cells(*values: Any) -> Any:
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array


NUMBERS = arrays(
    st.sampled_from(["<f8", ">f8", "<f4", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"]),
    array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4),
)


@given(NUMBERS, st.booleans())
def test_reads_the_numbers_that_scipy_reads(place: Path, array: Any, compress: bool) -> None:
    savemat(place, {"b": 1.0, "a": array, "c": "text"}, do_compression=compress)
    (found,) = load_variables(raw_file(place), {"a": "all"}).values()
    expected = loadmat(place)["a"]
    assert (found.kind, found.shape) == ("numbers", expected.shape)
    assert_array_equal(found.numbers, expected)


@given(NUMBERS, st.integers(0, 4), st.booleans())
def test_keeps_one_column(place: Path, array: Any, column: int, compress: bool) -> None:
    savemat(place, {"a": array, "inside": cells(array, array)}, do_compression=compress)
    found = load_variables(raw_file(place), {"a": column, "inside": column})
    for each in (found["a"], *found["inside"].cells):
        assert each.shape == array.shape
        if column < array.shape[1] and array.size:
            assert_array_equal(each.numbers, array[:, column])
        else:
            assert each.numbers.size == 0


@pytest.mark.parametrize("order", ["<", ">"])
def test_reads_both_byte_orders(place: Path, order: str) -> None:
    """SciPy writes the machine's own order only; MATLAB may pack numbers into a smaller type."""

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack(f"{order}II", kind, len(content)) + content + bytes(-len(content) % 8)

    body = element(6, struct.pack(f"{order}II", 6, 0)) + element(5, struct.pack(f"{order}ii", 2, 2))
    small_name = (
        b"\x01\x00\x01\x00a\x00\x00\x00" if order == "<" else b"\x00\x01\x00\x01a\x00\x00\x00"
    )
    body += small_name + element(3, struct.pack(f"{order}4h", 1, -2, 300, 4))
    header = HEADER[:124] + (b"\x00\x01IM" if order == "<" else b"\x01\x00MI")
    found = load(place, header + element(14, body), {"a": "all"})["a"]
    assert_array_equal(found.numbers, [[1, 300], [-2, 4]])
    assert_array_equal(loadmat(place)["a"], found.numbers)


@pytest.mark.parametrize(
    "text", ["", "abc", "Señor", "雨", "🙂", np.array(["ab ", "cd "]), np.array(["a"] * 5)]
)
def test_reads_the_text_that_scipy_reads(place: Path, text: Any) -> None:
    found = load(place, {"a": text}, {"a": "all"})["a"]
    assert found.kind == "text"
    assert list(found.rows) == loadmat(place, chars_as_strings=True)["a"].tolist() or [
        row.strip() for row in found.rows
    ] == [row.strip() for row in loadmat(place)["a"].tolist()]


def test_reads_cells(place: Path) -> None:
    content = {"a": cells(np.ones((2, 3)), "x", np.empty((0, 0)), cells(1.0, "y"))}
    found = load(place, content, {"a": "all"})["a"]
    assert (found.kind, found.shape) == ("cells", (1, 4))
    one, two, three, four = found.cells
    assert_array_equal(one.numbers, np.ones((2, 3)))
    assert two.rows == ("x",)
    assert three.shape == (0, 0)
    assert [each.kind for each in four.cells] == ["numbers", "text"]


def test_a_cell_may_have_no_bytes(place: Path) -> None:
    """MATLAB writes so what was never assigned."""
    plain = io.BytesIO()
    savemat(plain, {"a": cells(1.0)})
    content = bytearray(plain.getvalue())
    begin = 128 + 8 + 16 + 16 + 8
    assert struct.unpack_from("<I", content, begin)[0] == 14
    content = content[:begin] + struct.pack("<II", 14, 0)
    struct.pack_into("<I", content, 132, len(content) - 136)
    found = load(place, bytes(content), {"a": "all"})["a"]
    (cell,) = found.cells
    assert (cell.kind, cell.shape, cell.numbers.size) == ("numbers", (0, 0), 0)
    assert loadmat(place)["a"][0, 0].size == 0


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"field": 1}, "a struct"),
        (csc_matrix(np.eye(3)), "a sparse matrix"),
        (np.ones((2, 2)) * 1j, "complex numbers"),
        (np.array([[(1.0, 2.0)]], dtype=[("x", "f8"), ("y", "f8")]), "a struct"),
    ],
)
def test_nothing_is_made_of_other_kinds(place: Path, value: Any, kind: str) -> None:
    found = load(place, {"a": value, "b": cells(value), "c": 3.0}, {"a": "all", "b": 0, "c": "all"})
    for each in (found["a"], *found["b"].cells):
        assert (each.kind, each.numbers.size, each.rows, each.cells) == (kind, 0, (), ())
    assert found["c"].numbers == 3


@pytest.mark.parametrize("class_", [3, 16, 17])
def test_objects_and_functions_are_passed_over(place: Path, class_: int) -> None:
    plain = io.BytesIO()
    savemat(plain, {"a": {"field": 1}, "b": 2.0})
    content = bytearray(plain.getvalue())
    content[128 + 8 + 8] = class_
    found = load(place, bytes(content), {"a": "all", "b": "all"})
    assert found["b"].numbers == 2
    assert "a" not in found or found["a"].kind in ("an object", "a function")


def test_only_the_shape_can_be_asked_for(place: Path) -> None:
    found = load(place, {"a": np.ones((3, 4)), "b": cells(1, 2)}, {"a": "shape", "b": "shape"})
    assert [(each.kind, each.shape) for each in found.values()] == [
        ("numbers", (3, 4)),
        ("cells", (1, 2)),
    ]
    assert found["b"].cells == ()


def test_missing_variables_are_missing(place: Path) -> None:
    assert load(place, {"a": 1.0}, {"b": "all"}) == {}


# --- other formats, damage -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER[:124] + b"\x00\x02IM", r"a\.mat is a MATLAB file of version 7\.3"),
        (HEADER[:124] + b"\x02\x00MI", r"a\.mat is a MATLAB file of version 7\.3"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), r"a\.mat is an HDF5 file, not a MATLAB file"),
        (bytes(200), r"a\.mat contains only zero bytes, and should be a MATLAB file"),
        (b"a text" * 100, r"a\.mat is not a MATLAB file of version 5 to 7"),
        (b"", r"a\.mat is empty: it has 0 bytes"),
        (HEADER[:60], r"a\.mat cannot be read: it ends too early"),
        (HEADER + bytes(3), r"a\.mat cannot be read: it ends too early"),
    ],
)
def test_what_is_no_such_file_is_named(place: Path, content: bytes, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        load(place, content, {"a": "all"})


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("wanted", ["a", "last"])
def test_truncated_files_are_named(place: Path, compress: bool, wanted: str) -> None:
    """Even where what was asked for is whole."""
    noise = np.random.default_rng(0).normal(size=(20, 3))
    savemat(place, {"a": noise, "b": cells(noise, "x"), "last": noise}, do_compression=compress)
    content = place.read_bytes()
    whole = {128}
    at = 128
    while at < len(content):
        at += 8 + struct.unpack_from("<I", content, at + 4)[0]
        whole.add(at)
    for length in range(0, len(content), 7):
        if length in whole:
            continue
        place.write_bytes(content[:length])
        with pytest.raises(RtcanError, match=r"a\.mat (cannot be read: it ends too|is empty)"):
            load_variables(raw_file(place), {wanted: "all"})


def test_damaged_bytes_of_a_compressed_variable_are_noticed(place: Path) -> None:
    savemat(place, {"a": np.random.default_rng(0).normal(size=(20, 3))}, do_compression=True)
    content = bytearray(place.read_bytes())
    for at in (140, 300, len(content) - 1):
        damaged = bytearray(content)
        damaged[at] ^= 1
        place.write_bytes(damaged)
        with pytest.raises(RtcanError, match=r"a\.mat cannot be read"):
            load_variables(raw_file(place), {"a": 1})


# --- attacks ---------------------------------------------------------------------------------


def element(kind: int, content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    return struct.pack("<II", kind, length) + content + bytes(-len(content) % 8)


def matrix(
    shape: tuple[int, ...], content: bytes, class_: int = 6, size: int | None = None
) -> bytes:
    head = element(6, struct.pack("<II", class_, 0))
    head += element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, b"a")
    return element(14, head + content, size)


def compressed(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return struct.pack("<II", 15, len(packed)) + packed


def cell_of(content: bytes) -> bytes:
    return matrix((1, 1), content, class_=1)


GIGABYTE = 1 << 30
BOMBS = {
    "cells": matrix((1, 2**31 - 1), b"", class_=1),
    "more cells": matrix((2**31 - 1, 2**31 - 1), b"", class_=1),
    "cells that are there": matrix((1, 20_000), element(14, b"") * 20_000, class_=1),
    "cells of cells": matrix(
        (1, 1), matrix((1, 1), matrix((1, 1), matrix((1, 1), b"", 1), 1), 1), 1
    ),
    "numbers": matrix((2**31 - 1, 2**31 - 1), element(9, b"")),
    "numbers that are not there": matrix((GIGABYTE // 8, 3), element(9, b"", 3 * GIGABYTE)),
    "numbers without a type": matrix((100, 1), bytes(800)),  # ends SciPy 1.17 and its process
    "many axes": matrix((2,) * 40, element(9, b"")),
    "negative shape": matrix((-1, 4), element(9, b"")),
    "one axis": matrix((1,), element(9, bytes(8))),
    "text": matrix((1, 2**31 - 1), element(4, b"", 2**32 - 2), class_=4),
    "rows of text": matrix((2**31 - 1, 0), element(16, b"abc"), class_=4),
    "long element": element(14, b"abc", 2**32 - 8),
    "small element": element(14, b"\x06\x00\xff\xff" + bytes(40)),
    "compressed zeros": compressed(matrix((GIGABYTE // 80, 1), bytes(GIGABYTE // 10))),
    "compressed claim": compressed(matrix((10, 10), element(9, b""), size=2**32 - 8)),
    "compressed tail": compressed(matrix((1, 1), element(9, bytes(8))) + bytes(10_000_000)),
    "many variables": element(1, b"") * 100_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("keep", ["all", 1])
def test_bombs_end_at_once_and_fill_no_memory(place: Path, bomb: bytes, keep: Keep) -> None:
    place.write_bytes(HEADER + bomb)
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError) as caught:
            load_variables(raw_file(place), {"a": keep})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith((str(place), f"a variable in {place}"))
    assert "\n" not in str(caught.value)
    assert peak < 10e6


def test_what_is_compressed_twice_is_passed_over(place: Path) -> None:
    inner = compressed(compressed(matrix((1, 1), element(9, bytes(8)))))
    assert load(place, HEADER + inner, {"a": "all"}) == {}


def test_a_member_of_a_zip_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    long = np.random.default_rng(0).normal(size=(100_000, 17))
    savemat(tmp_path / "a.mat", {"a": cells(long, long)})
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(tmp_path / "a.mat", "a.mat")
    file = RawFile(tmp_path / "a.zip", PurePosixPath("a.mat"), ("a.mat",))
    tracemalloc.start()
    found = load_variables(file, {"a": 16})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert_array_equal(found["a"].cells[1].numbers, long[:, 16])
    assert peak < 8e6

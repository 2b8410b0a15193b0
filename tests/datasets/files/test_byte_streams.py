from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.files.byte_streams import Forward, Part, read_column

CONTENT = bytes(range(256)) * 5000


def opened(kind: str, folder: Path) -> IO[bytes]:
    path = folder / "a.zip"
    if kind == "memory":
        return io.BytesIO(CONTENT)
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", CONTENT)
        return zipfile.ZipFile(path).open("a")
    path.write_bytes(CONTENT)
    return path.open("rb")


@pytest.mark.parametrize("kind", ["file", "memory", "zip"])
def test_reads_and_skips_alike_whatever_it_is(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as stream:
        source = Forward(stream)
        assert source.read(3) == CONTENT[:3]
        source.skip(1_100_000)
        source.skip(0)
        assert source.read(5) == CONTENT[1_100_003:1_100_008]
        source.skip(len(CONTENT) - 1_100_008)
        assert source.read(0) == b""
        assert source.read_up_to(8) == b""
        with pytest.raises(EOFError):
            source.read(1)


@pytest.mark.parametrize("kind", ["file", "memory", "zip"])
@pytest.mark.parametrize("n", [len(CONTENT) + 1, 1 << 40, (1 << 62)])
@pytest.mark.parametrize("how", ["read", "skip"])
def test_what_is_not_there_is_an_error(kind: str, n: int, how: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as stream, pytest.raises((EOFError, OSError)):
        getattr(Forward(stream), how)(n)


def test_a_line_has_an_end() -> None:
    source = Forward(io.BytesIO(b"a\n\nb"))
    assert [source.read_line(), source.read_line()] == [b"a", b""]
    with pytest.raises(EOFError):
        source.read_line()


def test_a_part_ends_where_it_says() -> None:
    stream = io.BytesIO(CONTENT)
    part = Part(Forward(stream), 10)
    part.skip(4)
    assert part.read(4) == CONTENT[4:8]
    for read in (part.read, part.skip):
        with pytest.raises(ValueError, match="longer than what it lies in"):
            read(3)
    assert (part.left, stream.tell()) == (2, 8)


@settings(deadline=None)
@given(
    arrays(
        st.sampled_from(["<f8", ">i2", "u1"]),
        array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=6),
    ),
    st.data(),
    st.booleans(),
    st.sampled_from([1, 100, 10_000]),
)
def test_a_column_of_an_array(array: Any, data: Any, fortran: bool, times: int) -> None:
    array = np.repeat(array, times, axis=-1)
    column = data.draw(st.integers(0, array.shape[1] - 1))
    stream = io.BytesIO(array.tobytes("F" if fortran else "C") + b"rest")
    found = read_column(Forward(stream), array.dtype, array.shape, fortran, column)
    assert_array_equal(found, array[:, column])
    assert found.dtype == array.dtype
    assert stream.read() == b"rest"

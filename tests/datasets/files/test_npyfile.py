from __future__ import annotations

import pickle
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.lib import format as npy
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.files.npyfile import open_npy
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError


def raw(path: Path) -> RawFile:
    return RawFile(path, PurePosixPath(path.name))


@given(
    values=arrays(
        st.sampled_from(["<f8", ">f4", "<f2", "<i2", ">u4", "i1"]),
        array_shapes(min_dims=1, max_dims=2, min_side=0),
    ),
    fortran=st.booleans(),
)
def test_what_numpy_saves_is_read(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, fortran: bool
) -> None:
    path = tmp_path_factory.mktemp("npy") / "x.npy"
    np.save(path, np.asfortranarray(values) if fortran else values)
    assert_array_equal(open_npy(raw(path)), values)


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, ("/tmp/rtcan-unpickled", "w")


@pytest.mark.parametrize(
    "values",
    [
        np.array([_Harmful()], dtype=object),
        np.array([1 + 2j]),
        np.array([True, False]),
        np.array(["1.5"]),
        np.array(["2020-01-01"], "datetime64[s]"),
        np.zeros(3, [("a", float)]),
    ],
)
def test_anything_but_real_numbers_is_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(RtcanError, match=r"x\.npy holds values of the type .*, not real numbers"):
        open_npy(raw(tmp_path / "x.npy"))
    assert not Path("/tmp/rtcan-unpickled").exists()


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "x.npy", np.zeros(shape))
    with pytest.raises(RtcanError, match="not samples or samples x columns"):
        open_npy(raw(tmp_path / "x.npy"))


@pytest.mark.parametrize("shape", [(101,), (10**15,), (2**62, 2**62), (2**61, 8), (-1,), (-1, 8)])
def test_a_header_that_claims_too_much_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "x.npy"
    with path.open("wb") as stream:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(stream, header)
        stream.write(bytes(800))
    with pytest.raises(RtcanError, match=r"x\.npy (claims to hold|has the shape)"):
        open_npy(raw(path))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(100.0))
    content = path.read_bytes()
    for length in (0, 5, 9, 60, 127, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(RtcanError, match=r"x\.npy"):
            open_npy(raw(path))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(_Harmful()),
        b"PK\x03\x04 not a zip",
        npy.magic(3, 0) + b"\x00" * 40,
        npy.magic(1, 0) + b"\xff\xff" + b"(" * 65535,
        npy.magic(1, 0) + b"\x10\x00" + b"(" * 16,
        npy.magic(1, 0) + b"\x90\x01" + b"(" * 200 + b")" * 200,
        b"1.0\n2.0\n",
    ],
)
def test_what_is_no_npy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(RtcanError, match=r"x\.npy"):
        open_npy(raw(path))
    assert not Path("/tmp/rtcan-unpickled").exists()

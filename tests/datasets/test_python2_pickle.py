from __future__ import annotations

import base64
import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.python2_pickle import dump_arrays, load_arrays
from rtcan_cli.errors import RtcanError

# cPickle.dumps({"labels": LABELS, "data": DATA}, 2) of Python 2.7.18 with NumPy 1.16.6.
LABELS = np.array([[7.71, 7.6, 6.9, 7.83], [1.0, 2.5, 3.0, 9.0]])
DATA = np.arange(12.0).reshape(2, 3, 2)
PYTHON_2 = base64.b64decode(
    "gAJ9cQEoVQZsYWJlbHNxAmNudW1weS5jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEDY251bXB5Cm5kYXJyYXkK"
    "cQRLAIVVAWKHUnEFKEsBSwJLBIZjbnVtcHkKZHR5cGUKcQZVAmY4SwBLAYdScQcoSwNVATxOTk5K/////0r/////SwB0"
    "YolVQNejcD0K1x5AZmZmZmZmHkCamZmZmZkbQFK4HoXrUR9AAAAAAAAA8D8AAAAAAAAEQAAAAAAAAAhAAAAAAAAAIkB0"
    "YlUEZGF0YXEIaANoBEsAhVUBYodScQkoSwFLAksDSwKHaAeJVWAAAAAAAAAAAAAAAAAAAPA/AAAAAAAAAEAAAAAAAAAI"
    "QAAAAAAAABBAAAAAAAAAFEAAAAAAAAAYQAAAAAAAABxAAAAAAAAAIEAAAAAAAAAiQAAAAAAAACRAAAAAAAAAJkB0YnUu"
)

# SHA-256 of cPickle.dumps({"labels": zeros((1, 4)), "data": zeros(shape)}, 2) there: the lengths
# lie on both sides of the points where the opcodes change.
PYTHON_2_DIGESTS = {
    (2, 4): "a408978b008304348a16e548e2ff680aa222fffa00e9aaf3b5c4db76a45a798f",
    (255, 1): "9c838d5899df7d1352bd689e7d8425e5664c60e16321c1a28d5d2713ccbfff82",
    (256, 1): "bea37674a087abb546d37c238d5a68d3144aa22ae46baa41a690acec9c40013e",
    (65535, 1): "80c2c0a4a033a4c98e28ac7d8492edd4e6f62d2b53792117438d8a2cd9e9f772",
    (65536, 1): "e97e580594743eb2cc3fa88172b821f4210fbe684e3ea46493e6337e40fcc5d0",
    (31,): "6f896fd32341e7dd99f85f0fdac02b7fa2b44924892a86b7e1925b3ee08870df",
    (32,): "cc3317e0d57150ff2dbeb402f0e5a25941a8bf88e531c5d42e55541f1b7eb2b1",
    (2, 2, 2, 2): "5371c153775c1958081f229827c2a5df15f2a86fcf77b1c48ebb9e42044532b0",
}


def dumped(content: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    dump_arrays(stream, content)
    return stream.getvalue()


def loaded(pickled: bytes) -> dict[str, Any]:
    return load_arrays(io.BytesIO(pickled), "s01.dat")


def test_reads_what_python_2_wrote() -> None:
    content = loaded(PYTHON_2)
    assert list(content) == ["labels", "data"]
    assert_array_equal(content["labels"], LABELS)
    assert_array_equal(content["data"], DATA)


def test_writes_what_python_2_wrote() -> None:
    assert dumped({"labels": LABELS, "data": DATA}) == PYTHON_2


@pytest.mark.parametrize("shape", PYTHON_2_DIGESTS, ids=str)
def test_writes_every_opcode_as_python_2_did(shape: tuple[int, ...]) -> None:
    pickled = dumped({"labels": np.zeros((1, 4)), "data": np.zeros(shape)})
    assert hashlib.sha256(pickled).hexdigest() == PYTHON_2_DIGESTS[shape]


@given(
    st.tuples(*[arrays(np.float64, array_shapes(min_dims=0, max_dims=4, min_side=0))] * 2),
)
def test_round_trip_through_any_loader(pair: tuple[Any, Any]) -> None:
    content = {"labels": pair[0], "data": pair[1]}
    pickled = dumped(content)
    plain = pickle.loads(pickled, encoding="latin1")
    ours = loaded(pickled)
    for key, expected in content.items():
        for found in (plain[key], ours[key]):
            assert found.dtype == np.float64
            assert found.shape == expected.shape
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i2"),
        np.array([True, False]),
        np.float32([[1.5]]),
    ],
    ids=["fortran", "big-endian", "bool", "float32"],
)
def test_reads_what_python_3_writes(array: Any, protocol: int) -> None:
    found = loaded(pickle.dumps({"data": array}, protocol))["data"]
    assert_array_equal(found, array)
    assert found.dtype == array.dtype


class Call:
    """Pickled, it is a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    ("function", "named"),
    [(os.system, r"(posix|nt)\.system"), (eval, r"__builtin__\.eval|builtins\.eval")],
)
def test_refuses_code_by_name_and_does_not_run_it(
    tmp_path: Path, function: Any, named: str, protocol: int
) -> None:
    witness = tmp_path / "witness"
    code = f"touch {witness}" if function is os.system else f"open({str(witness)!r}, 'w')"
    attack = pickle.dumps({"labels": LABELS, "data": Call(function, code)}, protocol)
    with pytest.raises(RtcanError, match=rf"s01\.dat was not opened.*({named})"):
        loaded(attack)
    assert not witness.exists()
    pickle.loads(attack)
    assert witness.exists(), "the attack would have worked"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (np.array([{}], dtype=object), "object"),
        (np.zeros(2, dtype=[("a", "f8")]), "array"),
        (Call(np.load, "x"), r"numpy\.\S*load"),
        (np.ma.masked_array([1.0]), r"numpy\.ma"),
        (Call(bytes.fromhex("").join, []), "getattr"),
    ],
    ids=["objects", "fields", "numpy.load", "masked", "method"],
)
def test_refuses_all_but_plain_arrays(content: Any, named: str) -> None:
    with pytest.raises(RtcanError, match=rf"s01\.dat was not opened.*{named}"):
        loaded(pickle.dumps({"data": content}, 2))


def test_refuses_other_codecs() -> None:
    attack = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."
    with pytest.raises(RtcanError, match="the codec 'rot13'"):
        loaded(attack)


@given(st.integers(0, len(PYTHON_2) - 1))
def test_truncated_files_are_named(length: int) -> None:
    with pytest.raises(RtcanError, match=r"^s01\.dat") as caught:
        loaded(PYTHON_2[:length])
    assert "\n" not in str(caught.value)


@given(st.integers(0, len(PYTHON_2) - 1), st.binary(min_size=1, max_size=4))
def test_damaged_files_give_arrays_or_an_error(position: int, noise: bytes) -> None:
    damaged = PYTHON_2[:position] + noise + PYTHON_2[position + len(noise) :]
    try:
        content = loaded(damaged)
    except RtcanError:
        return
    assert all(type(array) is np.ndarray for array in content.values())


def test_a_few_bytes_cannot_fill_the_memory() -> None:
    remember_as_4_billionth = b"r\xff\xff\xff\xff"
    assert loaded(b"\x80\x02}" + remember_as_4_billionth + b".") == {}


@pytest.mark.parametrize("content", [[1, 2], "text", {"data": 3}, {"data": "text"}])
def test_anything_but_a_dictionary_of_arrays_is_an_error(content: Any) -> None:
    with pytest.raises(RtcanError, match=r"s01\.dat"):
        loaded(pickle.dumps(content, 2))

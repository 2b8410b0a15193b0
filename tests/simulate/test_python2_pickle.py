from __future__ import annotations

import base64
import hashlib
import io
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rtcan_cli.datasets.deap.pickled_arrays import load_arrays
from rtcan_cli.simulate.python2_pickle import dump_arrays

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
    ours = load_arrays(io.BytesIO(pickled), "s01.dat")
    for key, expected in content.items():
        for found in (plain[key], ours[key].values):
            assert found.dtype == np.float64
            assert found.shape == expected.shape
            assert found.tobytes() == expected.tobytes()

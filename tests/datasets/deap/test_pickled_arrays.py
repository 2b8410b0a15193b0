from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.deap.pickled_arrays import load_arrays
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.python2_pickle import dump_arrays
from tests.simulate.test_python2_pickle import DATA, LABELS, PYTHON_2


def loaded(pickled: bytes, column: int | None = None) -> dict[str, Any]:
    found = load_arrays(io.BytesIO(pickled), "s01.dat", column)
    return {key: stored.values for key, stored in found.items()}


def refusal(pickled: bytes) -> str:
    with pytest.raises(RtcanError, match=r"^s01\.dat") as caught:
        loaded(pickled)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_reads_what_python_2_wrote() -> None:
    content = loaded(PYTHON_2)
    assert list(content) == ["labels", "data"]
    assert_array_equal(content["labels"], LABELS)
    assert_array_equal(content["data"], DATA)


# Written by Python 2.7 with protocol 1 and 0: a number of type long, a string with quotes.
@pytest.mark.parametrize(
    "pickled",
    [
        b"}q\x01U\x01aq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03(cnumpy\nndarray\nq\x04"
        b"(K\x00tq\x05U\x01bq\x06tRq\x07(K\x01(L2L\ntcnumpy\ndtype\nq\x08(U\x02i1K\x00K\x01tR"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbI00\nU\x02'\ntbs.",
        b"(dp1\nS'a'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\n"
        b"S'b'\np6\ntRp7\n(I1\n(L2L\ntcnumpy\ndtype\np8\n(S'i1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\n"
        b'I0\ntbI00\nS"\'\\n"\ntbs.',
    ],
    ids=["1", "0"],
)
def test_reads_other_protocols_of_python_2(pickled: bytes) -> None:
    assert_array_equal(loaded(pickled)["a"], [39, 10])
    plain = pickle.loads(pickled, encoding="latin1")
    assert_array_equal(plain["a"], [39, 10])


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i2"),
        np.array([True, False]),
        np.float32([[1.5]]),
        np.arange(24.0).reshape(2, 3, 4)[:, ::2],
        np.random.default_rng(0).normal(size=(3, 50, 100)),
    ],
    ids=["fortran", "big-endian", "bool", "float32", "strided", "large"],
)
def test_reads_what_python_3_writes(array: Any, protocol: int) -> None:
    pickled = pickle.dumps({"data": array, "again": array}, protocol)
    # NumPy 1 called its modules otherwise.
    for content in (pickled, pickled.replace(b"numpy._core", b"numpy.core")):
        if content is pickled or protocol < 4:
            found = loaded(content)["data"]
            assert_array_equal(found, array)
            assert found.dtype == array.dtype
            assert_array_equal(loaded(content)["again"], array)


@given(
    arrays(
        st.sampled_from([">f4", "<f8", "<i2", "|u1"]),
        array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6),
    ),
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from("CF"),
    st.booleans(),
)
def test_keeps_one_column(array: Any, column: int, protocol: int, order: Any, large: bool) -> None:
    if large:  # so that the other columns are passed over
        array = np.tile(array, (1, 1, -(-70_000 // array.nbytes)))
    pickled = pickle.dumps({"data": np.array(array, order=order)}, protocol)
    found = load_arrays(io.BytesIO(pickled), "s01.dat", column)["data"]
    assert found.shape == array.shape
    if column < array.shape[1]:
        assert found.values.tobytes() == array[:, column].tobytes()
        assert found.values.dtype == array.dtype


# --- attacks ---------------------------------------------------------------------------------


class Call:
    """Pickled, it is a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
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


ATTACKS = {
    "GLOBAL and REDUCE": b"cposix\nsystem\n(S'touch W'\ntR.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x07touch W\x85R.",
    "INST": b"(S'touch W'\niposix\nsystem\n.",
    "OBJ": b"(cposix\nsystem\nS'touch W'\no.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n(S'touch W'\nI-1\nNNNNNI1\nt\x81.",
    "NEWOBJ_EX": b"\x80\x04\x8c\nsubprocess\x8c\x05Popen\x93\x8c\x07touch W\x85"
    b"}\x8c\x05shell\x88s\x92.",
    "BUILD of a name": b"cnumpy\ndtype\n}S'__setstate__'\ncposix\nsystem\nsbS'touch W'\nb.",
    "a call within a call": b"cnumpy\ndtype\n(cposix\nsystem\n(S'touch W'\ntRtR.",
    "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x12ndarray.__reduce__\x93.",
    "another module of NumPy": b"cnumpy.lib\nload\n(S'W'\ntR.",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_refuses_every_way_to_a_function(
    tmp_path: Path, attack: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "was not opened" in refusal(attack)
    assert list(tmp_path.iterdir()) == []


def test_attacks_work_on_pythons_unpickler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above can fail."""
    monkeypatch.chdir(tmp_path)
    for name in ("GLOBAL and REDUCE", "STACK_GLOBAL", "INST", "OBJ"):
        pickle.loads(ATTACKS[name], encoding="latin1")
        (tmp_path / "W").unlink()


@pytest.mark.parametrize("code", [b"\x82\xf0", b"\x83\xf0\x00", b"\x84\xf0\x00\x00\x00"])
def test_refuses_registered_classes(code: bytes) -> None:
    copyreg.add_extension("posix", "system", 0xF0)
    try:
        assert "a registered class" in refusal(b"\x80\x02" + code + b"(S'true'\ntR.")
    finally:
        copyreg.remove_extension("posix", "system", 0xF0)


@pytest.mark.parametrize(
    ("pickled", "named"),
    [
        (b"Pid\n.", "a persistent object"),
        (b"S'id'\nQ.", "a persistent object"),
        (b"\x80\x05\x97.", "bytes that lie elsewhere"),
        (b"].", "a list"),
        (b"\x80\x04\x8f.", "a set"),
        (b"cnumpy\nndarray\n)R.", "a call of something that is not a function"),
        (b"U\x01aU\x01a\x85R.", "a call of something that is not a function"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "the codec 'rot13'"),
        (b"cnumpy\ndtype\nU\x01O\x85R.", "an array of type 'O'"),
        (b"cnumpy\ndtype\nU\x03f8,\x85R.", "an array of type 'f8,'"),
        (b"cnumpy\ndtype\nU\x02M8\x85R.", "an array of type 'M8'"),
        (b"cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x01<K\x01NNtb.", "a structured array"),
        (b"cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x02O<NNNtb.", "an array of type 'O<f8'"),
    ],
)
def test_names_what_it_refuses(pickled: bytes, named: str) -> None:
    assert f"asks for {named}, which no array needs" in refusal(pickled)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (np.array([{}], dtype=object), "'O8'"),
        (np.zeros(2, dtype=[("a", "f8")]), "array"),
        (np.array(["a"]), "'U1'"),
        (np.float64(3), r"numpy\.\S*scalar"),
        (Call(np.load, "x"), r"numpy\.\S*load"),
        (np.ma.masked_array([1.0]), r"numpy\.ma"),
        (np.rec.array([(1.0,)], dtype=[("a", "f8")]), r"numpy\.\S*rec"),
        (Call(bytes.fromhex("").join, []), "getattr"),
    ],
    ids=["objects", "fields", "text", "scalar", "load", "masked", "record", "method"],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_refuses_all_but_plain_arrays(content: Any, named: str, protocol: int) -> None:
    pickled = pickle.dumps({"data": content}, protocol)
    with pytest.raises(RtcanError, match=rf"s01\.dat was not opened.*{named}"):
        loaded(pickled)


def nested(depth: int, last: bytes) -> bytes:
    """Tuples of two times the same tuple, as deep as asked: 2**depth items."""
    return b"\x80\x02)" + b"q\x00h\x00\x86" * depth + last


TUPLES = nested(60, b"")
BOMBS = {
    "laughs as a key": b"\x80\x02}" + TUPLES[2:] + b"K\x01s.",
    "laughs as a name": TUPLES + b"K\x01\x93.",
    "laughs as a shape": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
    b"U\x01b\x87R(K\x01" + TUPLES[2:] + b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R\x89U\x00tb.",
    "laughs as the content": TUPLES + b".",
    "deep tuples": b"\x80\x02)" + b"\x85" * 9000 + b".",
    "too many steps": b"\x80\x02" + b"N" * 200_000 + b".",
    "marks": b"(" * 9000 + b"t.",
    "long number": b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"\x01.",
    "written number": b"I" + b"9" * 100_000 + b"\n.",
    "long string": b"T" + struct.pack("<i", (1 << 31) - 1) + b"abc.",
    "negative string": b"T" + struct.pack("<i", -5) + b"abc.",
    "long bytes": b"\x80\x03B" + struct.pack("<I", (1 << 32) - 1) + b"abc.",
    "very long bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
    "endless bytes": b"\x80\x04\x8e" + struct.pack("<Q", (1 << 64) - 1) + b"abc.",
    "long byte array": b"\x80\x05\x96" + struct.pack("<Q", 1 << 62) + b"abc.",
    "long text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc.",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"]" * 9 + b".",
    "large empty array": b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
    b"K\x00\x85U\x01b\x87R(K\x01J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86cnumpy\ndtype\nU\x02f8K\x00"
    b"K\x01\x87R\x89U\x00tbs.",
    "large column": b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"
    b"K\x00\x85U\x01b\x87R(K\x01J\x00\x00\x00\x01K\x02K\x04\x87cnumpy\ndtype\nU\x02f8K\x00"
    b"K\x01\x87R\x89T\x00\x00\x00\x40tbs.",
    "one text, a thousand times": b"\x80\x02X\x00\x00\x10\x00" + b"a" * 0x100000 + b"q\x00"
    b"X\x06\x00\x00\x00latin1q\x01" + b"c_codecs\nencode\nh\x00h\x01\x86R" * 500 + b".",
    "one array, many times": b"\x80\x02U\x01xq\x00}"
    + b"".join(b"U\x02" + bytes([97 + i // 26, 97 + i % 26]) + b"h\x00s" for i in range(101))
    + b".",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_end_at_once_and_fill_no_memory(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match=r"^s01\.dat"):
            load_arrays(io.BytesIO(bomb), "s01.dat", 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10e6


def test_a_few_bytes_cannot_fill_the_memory() -> None:
    remember_as_4_billionth = b"r\xff\xff\xff\xff"
    assert loaded(b"\x80\x02}" + remember_as_4_billionth + b".") == {}


def test_an_array_cannot_change_its_shape_after_a_column_was_kept() -> None:
    """The bytes are used again, for an array of another shape."""
    stream = io.BytesIO()
    dump_arrays(stream, {"a": np.zeros((4, 3, 900)), "b": np.zeros((2, 2))})
    head, last = stream.getvalue().split(b"T\x80Q\x01\x00")
    content, rest = last[:86400], last[86400:]
    changed = rest.replace(b"K\x02K\x02\x86", b"K\x03M\x10\x0e\x86").replace(
        b"U\x20" + bytes(32), b"h\x63"
    )
    assert changed != rest
    pickled = head + b"T\x80Q\x01\x00" + content + b"q\x63" + changed
    plain = pickle.loads(pickled, encoding="latin1")
    assert plain["b"].shape == (3, 3600)
    with pytest.raises(RtcanError, match="changes its shape"):
        loaded(pickled, column=1)
    assert loaded(pickled)["b"].shape == (3, 3600)


# --- damage ----------------------------------------------------------------------------------


@given(st.integers(0, len(PYTHON_2) - 1))
def test_truncated_files_are_named(length: int) -> None:
    refusal(PYTHON_2[:length])


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_array_that_ends_early_is_an_error(tmp_path: Path, packed: bool) -> None:
    stream = io.BytesIO()
    dump_arrays(stream, {"labels": LABELS, "data": np.zeros((10, 40, 100))})
    (tmp_path / "s01.dat").write_bytes(stream.getvalue()[:-200])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "s01.dat", "s01.dat")
    with (
        (
            zipfile.ZipFile(tmp_path / "a.zip").open("s01.dat")
            if packed
            else (tmp_path / "s01.dat").open("rb")
        ) as opened,
        pytest.raises(RtcanError, match="it ends too early"),
    ):
        load_arrays(opened, "s01.dat", 36)


@pytest.mark.parametrize("content", [[1, 2], "text", {"data": 3}, {"data": "text"}, {3: LABELS}])
def test_anything_but_a_dictionary_of_arrays_is_an_error(content: Any) -> None:
    refusal(pickle.dumps(content, 2))

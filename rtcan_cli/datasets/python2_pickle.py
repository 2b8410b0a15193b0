"""Arrays in Python 2 pickles: reading them without running anything, and writing them.

DEAP ships every subject as a pickle that Python 2 wrote. A pickle is a small program: it may import
any function by name and call it. The reader here resolves no name at all. The few names that a
pickled NumPy array consists of stand for methods of the reader itself, which accept plain numeric
arrays only; any other name is refused, and the message tells which one it was.
"""

from __future__ import annotations

import itertools
import pickle
import struct
from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files import unreadable
from rtcan_cli.errors import RtcanError

_NUMERIC_KINDS = "biuf"


class _Refused(Exception):
    """The pickle asks for something that an array does not need."""


class _PlainType:
    """Stands for `numpy.dtype` while a pickle is read."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, subarray, names, fields = state[1:5]
        if (subarray, names, fields) != (None, None, None):
            raise _Refused("a structured array")
        self.dtype = np.dtype(_text(order) + self.dtype.str[1:])


class _PlainArray:
    """Stands for `numpy.ndarray` while a pickle is read."""

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, plain_type, is_fortran, raw = state[-4:]
        # A view on the bytes just read: 100 MB are not copied once more.
        flat = np.frombuffer(_latin1(raw), plain_type.dtype)
        self.array = flat.reshape(shape, order="F" if is_fortran else "C")


def _text(value: str | bytes) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value


def _latin1(value: str | bytes) -> bytes:
    return value.encode("latin1") if isinstance(value, str) else value


class _ArrayUnpickler(pickle._Unpickler):
    """An unpickler whose only building blocks are its own methods.

    It extends the one in Python, since that in C sets aside as much memory as a file asks for: a
    damaged or malicious pickle of ten bytes can fill the machine's.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, encoding="bytes")

    def find_class(self, module: str, name: str, /) -> Any:
        blocks: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("numpy", "ndarray"): "ndarray",
            ("numpy", "dtype"): self._dtype,
            ("_codecs", "encode"): self._encode,
        }
        for parent in ("numpy.core.multiarray", "numpy._core.multiarray"):
            blocks[parent, "_reconstruct"] = self._reconstruct
            blocks[parent, "scalar"] = self._scalar
        try:
            return blocks[module, name]
        except KeyError:
            raise _Refused(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("a persistent object")

    def _dtype(self, code: str | bytes, align: int = 0, copy: int = 1) -> _PlainType:
        dtype = np.dtype(_text(code))
        if dtype.kind not in _NUMERIC_KINDS:
            raise _Refused(f"an array of type {dtype}")
        return _PlainType(dtype)

    def _reconstruct(self, kind: str, shape: tuple[int, ...], code: str | bytes) -> _PlainArray:
        if kind != "ndarray":
            raise _Refused(f"an array of class {kind}")
        return _PlainArray()

    def _scalar(self, plain_type: _PlainType, raw: str | bytes) -> Any:
        return np.frombuffer(_latin1(raw), plain_type.dtype)[0]

    def _encode(self, text: str, encoding: str | bytes) -> bytes:
        """Bytes, as Python 3 spells them in pickles of protocol 2."""
        if _text(encoding) != "latin1":
            raise _Refused(f"the codec {encoding!r}")
        return text.encode("latin1")


def load_arrays(stream: IO[bytes], source: str) -> dict[str, NDArray[Any]]:
    """Read a pickled dictionary of numeric arrays, as Python 2 wrote it.

    Parameters
    ----------
    stream : binary file
        Positioned at the start of the pickle. Any protocol below 5.
    source : str
        What to call the file in messages.

    Returns
    -------
    dict of str to ndarray
        The arrays, read-only, with text keys.

    Raises
    ------
    RtcanError
        If the pickle is damaged or truncated, holds anything but a dictionary of arrays, or asks
        for a name that an array does not need; nothing of it is run.
    """
    try:
        content = _ArrayUnpickler(stream).load()
    except _Refused as refusal:
        raise RtcanError(
            f"{source} was not opened: its pickle asks for {refusal}, which no array needs",
            hint="such a file can run code when Python opens it; get it from the publisher again",
        ) from None
    except Exception as error:  # a damaged pickle makes the unpickler raise almost anything
        raise unreadable(source, error) from error
    if not isinstance(content, dict):
        raise RtcanError(f"{source} holds a {type(content).__name__}, not a dictionary of arrays")
    arrays: dict[str, NDArray[Any]] = {}
    for key, value in content.items():
        if not isinstance(value, _PlainArray) or value.array is None:
            raise RtcanError(f"{source}: {_text(key)!r} is no array")
        arrays[_text(key)] = value.array
    return arrays


def dump_arrays(stream: IO[bytes], arrays: Mapping[str, NDArray[np.float64]]) -> None:
    """Write a dictionary of arrays as Python 2's cPickle does with protocol 2.

    The bytes equal those of ``cPickle.dump(arrays, stream, protocol=2)`` under Python 2.7 with
    NumPy 1.16, so that ``pickle.load(stream, encoding="latin1")`` reads them with any NumPy.

    Parameters
    ----------
    stream : binary file
        Written to.
    arrays : mapping of str to ndarray of float64
        In the order in which they are to be written; at least two.
    """
    numbers = itertools.count(1)
    memo: dict[str, bytes] = {}

    def once(name: str, spelled: bytes) -> bytes:
        """Spell an object out where it comes first, refer to it from then on."""
        if name in memo:
            return b"h" + memo[name]
        memo[name] = bytes([next(numbers)])
        return spelled + b"q" + memo[name]

    stream.write(b"\x80\x02" + once("the dictionary", b"}") + b"(")
    for count, (key, array) in enumerate(arrays.items()):
        stream.write(once(f"key {key}", _string_head(len(key)) + key.encode("ascii")))
        reconstruct = once("_reconstruct", b"cnumpy.core.multiarray\n_reconstruct\n")
        empty = reconstruct + once("ndarray", b"cnumpy\nndarray\n") + b"K\x00\x85U\x01b\x87R"
        stream.write(once(f"array {key}", empty) + b"(K\x01" + _tuple(array.shape))
        stream.write(once("f8", once("dtype", b"cnumpy\ndtype\n") + b"U\x02f8K\x00K\x01\x87R"))
        if count == 0:
            stream.write(b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb")
        stream.write(b"\x89" + _string_head(8 * array.size))
        stream.write(np.ascontiguousarray(array, dtype="<f8").data)
        stream.write(b"tb")
    stream.write(b"u.")


def _string_head(length: int) -> bytes:
    if length < 256:
        return b"U" + bytes([length])
    return b"T" + struct.pack("<i", length)


def _tuple(values: tuple[int, ...]) -> bytes:
    items = b"".join(map(_integer, values))
    if 1 <= len(values) <= 3:
        return items + {1: b"\x85", 2: b"\x86", 3: b"\x87"}[len(values)]
    return b"(" + items + b"t" if values else b")"


def _integer(value: int) -> bytes:
    if value < 256:
        return b"K" + bytes([value])
    if value < 65536:
        return b"M" + struct.pack("<H", value)
    return b"J" + struct.pack("<i", value)

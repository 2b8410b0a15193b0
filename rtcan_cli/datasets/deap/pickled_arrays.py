"""Reading pickled arrays without running anything that a pickle asks for.

DEAP ships every subject as a pickle. The names in a pickled NumPy array stand here for methods of
the reader itself, which accept plain numeric arrays only; any other name is refused, and the
message tells which one it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.deap.pickle_machine import Machine, Refused, text
from rtcan_cli.datasets.files.byte_streams import read_column
from rtcan_cli.datasets.files.raw import printable, unreadable
from rtcan_cli.errors import RtcanError

_PLAIN = re.compile(r"[|<>=]?[biuf](1|2|4|8|16)")
_NAMES = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    ("numpy.core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy._core.multiarray", "_reconstruct"): "reconstruct",
    ("numpy.core.numeric", "_frombuffer"): "from buffer",
    ("numpy._core.numeric", "_frombuffer"): "from buffer",
    ("_codecs", "encode"): "encode",
}

_LARGE = 1 << 16
"""Bytes from which on other columns are passed over."""

# Several may stand for the same bytes, and each may be copied.
_MOST_ARRAYS = 100


@dataclass(frozen=True)
class StoredArray:
    """An array in a file.

    Attributes
    ----------
    shape : tuple of int
        As in the file.
    values : ndarray
        All of it; or only ``array[:, column]``, if a column was asked for and there are three axes.
    """

    shape: tuple[int, ...]
    values: NDArray[Any]


def load_arrays(
    stream: IO[bytes], source: object, column: int | None = None
) -> dict[str, StoredArray]:
    """Read a pickled dictionary of numeric arrays, as Python 2 or 3 wrote it.

    Nothing in the pickle is run or imported, and no memory is set aside for what it only claims to
    hold. The other columns of a large array are passed over where its shape comes before its bytes,
    as in all that Python 2 wrote; else they are in memory for a moment.

    Parameters
    ----------
    stream : binary file
        Positioned at the start of the pickle, of any protocol up to 5.
    source : object
        What to call the file in messages.
    column : int, optional
        Of arrays with three axes, keep only this index on the second.

    Returns
    -------
    dict of str to StoredArray
        By name.

    Raises
    ------
    RtcanError
        If the pickle is damaged or truncated, holds anything but a dictionary of arrays, or asks
        for something that an array does not need.
    """
    try:
        content = _ArrayMachine(stream, column).load()
    except Refused as refusal:
        raise RtcanError(
            f"{source} was not opened: its pickle asks for {printable(refusal)}, which no array "
            "needs",
            hint="such a file can run code when Python opens it; get it from the publisher again",
        ) from None
    except Exception as error:  # a damaged pickle may make anything go wrong
        raise unreadable(source, error) from error
    if not isinstance(content, dict):
        raise RtcanError(f"{source} holds a {type(content).__name__}, not a dictionary of arrays")
    if len(content) > _MOST_ARRAYS:
        raise RtcanError(f"{source} holds {len(content)} arrays, as no file of a dataset does")
    arrays: dict[str, StoredArray] = {}
    for key, value in content.items():
        if not isinstance(value, _Array) or value.stored is None:
            raise RtcanError(f"{source}: {printable(key)[:40]!r} is not an array")
        stored = value.stored
        if column is not None and stored.values.ndim == 3 and stored.shape[1] > column:
            # A copy, so that what lies around it can be freed.
            stored = StoredArray(stored.shape, stored.values[:, column].copy())
        arrays[key] = stored
    return arrays


@dataclass(frozen=True)
class _Name:
    """A name, by what it means here."""

    meaning: str


@dataclass
class _Type:
    """Stands for `numpy.dtype`."""

    dtype: np.dtype[Any]


@dataclass
class _Array:
    """Stands for `numpy.ndarray`: a pickle first makes it, then fills it."""

    stored: StoredArray | None = None


@dataclass(frozen=True)
class _Layout:
    """What an array's bytes mean."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class _Column:
    """Stands for an array's bytes of which only one column was kept."""

    layout: _Layout
    values: NDArray[Any]


class _ArrayMachine(Machine):
    """Knows what a pickled array consists of."""

    def __init__(self, stream: IO[bytes], column: int | None) -> None:
        super().__init__(stream)
        self._column = column
        self._encoded = 0

    def _raw(self, length: int) -> Any:
        # In a pickled array, the shape, the type and the order come right before the bytes.
        if self._column is not None and length >= _LARGE and len(self._stack) >= 3:
            try:
                layout = _layout(*self._stack[-3:])
            except ValueError:
                return super()._raw(length)
            shape = layout.shape
            if len(shape) == 3 and shape[1] > self._column and layout.n_bytes == length:
                return _Column(
                    layout,
                    read_column(self._source, layout.dtype, shape, layout.fortran, self._column),
                )
        return super()._raw(length)

    def _resolve(self, module: str, name: str) -> _Name:
        try:
            return _Name(_NAMES[module, name])
        except KeyError:
            raise Refused(f"{module}.{name}"[:100]) from None

    def _call(self, called: Any, arguments: tuple[Any, ...]) -> Any:
        calls: dict[str, Callable[..., Any]] = {
            "dtype": _make_type,
            "reconstruct": _make_array,
            "from buffer": self._make_full_array,
            "encode": self._encode,
        }
        if not isinstance(called, _Name) or called.meaning not in calls:
            raise Refused("a call of something that is not a function")
        return calls[called.meaning](*arguments)

    def _set_state(self, target: Any, state: tuple[Any, ...]) -> None:
        if isinstance(target, _Type):
            order, subarray, names, fields = state[1:5]
            if not all(each is None for each in (subarray, names, fields)):
                raise Refused("a structured array")
            target.dtype = _plain(text(order) + target.dtype.str[1:])
        elif isinstance(target, _Array):
            shape, plain_type, is_fortran, raw = state[-4:]
            target.stored = self._fill(raw, _layout(shape, plain_type, is_fortran))
        else:
            raise Refused("the state of something that has none")

    def _make_full_array(
        self, raw: Any, plain_type: Any, shape: Any, order: Any, axes: Any = None
    ) -> _Array:
        """An array as NumPy pickles it with protocol 5."""
        if text(order) not in ("C", "F") or axes is not None:
            raise Refused("an array whose axes are in an uncommon order")
        return _Array(self._fill(raw, _layout(shape, plain_type, text(order) == "F")))

    def _fill(self, raw: Any, layout: _Layout) -> StoredArray:
        if isinstance(raw, _Column):
            if raw.layout != layout:
                raise ValueError("an array changes its shape")
            return StoredArray(layout.shape, raw.values)
        if isinstance(raw, str):
            raw = self._encode(raw, "latin1")
        if not isinstance(raw, (bytes, bytearray)) or len(raw) != layout.n_bytes:
            raise ValueError("an array and its shape do not agree")
        flat = np.frombuffer(raw, layout.dtype)
        values = flat.reshape(layout.shape, order="F" if layout.fortran else "C")
        return StoredArray(layout.shape, values)

    def _encode(self, decoded: Any, encoding: Any) -> bytes:
        """Bytes, as Python 3 spells them in pickles of protocol 2."""
        if text(encoding) != "latin1":
            raise Refused(f"the codec {text(encoding)[:40]!r}")
        # One long text that is encoded a thousand times would fill the memory.
        self._encoded += len(decoded)
        if self._encoded > self._text_read:
            raise Refused("the same text more than once")
        encoded: bytes = decoded.encode("latin1")
        return encoded


def _make_type(code: Any, align: Any = 0, copy: Any = 1) -> _Type:
    return _Type(_plain(text(code)))


def _plain(code: str) -> np.dtype[Any]:
    if not _PLAIN.fullmatch(code):
        raise Refused(f"an array of type {code[:40]!r}")
    return np.dtype(code)


def _make_array(kind: Any, shape: Any, code: Any) -> _Array:
    if not isinstance(kind, _Name) or kind.meaning != "ndarray":
        raise Refused("an array of another class")
    return _Array()


def _layout(shape: Any, plain_type: Any, fortran: Any) -> _Layout:
    if (
        not isinstance(plain_type, _Type)
        or not isinstance(shape, tuple)
        or not all(type(n) is int and n >= 0 for n in shape)
        or not isinstance(fortran, int)
    ):
        raise ValueError("an array has no shape or no type")
    return _Layout(shape, plain_type.dtype, bool(fortran))

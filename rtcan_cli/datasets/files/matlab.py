"""Variables of MATLAB files of version 5 to 7.

They are read from front to back, and only what was asked for is kept: one column of each matrix,
for example. SciPy's reader makes whole variables, and sets aside as much memory as a file asks for;
a damaged or malicious file of a hundred bytes can fill the machine's.

The format is described in "MAT-File Format" by The MathWorks. An element has a tag (type and number
of bytes) and bytes, filled up to a multiple of eight. A matrix is an element made of others: flags,
dimensions, name, content. A compressed element holds a matrix, packed by zlib.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.byte_streams import Bytes, Forward, Part, Source, read_column
from rtcan_cli.datasets.files.raw import RawFile, unreadable
from rtcan_cli.datasets.files.zips import check_growth
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import MATLAB_5

Keep = Literal["all", "shape"] | int
"""What to keep of a variable: all of it, its shape, or one column of each matrix in it."""

_WANTED = "a MATLAB file of version 5 to 7"
_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8"}
_NUMBERS[13] = "u8"
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32", 4: "utf-16", 1: "latin1", 2: "latin1"}
_CELLS, _CHARACTERS, _OPAQUE = 1, 4, 17
_CLASSES = {_CELLS: "cells", 2: "a struct", 3: "an object", _CHARACTERS: "text"}
_CLASSES |= {5: "a sparse matrix", **dict.fromkeys(range(6, 16), "numbers")}
_CLASSES |= {16: "a function", _OPAQUE: "an object"}
_COMPLEX = 0x800

_MOST_VARIABLES = 1000
_MOST_CELLS = 10_000
_MOST_AXES = 8
_MOST_FIELDS = 1000
_DEEPEST = 3
_LONGEST_NAME = 1000
_LONGEST_TEXT = 1_000_000
_LARGEST_WHOLE = 10_000_000
_PIECE = 1 << 18


@dataclass(frozen=True)
class Variable:
    """A variable of a MATLAB file, or one cell of it.

    Attributes
    ----------
    kind : str
        ``"numbers"``, ``"text"``, ``"cells"``, ``"a struct"``, or what else it is, such as ``"a
        function"``, of which nothing is kept.
    shape : tuple of int
        As in the file; two axes at least.
    numbers : ndarray
        All numbers, or ``array[:, column]``; empty if only the shape was asked for, or if there is
        no such column.
    rows : tuple of str
        The rows of a text.
    cells : tuple of Variable
        In MATLAB's order: the first axis varies fastest.
    structs : tuple of dict of str to Variable
        The fields of each struct of a struct array, in the same order; empty unless all of it is
        kept.
    """

    kind: str
    shape: tuple[int, ...]
    numbers: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    rows: tuple[str, ...] = ()
    cells: tuple[Variable, ...] = ()
    structs: tuple[dict[str, Variable], ...] = ()


def load_variables(
    file: RawFile, wanted: Mapping[str, Keep] | None, largest: int = _LARGEST_WHOLE
) -> dict[str, Variable]:
    """Read some variables of a MATLAB file, passing over the others.

    Parameters
    ----------
    file : RawFile
        The file.
    wanted : mapping of str to Keep, or None
        Which variables to read, and what to keep of each; None for all variables, whole.
    largest : int
        How many bytes all arrays that are kept whole may have together.

    Returns
    -------
    dict of str to Variable
        Variables that the file lacks are missing.

    Raises
    ------
    RtcanError
        If the file is damaged, truncated, in another format, or would unpack to more than any file
        of a dataset.
    """
    with file.open() as stream:
        try:
            return _Reader(Forward(stream), wanted, file, largest).load()
        except RtcanError:
            raise
        except Exception as error:  # a damaged file may make anything go wrong
            other = file.of_another_kind(_WANTED, MATLAB_5.name)
            raise other or unreadable(file, error) from error


class _Inflated:
    """What a compressed element unpacks to."""

    def __init__(self, packed: Part) -> None:
        self._packed = packed
        self._inflate = zlib.decompressobj()
        self._waiting: Bytes = b""

    def _up_to(self, n: int) -> bytes:
        while not self._inflate.eof:
            if not self._waiting and self._packed.left:
                self._waiting = self._packed.read(min(_PIECE, self._packed.left))
            has_input = bool(self._waiting)
            piece = self._inflate.decompress(self._waiting, n)
            self._waiting = self._inflate.unconsumed_tail
            if piece:
                return piece
            if not has_input:
                raise EOFError
        return b""

    def read(self, n: int) -> Bytes:
        pieces = bytearray()
        while len(pieces) < n:
            piece = self._up_to(n - len(pieces))
            if not piece:
                raise EOFError
            pieces += piece
        return pieces

    def skip(self, n: int) -> None:
        while n:
            piece = self._up_to(min(n, _PIECE))
            if not piece:
                raise EOFError
            n -= len(piece)

    def finish(self) -> None:
        """Make sure that nothing follows; this also compares the checksum."""
        if self._up_to(1):
            raise ValueError("a compressed variable is longer than it says")


class _Reader:
    def __init__(
        self, source: Forward, wanted: Mapping[str, Keep] | None, file: RawFile, largest: int
    ) -> None:
        self._source = source
        self._wanted = wanted
        self._file = file
        self._left = largest
        self._order = "<"
        self._n_cells = 0

    def load(self) -> dict[str, Variable]:
        self._read_header()
        found: dict[str, Variable] = {}
        for _ in range(_MOST_VARIABLES):
            tag = self._source.read_up_to(8)
            if not tag:
                return found
            if len(tag) < 8:
                raise EOFError
            kind, size = self._integers(tag)
            part = Part(self._source, size)
            name, variable = "", None
            if kind == _MATRIX:
                name, variable = self._variable(part)
            elif kind == _COMPRESSED:
                inflated = _Inflated(part)
                inner, inner_size = self._integers(inflated.read(8))
                if inner == _MATRIX:
                    check_growth(inner_size, size, f"a variable in {self._file}")
                    matrix = Part(inflated, inner_size)
                    name, variable = self._variable(matrix)
                    if variable is not None:
                        matrix.skip(matrix.left)
                        inflated.finish()
            part.skip(part.left)
            # Numbers without a name are what MATLAB keeps about objects, such as datetime.
            if variable is not None and (name or variable.kind != "numbers"):
                found.setdefault(name, variable)
        raise ValueError(f"it holds more than {_MOST_VARIABLES} variables")

    def _read_header(self) -> None:
        header = self._source.read(_HEADER)
        if header[126:] not in (b"IM", b"MI"):
            raise self._file.of_another_kind(_WANTED, MATLAB_5.name) or RtcanError(
                f"{self._file} is not {_WANTED}",
                hint="load it in the program that wrote it, and save it with -v7",
            )
        self._order = "<" if header[126:] == b"IM" else ">"
        if header[125 if self._order == "<" else 124] == 2:
            raise RtcanError(
                f"{self._file} is a MATLAB file of version 7.3, which is not read",
                hint="load it in MATLAB and save it with -v7",
            )

    def _integers(self, raw: Bytes) -> tuple[int, ...]:
        return tuple(np.frombuffer(raw, f"{self._order}u4").tolist())

    def _element(self, source: Source) -> tuple[int, int, Source, int]:
        """Type, number of bytes, where to read them, and how many bytes fill it up."""
        tag = source.read(8)
        kind, size = self._integers(tag)
        if kind >> 16:
            # Up to four bytes lie in the tag itself.
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise ValueError("a small element is too large")
            return kind, size, Forward(io.BytesIO(tag[4:])), 0
        return kind, size, source, -size % 8

    def _bytes(self, source: Source, longest: int) -> tuple[int, Bytes]:
        """Type and bytes of a short element."""
        kind, size, where, fill = self._element(source)
        if size > longest:
            raise ValueError(f"an element has {size} bytes where {longest} are enough")
        content = where.read(size)
        source.skip(fill)
        return kind, content

    def _variable(self, part: Part) -> tuple[str, Variable | None]:
        kind, is_complex, shape, name = self._head(part)
        keep = "all" if self._wanted is None else self._wanted.get(name)
        return name, None if keep is None else self._body(part, kind, is_complex, shape, keep, 0)

    def _head(self, part: Part) -> tuple[int, bool, tuple[int, ...], str]:
        flags = self._integers(self._bytes(part, 8)[1])[0]
        kind = flags & 0xFF
        if kind == _OPAQUE:
            # It has neither dimensions nor a name in the usual place.
            return kind, False, (0, 0), ""
        raw_shape = self._bytes(part, 4 * _MOST_AXES)[1]
        shape = tuple(np.frombuffer(raw_shape, f"{self._order}i4").tolist())
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"a variable has the shape {shape}")
        name = self._bytes(part, _LONGEST_NAME)[1].decode("latin1")
        return kind, bool(flags & _COMPLEX), shape, name

    def _body(
        self,
        part: Part,
        kind: int,
        is_complex: bool,
        shape: tuple[int, ...],
        keep: Keep,
        depth: int,
    ) -> Variable:
        what = _CLASSES.get(kind, "something unknown")
        if is_complex:
            return Variable("complex numbers", shape)
        if keep == "all" and what == "a struct":
            return Variable(what, shape, structs=self._structs(part, shape, depth))
        if keep == "shape" or what not in ("numbers", "text", "cells"):
            return Variable(what, shape)
        if what == "text":
            return Variable(what, shape, rows=self._rows(part, shape))
        if what == "cells":
            return Variable(what, shape, cells=self._cells(part, shape, keep, depth))
        return Variable(what, shape, numbers=self._numbers(part, shape, keep))

    def _numbers(self, part: Part, shape: tuple[int, ...], keep: Keep) -> NDArray[Any]:
        kind, size, where, fill = self._element(part)
        # MATLAB may pack whole numbers into a smaller type than the variable's.
        if kind not in _NUMBERS:
            raise ValueError(f"numbers have the type {kind}")
        dtype = np.dtype(self._order + _NUMBERS[kind])
        if math.prod(shape) * dtype.itemsize != size:
            raise ValueError(f"{size} bytes are not an array of the shape {shape}")
        if keep == "all":
            if size > self._left:
                raise ValueError(f"a variable of {size / 1e6:.0f} MB is more than is read")
            self._left -= size
            values = np.frombuffer(where.read(size), dtype).reshape(shape, order="F")
        elif isinstance(keep, int) and shape[1] > keep and size:
            values = read_column(where, dtype, shape, True, keep)
        else:
            where.skip(size)
            values = np.empty(0, dtype)
        part.skip(fill)
        return values

    def _rows(self, part: Part, shape: tuple[int, ...]) -> tuple[str, ...]:
        kind, content = self._bytes(part, _LONGEST_TEXT)
        if kind not in _TEXTS:
            raise ValueError(f"a text has the type {kind}")
        encoding = _TEXTS[kind]
        if encoding in ("utf-16", "utf-32"):
            encoding += "-le" if self._order == "<" else "-be"
        text = content.decode(encoding, "replace")
        if shape[0] > len(text):
            raise ValueError(f"{len(text)} characters are not a text of the shape {shape}")
        return tuple(text[row :: shape[0]] for row in range(shape[0]))

    def _cells(
        self, part: Part, shape: tuple[int, ...], keep: Keep, depth: int
    ) -> tuple[Variable, ...]:
        n_cells = math.prod(shape)
        self._n_cells += n_cells
        if self._n_cells > _MOST_CELLS or depth == _DEEPEST:
            raise ValueError(f"cells have the shape {shape} and lie {depth} deep in others")
        return tuple(self._cell(part, keep, depth) for _ in range(n_cells))

    def _structs(
        self, part: Part, shape: tuple[int, ...], depth: int
    ) -> tuple[dict[str, Variable], ...]:
        length = self._integers(self._bytes(part, 4)[1])[0]
        names = self._bytes(part, _MOST_FIELDS * _LONGEST_NAME)[1]
        if not 0 < length <= _LONGEST_NAME or len(names) % length:
            raise ValueError("a struct does not name its fields")
        fields = [
            bytes(names[at : at + length]).partition(b"\0")[0].decode("latin1")
            for at in range(0, len(names), length)
        ]
        n_structs = math.prod(shape)
        self._n_cells += n_structs * len(fields)
        if self._n_cells > _MOST_CELLS or n_structs > _MOST_CELLS or depth == _DEEPEST:
            raise ValueError(f"structs have the shape {shape} and lie {depth} deep in others")
        return tuple(
            {name: self._cell(part, "all", depth) for name in fields} for _ in range(n_structs)
        )

    def _cell(self, part: Part, keep: Keep, depth: int) -> Variable:
        kind, size = self._integers(part.read(8))
        if kind != _MATRIX:
            raise ValueError(f"a cell has the type {kind}")
        if size == 0:
            return Variable("numbers", (0, 0))
        inner = Part(part, size)
        class_, is_complex, shape, _ = self._head(inner)
        cell = self._body(inner, class_, is_complex, shape, keep, depth + 1)
        inner.skip(inner.left)
        return cell

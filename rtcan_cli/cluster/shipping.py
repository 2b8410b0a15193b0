"""Objects as bytes, with the large arrays in them separate, so that each of these travels once."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Arrays of at least this many bytes are sent separately.
LARGE = 1 << 20


def pack(content: object) -> tuple[bytes, list[NDArray[Any]]]:
    """Pickle an object without its large arrays, which are returned separately."""
    stream = io.BytesIO()
    packer = _Packer(stream, protocol=pickle.HIGHEST_PROTOCOL)
    packer.dump(content)
    return stream.getvalue(), packer.arrays


def unpack(packed: bytes, arrays: Sequence[NDArray[Any]]) -> Any:
    """The object that was packed; its large arrays are those given."""
    return _Unpacker(io.BytesIO(packed), arrays).load()


class _Packer(pickle.Pickler):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.arrays: list[NDArray[Any]] = []

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not np.ndarray or obj.nbytes < LARGE or obj.dtype.hasobject:
            return None
        for place, known in enumerate(self.arrays):
            if known is obj:
                return place
        self.arrays.append(obj)
        return len(self.arrays) - 1


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, arrays: Sequence[NDArray[Any]]) -> None:
        super().__init__(stream)
        self._arrays = arrays

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        return self._arrays[pid]

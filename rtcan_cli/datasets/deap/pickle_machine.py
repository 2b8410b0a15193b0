"""A reader of pickles that builds plain values only.

A pickle is a small program: it may import any function by name and call it. Python's unpickler runs
it; the machine here resolves no name, knows only the instructions below, and sets aside no memory
for what a pickle claims to hold.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import IO, Any

from rtcan_cli.datasets.files.byte_streams import Forward

# A pickle of two arrays has about a hundred. Each byte of a file may be one, and cost 60 bytes.
_MOST_INSTRUCTIONS = 10_000

_LONGEST_NUMBER = 100
_LONGEST_NAME = 1000


class Refused(Exception):
    """The pickle asks for something that plain values do not need."""


def text(value: Any) -> str:
    """A name, also if Python 2 wrote it. Raises ValueError for other values."""
    if not isinstance(value, (str, bytes)) or len(value) > _LONGEST_NAME:
        raise ValueError(f"a name is not a short text, but {type(value).__name__}")
    return value.decode("latin1") if isinstance(value, bytes) else value


class _Mark:
    """Lies on the stack where a group of values begins."""


_MARK = _Mark()


class Machine:
    """What a pickle is a program for: a stack of values, and a memory for those used again.

    It knows numbers, bytes, text, tuples and dictionaries. A subclass defines what names mean
    and what is done with them.

    Parameters
    ----------
    stream : binary file
        Positioned at the start of the pickle, of any protocol up to 5.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._source = Forward(stream)
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._text_read = 0

    def load(self) -> object:
        """Run the program.

        Returns
        -------
        object
            What it makes.

        Raises
        ------
        Refused
            If it holds anything that is not known here.
        Exception
            Almost any, if it is damaged.
        """
        for _ in range(_MOST_INSTRUCTIONS):
            code = bytes(self._source.read(1))
            if code == b".":
                return self._stack.pop()
            if code in _REFUSED:
                raise Refused(_REFUSED[code])
            try:
                instruction = _INSTRUCTIONS[code]
            except KeyError:
                raise ValueError(f"the byte {code!r} is not an instruction of a pickle") from None
            instruction(self)
        raise Refused(f"more than {_MOST_INSTRUCTIONS} steps")

    # Values

    def _number(self, layout: str) -> int:
        value: int = struct.unpack(layout, self._source.read(struct.calcsize(layout)))[0]
        return value

    def _length(self, layout: str) -> int:
        length = self._number(layout)
        if length < 0:
            raise ValueError("a length is negative")
        return length

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _push_number(self, layout: str) -> None:
        self._push(self._number(layout))

    def _push_long(self, layout: str) -> None:
        length = self._length(layout)
        if length > _LONGEST_NUMBER:
            raise Refused(f"a number of {length} bytes")
        self._push(int.from_bytes(self._source.read(length), "little", signed=True))

    def _push_written_number(self) -> None:
        line = self._source.read_line()
        if len(line) > _LONGEST_NUMBER:
            raise Refused(f"a number of {len(line)} digits")
        # Protocol 0 writes truth values as 00 and 01.
        self._push(line == b"01" if line in (b"00", b"01") else int(line.rstrip(b"L")))

    def _push_bytes(self, layout: str) -> None:
        self._push(self._raw(self._length(layout)))

    def _raw(self, length: int) -> Any:
        return self._source.read(length)

    def _push_text(self, layout: str) -> None:
        self._keep_text(self._source.read(self._length(layout)).decode("utf-8", "surrogatepass"))

    def _push_written_text(self) -> None:
        self._keep_text(self._source.read_line().decode("raw-unicode-escape"))

    def _keep_text(self, value: str) -> None:
        self._text_read += len(value)
        self._push(value)

    def _push_written_bytes(self) -> None:
        line = self._source.read_line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("a string has no quotation marks")
        self._push(codecs.escape_decode(line[1:-1])[0])

    # Tuples and dictionaries

    def _since_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("a group has no beginning")
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values

    def _push_tuple(self, n: int | None) -> None:
        if n is None:
            self._push(tuple(self._since_mark()))
        else:
            values = tuple(self._pop() for _ in range(n))
            self._push(values[::-1])

    def _push_dictionary(self) -> None:
        values = self._since_mark()
        self._push({})
        self._put(values)

    def _set_item(self) -> None:
        value = self._pop()
        self._put([self._pop(), value])

    def _set_items(self) -> None:
        self._put(self._since_mark())

    def _put(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(values) % 2:
            raise ValueError("an item is put into something that is not a dictionary")
        for key, value in zip(values[::2], values[1::2], strict=True):
            # No other key: comparing or hashing tuples of tuples of ... can take for ever.
            target[text(key)] = value

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("a group has no end")
        return value

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _recall(self, place: int) -> None:
        self._push(self._memo[place])

    def _written_place(self) -> int:
        return int(self._source.read_line()[:_LONGEST_NUMBER])

    # Names

    def _push_name(self) -> None:
        module, name = self._source.read_line(), self._source.read_line()
        self._push(self._resolve(module.decode("utf-8"), name.decode("utf-8")))

    def _push_name_from_stack(self) -> None:
        name, module = self._pop(), self._pop()
        self._push(self._resolve(text(module), text(name)))

    def _refuse_name(self) -> None:
        module, name = self._source.read_line(), self._source.read_line()
        raise Refused(f"{module.decode('latin1')}.{name.decode('latin1')}"[:100])

    def _reduce(self) -> None:
        arguments, called = self._pop(), self._pop()
        if not isinstance(arguments, tuple):
            raise ValueError("the arguments of a call are not a tuple")
        self._push(self._call(called, arguments))

    def _build(self) -> None:
        state = self._pop()
        if not isinstance(state, tuple):
            raise ValueError("the state of an object is not a tuple")
        self._set_state(self._stack[-1], state)

    def _resolve(self, module: str, name: str) -> Any:
        """What a name means. Raises Refused if nothing."""
        raise Refused(f"{module}.{name}"[:100])

    def _call(self, called: Any, arguments: tuple[Any, ...]) -> Any:
        """The result of a call. Raises Refused if `called` is not a function."""
        raise Refused("a call of something that is not a function")

    def _set_state(self, target: Any, state: tuple[Any, ...]) -> None:
        """Fill an object. Raises Refused if it has no state."""
        raise Refused("the state of something that has none")


_INSTRUCTIONS: dict[bytes, Callable[[Machine], None]] = {
    b"\x80": lambda at: at._source.skip(1),  # protocol
    b"\x95": lambda at: at._source.skip(8),  # length of what follows
    b"(": lambda at: at._push(_MARK),
    b"N": lambda at: at._push(None),
    b"\x88": lambda at: at._push(True),
    b"\x89": lambda at: at._push(False),
    b"I": Machine._push_written_number,
    b"L": Machine._push_written_number,
    b"J": lambda at: at._push_number("<i"),
    b"K": lambda at: at._push_number("<B"),
    b"M": lambda at: at._push_number("<H"),
    b"\x8a": lambda at: at._push_long("<B"),
    b"\x8b": lambda at: at._push_long("<i"),
    b"S": Machine._push_written_bytes,
    b"T": lambda at: at._push_bytes("<i"),
    b"U": lambda at: at._push_bytes("<B"),
    b"B": lambda at: at._push_bytes("<I"),
    b"C": lambda at: at._push_bytes("<B"),
    b"\x8e": lambda at: at._push_bytes("<Q"),
    b"\x96": lambda at: at._push_bytes("<Q"),
    b"V": Machine._push_written_text,
    b"X": lambda at: at._push_text("<I"),
    b"\x8c": lambda at: at._push_text("<B"),
    b"\x8d": lambda at: at._push_text("<Q"),
    b")": lambda at: at._push_tuple(0),
    b"\x85": lambda at: at._push_tuple(1),
    b"\x86": lambda at: at._push_tuple(2),
    b"\x87": lambda at: at._push_tuple(3),
    b"t": lambda at: at._push_tuple(None),
    b"}": lambda at: at._push({}),
    b"d": Machine._push_dictionary,
    b"s": Machine._set_item,
    b"u": Machine._set_items,
    b"p": lambda at: at._remember(at._written_place()),
    b"q": lambda at: at._remember(at._number("<B")),
    b"r": lambda at: at._remember(at._number("<I")),
    b"\x94": lambda at: at._remember(len(at._memo)),
    b"g": lambda at: at._recall(at._written_place()),
    b"h": lambda at: at._recall(at._number("<B")),
    b"j": lambda at: at._recall(at._number("<I")),
    b"c": Machine._push_name,
    b"\x93": Machine._push_name_from_stack,
    b"i": Machine._refuse_name,
    b"R": Machine._reduce,
    b"b": Machine._build,
}

_REFUSED = {
    **dict.fromkeys((b"P", b"Q"), "a persistent object"),
    **dict.fromkeys((b"\x82", b"\x83", b"\x84"), "a registered class"),
    **dict.fromkeys((b"o", b"\x81", b"\x92"), "an object of a class"),
    **dict.fromkeys((b"l", b"]", b"a", b"e"), "a list"),
    **dict.fromkeys((b"\x8f", b"\x90", b"\x91"), "a set"),
    **dict.fromkeys((b"\x97", b"\x98"), "bytes that lie elsewhere"),
}

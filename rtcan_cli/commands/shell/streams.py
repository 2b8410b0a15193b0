"""Standard input, output and error that cannot make a step fail.

What a person sees is printed while a step works and when it is done. None of that may cost the
work: not a terminal whose encoding lacks a letter, not a closed stream, not a reader that has gone.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class Unfailing:
    """A text stream for messages: what cannot be written is dropped.

    Progress and messages go to standard error in the middle of the work. If nobody can read them
    any more (``2>&1 | head``, a full disk), the work goes on.

    Parameters
    ----------
    stream : io.TextIOBase
        The stream to write to. All else (`encoding`, `isatty`, ...) is that of this stream.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, or drop it."""
        try:
            self._stream.flush()
        except OSError:
            discard(self._stream)


def prepare() -> None:
    """Make the standard streams of this process safe to use; called once, before a command runs.

    - A closed stream (``>&-``) becomes the null device. Otherwise the next file that is opened,
      such as a store, would get its descriptor, and whatever a library prints would go into it.
    - Characters that the encoding of a stream lacks are written as escapes, such as ``\\xb5``.
    - Messages that cannot be written are dropped.
    """
    for descriptor, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stderr = Unfailing(sys.stderr)


def discard(stream: Any) -> None:
    """Send what is still to be written to a stream to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)

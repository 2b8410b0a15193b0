"""Which reader a recording's file is for: one function, whatever the format.

A format is a module with the endings of its files, `SUFFIXES`, and a function `read`. To add one,
write the module and name it in `FORMATS`. What is none of these is text, whose many layouts are
told apart by what is in them.
"""

from __future__ import annotations

import math
import os
from pathlib import PurePosixPath
from typing import Protocol

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import (
    avro,
    bids,
    biopac,
    edf,
    empatica,
    matlab,
    npy,
    physionet,
    text,
    xdf,
)
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import ANNEX


class Format(Protocol):
    """A module that reads one format."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:
        """How names of its files end, in lower case and with the dot."""

    def read(self, file: RawFile) -> Contents:
        """Read a file of that format."""


FORMATS: tuple[Format, ...] = (npy, edf, xdf, biopac, physionet, bids, avro, matlab)
"""Formats that the ending of a file's name tells."""


def suffixes() -> tuple[str, ...]:
    """How names of files end that can be read."""
    return (*text.SUFFIXES, *(ending for each in FORMATS for ending in each.SUFFIXES), ".zip")


def read_contents(file: RawFile, decimal: str, sampling_rate: float = math.nan) -> Contents:
    """Read the file of a recording.

    Parameters
    ----------
    file : RawFile
        A file of its own, a member of a zip file, or the folder or zip file of a session that is
        kept in several files.
    decimal : {".", ","}
        The decimal mark of text. With a comma, a point is understood too.
    sampling_rate : float
        In Hz, as it is stated beside the file; NaN where it is not. It decides the unit of times
        that may be in several units.

    Raises
    ------
    RtcanError
        If it is not there, of an unknown format, too large or damaged; or a library that is needed
        to read it is missing.
    """
    if not file.members and not os.path.exists(file.path):
        if os.path.islink(file.path) and "annex" in PurePosixPath(os.readlink(file.path)).parts:
            raise RtcanError(f"{file}: its content was not downloaded", hint=ANNEX.hint)
        raise RtcanError(f"{file} does not exist", hint="correct the path in the table")
    name = file.name.name.casefold()
    if not file.members and (os.path.isdir(file.path) or name.endswith(".zip")):
        parts = [e for e in empatica.session_files(file) if e.name.suffix.casefold() == ".avro"]
        return avro.read_parts(parts, file) if parts else empatica.read(file)
    for each in FORMATS:
        if name.endswith(each.SUFFIXES):
            return matlab.read(file, sampling_rate) if each is matlab else each.read(file)
    if PurePosixPath(name).suffix in text.SUFFIXES:
        return text.read(file, decimal, sampling_rate)
    raise RtcanError(
        f"{file}: files that end in {PurePosixPath(name).suffix or 'nothing'} cannot be read",
        hint=f"signals are read from {', '.join(suffixes())}",
    )

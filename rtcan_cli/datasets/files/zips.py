"""Zip files, opened in place; those that are built to do harm are refused."""

from __future__ import annotations

import re
import stat
import zipfile
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import PurePosixPath
from typing import IO, Any, cast

from rtcan_cli.errors import RtcanError

# What a file may unpack to. DEAP's files have 103 MB, AMIGOS's up to twice that; noise does not
# shrink, and text shrinks about tenfold.
LARGEST = 2_000_000_000
_HARMLESS = 50_000_000
_DENSEST = 100

# PMEmo's list of 40 000 members has 5 MB. zipfile keeps it in memory, in ten times the space.
_LONGEST_LIST = 10_000_000

_LONGEST_NAME = 400
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_OTHER_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd"}
_DO_NOT = "do not unpack it; get the dataset from its publisher"


class _Watched:
    """A stream that refuses to hand out an overlong list of members."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.listing = True

    def read(self, n: int = -1) -> bytes:
        if self.listing and n > _LONGEST_LIST:
            raise zipfile.BadZipFile(f"its list of members has {n / 1e6:.0f} MB")
        return self._stream.read(n)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __del__(self) -> None:
        # zipfile closes only files that it has opened itself.
        self._stream.close()


def open_archive(stream: IO[bytes]) -> zipfile.ZipFile:
    """Open a zip file for reading.

    Parameters
    ----------
    stream : binary file
        Belongs to the zip file from now on, and is closed if there is none.

    Returns
    -------
    ZipFile

    Raises
    ------
    Exception
        Almost any, if it is damaged; BadZipFile, if its list of members is too long to be read or
        is that of a zip file within it.
    """
    with ExitStack() as opened:
        opened.callback(stream.close)
        watched = _Watched(stream)
        archive = zipfile.ZipFile(cast("IO[bytes]", watched))
        watched.listing = False
        first = min((member.header_offset for member in archive.infolist()), default=0)
        if first:
            # zipfile reads the last list of members that it finds. In a zip file of zip files that
            # was cut short, that is the list of one of these.
            why = f"its members begin only after {first} bytes: it was cut short"
            raise zipfile.BadZipFile(why)
        opened.pop_all()
    return archive


def member_names(archive: zipfile.ZipFile, what: str) -> list[str]:
    """Names of the files in a zip file.

    Parameters
    ----------
    archive : ZipFile
        Opened.
    what : str
        What to call it in messages.

    Returns
    -------
    list of str

    Raises
    ------
    RtcanError
        If a name leads out of the zip file, is far too long or there twice, or members share bytes.
    """
    # Not is_dir(): before Python 3.12 it fails for a member without a name.
    members = [each for each in archive.infolist() if not each.filename.endswith("/")]
    for member in members:
        # Nothing is unpacked, so that no harm is done; but no publisher ships such a file.
        if len(member.filename) > _LONGEST_NAME:
            raise RtcanError(
                f"{what} holds a member whose name has {len(member.filename)} characters",
                hint=_DO_NOT,
            )
        path = member_path(member.filename)
        if ".." in path.parts or path.is_absolute() or re.match(r"[a-zA-Z]:", str(path)):
            raise RtcanError(
                f"{what} holds a member with a name that leads out of it: {member.filename!r}",
                hint=_DO_NOT,
            )
    names = [member.filename for member in members]
    name, times = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        raise RtcanError(f"{what} holds the member {name!r} {times} times", hint=_DO_NOT)
    in_order = sorted(members, key=lambda each: each.header_offset)
    for one, other in pairwise(in_order):
        if one.header_offset + _LOCAL_HEADER + one.compress_size > other.header_offset:
            raise RtcanError(
                f"{what} is a zip bomb: its members {one.filename!r} and {other.filename!r} share "
                "bytes",
                hint=_DO_NOT,
            )
    return names


def member_path(name: str) -> PurePosixPath:
    """Where a member lies, also if Windows wrote its name."""
    return PurePosixPath(name.replace("\\", "/"))


def open_member(archive: zipfile.ZipFile, name: str, what: str) -> IO[bytes]:
    """Open a member, which is unpacked as it is read.

    Parameters
    ----------
    archive : ZipFile
        Opened.
    name : str
        Of the member.
    what : str
        What to call it in messages.

    Returns
    -------
    binary file
        Never gives more than the zip file says that the member holds.

    Raises
    ------
    RtcanError
        If it is encrypted, no plain file, packed in an unusual way, or would grow too large.
    """
    member = archive.getinfo(name)
    if member.flag_bits & _ENCRYPTED:
        raise RtcanError(
            f"{what} is encrypted",
            hint="unpack the zip file with its password, and name the folder",
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise RtcanError(
            f"{what} is a symbolic link in a zip file, which is not followed",
            hint="unpack the zip file, and name the folder",
        )
    # Those that Python knows beside these two may ask for gigabytes of memory before they begin.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        method = _OTHER_METHODS.get(member.compress_type, str(member.compress_type))
        raise RtcanError(
            f"{what} is packed with the method {method}, which is not read",
            hint="unpack the zip file, and name the folder",
        )
    check_growth(member.file_size, member.compress_size, what)
    return archive.open(member)


def grows_too_much(size: int, packed: int) -> bool:
    """Whether a file is larger than data are, or grows more when unpacked; both sizes in bytes."""
    return size > LARGEST or (size > _HARMLESS and size / max(1, packed) > _DENSEST)


def check_growth(size: int, packed: int, what: str) -> None:
    """Refuse what would unpack to more than any file of a dataset.

    Parameters
    ----------
    size, packed : int
        In bytes, as the file says.
    what : str
        What to call it in messages.

    Raises
    ------
    RtcanError
        If it is too large, or grows too much.
    """
    if grows_too_much(size, packed):
        raise RtcanError(
            f"{what} would unpack from {packed / 1e6:.1f} MB to {size / 1e6:.0f} MB, which no file "
            "of a dataset does",
            hint=_DO_NOT,
        )

"""Raw files, of their own or inside a zip file: opened and read."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from rtcan_cli.datasets.files.zips import (
    LARGEST,
    member_names,
    member_path,
    open_archive,
    open_member,
)
from rtcan_cli.errors import RtcanError, permission_hint
from rtcan_cli.files.kinds import EMPTY, HEAD, ZIP, another_kind
from rtcan_cli.files.links import KINDS, is_link

_PIECE = 1 << 20
_LONGEST_REASON = 200

_State = tuple[int, int, int, int]

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: object) -> str:
    """Text in one line that can be shown and stored.

    A file's name may hold line breaks, and bytes that are not UTF-8; each becomes a question mark
    in a diamond.
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def unreadable(what: object, error: Exception) -> RtcanError:
    """The error for a file that is damaged, incomplete or not what its name says.

    Parameters
    ----------
    what : object
        The file, as it is to be called.
    error : Exception
        What went wrong; the first line of its text is shown.

    Returns
    -------
    RtcanError
    """
    text = str(error)
    if isinstance(error, EOFError):
        text = "it ends too early"
    elif isinstance(error, LookupError):  # says only what was looked up
        text = "its content is not valid"
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    reason = printable((text.splitlines() or [type(error).__name__])[0])
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]} ..."
    return RtcanError(
        f"{printable(what)} cannot be read: {reason}",
        hint=permission_hint(error) or "check that it is a file, and on a sound disk"
        if isinstance(error, OSError)
        else "the file is incomplete or damaged: copy or download it again",
    )


@dataclass(frozen=True)
class RawFile:
    """One file of a dataset; it can be pickled, so that another process can read it.

    Attributes
    ----------
    path : Path
        The file on disk: the file itself, or the zip file that it lies in.
    name : PurePosixPath
        Where it lies below the folder or inside the zip file that was searched.
    members : tuple of str
        The way to it inside the zip file: its name there, or the name of an inner zip file and the
        name in that; empty for a file of its own.
    root : Path or None
        The folder, without links in its own path, that the file must lie in once all links are
        followed; None where it may lie anywhere.
    """

    path: Path
    name: PurePosixPath
    members: tuple[str, ...] = ()
    root: Path | None = None

    def __str__(self) -> str:
        return printable(":".join((str(self.path), *self.members)))

    @property
    def source(self) -> str:
        """The file on disk, as it is written into a store."""
        return printable(self.path)

    @property
    def position(self) -> str:
        """Where it lies in the file on disk; empty for a file of its own."""
        return printable(":".join(self.members))

    def within(self, place: str) -> str:
        """The position of something in it."""
        return printable(":".join((*self.members, place)))

    @property
    def is_outside(self) -> bool:
        """Whether a link leads out of the folder that was searched."""
        return self.root is not None and not real_path(self.path).is_relative_to(self.root)

    def refuse_outside(self) -> None:
        """Raise RtcanError if a link leads out of the folder that was searched."""
        if self.is_outside:
            assert self.root is not None
            raise leads_out(self.path, self.root)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading; a member of a zip file is unpacked as it is read.

        If the caller stops before the end of a member, the rest is read on leaving, because only
        then its checksum shows whether it is complete.

        Raises
        ------
        RtcanError
            If the file cannot be read, the zip file is damaged or encrypted, or the member is
            larger than any file of a dataset; or if a link leads out of the folder.
        """
        self.refuse_outside()
        try:
            if not self.members:
                with _open_regular(self.path) as stream:
                    yield stream
                return
            archive = _archive(self.path, self.members[:-1], _state(self.path))
            with open_member(archive, self.members[-1], str(self)) as stream:
                yield stream
                while stream.read(_PIECE):
                    pass
        except RtcanError:
            raise
        except Exception as error:  # a damaged zip file makes zipfile raise almost anything
            raise unreadable(self, error) from error

    def content(self) -> bytes:
        """All its bytes. Raises RtcanError like `open`, and if they are too many for memory."""
        with self.open() as stream:
            if self.members:
                # In pieces: asked for all, zipfile may unpack more than the member says it holds.
                return b"".join(iter(lambda: stream.read(_PIECE), b""))
            if (size := os.fstat(stream.fileno()).st_size) > LARGEST:
                raise RtcanError(f"{self} has {size / 1e9:.1f} GB, as no file of a dataset has")
            return stream.read()

    def head(self) -> bytes | None:
        """Its first bytes, which tell its kind; None if it cannot be read."""
        try:
            if not self.members:
                with _open_regular(self.path) as stream:
                    return stream.read(HEAD)
            archive = _archive(self.path, self.members[:-1], _state(self.path))
            with open_member(archive, self.members[-1], str(self)) as stream:
                return stream.read(HEAD)
        except Exception:  # as for `open`, where it is told
            return None

    def member_names(self) -> list[str]:
        """Names of the members of a zip file, which may lie in a zip file itself.

        Raises
        ------
        RtcanError
            If it cannot be read, or a member's name leads out of it.
        """
        self.refuse_outside()
        try:
            archive = _archive(self.path, self.members, _state(self.path))
        except RtcanError:
            raise
        except Exception as error:
            raise self.of_another_kind("a zip file", ZIP.name) or unreadable(self, error) from error
        return member_names(archive, str(self))

    def of_another_kind(self, wanted: str, *fitting: str) -> RtcanError | None:
        """The error that names its kind, for a reader that could not read it.

        Parameters
        ----------
        wanted : str
            What is needed, with its article.
        *fitting : str
            Names of the kinds in `rtcan_cli.files.kinds` that are not errors.

        Returns
        -------
        RtcanError or None
            None if it is of a fitting kind, or of one that is not known.
        """
        head = self.head()
        return None if head is None else another_kind(head, self, wanted, *fitting)

    def text(self) -> str:
        """All its text, with or without a byte-order mark.

        Raises
        ------
        RtcanError
            If it cannot be read, is of another kind or is not UTF-8.
        """
        content = self.content()
        other = another_kind(content[:HEAD], self, "a table in text (CSV)", EMPTY.name)
        if other is not None:
            raise other
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            found = "UTF-16" if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else None
            raise RtcanError(
                f"{self} is {f'{found} text, not UTF-8' if found else 'not UTF-8 text'}",
                hint=f"iconv -f {found or 'GBK'} -t UTF-8 FILE > NEW"
                + ("" if found else " (or -f ISO-8859-1, ..., as it was written)")
                + "; or save it as UTF-8 in an editor",
            ) from None


def _archive(path: Path, members: tuple[str, ...], state: _State) -> zipfile.ZipFile:
    return _archive_in_memory(path, members, state) if members else _archive_on_disk(path, state)


@lru_cache(maxsize=2)
def _archive_on_disk(path: Path, state: _State) -> zipfile.ZipFile:
    return open_archive(_open_regular(path))


@lru_cache(maxsize=1)
def _archive_in_memory(path: Path, members: tuple[str, ...], state: _State) -> zipfile.ZipFile:
    """An inner zip file, unpacked as a whole: the list of its members lies at its end."""
    _archive_in_memory.cache_clear()  # The one before goes first: two may be too many.
    unpacked = io.BytesIO()
    with RawFile(path, member_path(members[-1]), members).open() as stream:
        while piece := stream.read(_PIECE):
            unpacked.write(piece)
    return open_archive(unpacked)


def _state(path: Path) -> _State:
    """What changes when a file is replaced or written to."""
    now = path.stat()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


def _open_regular(path: Path) -> io.BufferedReader:
    """Open a file, but nothing that only looks like one: opening a named pipe may take forever."""
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        raise OSError(0, f"it is {KINDS.get(kind, 'no file')}")
    return path.open("rb")


def regular_only(files: Iterable[RawFile]) -> tuple[list[RawFile], list[RtcanError]]:
    """Tell files that can be opened from what only has such a name.

    Parameters
    ----------
    files : iterable of RawFile
        As listed.

    Returns
    -------
    files : list of RawFile
        Files, and members of zip files.
    damaged : list of RtcanError
        One for each link that leads out of the folder, nowhere or in a circle, named pipe, socket
        and device.
    """
    good, damaged = [], []
    for file in files:
        try:
            file.refuse_outside()
            if not file.members:
                _open_regular(file.path).close()
            good.append(file)
        except RtcanError as error:
            damaged.append(error)
        except OSError as error:
            damaged.append(unreadable(file, error))
    return good, damaged


def leads_out(path: Path, root: Path) -> RtcanError:
    """The error for a path on which a link leads out of a folder; the first such link is named."""
    link = next(
        (
            each
            for each in (*reversed(path.parents), path)
            if is_link(each)
            and real_path(each.parent).is_relative_to(root)
            and not real_path(each).is_relative_to(root)
        ),
        path,
    )
    return RtcanError(
        f"{printable(link)} is a link that leads out of {printable(root)}, to "
        f"{printable(real_path(link))}, and is not followed",
        hint="ingest with --follow-links, if you know what it leads to; or put the file or folder "
        "itself in its place",
    )


def real_path(path: Path) -> Path:
    """A path with all links followed, as far as they lead anywhere."""
    return Path(os.path.realpath(path))

"""Raw files, whether they lie in a folder or inside a zip file."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
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
from rtcan_cli.files.kinds import EMPTY, HEAD, ZIP, another_kind, kind_of
from rtcan_cli.files.links import KINDS, is_link

MARKER = "SIMULATED.json"
"""Lies at the root of every folder that the simulator wrote."""

PUBLISHER_FOLDERS = {
    "deap": "data_preprocessed_python",
    "amigos": "data_preprocessed_matlab",
    "pmemo": "PMEmo",
    "hku956": "HKU956",
    "wesad": "WESAD",
    "case": "CASE_full",
    "table": "own_recordings",
}
"""What the publishers call the folders they ship; the simulator puts them beside `MARKER`."""

_MAX_DEPTH = 4

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
        return self.root is not None and not _real(self.path).is_relative_to(self.root)

    def refuse_outside(self) -> None:
        """Raise RtcanError if a link leads out of the folder that was searched."""
        if self.is_outside:
            assert self.root is not None
            raise _leads_out(self.path, self.root)

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


def inside(file: RawFile) -> list[RawFile]:
    """The members of a zip file, which may lie in a zip file itself.

    Parameters
    ----------
    file : RawFile
        The zip file.

    Returns
    -------
    list of RawFile
        Sorted by name, without what systems leave behind.

    Raises
    ------
    RtcanError
        If it cannot be read, or a member's name leads out of it.
    """
    file.refuse_outside()
    try:
        archive = _archive(file.path, file.members, _state(file.path))
    except RtcanError:
        raise
    except Exception as error:
        raise file.of_another_kind("a zip file", ZIP.name) or unreadable(file, error) from error
    return _visible(
        RawFile(file.path, member_path(name), (*file.members, name), file.root)
        for name in member_names(archive, str(file))
    )


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


def list_files(raw: Path, follow_links: bool = False) -> list[RawFile]:
    """Files of a folder, a few levels deep, or members of a zip file.

    Symbolic links to what lies in the folder are followed; the folder itself may be a link, too.
    Hidden files and the copies that macOS puts into zip files are left out.

    Parameters
    ----------
    raw : Path
        Folder or zip file.
    follow_links : bool
        Whether links may lead out of the folder. If not, files behind them are listed, and refused
        when they are opened.

    Returns
    -------
    list of RawFile
        Sorted by name.

    Raises
    ------
    RtcanError
        If there is no such folder or a folder in it cannot be read, or the file is not a zip file
        or is damaged; or if a link to a folder leads out of it.
    """
    if raw.is_dir():
        root = None if follow_links else _real(raw)
        return _visible(RawFile(raw / name, name, root=root) for name in _walk(raw, root))
    if not raw.exists():
        raise RtcanError(f"{printable(raw)} does not exist", hint="check the path of the raw files")
    file = RawFile(raw, PurePosixPath(raw.name))
    head = file.head()
    if head is not None and raw.suffix.lower() != ".zip" and kind_of(head) != ZIP:
        raise RtcanError(
            f"{printable(raw)} is a single file, not a dataset's folder or zip file",
            hint=f"name the folder that it lies in: {printable(raw.parent)}",
        )
    return inside(file)


def files_beside(folder: Path, root: Path | None) -> list[RawFile]:
    """Files of a folder as `list_files` finds them, but without folders behind links out of `root`.

    Parameters
    ----------
    folder : Path
        In `root`, or the same.
    root : Path or None
        As of `RawFile`.

    Raises
    ------
    RtcanError
        If a folder cannot be read.
    """
    names = _walk(folder, root, refuse=False)
    return _visible(RawFile(folder / name, name, root=root) for name in names)


def _visible(files: Iterable[RawFile]) -> list[RawFile]:
    found = (
        each
        for each in files
        if not any(part.startswith(".") or part == "__MACOSX" for part in each.name.parts)
    )
    return sorted(found, key=lambda each: each.name)


def _walk(folder: Path, root: Path | None, refuse: bool = True) -> Iterator[PurePosixPath]:
    """Files below a folder, symbolic links followed, but none to a folder outside of `root`.

    A link to such a folder is an error, or passed over if not `refuse`.

    Links to folders come last, and only those that lead to something new: so links in a circle
    end, and what is both there and linked to is found once, under its own name.
    """
    seen = {_identity(above) for above in folder.resolve().parents}
    waiting = [folder]
    for start in waiting:
        for here, below, names in os.walk(start, onerror=_refuse):
            identity = _identity(Path(here))
            if identity in seen:
                below.clear()
                continue
            if root is not None and not _real(Path(here)).is_relative_to(root):
                if refuse:
                    raise _leads_out(Path(here), root)
                below.clear()
                continue
            seen.add(identity)
            place = PurePosixPath(Path(here).relative_to(folder).as_posix())
            if len(place.parts) >= _MAX_DEPTH:
                below.clear()
            below[:] = sorted(name for name in below if not name.startswith("."))
            waiting += [path for path in (Path(here) / name for name in below) if is_link(path)]
            yield from (place / name for name in names)


def _leads_out(path: Path, root: Path) -> RtcanError:
    """The error for a path on which a link leads out of a folder; the first such link is named."""
    link = next(
        (
            each
            for each in (*reversed(path.parents), path)
            if is_link(each)
            and _real(each.parent).is_relative_to(root)
            and not _real(each).is_relative_to(root)
        ),
        path,
    )
    return RtcanError(
        f"{printable(link)} is a link that leads out of {printable(root)}, to "
        f"{printable(_real(link))}, and is not followed",
        hint="ingest with --follow-links, if you know what it leads to; or put the file or folder "
        "itself in its place",
    )


def _real(path: Path) -> Path:
    """A path with all links followed, as far as they lead anywhere."""
    return Path(os.path.realpath(path))


def _refuse(error: OSError) -> None:
    raise RtcanError(
        f"{printable(error.filename)} cannot be read: {error.strerror}",
        hint="check its permissions, or name the folder that holds nothing but the dataset",
    ) from error


def _identity(folder: Path) -> tuple[int, int]:
    """What two names of one folder have in common."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def find_files(
    raw: Path, wanted: Callable[[RawFile], bool], looked_for: str, follow_links: bool = False
) -> tuple[list[RawFile], list[RawFile]]:
    """The files of a dataset in a folder, in a zip file, or in a zip file in a folder.

    What lies in the folder itself goes before what lies in a zip file there.

    Parameters
    ----------
    raw : Path
        Folder or zip file.
    wanted : callable
        Tells whether a file holds signals of the dataset.
    looked_for : str
        What `wanted` accepts, in words.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    wanted, all : list of RawFile
        Both from the same place.

    Raises
    ------
    RtcanError
        If nothing is found, saying what was looked for and what is there; or if it is found in
        more than one zip file, since reading the first would leave out the others.
    """
    listing = list_files(raw, follow_links)
    zips = [each for each in listing if not each.members and _is_zip(each)]
    matching = [each for each in listing if wanted(each)]
    if matching:
        return matching, listing
    damaged: list[RtcanError] = []
    holding: dict[Path, tuple[list[RawFile], list[RawFile]]] = {}
    for place in zips:
        try:
            found = inside(place)
        except RtcanError as error:
            # It may have nothing to do with the dataset.
            damaged.append(error)
            continue
        matching = [each for each in found if wanted(each)]
        if matching:
            holding[place.path] = matching, found
    if len(holding) > 1:
        names = ", ".join(printable(place.relative_to(raw)) for place in list(holding)[:4])
        raise RtcanError(
            f"{printable(raw)} holds {looked_for} in {len(holding)} zip files: {names}",
            hint="name the one that is to be read, or unpack all into one folder",
        )
    if holding:
        return holding.popitem()[1]
    if damaged:
        raise damaged[0]
    raise nothing_of(
        raw, looked_for, listing, "name the folder or the zip file that the publisher ships"
    )


def nothing_of(raw: Path, looked_for: str, listing: list[RawFile], hint: str) -> RtcanError:
    """The error for a folder without what was looked for: it says what is there."""
    shown = ", ".join(printable(each.name) for each in listing[:4])
    files = f"{len(listing)} other file{'s' * (len(listing) != 1)}"
    there = f"{files} ({shown}{', ...' if len(listing) > 4 else ''})"
    return RtcanError(
        f"{printable(raw)} holds no {looked_for}, but {there if listing else 'no files at all'}",
        hint=hint,
    )


def _is_zip(file: RawFile) -> bool:
    return file.name.suffix.lower() == ".zip"

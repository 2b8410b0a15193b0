"""Raw files, whether they lie in a folder or inside a zip file."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from rtcan_cli.errors import RtcanError

MARKER = "SIMULATED.json"
"""Lies at the root of every folder that the simulator wrote."""

PUBLISHER_FOLDERS = {
    "deap": "data_preprocessed_python",
    "amigos": "data_preprocessed_matlab",
    "pmemo": "PMEmo",
}
"""What the publishers call the folders they ship; the simulator puts them beside `MARKER`."""

_MAX_DEPTH = 4


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
    text = "it ends too early" if isinstance(error, EOFError) else str(error)
    reason = (text.splitlines() or [type(error).__name__])[0]
    return RtcanError(
        f"{what} cannot be read: {reason}",
        hint="the file is incomplete or damaged: copy or download it again",
    )


@dataclass(frozen=True)
class RawFile:
    """One file of a dataset.

    Attributes
    ----------
    path : Path
        The file on disk: the file itself, or the zip file that it lies in.
    name : PurePosixPath
        Where it lies below the folder or inside the zip file that was searched.
    archive : ZipFile or None
        The opened zip file, for one of its members.
    """

    path: Path
    name: PurePosixPath
    archive: zipfile.ZipFile | None = None

    def __str__(self) -> str:
        return str(self.path) if self.archive is None else f"{self.path}:{self.name}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading; a member of a zip file is unpacked as it is read.

        Raises
        ------
        RtcanError
            If the file cannot be read, or the zip file is damaged or encrypted.
        """
        try:
            with (
                self.path.open("rb")
                if self.archive is None
                else self.archive.open(str(self.name)) as stream
            ):
                yield stream
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
            raise unreadable(self, error) from error

    def content(self) -> bytes:
        """All its bytes. Raises RtcanError like `open`."""
        with self.open() as stream:
            return stream.read()

    def text(self) -> str:
        """All its text, with or without a byte-order mark.

        Raises
        ------
        RtcanError
            If it cannot be read or is not UTF-8.
        """
        try:
            return self.content().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise RtcanError(
                f"{self} is not UTF-8 text", hint="save it as CSV in UTF-8, or download it again"
            ) from None


def list_files(raw: Path) -> list[RawFile]:
    """Files of a folder, a few levels deep, or members of a zip file.

    Symbolic links are followed. Hidden files and the copies that macOS puts into zip files are
    left out.

    Parameters
    ----------
    raw : Path
        Folder or zip file.

    Returns
    -------
    list of RawFile
        Sorted by name.

    Raises
    ------
    RtcanError
        If there is no such folder, or the file is no zip file or a damaged one.
    """
    if raw.is_dir():
        found = [RawFile(raw / name, name) for name in _walk(raw)]
    elif not raw.exists():
        raise RtcanError(f"{raw} does not exist", hint="check the path of the raw files")
    else:
        try:
            archive = zipfile.ZipFile(raw)
        except (OSError, zipfile.BadZipFile) as error:
            raise unreadable(raw, error) from error
        members = [each.filename for each in archive.infolist() if not each.is_dir()]
        found = [RawFile(raw, PurePosixPath(name), archive) for name in members]
    visible = (
        each
        for each in found
        if not any(part.startswith(".") or part == "__MACOSX" for part in each.name.parts)
    )
    return sorted(visible, key=lambda each: each.name)


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    """Files below a folder, symbolic links followed.

    Links to folders come last, and only those that lead to something new: so links in a circle
    end, and what is both there and linked to is found once, under its own name.
    """
    seen = {_identity(above) for above in folder.resolve().parents}
    waiting = [folder]
    for start in waiting:
        for here, below, names in os.walk(start):
            identity = _identity(Path(here))
            if identity in seen:
                below.clear()
                continue
            seen.add(identity)
            place = PurePosixPath(Path(here).relative_to(folder).as_posix())
            if len(place.parts) >= _MAX_DEPTH:
                below.clear()
            below[:] = sorted(name for name in below if not name.startswith("."))
            waiting += [path for path in (Path(here) / name for name in below) if path.is_symlink()]
            yield from (place / name for name in names)


def _identity(folder: Path) -> tuple[int, int]:
    """What two names of one folder have in common."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def find_files(
    raw: Path, wanted: Callable[[RawFile], bool], looked_for: str
) -> tuple[list[RawFile], list[RawFile]]:
    """The files of a dataset in a folder, in a zip file, or in a zip file in a folder.

    Parameters
    ----------
    raw : Path
        Folder or zip file.
    wanted : callable
        Tells whether a file holds signals of the dataset.
    looked_for : str
        What `wanted` accepts, in words.

    Returns
    -------
    wanted, all : list of RawFile
        Both from the same place.

    Raises
    ------
    RtcanError
        If nothing is found, saying what was looked for and what is there.
    """
    listing = list_files(raw)
    zips = [each.path for each in listing if each.archive is None and _is_zip(each)]
    for found in (listing, *map(list_files, zips)):
        matching = [each for each in found if wanted(each)]
        if matching:
            return matching, found
    shown = ", ".join(str(each.name) for each in listing[:4])
    there = f"{len(listing)} other files ({shown}{', ...' if len(listing) > 4 else ''})"
    raise RtcanError(
        f"{raw} holds no {looked_for}, but {there if listing else 'no files at all'}",
        hint="name the folder or the zip file that the publisher ships",
    )


def _is_zip(file: RawFile) -> bool:
    return file.name.suffix.lower() == ".zip"


def read_marker(
    name: str, used: RawFile, listing: list[RawFile], raw: Path
) -> dict[str, Any] | None:
    """What the simulator says about its files, or None for real ones.

    A marker speaks only for what the simulator wrote beside it: for the publisher's folder of the
    dataset that it names, for zip files in its own folder, and for all that is read where its own
    folder is the one that the user named. Real data that lie elsewhere below it stay real.

    Parameters
    ----------
    name : str
        The dataset that is read.
    used : RawFile
        Any file that holds signals.
    listing : list of RawFile
        All files found beside it.
    raw : Path
        What the user named; the marker may lie in it, above it or below it.

    Returns
    -------
    dict or None

    Raises
    ------
    RtcanError
        If a marker in such a place is damaged, so that nobody can tell.
    """
    for marker in _markers(PUBLISHER_FOLDERS[name], used, listing, raw):
        try:
            content = json.loads(marker.text())
        except ValueError:
            content = None
        if not isinstance(content, dict) or "dataset" not in content:
            raise RtcanError(
                f"{marker} does not say which dataset was simulated, so that simulated files "
                "cannot be told from real ones",
                hint="simulate again; or delete it if the files beside it are real",
            )
        if content["dataset"] == name:
            return content
    return None


def _markers(publisher: str, used: RawFile, listing: list[RawFile], raw: Path) -> Iterator[RawFile]:
    """Markers in places from which they can speak for a file."""
    if used.archive is not None:
        for each in listing:
            inner = each.name.parent
            if each.name.name == MARKER and (
                not inner.parts or inner / publisher in used.name.parents
            ):
                yield each
    named = raw.resolve()
    # Where a folder is a symbolic link, the marker may lie beside the link or beside its target.
    for path in dict.fromkeys((Path(os.path.abspath(used.path)), used.path.resolve())):
        is_zip = used.archive is not None or path.suffix.lower() == ".zip"
        for folder in path.parents:
            speaks = (
                folder / publisher in path.parents
                or (is_zip and folder == path.parent)
                or folder.resolve() == named
            )
            if speaks and (folder / MARKER).is_file():
                yield RawFile(folder / MARKER, PurePosixPath(MARKER))

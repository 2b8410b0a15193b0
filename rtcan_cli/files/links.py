"""Opening files and folders that someone else may have prepared, without following links.

A workspace, or a folder of figures, may have come as an archive from a stranger. A symbolic link
in it must not make rtcan read, empty or remove a file elsewhere. Folders that a user types may be
links themselves: what counts is what lies below them.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rtcan_cli.errors import RtcanError

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
KINDS = {
    stat.S_IFLNK: "a symbolic link, which is not followed",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Unexpected(OSError):
    """Something else is in a place than a regular file, or a folder; what, is in `strerror`."""


def open_regular(path: Path | str, flags: int = os.O_RDONLY, *, at: int | None = None) -> int:
    """Open a regular file; never follow a link, and never wait for a named pipe.

    Parameters
    ----------
    path : Path or str
        The file. Only its last part must not be a link.
    flags : int
        Of `os.open`.
    at : int, optional
        Descriptor of the folder that a relative path begins in.

    Returns
    -------
    int
        A descriptor.

    Raises
    ------
    Unexpected
        If it is anything else.
    OSError
        If it cannot be opened.
    """
    kind = _kind(path, at)
    if kind is not None and not stat.S_ISREG(kind):
        raise _not_that(path, kind, "file")
    # Without waiting: a file may have become a pipe since.
    descriptor = os.open(path, flags | _SAFE | os.O_NONBLOCK, 0o666, dir_fd=at)
    try:
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            raise _not_that(path, kind, "file")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_folder(path: Path | str, *, at: int | None = None, make: bool = False) -> int:
    """Open a folder; what is then done by its descriptor happens in that very folder.

    Parameters
    ----------
    path : Path or str
        The folder. Only its last part must not be a link.
    at : int, optional
        Descriptor of the folder that a relative path begins in.
    make : bool
        Make it if it is missing; the folder above must be there.

    Returns
    -------
    int
        A descriptor.

    Raises
    ------
    Unexpected
        If something else is there.
    OSError
        If there is none, or it cannot be opened.
    """
    if make:
        with suppress(FileExistsError):
            os.mkdir(path, dir_fd=at)
    kind = _kind(path, at)
    if kind is not None and not stat.S_ISDIR(kind):
        raise _not_that(path, kind, "folder")
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=at)


@contextmanager
def opened_folder(path: Path | str, *, at: int | None = None, make: bool = False) -> Iterator[int]:
    """As `open_folder`, and close it in the end."""
    descriptor = open_folder(path, at=at, make=make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_files(folder: int) -> None:
    """Remove all files in an open folder: of links the links, and nothing in folders in it."""
    for name in os.listdir(folder):
        with suppress(OSError):  # a folder, or gone meanwhile
            os.unlink(name, dir_fd=folder)


def new_beside(name: str, *, at: int | None = None) -> tuple[str, int]:
    """Make a new, empty file that nobody could have prepared.

    Parameters
    ----------
    name : str
        What its name begins with; the number of the process and chance are added.
    at : int, optional
        Descriptor of its folder.

    Returns
    -------
    name : str
    descriptor : int
        For writing.
    """
    while True:
        unique = unique_name(name)
        try:
            # O_EXCL: whatever has that name, link or not, is left alone.
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE
            return unique, os.open(unique, flags, 0o666, dir_fd=at)
        except FileExistsError:
            continue


def unique_name(name: str) -> str:
    """A name with the number of this process, that cannot be guessed before it is used."""
    return f"{name}{os.getpid()}-{secrets.token_hex(6)}"


def refuse_links(path: Path, root: Path) -> Path:
    """Return a path below a folder, if none of its parts below that folder is a symbolic link.

    Parameters
    ----------
    path : Path
        Need not be there.
    root : Path
        The folder, which may be a link itself.

    Raises
    ------
    RtcanError
        If a part is a link, which is named with what it leads to.
    """
    parts = path.relative_to(root).parts
    if ".." in parts:
        raise RtcanError(f"{path}: leads out of {root}")
    place = root
    for part in parts:
        place = place / part
        if place.is_symlink():
            raise RtcanError(
                f"{place}: is a symbolic link (to {os.readlink(place)}), and links in {root} are "
                "not followed",
                "put the file or folder itself there; or name it by an option, such as "
                "--workspace, --recordings-store or --output, which may be a link",
            )
    return path


def folder_below(root: Path, *names: str) -> Path:
    """A folder for output below one that the user has named.

    Raises
    ------
    RtcanError
        If a name leads elsewhere, or is a symbolic link there.
    """
    for name in names:
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise RtcanError(f"{name!r} cannot be the name of a folder in {root}")
    return refuse_links(root.joinpath(*names), root)


def part_of_name(text: object) -> str:
    """Text, such as a subject's name, as a part of the name of a file: it leads nowhere else."""
    return str(text).replace("%", "%25").replace("/", "%2F").replace("\0", "%00")


def _kind(path: Path | str, at: int | None) -> int | None:
    try:
        return os.stat(path, dir_fd=at, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def _not_that(path: Path | str, kind: int, wanted: str) -> Unexpected:
    found = KINDS.get(stat.S_IFMT(kind), "a file")
    return Unexpected(errno.EINVAL, f"not a {wanted}, but {found}", os.fspath(path))

"""Opening files and folders that someone else may have prepared, without following links.

A workspace, or a folder of figures, may have come as an archive from a stranger. A symbolic link
in it must not make rtcan read, empty or remove a file elsewhere. Folders that a user types may be
links themselves: what counts is what lies below them.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.errors import RtcanError
from rtcan_cli.platforms import patiently

if sys.platform == "win32":
    _SAFE = os.O_BINARY | os.O_NOINHERIT
    _AT_ONCE = 0
else:
    _SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
    _AT_ONCE = os.O_NONBLOCK
KINDS = {
    stat.S_IFLNK: "a symbolic link, which is not followed",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
#: What no name of a file has on Windows, what leads elsewhere, and what stands for it here.
_NOT_IN_NAMES = re.compile(r'[%<>:"/\\|?*\x00-\x1f]')
#: Windows has these devices in every folder, with any ending.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)",
    re.IGNORECASE,
)


class Unexpected(OSError):
    """Something else is in a place than a regular file, or a folder; what, is in `strerror`."""


@dataclass(frozen=True)
class Folder:
    """An open folder: what is done by it happens in that very folder, whatever its name is by now.

    Windows opens no folders. There it is known by its path, which is checked for a link only when
    it is opened.

    Parameters
    ----------
    path : str
        The folder.
    descriptor : int or None
        None on Windows.
    """

    path: str
    descriptor: int | None

    def place(self, name: str) -> str:
        """What functions of `os` are given for a file in it, together with the descriptor."""
        return name if self.descriptor is not None else os.path.join(self.path, name)

    def names(self) -> list[str]:
        """Names of all that is in it."""
        return os.listdir(self.path if self.descriptor is None else self.descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file; of a link the link."""
        os.unlink(self.place(name), dir_fd=self.descriptor)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder in it."""
        os.rmdir(self.place(name), dir_fd=self.descriptor)

    def replace(self, name: str, by: str) -> None:
        """Rename a file in it, in place of another one."""
        here, new, old = self.descriptor, self.place(by), self.place(name)
        patiently(lambda: os.replace(new, old, src_dir_fd=here, dst_dir_fd=here))

    def remove_files(self) -> None:
        """Remove all files in it: of links the links, and nothing in folders in it."""
        for name in self.names():
            with suppress(OSError):  # a folder, or gone meanwhile
                self.unlink(name)

    def close(self) -> None:
        """Close it."""
        if self.descriptor is not None:
            os.close(self.descriptor)


def open_regular(path: Path | str, flags: int = os.O_RDONLY, *, at: Folder | None = None) -> int:
    """Open a regular file; never follow a link, and never wait for a named pipe.

    Parameters
    ----------
    path : Path or str
        The file. Only its last part must not be a link.
    flags : int
        Of `os.open`.
    at : Folder, optional
        Folder that a relative path begins in.

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
    descriptor = _open(path, flags | _SAFE | _AT_ONCE, at)
    try:
        kind = os.fstat(descriptor).st_mode
        if sys.platform == "win32":  # which follows a link that has come since
            kind = _kind(path, at) or kind
        if not stat.S_ISREG(kind):
            raise _not_that(path, kind, "file")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_folder(path: Path | str, *, at: Folder | None = None, make: bool = False) -> Folder:
    """Open a folder; what is then done by it happens in that very folder.

    Parameters
    ----------
    path : Path or str
        The folder. Only its last part must not be a link.
    at : Folder, optional
        Folder that a relative path begins in.
    make : bool
        Make it if it is missing; the folder above must be there.

    Raises
    ------
    Unexpected
        If something else is there.
    OSError
        If there is none, or it cannot be opened.
    """
    name, above = _where(path, at)
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=above)
    kind = _kind(path, at)
    if kind is not None and not stat.S_ISDIR(kind):
        raise _not_that(path, kind, "folder")
    if sys.platform == "win32":
        if kind is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
        return Folder(os.path.abspath(name), None)
    return Folder(name, os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=above))


@contextmanager
def opened_folder(
    path: Path | str, *, at: Folder | None = None, make: bool = False
) -> Iterator[Folder]:
    """As `open_folder`, and close it in the end."""
    folder = open_folder(path, at=at, make=make)
    try:
        yield folder
    finally:
        folder.close()


def new_beside(name: str, *, at: Folder | None = None) -> tuple[str, int]:
    """Make a new, empty file that nobody could have prepared.

    Parameters
    ----------
    name : str
        What its name begins with; the number of the process and chance are added.
    at : Folder, optional
        Its folder.

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
            return unique, _open(unique, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, at)
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
        if is_link(place):
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
        If a name leads elsewhere, or is a symbolic link or a file there.
    """
    for name in names:
        if name in ("", ".", "..") or set(name) & set("/\\:\0"):
            raise RtcanError(f"{name!r} cannot be the name of a folder in {root}")
    folder = refuse_links(root.joinpath(*names), root)
    for each in (folder, *folder.parents):
        if os.path.isfile(each):
            raise RtcanError(
                f"{each} is a file, where a folder is to be",
                "move it aside, or name another folder",
            )
    return folder


def part_of_name(text: object) -> str:
    """Text, such as a subject's name, as a part of the name of a file, or as all of it.

    It leads nowhere else, and is a possible name on Linux, macOS and Windows: ``%`` and two digits
    stand for what cannot be in a name on one of them, and ``%`` alone for no text. Different texts
    have different names.
    """
    name = _NOT_IN_NAMES.sub(_escaped, str(text)) or "%"
    if _DEVICE.match(name):
        name = _escaped(name[0]) + name[1:]
    return name[:-1] + _escaped(name[-1]) if name.endswith((".", " ")) else name


def name_problem(name: str) -> str | None:
    """Why no file can have this name on Linux, macOS or Windows; None if one can."""
    if name in ("", ".", ".."):
        return "a name is needed"
    if found := sorted(set(_NOT_IN_NAMES.findall(name)) - {"%"}):
        return f"{' '.join(map(ascii, found))} cannot be in the name of a file on every system"
    if _DEVICE.match(name):
        return "that is a device on Windows"
    if name.endswith((".", " ")):
        return "Windows drops a dot or a space at the end"
    return None


def _escaped(letter: re.Match[str] | str) -> str:
    return f"%{ord(letter if isinstance(letter, str) else letter[0]):02X}"


def is_link(path: Path | str) -> bool:
    """Whether a path is a symbolic link, or a junction, which is what Windows has for folders."""
    try:
        return stat.S_ISLNK(_mode(os.lstat(path)))
    except (OSError, ValueError):  # nothing is there
        return False


def _mode(status: os.stat_result) -> int:
    """Kind and permissions; a junction counts as a symbolic link."""
    if sys.platform == "win32" and status.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT:
        return stat.S_IFLNK
    return status.st_mode


def _where(path: Path | str, at: Folder | None) -> tuple[str, int | None]:
    """What functions of `os` take for a path, and the descriptor that goes with it."""
    name = os.fspath(path)
    return (name, None) if at is None else (at.place(name), at.descriptor)


def _open(path: Path | str, flags: int, at: Folder | None) -> int:
    name, above = _where(path, at)
    return os.open(name, flags, 0o666, dir_fd=above)


def _kind(path: Path | str, at: Folder | None) -> int | None:
    name, above = _where(path, at)
    try:
        return _mode(os.stat(name, dir_fd=above, follow_symlinks=False))
    except FileNotFoundError:
        return None


def _not_that(path: Path | str, kind: int, wanted: str) -> Unexpected:
    found = KINDS.get(stat.S_IFMT(kind), "a file")
    return Unexpected(errno.EINVAL, f"not a {wanted}, but {found}", os.fspath(path))

"""Which raw files there are, in a folder or in a zip file, and which of them are a dataset's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from rtcan_cli.datasets.files.raw import RawFile, leads_out, printable, real_path
from rtcan_cli.datasets.files.zips import member_path
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import ZIP, kind_of
from rtcan_cli.files.links import is_link

_MAX_DEPTH = 4


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
        root = None if follow_links else real_path(raw)
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
    return _visible(
        RawFile(file.path, member_path(name), (*file.members, name), file.root)
        for name in file.member_names()
    )


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
            if root is not None and not real_path(Path(here)).is_relative_to(root):
                if refuse:
                    raise leads_out(Path(here), root)
                below.clear()
                continue
            seen.add(identity)
            place = PurePosixPath(Path(here).relative_to(folder).as_posix())
            if len(place.parts) >= _MAX_DEPTH:
                below.clear()
            below[:] = sorted(name for name in below if not name.startswith("."))
            waiting += [path for path in (Path(here) / name for name in below) if is_link(path)]
            yield from (place / name for name in names)


def _visible(files: Iterable[RawFile]) -> list[RawFile]:
    found = (
        each
        for each in files
        if not any(part.startswith(".") or part == "__MACOSX" for part in each.name.parts)
    )
    return sorted(found, key=lambda each: each.name)


def _refuse(error: OSError) -> None:
    raise RtcanError(
        f"{printable(error.filename)} cannot be read: {error.strerror}",
        hint="check its permissions, or name the folder that holds nothing but the dataset",
    ) from error


def _identity(folder: Path) -> tuple[int, int]:
    """What two names of one folder have in common."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def _is_zip(file: RawFile) -> bool:
    return file.name.suffix.lower() == ".zip"

"""Datasets that come as one folder with many files."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.datasets.files.listing import find_files
from rtcan_cli.datasets.files.raw import RawFile, printable, regular_only
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.simulation_marker import read_marker
from rtcan_cli.errors import RtcanError, some


@dataclass(frozen=True)
class PublishedFolder:
    """The one copy of a dataset in a folder or zip file.

    Attributes
    ----------
    pattern : re.Pattern
        The one of several that its signal files fit.
    files : dict of str to RawFile
        All regular files, by their lower-case names below the dataset's own folder: unpacking
        programs and copies change the case of folders.
    damaged : tuple of RtcanError
        One for each file that cannot be opened.
    simulated : bool
        Whether rtcan's simulator wrote it.
    has_others : bool
        Whether signal files that fit another pattern are there as well.
    """

    pattern: re.Pattern[str]
    files: dict[str, RawFile]
    damaged: tuple[RtcanError, ...]
    simulated: bool
    has_others: bool


def find_folder(
    dataset: str,
    raw: Path,
    patterns: Sequence[re.Pattern[str]],
    looked_for: str,
    follow_links: bool,
) -> PublishedFolder:
    """Find the files of a dataset.

    Parameters
    ----------
    dataset : str
        Its name.
    raw : Path
        Its folder, one above it, or a zip file.
    patterns : sequence of re.Pattern
        What names of signal files fit, with a group ``root`` for the folders above the dataset's
        files. Of several editions the first that is there counts.
    looked_for : str
        What they fit, in words.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    PublishedFolder

    Raises
    ------
    RtcanError
        If there are no such files, there is more than one copy, or names differ in upper and lower
        case only.
    """
    found, listing = find_files(
        raw,
        lambda each: any(it.fullmatch(str(each.name)) for it in patterns),
        looked_for,
        follow_links,
    )
    names = [str(each.name) for each in found]
    pattern = next(it for it in patterns if any(map(it.fullmatch, names)))
    matches = [pattern.fullmatch(name) for name in names]
    roots = {match["root"] or "" for match in matches if match}
    if len(roots) > 1:
        raise RtcanError(
            f"{printable(raw)} holds {profile(dataset).title} more than once: in "
            f"{', '.join(map(printable, sorted(roots)))}",
            hint="name the one folder that is to be read",
        )
    root = roots.pop()
    below = [each for each in listing if str(each.name).startswith(f"{root}/" if root else "")]
    regular, odd = regular_only(below)
    used = next(each for each, match in zip(found, matches, strict=True) if match)
    return PublishedFolder(
        pattern=pattern,
        files=_by_name(root, regular),
        damaged=tuple(odd),
        simulated=read_marker(dataset, used, listing, raw) is not None,
        has_others=not all(matches),
    )


def refuse_twice(subjects: Sequence[tuple[int, RawFile]]) -> None:
    """Refuse a subject whose number is written in two ways, such as 1 and 01.

    Parameters
    ----------
    subjects : sequence of (int, RawFile)
        The number of each, and one of its files.

    Raises
    ------
    RtcanError
        Naming both files.
    """
    seen: dict[int, RawFile] = {}
    for number, file in subjects:
        other = seen.setdefault(number, file)
        if other is not file:
            raise RtcanError(
                f"{other} and {file} are of the same subject, {number}",
                hint="keep the one that is right, under its published name",
            )


def missing_subjects(there: Collection[str], published: Sequence[str]) -> tuple[str, ...]:
    """What has to be said about a copy that has not the published subjects.

    Parameters
    ----------
    there, published : of str
        Names of subjects.

    Returns
    -------
    tuple of str
        Empty if they are the same.
    """
    missing = [name for name in published if name not in there]
    others = sorted(set(there) - set(published))
    notes = []
    if missing:
        notes.append(
            f"{len(missing)} of the {len(published)} published subjects are not there: "
            f"{some(missing)}"
        )
    if others:
        notes.append(f"subjects that were not published: {some(others)}")
    return tuple(notes)


def _by_name(root: str, regular: list[RawFile]) -> dict[str, RawFile]:
    files: dict[str, RawFile] = {}
    for each in regular:
        name = str(each.name)[len(root) :].lstrip("/")
        other = files.setdefault(name.lower(), each)
        if other is not each and name.lower().endswith(".csv"):
            raise RtcanError(
                f"{other} and {each} differ in upper and lower case only",
                hint="keep the one that is right",
            )
    return files

"""Datasets that come as one file a subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcan_cli.datasets.files.listing import find_files
from rtcan_cli.datasets.files.raw import RawFile, regular_only
from rtcan_cli.datasets.simulation_marker import read_marker
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class SubjectFiles:
    """The files of a dataset.

    Attributes
    ----------
    chosen : list of (str, RawFile)
        Subjects in order, each with its file.
    damaged : tuple of RtcanError
        One for each file that cannot be opened, and for each further file of a subject.
    marker : dict or None
        What the simulator says about them, see `read_marker`.
    """

    chosen: list[tuple[str, RawFile]]
    damaged: tuple[RtcanError, ...]
    marker: dict[str, Any] | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files on disk, each once."""
        return tuple(dict.fromkeys(file.path for _, file in self.chosen))


def subject_of(file: RawFile, pattern: re.Pattern[str]) -> str | None:
    """The subject whose number is the first group of a pattern for names; None if none fits."""
    match = pattern.fullmatch(file.name.name)
    return f"{int(match[1]):02d}" if match else None


def find_subjects(
    dataset: str,
    raw: Path,
    pattern: re.Pattern[str],
    looked_for: str,
    suffixes: Sequence[str],
    follow_links: bool,
) -> SubjectFiles:
    """Find a dataset's files, and choose one for each subject.

    Parameters
    ----------
    dataset : str
        Its name.
    raw : Path
        Folder or zip file.
    pattern : re.Pattern
        As for `subject_of`.
    looked_for : str
        What it fits, in words.
    suffixes : sequence of str
        Of two kinds of files for one subject, that which comes first here is chosen.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    SubjectFiles

    Raises
    ------
    RtcanError
        If there are no such files, or none that can be opened.
    """
    found, listing = find_files(
        raw, lambda each: subject_of(each, pattern) is not None, looked_for, follow_links
    )
    regular, damaged = regular_only(found)
    if not regular:
        raise damaged[0]
    by_subject: dict[str, dict[str, list[RawFile]]] = {}
    for file in regular:
        if (subject := subject_of(file, pattern)) is not None:
            kinds = by_subject.setdefault(subject, {})
            kinds.setdefault(file.name.suffix.lower(), []).append(file)
    chosen: list[tuple[str, RawFile]] = []
    for subject, kinds in sorted(by_subject.items()):
        first, *others = next(kinds[suffix] for suffix in suffixes if suffix in kinds)
        chosen.append((subject, first))
        damaged += [
            RtcanError(
                f"subject {subject} is there twice: {first} and {other}",
                hint="name the one folder that is to be read",
            )
            for other in others
        ]
    return SubjectFiles(chosen, tuple(damaged), read_marker(dataset, chosen[0][1], listing, raw))

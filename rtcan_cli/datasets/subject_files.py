"""Datasets that come as one file a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError


def one_a_subject(
    files: Iterable[RawFile],
    subject_of: Callable[[RawFile], str | None],
    suffixes: Sequence[str],
) -> tuple[list[tuple[str, RawFile]], list[RtcanError]]:
    """Choose one file for each subject.

    Parameters
    ----------
    files : iterable of RawFile
        In the order in which they are to be chosen.
    subject_of : callable
        The subject of a file, or None.
    suffixes : sequence of str
        Of two kinds of files for one subject, that which comes first here is chosen.

    Returns
    -------
    chosen : list of (str, RawFile)
        Subjects in order, each with its file.
    twice : list of RtcanError
        One for each further file of the chosen kind.
    """
    by_subject: dict[str, dict[str, list[RawFile]]] = {}
    for file in files:
        subject = subject_of(file)
        if subject is not None:
            kinds = by_subject.setdefault(subject, {})
            kinds.setdefault(file.name.suffix.lower(), []).append(file)
    chosen: list[tuple[str, RawFile]] = []
    twice: list[RtcanError] = []
    for subject, kinds in sorted(by_subject.items()):
        first, *others = next(kinds[suffix] for suffix in suffixes if suffix in kinds)
        chosen.append((subject, first))
        twice += [
            RtcanError(
                f"subject {subject} is there twice: {first} and {other}",
                hint="name the one folder that is to be read",
            )
            for other in others
        ]
    return chosen, twice

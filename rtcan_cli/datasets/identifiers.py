"""Names of subjects and stimuli: text, even where they look like numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from rtcan_cli.errors import RtcanError

_WHOLE = re.compile(r"(\d+)\.0*", re.ASCII)
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def plain(name: str) -> str:
    """A name without the spaces and the ``.0`` that some programs put behind whole numbers."""
    name = name.strip()
    match = _WHOLE.fullmatch(name)
    return match[1] if match else name


def by_number(name: str) -> tuple[int, str]:
    """Sorting key that puts ``"9"`` before ``"10"``."""
    return (int(name) if name.isdecimal() else -1, name)


def canonical(name: str) -> str:
    """Alike for names that differ by case, spaces, leading zeros or the form of letters.

    Digits of any script are those that they stand for, and hyphens and minus signs are one.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)
    text = _DASHES.sub("-", text)
    text = re.sub(r"^(\d+)\.0+$", r"\1", re.sub(r"\s+", "", text))
    return re.sub(r"0*(\d+)", r"\1", text)


def check_distinct(places: Mapping[str, object], what: str) -> None:
    """Refuse names that differ in case, spaces or leading zeros only.

    It is not known whether ``1`` and ``01``, or ``s1`` and ``S1``, are the same, and a subject that
    counts as two could be in training and test at once.

    Parameters
    ----------
    places : mapping of str to object
        The names, and a file that each one is from.
    what : str
        What they name, for the message.

    Raises
    ------
    RtcanError
        For the first such pair, naming both files.
    """
    seen: dict[str, str] = {}
    for name, place in places.items():
        other = seen.setdefault(canonical(name), name)
        if other != name:
            raise RtcanError(
                f"{what} {other!r} ({places[other]}) and {name!r} ({place}) differ in case, "
                "spaces or leading zeros only",
                hint="write the same name in the same way everywhere",
            )

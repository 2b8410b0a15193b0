"""The one exception that stands for a problem the user can act on."""

from __future__ import annotations

from collections.abc import Sequence


class RtcanError(Exception):
    """A problem with the user's files, options or workspace.

    Parameters
    ----------
    message : str
        One line: what is wrong, and where.
    hint : str, optional
        What to do about it, if rtcan knows: usually a command to run.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def some(names: Sequence[str], most: int = 8) -> str:
    """The first of some names, for a hint, and how many there are if these are not all."""
    rest = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + rest

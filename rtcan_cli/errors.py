"""The one exception that stands for a problem the user can act on."""

from __future__ import annotations


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

"""The one exception that stands for a problem the user can act on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


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


class PartlyDone(RtcanError):
    """Some of what was asked for is done, and the rest is not possible.

    Parameters
    ----------
    message, hint : str
        As of `RtcanError`, on what is not possible.
    result : Result
        What is done (`rtcan_cli.results`), to be shown before the error.
    """

    def __init__(self, message: str, hint: str | None, result: Any) -> None:
        super().__init__(message, hint)
        self.result = result


class BlockedError(RtcanError):
    """A file that may be whole, but cannot be read now: in use, or not permitted.

    So it must not be made again in place of what is there.
    """


class UnusableError(RtcanError):
    """A recording, or this part of it, cannot be used: by its samples, not by how it is read."""


class DamagedError(RtcanError):
    """A store is damaged.

    So nothing may go on without what could not be read, as it may without an unusable recording.
    """


def permission_hint(error: OSError) -> str | None:
    """What to do about a file that the system does not open; None if that is not known."""
    if isinstance(error, PermissionError):
        if sys.platform == "win32":
            return "close it in other programs; or see who may read it in its properties"
        return "ls -l shows who may read it; chmod u+r FILE, or ask its owner"
    return None


def writing_hint(error: OSError) -> str:
    """What to do before a file is written again that could not be written."""
    if not isinstance(error, PermissionError):
        return "free some space there"
    if sys.platform == "win32":
        return "close it in other programs, or check that you have write permission"
    return "check that you have write permission"


def some(names: Sequence[str], most: int = 8) -> str:
    """The first of some names, for a hint, and how many there are if these are not all."""
    rest = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + rest

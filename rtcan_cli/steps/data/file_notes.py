"""What readers found in signal files: said once for all files of which the same is true."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_QUOTED = re.compile(r"'[^']*'")


class FileNotes:
    """Notes about files; those that differ only in numbers and quoted text are of one kind."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, str]] = {}

    def add(self, notes: Iterable[str], file: str) -> None:
        """Take the notes about a file; the same notes may come again."""
        for note in notes:
            kind = _NUMBER.sub("#", _QUOTED.sub("'", note))
            self._files.setdefault(kind, {}).setdefault(file, note)

    def lines(self) -> list[str]:
        """One line for each kind, with the first file and the number of others."""
        lines = []
        for files in self._files.values():
            first, note = next(iter(files.items()))
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            lines.append(f"{first}{more}: {note}")
        return lines

"""What a person reads of a result: facts, tables, notes, and the files that were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Table:
    """A small table for a person to read.

    Parameters
    ----------
    title : str
        What the table shows.
    columns : sequence of str
        Column heads.
    rows : sequence of sequences
        Cells: text, numbers or None (shown as a dash).
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass
class Page:
    """What a person reads of a result.

    Parameters
    ----------
    facts : dict
        Single values, in reading order: name to number, text or path.
    tables : list of Table
        Tables, in reading order.
    text : str
        Something longer to read, printed as it is.
    notes : list of str
        Sentences the user should not miss.
    files : list of Path
        What the step wrote (or found already written).
    """

    facts: dict[str, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    text: str = ""
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def joined(self, other: Page) -> Page:
        """Both one after the other; what both hold is there once."""

        def once(one: list[Any], two: list[Any]) -> list[Any]:
            return [*one, *(each for each in two if each not in one)]

        return replace(
            self,
            facts=self.facts | other.facts,
            tables=once(self.tables, other.tables),
            text="\n\n".join(filter(None, (self.text, other.text))),
            notes=once(self.notes, other.notes),
            files=once(self.files, other.files),
        )

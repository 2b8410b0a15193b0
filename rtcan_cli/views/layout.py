"""Tables and facts as lines of text that fit a width.

No word and no number is ever split. Heads wrap at spaces, and so does text. What does not fit then
is shown in pieces, one below the other, each with the columns that name its rows. Where those alone
are too wide, short numbers stand for them, and a legend below says what each number stands for.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from rich.cells import cell_len

from rtcan_cli.views.cells import cell, column_texts
from rtcan_cli.views.parts import Table

#: What the line below the heads is made of.
RULE = "─"
#: Spaces between columns.
_GAP = 2
#: The least width that text is wrapped to, if its words are shorter.
_NARROW = 16


@dataclass(frozen=True)
class _Column:
    """A column of texts, and the widths that it can have."""

    head: str
    texts: list[str]
    numeric: bool

    @property
    def least(self) -> int:
        """The width that splits no word, and no number."""
        longest = _longest_word(self.head)
        if self.numeric:
            return max(longest, *map(len, self.texts), 1)
        return max(longest, *map(_longest_word, self.texts), min(_NARROW, self.natural))

    @property
    def natural(self) -> int:
        """The width in which nothing is wrapped."""
        return max(len(self.head), *map(len, self.texts), 1)


def table_lines(table: Table, width: int) -> list[str]:
    """The rows of a table below its heads, without its title.

    Parameters
    ----------
    table : Table
        The first of its columns that hold text name the rows.
    width : int
        Columns of the terminal.

    Returns
    -------
    list of str
        No line is longer than ``width``, unless a single word is.
    """
    if not table.columns:
        return []
    columns = [
        _Column(str(head), texts, numeric)
        for head, (texts, numeric) in zip(table.columns, column_texts(table), strict=True)
    ]
    n_keys = _n_keys(columns)
    keys, others = columns[:n_keys], columns[n_keys:]
    legend: list[str] = []
    if others and _least(keys) + _GAP + max(each.least for each in others) > width:
        keys, legend = _numbered(keys)
    lines: list[str] = []
    for piece in _pieces(keys, others, width):
        if lines:
            lines.append("")
        lines += _drawn(piece, width)
    return [*lines, *(part for line in legend for part in wrapped(line, width, "   "))]


def fact_lines(facts: Mapping[str, Any], width: int) -> list[str]:
    """Names and values beside each other; long values continue below their beginning."""
    names = max(map(len, facts), default=0)
    lines = []
    for name, value in facts.items():
        room = max(width - names - _GAP, _NARROW)
        first, *more = wrapped(cell(value), room) or [""]
        lines.append(f"{name:<{names}}{' ' * _GAP}{first}".rstrip())
        lines += [" " * (names + _GAP) + each for each in more]
    return lines


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of text, broken between words only; the first has no indent."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += textwrap.wrap(
            paragraph,
            max(width, 1),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _n_keys(columns: Sequence[_Column]) -> int:
    """How many columns name the rows: the first ones that hold text, or the first."""
    for place, column in enumerate(columns):
        if column.numeric:
            return max(place, 1)
    return 1


def _least(columns: Sequence[_Column]) -> int:
    return sum(each.least for each in columns) + _GAP * (len(columns) - 1)


def _numbered(keys: Sequence[_Column]) -> tuple[list[_Column], list[str]]:
    """A column of numbers in the place of the keys, and what each number stands for."""
    rows = list(zip(*(each.texts for each in keys), strict=True))
    numbers = {row: str(place) for place, row in enumerate(dict.fromkeys(rows), 1)}
    wide = max(map(len, numbers.values()), default=1)
    legend = [
        f"{number:>{wide}}: {', '.join(filter(None, row))}" for row, number in numbers.items()
    ]
    heads = ", ".join(filter(None, (each.head for each in keys)))
    numbered = _Column("", [numbers[row] for row in rows], numeric=True)
    return [numbered], [*([f"{heads}:"] if heads else []), *legend]


def _pieces(keys: list[_Column], others: list[_Column], width: int) -> Iterator[list[_Column]]:
    """The columns in groups that fit, each behind the keys."""
    group: list[_Column] = []
    for column in others:
        if group and _least([*keys, *group, column]) > width:
            yield [*keys, *group]
            group = []
        group.append(column)
    yield [*keys, *group]


def _drawn(columns: Sequence[_Column], available: int) -> list[str]:
    widths = [each.natural for each in columns]
    # Text gives way, the widest first, until all fit.
    while sum(widths) + _GAP * (len(columns) - 1) > available:
        spare = [w - each.least for w, each in zip(widths, columns, strict=True)]
        place = max(range(len(columns)), key=spare.__getitem__)
        if spare[place] <= 0:
            break
        widths[place] -= 1
    # Broken between words, a column may need less than it was given.
    widths = [
        max(len(line) for text in (each.head, *each.texts) for line in wrapped(text, width))
        for each, width in zip(columns, widths, strict=True)
    ]
    heads = _row([each.head for each in columns], columns, widths, bottom=True)
    rule = RULE * min(available, sum(widths) + _GAP * (len(columns) - 1))
    lines = [*heads, rule] if any(each.head for each in columns) else []
    for texts in zip(*(each.texts for each in columns), strict=True):
        lines += _row(texts, columns, widths)
    return lines


def _row(
    texts: Sequence[str], columns: Sequence[_Column], widths: Sequence[int], bottom: bool = False
) -> list[str]:
    """The lines of one row; heads stand at the bottom of theirs."""
    cells = [wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
    if bottom:
        height = max(map(len, cells))
        cells = [[""] * (height - len(each)) + each for each in cells]
    lines = []
    for parts in zip_longest(*cells, fillvalue=""):
        shown = [
            _padding(part, width) + part if column.numeric else part + _padding(part, width)
            for part, column, width in zip(parts, columns, widths, strict=True)
        ]
        lines.append((" " * _GAP).join(shown).rstrip())
    return lines


def _padding(text: str, width: int) -> str:
    """Spaces that fill a cell; letters of some scripts take two places of a terminal."""
    return " " * max(width - cell_len(text), 0)

"""Everything a person sees: results on stdout, messages and progress on stderr.

Rich and tqdm are imported when first needed, so that ``rtcan --help`` stays quick.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rtcan_cli.report import Report, Table

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


@dataclass
class Verbosity:
    """How the current command talks; set once from its options."""

    json: bool = False
    quiet: bool = False
    debug: bool = False


verbosity = Verbosity()


class Progress(Protocol):
    """The part of tqdm that steps use."""

    total: float | None
    initial: float
    n: float

    def update(self, n: float = 1) -> Any:
        """Count ``n`` finished units."""

    def set_postfix_str(self, s: str) -> Any:
        """Put a few words behind the bar."""


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def _stdout(width: int | None) -> Console:
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the command; rich would end the process with exit code 1."""
            raise  # it is being handled where this is called

    return Stdout(highlight=False, width=width)


def say(message: str) -> None:
    """Tell the user something on stderr, unless ``--quiet``."""
    if not verbosity.quiet:
        _stderr().print(message, markup=False)


_listeners: list[list[str]] = []


@contextmanager
def heard() -> Iterator[list[str]]:
    """Also keep what `warn` says, for a report that is read far from the terminal."""
    messages: list[str] = []
    _listeners.append(messages)
    try:
        yield messages
    finally:
        # Not by what is in it: another listener may have heard the same.
        _listeners[:] = [each for each in _listeners if each is not messages]


def warn(message: str) -> None:
    """Tell the user something they must not miss, on stderr, even with ``--quiet``."""
    for messages in _listeners:
        messages.append(message)
    _stderr().print(f"warning: {message}", style="yellow", markup=False)


def fail(message: str, hint: str | None = None) -> None:
    """One clear line for what went wrong; a second one for what to do about it."""
    err = _stderr()
    err.print(f"error: {message}", style="red", markup=False)
    if hint:
        err.print(f"  try: {hint}", markup=False)


@contextmanager
def progress(total: int, description: str, unit: str, done: int = 0) -> Iterator[Progress]:
    """A tqdm bar on stderr; silent with ``--quiet`` or where stderr is not a terminal."""
    from tqdm import tqdm

    disable = True if verbosity.quiet else None
    with tqdm(
        total=total,
        initial=done,
        desc=description,
        unit=unit,
        file=sys.stderr,
        disable=disable,
        dynamic_ncols=True,
        smoothing=0.1,
    ) as bar:
        yield bar


def show(report: Report) -> None:
    """Print a report on stdout: rich tables, or one JSON object with ``--json``."""
    if verbosity.json:
        print(json.dumps(jsonable(report.as_json()), allow_nan=False))
        return
    # A pipe has no width: do not fold the tables of someone who greps them.
    out = _stdout(width=None if sys.stdout.isatty() else 120)
    if report.facts:
        out.print(_facts_grid(report.facts))
    for table in report.tables:
        out.print()
        out.print(table.title, style="bold", markup=False)
        out.print(_rich_table(table))
    if report.text:
        out.print()
        out.print(report.text, markup=False, soft_wrap=True)
    for note in report.notes:
        out.print(f"note: {note}", markup=False, soft_wrap=True)
    for line in _grouped(report.files):
        out.print(f"-> {line}", markup=False, soft_wrap=True)


def _grouped(files: list[Path]) -> list[str]:
    """Paths to print; files that differ only in their ending share a line."""
    endings: dict[Path, list[str]] = {}
    for path in files:
        endings.setdefault(path.with_suffix(""), []).append(path.suffix)
    return [
        f"{stem}{ends[0]}" if len(ends) == 1 else f"{stem}{{{','.join(ends)}}}"
        for stem, ends in endings.items()
    ]


def _facts_grid(facts: dict[str, Any]) -> Any:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        grid.add_row(Text(name), Text(cell(value)))
    return grid


def _rich_table(table: Table) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    columns = column_texts(table)
    for name, (_, numbers) in zip(table.columns, columns, strict=True):
        rich.add_column(Text(name), justify="right" if numbers else "left", overflow="fold")
    for row in zip(*(texts for texts, _ in columns), strict=True):
        rich.add_row(*(Text(text) for text in row))
    return rich


def column_texts(table: Table) -> list[tuple[list[str], bool]]:
    """Cells of each column as they are shown, and whether it is one of numbers."""
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    return [
        (
            [cell(value, _decimals(column)) for value in column],
            all(isinstance(value, int | float | None) for value in column),
        )
        for column in columns
    ]


def _decimals(column: list[Any]) -> int | None:
    """Decimals that suit all numbers of a column; None where each is better shown on its own."""
    sizes = [abs(x) for x in column if isinstance(x, float) and math.isfinite(x) and x]
    if not sizes or max(sizes) <= 1:
        return None
    decimals = 1 if max(sizes) >= 10 else 2
    # Beside large numbers a small one would lose its digits, or be shown as zero.
    return None if min(sizes) < 10**-decimals else decimals


def cell(value: object, decimals: int | None = None) -> str:
    """A table cell: short numbers, a dash for what is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if decimals is not None:
            return f"{value:,.{decimals}f}"
        return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    return str(value)


def jsonable(value: object) -> Any:
    """Plain JSON types; what is not a number becomes null."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

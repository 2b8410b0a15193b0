"""Results on standard output: tables that fit the terminal, or one JSON object."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rtcan_cli.views.layout import fact_lines, table_lines, wrapped
from rtcan_cli.views.parts import Page

#: Of a pipe or a file, which have no width of their own.
_PIPE_WIDTH = 120
#: Lines of tables and of sketches of models, for encodings that may lack them.
_SIMPLE = str.maketrans("─│┌┐└┘├┤┬┴┼", "-|+++++++++")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def print_page(page: Page) -> None:
    """Print what a person reads, in the width of the terminal.

    Notes and files are folded on a terminal only, so that a search in a pipe finds them whole.
    """
    terminal = sys.stdout.isatty()
    bold = terminal and _shows_bold()
    for text, is_title in page_lines(page, terminal_width(), fold=terminal):
        line = _harmless(text)
        print(f"{_BOLD}{line}{_PLAIN}" if bold and is_title else line)


def _shows_bold() -> bool:
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows would show the codes; Windows Terminal and those that come from
    # other systems do not.
    return sys.platform != "win32" or bool({"WT_SESSION", "TERM"} & os.environ.keys())


def _harmless(line: str) -> str:
    """A line without characters that control a terminal, and with lines that it can show."""
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        line = line.translate(_SIMPLE)
    return "".join(
        each if unicodedata.category(each) != "Cc" else f"\\x{ord(each):02x}" for each in line
    )


def print_json(data: object) -> None:
    """Print one JSON object; numbers that are not finite are not JSON, and must not be there."""
    print(json.dumps(data, allow_nan=False))


def terminal_width() -> int:
    """Columns of the terminal, or of ``COLUMNS``; what is not a terminal has 120."""
    fallback = (_PIPE_WIDTH, 24)
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        return shutil.get_terminal_size(fallback).columns
    return _PIPE_WIDTH


def page_lines(page: Page, width: int, fold: bool = True) -> Iterator[tuple[str, bool]]:
    """All lines of a page, and whether each is a title."""
    for line in fact_lines(page.facts, width):
        yield line, False
    for table in page.tables:
        yield "", False
        for line in wrapped(table.title, width):
            yield line, True
        for line in table_lines(table, width):
            yield line, False
    if page.text:
        yield "", False
        for line in page.text.split("\n"):
            yield line, False
    if page.notes and (page.tables or page.text):
        yield "", False
    for note in page.notes:
        for line in wrapped(f"note: {note}", width, "  ") if fold else [f"note: {note}"]:
            yield line, False
    for line in grouped(page.files):
        yield f"-> {line}", False


def grouped(files: Sequence[Path]) -> list[str]:
    """Paths to print; files that differ only in their ending share a line."""
    endings: dict[Path, list[str]] = {}
    for path in files:
        endings.setdefault(path.with_suffix(""), []).append(path.suffix)
    return [
        f"{stem}{ends[0]}" if len(ends) == 1 else f"{stem}{{{','.join(ends)}}}"
        for stem, ends in endings.items()
    ]

"""Blocks of code in the pages, and how they are run: in this process, in order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.conftest import Outcome, must

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
_BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str


def name_of(page: Path) -> str:
    """Path of a page as the tables of the tests have it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in these languages; ``sh`` is ``bash``."""
    found = []
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        language = "bash" if match[2] == "sh" else match[2]
        text = "".join(line[len(match[1]) :] for line in match[3].splitlines(keepends=True))
        if language in languages:
            found.append(Block(language, text))
    return found


def lines(block: Block) -> list[str]:
    """The command lines of a block, without comments."""
    text = block.text.replace("\\\n", " ")
    split = (shlex.split(line, comments=True) for line in text.splitlines())
    return [" ".join(words) if "|" in words else shlex.join(words) for words in split if words]


def units(page: Path) -> Iterator[Block]:
    """What is run, or is listed: each command line, and each block of Python."""
    for block in blocks(page, "bash", "python"):
        if block.language == "python":
            yield block
        else:
            yield from (Block("bash", line) for line in lines(block))


def listed(unit: Block, table: Iterable[str]) -> str | None:
    """The entry of a table that a line, or the first line of a Python block, matches."""
    first = unit.text.partition("\n")[0]
    return next((pattern for pattern in table if fnmatchcase(first, pattern)), None)


def run_page(
    page: Path,
    left_out: Iterable[str],
    patch: pytest.MonkeyPatch,
    adapt: Callable[[list[str]], list[str]],
    names: dict[str, object] | None = None,
) -> None:
    """Run the blocks of a page in the current folder.

    Parameters
    ----------
    left_out : iterable of str
        Patterns of lines that are not run.
    adapt : callable
        Turns the words of a line into those that are run: real paths, smaller sizes.
    names : dict, optional
        What the page takes for granted in its Python blocks.
    """
    namespace: dict[str, object] = {"__name__": "__main__", **(names or {})}
    for unit in dict.fromkeys(units(page)):  # a line that stands twice would only do it again
        if listed(unit, left_out) is not None:
            continue
        if unit.language == "python":
            exec(compile(unit.text, f"<{page.name}>", "exec"), namespace)
            continue
        try:
            run_line(unit.text, patch, adapt)
        except AssertionError as error:
            raise AssertionError(f"{page.name}: {unit.text}\n{error}") from error


def run_line(
    line: str, patch: pytest.MonkeyPatch, adapt: Callable[[list[str]], list[str]]
) -> Outcome | None:
    """Run one command line: a command of rtcan, or the setting of a variable."""
    words = shlex.split(line.partition(" | ")[0])
    if words[0] == "export":
        patch.setenv(*words[1].split("=", 1))
        return None
    assert words[0] == "rtcan", "neither runs nor is it listed with a reason"
    outcome = must(*adapt(words[1:]))
    if "--json" in words:
        json.loads(outcome.stdout)
    return outcome

"""What must pass before a change lands is every test, and the pages name the command for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.blocks import blocks, lines

ROOT = Path(__file__).parents[2]


def recipe(target: str) -> str:
    """The line of the Makefile that runs pytest for a target."""
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{target}: .*\n\t(.* pytest .*)$", rules, re.MULTILINE)
    return line


def test_the_checks_of_a_change_leave_no_test_out() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make lint", "make audit", "make docs", "make test-all"} <= set(script)
    assert "make test" not in script
    assert recipe("test") == f"{recipe('test-all')} -m 'not long'"
    assert " -m '" not in recipe("test-all")
    assert " -k " not in recipe("test-all")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_the_pages_name_the_command_of_the_checks(page: str) -> None:
    typed = [line for block in blocks(ROOT / page, "bash") for line in lines(block)]
    assert {"make test", "make test-all"} <= set(typed)

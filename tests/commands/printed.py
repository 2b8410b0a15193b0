"""The commands that rtcan prints: found in what it says, read, and run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import click
import typer

from rtcan_cli.app import app
from tests.conftest import Outcome

GROUP = typer.main.get_command(app)
#: A line ends before ``;`` or ``,`` and a space, a backtick, or the end: words may be quoted.
_WORD = r"""(?:'[^']*'|"[^"]*"|[^\s'"`;,]|[;,](?=\S))+"""
_LINE = re.compile(rf"(?<![`\w])rtcan ([a-z][a-z-]*(?: {_WORD})*)")


def lines_in(text: str) -> list[list[str]]:
    """Every command line in a text, as a shell splits it, without the program."""
    found = []
    for match in _LINE.finditer(text):
        words = shlex.split(match[1])
        if words[0] in GROUP.commands and words not in found:  # type: ignore[attr-defined]
            found.append(words)
    return found


def lines_of(*outcomes: Outcome) -> list[list[str]]:
    """Every command line that commands have printed, as text or as JSON."""
    texts: list[str] = []
    for outcome in outcomes:
        texts += _texts(json.loads(outcome.stdout)) if outcome.stdout[:1] == "{" else []
        texts += [outcome.stdout] if outcome.stdout[:1] != "{" else []
        texts.append(outcome.stderr)
    found = [words for text in texts for words in lines_in(text)]
    return [words for index, words in enumerate(found) if words not in found[:index]]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def read(words: list[str]) -> click.Context:
    """Read a line as the program would: unknown commands, options and values are errors."""
    command = GROUP.commands[words[0]]  # type: ignore[attr-defined]
    return command.make_context(words[0], list(words[1:]))


def commands_of_notes(*outcomes: Outcome) -> list[str]:
    """The field ``command`` of every note that commands have printed as JSON."""

    def commands(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if {"kind", "text", "command"} <= value.keys() and value["command"] is not None:
                yield value["command"]
            for each in value.values():
                yield from commands(each)
        elif isinstance(value, list):
            for each in value:
                yield from commands(each)

    said = [json.loads(each.stdout) for each in outcomes if each.stdout[:1] == "{"]
    return [line for value in said for line in commands(value)]

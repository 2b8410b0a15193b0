"""Notes of a result, for a person."""

from __future__ import annotations

from rtcan_cli.results.base import Note


def lines_of(note: Note) -> str:
    """The sentence, and behind it the command that helps, if there is one."""
    return note.text if note.command is None else f"{note.text}: {note.command}"

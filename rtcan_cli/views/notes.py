"""Notes of a result, for a person."""

from __future__ import annotations

from collections.abc import Iterable

from rtcan_cli.results.base import Note


def note_lines(notes: Iterable[Note]) -> list[str]:
    """Each note as a sentence, and behind it the command that helps, if there is one."""
    return [note.text if note.command is None else f"{note.text}: {note.command}" for note in notes]

"""Notes for a person."""

from __future__ import annotations

from rtcan_cli.results.base import Note
from rtcan_cli.views.notes import note_lines


def test_a_note_ends_with_the_command_that_helps() -> None:
    stale = Note("stale", "the labels are stale", "rtcan relabel")
    held_out = Note("held_out", "no subject is shared")
    assert note_lines([stale, held_out]) == [
        "the labels are stale: rtcan relabel",
        "no subject is shared",
    ]

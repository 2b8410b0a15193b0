"""Notes for a person."""

from __future__ import annotations

from rtcan_cli.results.base import Note
from rtcan_cli.views.notes import lines_of


def test_a_note_ends_with_the_command_that_helps() -> None:
    assert lines_of(Note("stale", "the labels are stale", "rtcan relabel")) == (
        "the labels are stale: rtcan relabel"
    )
    assert lines_of(Note("held_out", "no subject is shared")) == "no subject is shared"

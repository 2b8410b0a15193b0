"""Where the answers of `live` go as they come: a CSV file, a stream, and a line on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from rtcan_cli import console
from rtcan_cli.errors import RtcanError, writing_hint
from rtcan_cli.lsl import AnswerStream
from rtcan_cli.results.deployment.live import LIVE_COLUMNS
from rtcan_cli.runs.run import Run

Rows = Sequence[dict[str, Any]]
"""What is said of one window: a row for each target, with `LIVE_COLUMNS`."""


@contextmanager
def answers_to(file: Path | None, stream: str | None, run: Run) -> Iterator[Callable[[Rows], None]]:
    """Open what answers are written to.

    Parameters
    ----------
    file : Path or None
        A CSV file that must not exist; each answer is written at once.
    stream : str or None
        Name of a stream of LabStreamingLayer for the probabilities.
    run : Run
        Whose answers they are.

    Yields
    ------
    callable
        Takes the rows of one window. Raises RtcanError if the file cannot be written.

    Raises
    ------
    RtcanError
        If the file exists or cannot be made, or pylsl is not installed.
    """
    # Before the file is made: without pylsl, there would be an empty one.
    sender = None if stream is None else AnswerStream(stream, run.settings.targets, run.name)
    try:
        opened = nullcontext() if file is None else file.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        raise RtcanError(f"{file} exists already", "another --output") from None
    with opened as table:

        def tell(rows: Rows) -> None:
            if table is not None:
                try:
                    _append(table, rows)
                except OSError as error:
                    raise RtcanError(
                        f"{file}: cannot be written: {error.strerror}", writing_hint(error)
                    ) from error
            if sender is not None:
                sender.send([row["probability"] for row in rows])
            console.say(_line(rows))

        yield tell


def _append(file: TextIO, rows: Rows) -> None:
    writer = csv.DictWriter(file, list(LIVE_COLUMNS), lineterminator="\n")
    if not file.tell():
        writer.writeheader()
    writer.writerows(
        {name: "" if cell != cell else cell for name, cell in row.items()} for row in rows
    )
    file.flush()


def _line(rows: Rows) -> str:
    """One window in a line."""
    until = f"{rows[0]['end']:9.1f} s"
    if rows[0]["reason"]:
        return f"{until}   no answer: {rows[0]['reason']}"
    said = "   ".join(
        f"{row['target']} {row['probability']:.2f} ({row['lowest']:.2f} to {row['highest']:.2f})"
        for row in rows
    )
    return f"{until}   P(high) {said}"

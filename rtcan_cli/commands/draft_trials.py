"""`rtcan draft-trials`: a folder of recordings -> a trials.csv to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rtcan_cli.results.data.draft import TrialsDraft


def draft_trials(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder that contains the recordings.", show_default=False
        ),
    ],
    decimal: Annotated[Literal[".", ","], typer.Option(help="Decimal mark in text files.")] = ".",
    follow_links: Annotated[
        bool,
        typer.Option(
            "--follow-links",
            help="Follow symbolic links in DIR, also to places outside it. Use this only "
            "if you know where they lead.",
        ),
    ] = False,
) -> TrialsDraft:
    """Look at a folder of recordings and write a trials.csv to fill in.

    Reads every file that may be a recording, and shows its format, the channel that is taken for
    EDA, unit, sampling rate, length and markers. Then writes trials.csv into the folder: one row a
    recording, or one row a marker where there are markers (tags of an Empatica E4, annotations of
    EDF files). Subjects and stimuli are guessed from the names of folders and files; ratings are
    left empty. Check the table, fill it in, and read the folder with `rtcan ingest table`.

    \b
    Examples:
      rtcan draft-trials ~/data/my-study
      rtcan draft-trials ./recordings --json
    """
    from rtcan_cli.steps.data.draft import draft_trials as draft

    return draft(folder, decimal, follow_links)

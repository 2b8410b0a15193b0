"""`rtcan export-bids`: recordings.h5 -> a dataset in BIDS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.deployment.bids import BidsExport


def export_bids(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="New folder to write.", show_default=False),
    ],
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.RecordingsStore = None,
) -> BidsExport:
    """Write recordings and ratings as a BIDS dataset.

    Each recording becomes a run: its EDA (*_physio.tsv.gz) and an event with the stimulus and the
    subject's own ratings (*_events.tsv). Numbers are exact: the line of `rtcan ingest bids` in the
    dataset's README gives the same signals and ratings again. Interpolated samples are marked in a
    column of their own. Audio is not copied.

    Read the terms of the data before you share them.

    \b
    Examples:
      rtcan export-bids bids/my-study --dataset table
      rtcan export-bids bids/hku956 --dataset hku956
    """
    from rtcan_cli.steps.deployment.export_bids import export_bids as run_step

    name = options.dataset_of(workspace, dataset, input, "recordings")
    return run_step(options.store_path(workspace, input, name, "recordings"), folder)

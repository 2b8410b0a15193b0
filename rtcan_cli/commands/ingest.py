"""`rtcan ingest`: the publisher's raw files -> recordings.h5."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli.commands import options
from rtcan_cli.report import Report


def ingest(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="deap, amigos or pmemo.", show_default=False)
    ],
    raw: Annotated[
        Path,
        typer.Argument(
            metavar="RAW",
            help="Folder with the publisher's files, or the publisher's zip.",
            show_default=False,
        ),
    ],
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Output = None,
    force: options.Force = False,
) -> Report:
    """Read the publisher's raw files into one store.

    EDA stays at its own rate, ratings stay on their own scale.

    DEAP: data_preprocessed_python (s01.dat ...). AMIGOS: data_preprocessed_matlab
    (Data_Preprocessed_P01.mat ...). PMEmo: the 2018 or the 2019 edition. A zip is read in place.
    Nothing in the files is executed. What cannot be used is left out and listed with the reason.

    \b
    Examples:
      rtcan ingest deap ./raw
      rtcan ingest amigos data_preprocessed_matlab.zip
      rtcan ingest pmemo ~/data/PMEmo
    """
    from rtcan_cli.steps.ingest import ingest_raw

    target = options.store_path(workspace, output, dataset, "recordings")
    return ingest_raw(dataset, raw, target, force)

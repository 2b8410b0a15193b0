"""`rtcan compare`: runs side by side, and beside the paper's figures."""

from __future__ import annotations

from typing import Annotated

import typer

from rtcan_cli import console
from rtcan_cli.commands import options
from rtcan_cli.report import Report


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Names or paths of runs; all runs with all of their folds if left out.",
            show_default=False,
        ),
    ] = None,
    dataset: options.Dataset = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="Add the paper's figures for the same networks.")
    ] = False,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Figures = options.DEFAULT_FIGURES,
) -> Report:
    """Put runs side by side, and beside the paper.

    Accuracy and F1 on unseen subjects, and what the majority class gets.

    \b
    Examples:
      rtcan compare
      rtcan compare --dataset pmemo --paper
      rtcan compare Rf-eda-both-1a2b3c Rf-eda+music-both-4d5e6f
    """
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.steps.compare import compare_runs
    from rtcan_cli.stores import Workspace

    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    paths = [stores.find_run(run, name) for run in runs] if runs else stores.runs(name)
    if not runs:
        for damaged in stores.damaged_runs(name):
            console.warn(f"{damaged}: left out, because it cannot be read (damaged or cut short?)")
    return compare_runs(paths, output, paper, only_complete=not runs)

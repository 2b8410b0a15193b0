"""`rtcan compare`: runs side by side, how far they are apart, and the paper's figures."""

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
    against: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="Test all others against this run, whatever their protocol. Default: the first "
            "named of each protocol, or the newest.",
            show_default=False,
        ),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="Add the paper's figures for the same networks.")
    ] = False,
    leakage: Annotated[
        bool,
        typer.Option(
            "--leakage",
            help="Instead, show how much of a score is memory: runs that differ only in their "
            "protocol.",
        ),
    ] = False,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Figures = options.DEFAULT_FIGURES,
) -> Report:
    """Put runs side by side, and beside the paper.

    Accuracy and F1 on what the folds held out, and what the majority class gets. Every run is
    tested against one: on the trials that both tested, and over folds where these are the same.
    Writes the tables as CSV, Markdown and LaTeX.

    \b
    Examples:
      rtcan compare
      rtcan compare --dataset pmemo --paper
      rtcan compare --against Rf-eda-both-1a2b3c
      rtcan compare --leakage
    """
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace

    if leakage and (paper or against is not None):
        raise typer.BadParameter("--leakage compares protocols: leave --paper and --against out")
    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    paths = [stores.find_run(run, name) for run in runs] if runs else stores.runs(name)
    if not runs:
        for damaged in stores.damaged_runs(name):
            console.warn(f"{damaged}: left out, because it cannot be read (damaged or cut short?)")
    if leakage:
        from rtcan_cli.steps.leakage import compare_protocols

        return compare_protocols(paths, output)
    from rtcan_cli.steps.compare import compare_runs

    other = stores.find_run(against, name) if against is not None else None
    return compare_runs(paths, output, paper, only_complete=not runs, against=other)

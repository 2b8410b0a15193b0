"""`rtcan evaluate`: a run's scores on subjects it has never seen."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.commands import options
from rtcan_cli.report import Report


def evaluate(
    run: options.RunName = None,
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Figures = options.DEFAULT_FIGURES,
) -> Report:
    """Score a run on subjects it has never seen.

    Fold by fold: accuracy, F1 of the high class, confusion, and what the majority class gets.

    Checks that no subject is on two sides of a fold, and says how many songs are. Writes the table
    as CSV, learning curves and confusion matrices.

    \b
    Examples:
      rtcan evaluate
      rtcan evaluate Rf-eda+music-both-1a2b3c
    """
    from rtcan_cli.steps.evaluate import evaluate_run

    path: Path = options.find_run(workspace, run, dataset)
    return evaluate_run(path, output)

"""`rtcan evaluate`: a run's scores on trials it has never seen, and the audit of its folds."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.commands.shell import options
from rtcan_cli.results.evaluation import Evaluation
from rtcan_cli.results.imported import ImportedEvaluation


def evaluate(
    run: options.RunName = None,
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Figures = options.DEFAULT_FIGURES,
) -> Evaluation | ImportedEvaluation:
    """Score a run on what its folds held out: subjects it has never seen, unless trained otherwise.

    Fold by fold: accuracy, F1 of the high class, confusion, and what the majority class gets. All
    folds together: more scores, each with its 95 % interval over subjects, and who it is bad for.
    A note says which score to judge by. Other seeds of the run: their mean and spread.

    Checks that each fold holds out what its protocol promises, and counts the test trials whose
    subject, or song, was also in training. Writes tables as CSV, and figures: learning curves,
    confusion, ROC, reliability, accuracy of each subject.

    \b
    Examples:
      rtcan evaluate
      rtcan evaluate Rf-eda+music-both-1a2b3c
    """
    from rtcan_cli.steps.results.evaluate import evaluate_run

    path: Path = options.find_run(workspace, run, dataset)
    return evaluate_run(path, output)

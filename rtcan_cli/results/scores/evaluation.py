"""The result of `evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import SEED_COLUMNS, AboutRun

if TYPE_CHECKING:
    import pandas as pd

_TARGET = {"target": Column("text", "valence or arousal")}

FOLD_COLUMNS = {
    **_TARGET,
    "fold": Column("integer", "Test fold, from 1"),
    "n_trials": Column("integer", "Tested trials"),
    "n_untested": Column("integer", "Trials of the fold that were not tested"),
    "accuracy": Column("number", "Trials called right", "fraction"),
    "f1_high": Column("number", "F1 of the high class", "fraction"),
    "balanced_accuracy": Column("number", "Mean recall of both classes", "fraction"),
    "macro_f1": Column("number", "Mean F1 of both classes", "fraction"),
    "mcc": Column("number", "Matthews correlation"),
    "auc": Column("number", "Area under the ROC curve"),
    "average_precision": Column("number", "Area under precision over recall"),
    "brier": Column("number", "Mean squared error of the probability of high"),
    "ece": Column("number", "Expected calibration error"),
    "majority_accuracy": Column(
        "number", "Accuracy of saying the more frequent class of all tested trials", "fraction"
    ),
    "true_high": Column("integer", "High trials called high"),
    "false_high": Column("integer", "Low trials called high"),
    "true_low": Column("integer", "Low trials called low"),
    "false_low": Column("integer", "High trials called low"),
}

SCORE_COLUMNS = {
    **_TARGET,
    "score": Column(
        "text", "Name of the score, as among the folds; above_majority, ece_if_calibrated"
    ),
    "leading": Column("boolean", "Whether it is the score to judge by"),
    "estimate": Column(
        "number",
        "All tested trials together; areas are those of each fold, weighted by its trials",
        "fraction",
    ),
    "low": Column("number", "Lower end of the 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of the 95 % interval over subjects", "fraction"),
    "n_resamples": Column("integer", "Resamples behind the interval"),
    "fold_mean": Column("number", "Mean over test folds", "fraction"),
    "fold_sd": Column("number", "Standard deviation over test folds (n - 1)", "fraction"),
    "n_folds": Column("integer", "Test folds with a value"),
}

VERDICT_COLUMNS = {
    **_TARGET,
    "score": Column("text", "The score to judge by"),
    "high_share": Column("number", "Tested trials that are truly high", "fraction"),
    "without_skill": Column("number", "What the score is without skill", "fraction"),
    "estimate": Column("number", "The score of all tested trials together", "fraction"),
    "low": Column("number", "Lower end of its 95 % interval", "fraction"),
    "high": Column("number", "Upper end of its 95 % interval", "fraction"),
    "smallest_effect": Column(
        "number",
        "Smallest distance from the value without skill that this many subjects show with a power "
        "of 80 %",
        "fraction",
    ),
    "verdict": Column("text", "better, worse, none_shown, or no_interval"),
}


def _group_columns(what: str) -> dict[str, Column]:
    return {
        **_TARGET,
        what: Column("text", f"Name of the {what}"),
        "n_trials": Column("integer", "Tested trials"),
        "n_untested": Column("integer", "Trials that were not tested"),
        "n_right": Column("integer", "Trials called right"),
        "accuracy": Column("number", "Trials called right", "fraction"),
        "low": Column("number", "Lower end of the 95 % interval (Wilson)", "fraction"),
        "high": Column("number", "Upper end of the 95 % interval (Wilson)", "fraction"),
        "high_share": Column("number", "Trials that are truly high", "fraction"),
        "majority_share": Column("number", "Trials of its more frequent class", "fraction"),
        "auc": Column("number", "Area under the ROC curve"),
    }


SUBJECT_COLUMNS = _group_columns("subject")
STIMULUS_COLUMNS = _group_columns("stimulus")

SPREAD_COLUMNS = {
    **_TARGET,
    "accuracy_sd": Column("number", "Standard deviation of accuracy over subjects", "fraction"),
    "chance_sd": Column("number", "What chance alone would make it", "fraction"),
    "p_value": Column("number", "Probability of such a spread by chance"),
}

AUDIT_COLUMNS = {
    **_TARGET,
    "fold": Column("integer", "Test fold, from 1"),
    "train": Column("integer", "Training trials"),
    "validation": Column("integer", "Validation trials"),
    "test": Column("integer", "Test trials"),
    "unused": Column("integer", "Trials that the fold leaves out"),
    "subject_in_training": Column("integer", "Test trials whose subject is also in training"),
    "stimulus_in_training": Column("integer", "Test trials whose stimulus is also in training"),
}


@dataclass(frozen=True, kw_only=True)
class Evaluation(Result):
    """The scores of a run on the trials that its folds held out."""

    command: ClassVar[str] = "evaluate"

    run: AboutRun = value("The run")
    folds: pd.DataFrame = table("Scores of each test fold", FOLD_COLUMNS)
    scores: pd.DataFrame = table("Scores of all test folds together", SCORE_COLUMNS)
    verdicts: pd.DataFrame = table("Whether anything was shown", VERDICT_COLUMNS)
    subjects: pd.DataFrame = table(
        "Scores of each subject, the least accurate first", SUBJECT_COLUMNS
    )
    stimuli: pd.DataFrame = table("Scores of each stimulus, least accurate first", STIMULUS_COLUMNS)
    spread: pd.DataFrame = table("Spread of accuracy over subjects", SPREAD_COLUMNS)
    audit: pd.DataFrame = table("What each fold holds out", AUDIT_COLUMNS)
    seeds: pd.DataFrame = table("Means over runs that differ in their seed", SEED_COLUMNS)

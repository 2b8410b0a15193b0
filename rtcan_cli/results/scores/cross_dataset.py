"""The result of `evaluate --on`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun
from rtcan_cli.results.scores.evaluation import (
    FOLD_COLUMNS,
    SCORE_COLUMNS,
    SUBJECT_COLUMNS,
    VERDICT_COLUMNS,
)

if TYPE_CHECKING:
    import pandas as pd

CROSS_SCORE_COLUMNS = {
    name: column
    for name, column in SCORE_COLUMNS.items()
    if name not in ("fold_mean", "fold_sd", "n_folds")
}

#: Of each model alone; the answer that is scored is the mean of all of them.
MODEL_COLUMNS = {
    "target": FOLD_COLUMNS["target"],
    "fold": Column("integer", "Fold that the model was trained in, from 1"),
    **{name: FOLD_COLUMNS[name] for name in ("accuracy", "balanced_accuracy", "auc")},
}


@dataclass(frozen=True, kw_only=True)
class CrossDatasetEvaluation(Result):
    """The scores of a run on all labelled trials of another dataset."""

    command: ClassVar[str] = "evaluate"

    run: AboutRun = value("The run")
    on: str = value("Dataset that is tested, as --dataset takes it")
    on_simulated: bool = value("Whether that dataset is simulated")
    simulated: bool = value("Whether the run or what it is tested on is simulated")
    n_subjects: int = value("Subjects that were tested")
    n_trials: int = value("Trials that were tested, for at least one target")
    n_left_out: int = value("Rated trials of the dataset that were not tested")
    scores: pd.DataFrame = table("Scores of all trials together", CROSS_SCORE_COLUMNS)
    verdicts: pd.DataFrame = table("Whether anything was shown", VERDICT_COLUMNS)
    models: pd.DataFrame = table("Scores of the model of each fold", MODEL_COLUMNS)
    subjects: pd.DataFrame = table(
        "Scores of each subject, the least accurate first", SUBJECT_COLUMNS
    )

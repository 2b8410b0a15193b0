"""The result of `compare`: runs side by side, and how far they are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import DATA_COLUMNS, SEED_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

#: The paper's figure for the same network, and how far a run is from it.
PAPER_COLUMNS = {
    "paper_accuracy": Column("number", "Accuracy that the paper prints", "fraction"),
    "accuracy_difference": Column("number", "Accuracy less that of the paper", "fraction"),
    "paper_f1": Column("number", "F1 of the high class that the paper prints", "fraction"),
    "f1_difference": Column("number", "F1 less that of the paper", "fraction"),
}

SCORE_COLUMNS = {
    **DATA_COLUMNS,
    "target": Column("text", "valence or arousal"),
    "protocol": Column("text", "What the folds hold out, as --protocol takes it"),
    "tests": Column("text", "What the scores are scores of"),
    "run": Column("text", "Name of the run"),
    "model": Column("text", "Model and what it sees"),
    "recipe": Column("text", "How it was trained"),
    "n_folds": Column("integer", "Folds that were trained and tested"),
    "n_planned_folds": Column("integer", "Folds of the protocol"),
    "accuracy": Column("number", "Mean over test folds", "fraction"),
    "accuracy_sd": Column("number", "Standard deviation over test folds (n - 1)", "fraction"),
    "balanced_accuracy": Column("number", "Mean over test folds", "fraction"),
    "f1_high": Column("number", "F1 of the high class, mean over test folds", "fraction"),
    "f1_high_sd": Column("number", "Standard deviation over test folds (n - 1)", "fraction"),
    "majority_accuracy": Column(
        "number", "Accuracy of saying the more frequent class of all tested trials", "fraction"
    ),
    **PAPER_COLUMNS,
    "paper_tables": Column("text", "Tables of the paper that print it"),
}

DIFFERENCE_COLUMNS = {
    **DATA_COLUMNS,
    "target": Column("text", "valence or arousal"),
    "run": Column("text", "First of the compared runs"),
    "reference": Column("text", "First of the runs that it is compared with"),
    "protocol": Column("text", "Protocol of the run"),
    "reference_protocol": Column("text", "Protocol of the reference"),
    "seeds": Column("text", "Seeds of the run"),
    "n_seeds": Column("integer", "How many these are"),
    "reference_seeds": Column("text", "Seeds of the reference"),
    "n_reference_seeds": Column("integer", "How many these are"),
    "n_trials": Column("integer", "Trials that both tested"),
    "score": Column("text", "Name of the score; tests are of accuracy"),
    "run_score": Column("number", "The score of the run on these trials, mean over seeds"),
    "reference_score": Column("number", "The score of the reference, mean over seeds"),
    "difference": Column("number", "The first less the second"),
    "low": Column("number", "Lower end of its 95 % interval over subjects"),
    "high": Column("number", "Upper end of its 95 % interval over subjects"),
    "n_resamples": Column("integer", "Resamples behind the interval"),
    "p_swap": Column("number", "Swap test over subjects"),
    "seed_low": Column("number", "Lower end of the 95 % interval over subjects and seeds"),
    "seed_high": Column("number", "Upper end of the 95 % interval over subjects and seeds"),
    "p_seeds": Column("number", "t-test over subjects and seeds"),
    "n_folds": Column("integer", "Folds that both have"),
    "fold_difference": Column("number", "Mean difference over these folds"),
    "fold_low": Column("number", "Lower end of its 95 % interval (corrected t)"),
    "fold_high": Column("number", "Upper end of its 95 % interval (corrected t)"),
    "p_folds": Column("number", "t-test over folds, corrected for shared training trials"),
    "cohens_d": Column("number", "Cohen's d over folds"),
    "p_wilcoxon": Column("number", "Wilcoxon's test over folds, not corrected"),
    "rank_biserial": Column("number", "Rank-biserial correlation over folds"),
    "p_seeds_holm": Column("number", "p_seeds adjusted for the comparisons with a reference"),
    "p_folds_holm": Column("number", "p_folds adjusted for the comparisons with a reference"),
    "p_wilcoxon_holm": Column("number", "p_wilcoxon adjusted in the same way"),
    "p_swap_holm": Column("number", "p_swap adjusted in the same way"),
}


@dataclass(frozen=True, kw_only=True)
class Comparison(Result):
    """Runs side by side, and how far they are apart."""

    command: ClassVar[str] = "compare"

    paper: bool = value("Whether the paper's figures were asked for, and it has any of these data")
    scores: pd.DataFrame = table(
        "Scores of each run, the most accurate of a target first", SCORE_COLUMNS
    )
    seeds: pd.DataFrame = table("Means over runs that differ in their seed", SEED_COLUMNS)
    differences: pd.DataFrame = table(
        "Differences between runs on the trials that both tested", DIFFERENCE_COLUMNS
    )

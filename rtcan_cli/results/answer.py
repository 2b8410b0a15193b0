"""What a reader asks first: is there signal in EDA or music, how sure, compared with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.scores.leakage import PROTOCOL_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def _with_interval(name: str, meaning: str) -> dict[str, Column]:
    return {
        name: Column("number", meaning),
        f"{name}_low": Column("number", "Lower end of its 95 % interval over subjects"),
        f"{name}_high": Column("number", "Upper end of its 95 % interval over subjects"),
    }


TEST_COLUMNS = {
    "target": Column("text", "valence or arousal"),
    "input": Column("text", "What is asked about: EDA, music, or EDA and music; of priors nothing"),
    "role": Column("text", "network, simple, or prior (a model that sees neither EDA nor music)"),
    "run": Column("text", "The run, or the first of its seeds"),
    "model": Column("text", "Its model, as --model takes it"),
    "network": Column("text", "Model and what it sees"),
    "n_seeds": Column("integer", "Seeds that scores are means of"),
    "protocol": Column("text", "What the folds hold out, as --protocol takes it"),
    "n_folds": Column("integer", "Folds that were tested"),
    "n_planned_folds": Column("integer", "Folds of the protocol"),
    "n_subjects": Column("integer", "Subjects that were tested"),
    "n_trials": Column("integer", "Trials that were tested"),
    "n_stimuli": Column("integer", "Stimuli that were tested"),
    "stimulus_known": Column("number", "Tested trials whose stimulus was in training", "fraction"),
    "majority_accuracy": Column(
        "number", "Accuracy of saying the more frequent class of all tested trials", "fraction"
    ),
    "score": Column("text", "The score to judge by: balanced_accuracy or above_majority"),
    "without_skill": Column("number", "What it is without skill", "fraction"),
    "estimate": Column("number", "What it is, of all tested trials together", "fraction"),
    "low": Column("number", "Lower end of its 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of its 95 % interval over subjects", "fraction"),
    "seed_sd": Column("number", "Its standard deviation between seeds", "fraction"),
    "smallest_effect": Column(
        "number",
        "Smallest distance from the value without skill that this study shows with a power of 80 %",
        "fraction",
    ),
    **_with_interval("balanced_accuracy", "Mean recall of both classes"),
    **_with_interval("auc", "Area under the ROC curve"),
    "p_value": Column("number", "Of no skill by the score to judge by, over subjects"),
    "p_holm": Column("number", "The same, adjusted for all tests of the dataset (Holm)"),
    "auc_p_value": Column("number", "Of no skill by AUC, over subjects"),
    "auc_p_holm": Column("number", "The same, adjusted for all tests of the dataset (Holm)"),
    "verdict": Column(
        "text",
        "By adjusted p values: better; auc_only (AUC is better, the score to judge by is not); "
        "better_alone (in a single test, but not among all of the dataset); none_shown; worse; "
        "too_few (subjects); no_interval",
    ),
}

RIVAL_COLUMNS = {
    "target": Column("text", "valence or arousal"),
    "input": Column("text", "What the network sees"),
    "run": Column("text", "Run of the network"),
    "rival": Column("text", "Run of the most accurate simple model that sees no more"),
    "rival_model": Column("text", "Its model, as --model takes it"),
    "n_rivals": Column("integer", "Simple models it was chosen from"),
    "n_trials": Column("integer", "Trials that both tested"),
    "score": Column("text", "The score that is compared: balanced_accuracy or accuracy"),
    "run_score": Column("number", "That of the network", "fraction"),
    "rival_score": Column("number", "That of the simple model", "fraction"),
    "difference": Column("number", "The first less the second", "fraction"),
    "low": Column("number", "Lower end of its 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of its 95 % interval over subjects", "fraction"),
    "test": Column("text", "The test of accuracy: p_seeds, p_folds or p_swap of `compare`"),
    "accuracy_difference": Column("number", "The difference in accuracy", "fraction"),
    "p_value": Column("number", "Of equal accuracy"),
    "p_holm": Column(
        "number",
        "The same, adjusted for the choice of the rival where the network is less accurate "
        "(times n_rivals), and for all rivals of the dataset (Holm)",
    ),
    "verdict": Column("text", "better, not_clearly_better, not_better, or worse"),
}


@dataclass(frozen=True, kw_only=True)
class Answer(Result):
    """What the runs of a dataset say about unseen subjects; notes say what was not tried."""

    command: ClassVar[str] = "report"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    n_tests: int = value("Tests against no skill that p values are adjusted for")
    tests: pd.DataFrame = table("Models against no skill", TEST_COLUMNS)
    rivals: pd.DataFrame = table("Networks against simple models", RIVAL_COLUMNS)
    protocols: pd.DataFrame = table("Scores by protocol: what is memory", PROTOCOL_COLUMNS)

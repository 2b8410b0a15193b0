"""The result of `compare --table` and `--figure`: those of the paper, with own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.results.base import Column, Result, empty, table, value
from rtcan_cli.results.run import DATA_COLUMNS
from rtcan_cli.results.scores.comparison import PAPER_COLUMNS
from rtcan_cli.results.scores.scaling import SubjectScaling

if TYPE_CHECKING:
    import pandas as pd

_TARGET = {"target": Column("text", "valence or arousal")}

LABEL_COLUMNS = {
    **DATA_COLUMNS,
    **_TARGET,
    "n_high": Column("integer", "High labels"),
    "paper_n_high": Column("integer", "High labels of the paper"),
    "n_high_difference": Column("integer", "High labels less those of the paper"),
    "n_low": Column("integer", "Low labels"),
    "paper_n_low": Column("integer", "Low labels of the paper"),
    "n_low_difference": Column("integer", "Low labels less those of the paper"),
    "high_share": Column("number", "Share of high labels", "fraction"),
    "paper_high_share": Column("number", "Share of high labels of the paper", "fraction"),
    "high_share_difference": Column(
        "number", "Share less that of the paper; null for simulated data", "fraction"
    ),
    "method": Column("text", "How the labels were made"),
}

CORRELATION_COLUMNS = {
    **DATA_COLUMNS,
    "n_trials": Column("integer", "Trials with both ratings"),
    "spearman_r": Column("number", "Spearman correlation of valence and arousal ratings"),
    "p_value": Column("number", "Of the correlation"),
    "paper_spearman_r": Column("number", "The correlation that the paper prints"),
    "paper_p_below": Column("number", "What the paper says that its p value is below"),
    "r_difference": Column("number", "Correlation less that of the paper"),
}

SCORE_COLUMNS = {
    **DATA_COLUMNS,
    **_TARGET,
    "label": Column("text", "The paper's name of the model, or else rtcan's"),
    "model": Column("text", "rtcan's name of the model, empty if it has none"),
    "inputs": Column("text", "What the model sees"),
    "fusion": Column("text", "The same, as --fusion takes it"),
    "n_classes": Column("integer", "Classes that its scores are of"),
    "variant": Column("text", "Variant of RTCAN-1D"),
    "sca": Column("boolean", "Whether the variant has SCA"),
    "sca_res": Column("boolean", "Whether the variant has SCA_Res"),
    "rnta": Column("boolean", "Whether the variant has RNTA"),
    "depth": Column("integer", "Depth of the residual part"),
    "channels": Column("text", "Widths of the residual part"),
    "subject_share": Column("number", "Subjects of the dataset", "fraction"),
    "paper_n_subjects": Column("integer", "Subjects of the paper, if it prints them"),
    "run": Column("text", "Run whose numbers stand here"),
    "recipe": Column("text", "How it was trained"),
    "n_subjects": Column("integer", "Subjects of the run"),
    "n_folds": Column("integer", "Folds of the run"),
    "accuracy": Column("number", "Mean over test folds", "fraction"),
    "accuracy_sd": Column("number", "Standard deviation over test folds (n - 1)", "fraction"),
    "f1_high": Column("number", "F1 of the high class, mean over test folds", "fraction"),
    "f1_high_sd": Column("number", "Standard deviation over test folds (n - 1)", "fraction"),
    "majority_accuracy": Column(
        "number", "Accuracy of saying the more frequent class of all tested trials", "fraction"
    ),
    **PAPER_COLUMNS,
}

COLUMNS = {
    1: LABEL_COLUMNS,
    2: CORRELATION_COLUMNS,
    **dict.fromkeys((3, 4, 5, 6), SCORE_COLUMNS),
}
#: The column that a row lacks where no number of your own stands in it.
OWN = {1: "n_high", 2: "spearman_r", **dict.fromkeys((3, 4, 5, 6), "accuracy")}


def _no_labels() -> pd.DataFrame:
    return empty(LABEL_COLUMNS)


def _no_correlations() -> pd.DataFrame:
    return empty(CORRELATION_COLUMNS)


def _no_scores() -> pd.DataFrame:
    return empty(SCORE_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Paper(Result):
    """Tables and figures of the paper; those that were not asked for are empty."""

    command: ClassVar[str] = "compare"

    table1: pd.DataFrame = table(
        "Table 1: high and low labels", LABEL_COLUMNS, default_factory=_no_labels
    )
    table2: pd.DataFrame = table(
        "Table 2: correlation of valence and arousal ratings",
        CORRELATION_COLUMNS,
        default_factory=_no_correlations,
    )
    table3: pd.DataFrame = table(
        "Table 3: models by number of subjects", SCORE_COLUMNS, default_factory=_no_scores
    )
    table4: pd.DataFrame = table(
        "Table 4: depth and widths of the residual part", SCORE_COLUMNS, default_factory=_no_scores
    )
    table5: pd.DataFrame = table(
        "Table 5: attention modules", SCORE_COLUMNS, default_factory=_no_scores
    )
    table6: pd.DataFrame = table(
        "Table 6: previous work", SCORE_COLUMNS, default_factory=_no_scores
    )
    scaling: SubjectScaling | None = value("Fig. 4", default=None)
    attention: TrialAttention | None = value(
        "Figs. 5 to 8: what `gradcam` answers for the trial", default=None
    )

    def table(self, number: int) -> pd.DataFrame:
        """A table by its number."""
        found: pd.DataFrame = getattr(self, f"table{number}")
        return found

    def has_own(self, number: int) -> bool:
        """Whether any row of a table has a number of your own."""
        return bool(self.table(number)[OWN[number]].notna().any())


def joined(parts: Sequence[Paper]) -> Paper:
    """Tables and figures together; notes and files that several have are there once."""
    found: dict[str, Any] = {}
    for part in parts:
        found |= {f"table{n}": part.table(n) for n in COLUMNS if len(part.table(n))}
        found |= {n: getattr(part, n) for n in ("scaling", "attention") if getattr(part, n)}
    return Paper(
        **found,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        files=tuple(dict.fromkeys(file for part in parts for file in part.files)),
    )

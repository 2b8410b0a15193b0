"""The result of `relabel`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

CLASS_COLUMNS = {
    "target": Column("text", "valence or arousal"),
    "n_high": Column("integer", "Trials labelled high"),
    "n_low": Column("integer", "Trials labelled low"),
    "n_unlabelled": Column("integer", "Trials without a label"),
    "high_share": Column("number", "Labelled trials that are high", "fraction"),
    "paper_n_high": Column("integer", "What the paper prints for the same data, if it does"),
    "paper_n_low": Column("integer", "What the paper prints for the same data, if it does"),
}


@dataclass(frozen=True, kw_only=True)
class RatingCorrelation:
    """How far ratings of valence and arousal go together."""

    n_trials: int = value("Trials with both ratings")
    spearman_r: float | None = value("Spearman correlation")
    p_value: float | None = value("Its two-sided p-value")
    paper_spearman_r: float | None = value("What the paper prints for the same data, if it does")


@dataclass(frozen=True, kw_only=True)
class ImportedTable:
    """The table that labels were taken from."""

    file: str = value("Name of the file")
    n_rows: int = value("Its rows")
    n_used: int = value("Rows that labelled a trial")
    n_foreign: int = value("Rows about trials that the recordings do not have")
    n_missing: int = value("Trials of the recordings that it does not have")


@dataclass(frozen=True, kw_only=True)
class Labels(Result):
    """The high and low labels of a dataset's trials."""

    command: ClassVar[str] = "relabel"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    method: str = value("Where the labels come from, as --method takes it, or import")
    n_subjects: int = value("Subjects with a labelled trial")
    n_labelled: int = value("Trials with a label for valence or arousal")
    n_few_ratings: int | None = value(
        "Subjects with too few distinct ratings for a threshold of their own, who get the centre "
        "of the scale; null where thresholds are not the subjects' own"
    )
    classes: pd.DataFrame = table("Trials of each class", CLASS_COLUMNS)
    ratings: RatingCorrelation | None = value("Correlation of the ratings; null if there are none")
    imported: ImportedTable | None = value("The table, where labels were imported", default=None)

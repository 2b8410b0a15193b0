"""The result of following accuracy over numbers of subjects: the paper's Fig. 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table
from rtcan_cli.results.run import DATA_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_MODEL = {
    **DATA_COLUMNS,
    "model": Column("text", "The paper's name of the model, or else rtcan's"),
    "target": Column("text", "valence or arousal"),
}
_ACCURACY = {
    "accuracy": Column("number", "Tested trials called right", "fraction"),
    "low": Column("number", "Lower end of the 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of the 95 % interval over subjects", "fraction"),
}

ACCURACY_COLUMNS = {
    **_MODEL,
    "n_subjects": Column("number", "Number of subjects"),
    **_ACCURACY,
    "what": Column("text", "measured, or what the law says there"),
    "law": Column("text", "Form of the law through the measured points"),
}

EXTRAPOLATION_COLUMNS = {
    **_MODEL,
    "law": Column("text", "Form of the law through the measured points"),
    "n_subjects": Column("integer", "Twice the largest number of subjects"),
    **_ACCURACY,
    "gain": Column("number", "What twice the subjects would add", "fraction"),
    "gain_low": Column("number", "Lower end of its 95 % interval", "fraction"),
    "gain_high": Column("number", "Upper end of its 95 % interval", "fraction"),
}


@dataclass(frozen=True, kw_only=True)
class SubjectScaling(Result):
    """Accuracy by number of subjects, and what twice as many would give."""

    command: ClassVar[str] = "compare"

    accuracy: pd.DataFrame = table("Accuracy by number of subjects", ACCURACY_COLUMNS)
    extrapolation: pd.DataFrame = table(
        "What the law says of twice as many subjects", EXTRAPOLATION_COLUMNS
    )

"""The result of `compare --leakage`: the same network by protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table
from rtcan_cli.results.run import DATA_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

PROTOCOL_COLUMNS = {
    "series": Column("integer", "Runs that differ only in their protocol, from 1"),
    **DATA_COLUMNS,
    "model": Column("text", "Model and what it sees"),
    "run": Column("text", "Name of the run"),
    "target": Column("text", "valence or arousal"),
    "protocol": Column("text", "What the folds hold out, as --protocol takes it"),
    "subject_known": Column("boolean", "Whether subjects that test were in training"),
    "stimulus_known": Column("boolean", "Whether stimuli that test were in training"),
    "n_training": Column("number", "Training trials, mean over folds"),
    "n_trials": Column("integer", "Tested trials"),
    "accuracy": Column("number", "Tested trials called right", "fraction"),
    "low": Column("number", "Lower end of its 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of its 95 % interval over subjects", "fraction"),
    "majority_accuracy": Column(
        "number", "Accuracy of saying the more frequent class of all tested trials", "fraction"
    ),
    "last_protocol": Column("text", "The protocol of the series that holds out most"),
    "n_common": Column("integer", "Trials that this protocol and the last one tested"),
    "difference": Column("number", "Accuracy on these less that of the last one", "fraction"),
    "difference_low": Column("number", "Lower end of its 95 % interval", "fraction"),
    "difference_high": Column("number", "Upper end of its 95 % interval", "fraction"),
}


def known_in_words(subject: bool, stimulus: bool, stimulus_word: str) -> str:
    """What of a tested trial was in training."""
    known = [word for word, there in (("subject", subject), (stimulus_word, stimulus)) if there]
    return f"{' and '.join(known)} known" if known else "both new"


@dataclass(frozen=True, kw_only=True)
class Leakage(Result):
    """How much of a score is memory: the scores of the same network by protocol."""

    command: ClassVar[str] = "compare"

    protocols: pd.DataFrame = table(
        "Accuracy by protocol, the one that holds out least first", PROTOCOL_COLUMNS
    )

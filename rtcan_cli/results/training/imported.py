"""The results about a network that the published code has trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun
from rtcan_cli.results.scores.evaluation import FOLD_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

IMPORTED_SCORE_COLUMNS = {
    "target": FOLD_COLUMNS["target"],
    "held_out": Column("boolean", "Whether the network was not trained on these trials"),
    **{
        name: column
        for name, column in FOLD_COLUMNS.items()
        if name not in ("target", "fold", "n_untested")
    },
}


@dataclass(frozen=True, kw_only=True)
class AboutCheckpoint:
    """Where an imported network comes from, and what it takes."""

    file: str = value("Name of the file")
    sha256: str = value("SHA-256 of its bytes")
    trained_on: str = value("Dataset it was trained on, as --trained-on takes it")
    channels: tuple[str, ...] = value("EDA channels in the order that its weights take")
    fusion: str = value("What it sees, as --fusion takes it")


@dataclass(frozen=True, kw_only=True)
class _Imported:
    """What both results say."""

    run: AboutRun = value("The run")
    checkpoint: AboutCheckpoint = value("Where the network comes from")
    held_out: bool = value(
        "Whether the scores are of trials that it was not trained on; false, as these are unknown"
    )
    scores: pd.DataFrame = table("Scores of all trials", IMPORTED_SCORE_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class ImportedNetwork(_Imported, Result):
    """A published network in a run store, and its scores on all trials."""

    command: ClassVar[str] = "import-checkpoint"


@dataclass(frozen=True, kw_only=True)
class ImportedEvaluation(_Imported, Result):
    """The scores of an imported network on all trials, which are not held out."""

    command: ClassVar[str] = "evaluate"

"""The result of `info` without a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

STEP_COLUMNS = {
    "dataset": Column("text", "Dataset, as --dataset takes it"),
    "store": Column("text", "Kind of the store"),
    "run": Column("text", "Name of the run; null for other stores"),
    "state": Column("text", "done, stale, missing, partial, running, damaged or unreadable"),
    "created": Column("text", "When it was made; null if it is not there or cannot be read"),
    "n_trained": Column("integer", "Trained folds of a run; null for other stores"),
    "n_folds": Column("integer", "Folds of its protocol"),
    "process": Column("text", "Process that makes it now, and its machine; null if none does"),
    "unfinished": Column("boolean", "Whether unfinished work on it, or on another one, is kept"),
    "detail": Column(
        "text",
        "Why it is stale, damaged or unreadable; or what a run has heard in place of the music "
        "features of the workspace",
    ),
}

_RUN = {
    "dataset": Column("text", "Dataset, as --dataset takes it"),
    "run": Column("text", "Name of the run"),
    "simulated": Column("boolean", "Whether its data come from the simulator"),
}

TRAINING_COLUMNS = {
    **_RUN,
    "running": Column("boolean", "Whether a process trains it now"),
    "n_trained": Column("integer", "Trained folds of all targets"),
    "n_planned": Column("integer", "Folds of all targets"),
    "seconds_left": Column(
        "number", "At the pace so far; null if no process trains it, or it cannot be known yet", "s"
    ),
    "command": Column("text", "Command that goes on with it; null if a process trains it"),
}

FOLD_COLUMNS = {
    **_RUN,
    "target": Column("text", "valence or arousal"),
    "fold": Column("integer", "Fold, from 1"),
    "epoch": Column("integer", "Finished epochs"),
    "n_epochs": Column("integer", "Epochs at most"),
    "train_loss": Column("number", "Training loss of the last finished epoch"),
    "validation_accuracy": Column("number", "Validation accuracy after it", "fraction"),
    "best_epoch": Column("integer", "Epoch of the least validation loss so far"),
}

NEXT_COLUMNS = {
    "dataset": Column("text", "Dataset that it is about; null if there is none yet"),
    "command": Column("text", "Command to run next; null if words have to say it"),
    "text": Column("text", "What to do, or what else could be done"),
}


@dataclass(frozen=True, kw_only=True)
class WorkspaceState(Result):
    """Which stores of a workspace are made, which are stale, and what to run next."""

    command: ClassVar[str] = "info"

    workspace: str = value("Folder of the stores")
    datasets: tuple[str, ...] = value("Datasets that have been ingested")
    steps: pd.DataFrame = table("Each store, in the order in which they are made", STEP_COLUMNS)
    trainings: pd.DataFrame = table("Runs whose training is not finished", TRAINING_COLUMNS)
    folds: pd.DataFrame = table("Their networks that have begun, but not ended", FOLD_COLUMNS)
    next_steps: pd.DataFrame = table("What to run next, for each dataset", NEXT_COLUMNS)

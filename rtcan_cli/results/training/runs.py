"""The result of `train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

_RUN = {"run": Column("text", "Name of the run")}

#: Settings in which the runs of one call may differ.
SETTINGS = {
    "model": Column("text", "Model, as --model takes it"),
    "fusion": Column("text", "What it sees, as --fusion takes it"),
    "variant": Column("text", "Attention modules; none for models other than RTCAN-1D"),
    "layout": Column("text", "Layout; none for models other than RTCAN-1D"),
    "depth": Column("integer", "Convolutions per residual block; none for other models"),
    "channels": Column("text", "Widths of the residual stages; none for other models"),
    "window": Column("text", "Part of each recording, or all; none for models without signals"),
    "protocol": Column("text", "What its folds hold out, as --protocol takes it"),
    "subjects": Column("text", "Share of the subjects, if not all"),
    "recipe": Column(
        "text",
        "Name of the recipe of a network; what options can change in it is in columns of their "
        "own. None for models that fit themselves, as in these columns",
    ),
    "seed": Column("integer", "Seed"),
}

SETTING_COLUMNS = {
    **_RUN,
    **SETTINGS,
    "epochs": Column("integer", "Epochs at most"),
    "batch_size": Column("integer", "Trials per step"),
    "lr": Column("number", "Learning rate at the start"),
    "class_weights": Column("text", "Weights of the classes, as --class-weights takes them"),
    "clip_norm": Column("number", "Largest norm of a gradient, if there is one"),
    "patience": Column("integer", "Epochs without a better one that end training early"),
    "precision": Column("text", "Numbers that a GPU computes with, as --precision takes it"),
    "n_subjects": Column("integer", "Subjects of its trials"),
    "device": Column("text", "Where it was trained"),
    "training_seconds": Column("number", "Training time of all folds together", "s"),
}

VALIDATION_COLUMNS = {
    **_RUN,
    "target": Column("text", "valence or arousal"),
    "n_trials": Column("integer", "Validation trials of all trained folds"),
    "n_folds": Column("integer", "Trained folds"),
    "step": Column("text", "What the model learns in: epoch or tree; none if in no steps"),
    "chosen_step": Column("number", "Median of the chosen steps"),
    "loss": Column("number", "Mean validation loss at the chosen step"),
    "accuracy": Column("number", "Mean validation accuracy at the chosen step", "fraction"),
}


@dataclass(frozen=True, kw_only=True)
class Training(Result):
    """Trained runs by their validation folds; `evaluate` and `compare` look at the test folds."""

    command: ClassVar[str] = "train"

    runs: tuple[AboutRun, ...] = value("The runs")
    settings: pd.DataFrame = table("What each run was asked for, and what it took", SETTING_COLUMNS)
    varied: tuple[str, ...] = value("Settings that are not the same in all runs")
    validation: pd.DataFrame = table("Validation folds of each run", VALIDATION_COLUMNS)

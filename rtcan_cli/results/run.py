"""What a run is, for every result that is about runs, and tables that several results have."""

from __future__ import annotations

from dataclasses import dataclass

from rtcan_cli.results.base import Column, value


@dataclass(frozen=True, kw_only=True)
class AboutRun:
    """A run: on what, which model, and what its folds hold out."""

    name: str = value("Name of the run")
    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    model: str = value("Model and what it sees")
    recipe: str = value("How it was trained")
    protocol: str = value("What its folds hold out, as --protocol takes it")
    tests: str = value("What its scores are scores of")
    n_folds: int = value("Folds of the protocol")
    n_trained_folds: int = value("Folds of these that were trained")
    thresholds: str = value("Trials that the thresholds of its labels come from")
    subjects: str | None = value("Share of the subjects, if not all")
    splits_from: str | None = value("Run whose folds it uses, if not its own")


def name_of_seeds(run: str, n_seeds: int) -> str:
    """Name of the first of several runs that differ in their seed, and how many there are."""
    return run if n_seeds == 1 else f"{run} ({n_seeds} seeds)"


#: What rows of several datasets are told apart by.
DATA_COLUMNS = {
    "dataset": Column("text", "Dataset, as --dataset takes it"),
    "simulated": Column("boolean", "Whether the data are simulated"),
}

#: Means over the seeds of runs that differ in nothing else.
SEED_COLUMNS = {
    **DATA_COLUMNS,
    "run": Column("text", "First of the runs"),
    "target": Column("text", "valence or arousal"),
    "seeds": Column("text", "Their seeds"),
    "same_folds": Column("boolean", "Whether all seeds have the same folds"),
    "accuracy": Column("number", "Mean over seeds of the mean over folds", "fraction"),
    "accuracy_sd": Column("number", "Standard deviation between seeds", "fraction"),
    "balanced_accuracy": Column("number", "Mean over seeds of the mean over folds", "fraction"),
    "balanced_accuracy_sd": Column("number", "Standard deviation between seeds", "fraction"),
    "f1_high": Column("number", "Mean over seeds of the mean over folds", "fraction"),
    "f1_high_sd": Column("number", "Standard deviation between seeds", "fraction"),
}

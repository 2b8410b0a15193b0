"""The result of `simulate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rtcan_cli.results.base import Result, value


@dataclass(frozen=True, kw_only=True)
class WrittenFiles:
    """The raw files of a simulation."""

    n_trials: int = value("Trials with EDA and both ratings")
    n_recordings: int = value("EDA recordings")
    n_files: int = value("Files")
    n_bytes: int = value("Their size", "byte")
    n_faults: int | None = value("Their faults; null if none were asked for")


@dataclass(frozen=True, kw_only=True)
class Simulation(Result):
    """A simulated dataset in a publisher's layout."""

    command: ClassVar[str] = "simulate"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated", default=True)
    n_subjects: int = value("Listeners")
    n_stimuli: int = value("Songs or videos")
    seconds: float | None = value("Length of each; null for the published lengths", "s")
    written: WrittenFiles | None = value("What was written; null if it was there already")

"""The result of `export-bids`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rtcan_cli.results.base import Result, value


@dataclass(frozen=True, kw_only=True)
class BidsExport(Result):
    """A recordings store as a dataset in BIDS."""

    command: ClassVar[str] = "export-bids"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    n_subjects: int = value("Subjects")
    n_trials: int = value("Trials")
    n_recordings: int = value("Recordings")
    n_files: int = value("Files that were written")
    unit: str = value("Unit of the EDA that is written")

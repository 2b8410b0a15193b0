"""The result of `draft-trials`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

RECORDING_COLUMNS = {
    "signal": Column("text", "The file, below the folder"),
    "format": Column("text", "What was recognised; null if nothing was"),
    "channel": Column("text", "The channel that is taken for EDA; null if it has no name"),
    "unit": Column("text", "Its unit as the file writes it; null if it does not say"),
    "sampling_rate": Column("number", "Sampling rate; null if the file does not say", "Hz"),
    "seconds": Column("number", "Length; null if the file does not say", "s"),
    "lowest": Column("number", "Lowest sample, in the unit of the file"),
    "highest": Column("number", "Highest sample, in the unit of the file"),
    "n_markers": Column("integer", "Moments that were marked during the recording"),
    "problem": Column("text", "Why the file is not in the table; null if it is"),
}


@dataclass(frozen=True, kw_only=True)
class TrialsDraft(Result):
    """A first table of trials for a folder of recordings."""

    command: ClassVar[str] = "draft-trials"

    folder: str = value("The folder that was searched")
    n_recordings: int = value("Files that contain EDA")
    n_trials: int = value("Rows of the table: one a recording, or one a marker of it")
    n_subjects: int = value("Subjects, guessed from the names of folders and files")
    n_audio: int = value("Rows whose audio file was found by its name")
    recordings: pd.DataFrame = table("What each file contains", RECORDING_COLUMNS)

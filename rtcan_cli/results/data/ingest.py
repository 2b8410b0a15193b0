"""The result of `ingest`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

LEFT_OUT_COLUMNS = {
    "reason": Column("text", "The worst fault; of faults that differ only in numbers their range"),
    "n": Column("integer", "Trials, recordings or files that were left out for it"),
    "subjects": Column("text", "Their subjects, separated by commas; empty for whole files"),
    "example": Column(
        "text", "One raw file that it is about, with the part of it if there are several"
    ),
}

IMPLAUSIBLE_COLUMNS = {
    "kind": Column("text", "What cannot come from skin, as a measure of info --quality is named"),
    "n_recordings": Column("integer", "Recordings that have it"),
    "n_left_out": Column("integer", "Of these, recordings that are left out for any reason"),
    "n_samples": Column("integer", "Samples that count as missing for it; null for steps"),
}


@dataclass(frozen=True, kw_only=True)
class Ingested(Result):
    """What a recordings store holds, and what was left out."""

    command: ClassVar[str] = "ingest"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    edition: str = value("Dataset and edition of the raw files")
    n_files: int = value("Raw files that were read")
    n_subjects: int = value("Subjects")
    n_stimuli: int = value("Stimuli that somebody heard or saw")
    n_trials_found: int = value("Trials in the raw files")
    n_trials: int = value("Trials in the store")
    n_again: int = value("Trials of a stimulus that the subject had already heard")
    n_rated: int = value("Trials with both ratings")
    n_usable: int = value("Trials with both ratings and a recording that can be used")
    n_recordings: int = value("EDA recordings that can be used")
    n_repaired: int = value("Of these, recordings with repaired gaps")
    n_implausible: int = value("Recordings with samples that cannot come from skin, or with steps")
    n_below_noise: int = value("Usable recordings that hardly exceed their sensor's noise")
    n_left_out: int = value("Trials, recordings and files that were left out")
    n_with_audio: int = value("Stimuli with an audio file")
    eda_seconds: float = value("Length of all usable recordings together", "s")
    shortest: float | None = value("Length of the shortest; null if there is none", "s")
    longest: float | None = value("Length of the longest; null if there is none", "s")
    sampling_rates: tuple[float, ...] = value("Each sampling rate, the lowest first", "Hz")
    eda_unit: str = value("Unit of the EDA in the raw files")
    eda_polarity: str = value("What the EDA is, and whether its sign was flipped")
    lowest_rating: float = value("Lower end of the rating scale")
    highest_rating: float = value("Upper end of the rating scale")
    implausible: pd.DataFrame = table("What cannot come from skin, by kind", IMPLAUSIBLE_COLUMNS)
    left_out: pd.DataFrame = table("What was left out, by reason", LEFT_OUT_COLUMNS)

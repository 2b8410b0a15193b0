"""The result of `music-features`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value

if TYPE_CHECKING:
    import pandas as pd

UNREADABLE_COLUMNS = {
    "song": Column("text", "Name of the song"),
    "reason": Column("text", "Why it has no features"),
}

SHORT_COLUMNS = {
    "song": Column("text", "Name of the song"),
    "audio_seconds": Column("number", "Length of its audio file", "s"),
    "eda_seconds": Column("number", "Median length of the EDA recorded while it was heard", "s"),
}


@dataclass(frozen=True, kw_only=True)
class MusicFeatures(Result):
    """Which songs have features, and which have none."""

    command: ClassVar[str] = "music-features"

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    n_songs: int = value("Songs that have features")
    n_features: int = value("Features of each song")
    feature_set: str | None = value("Feature set of openSMILE, if they were computed")
    imported_from: str | None = value("File that they were imported from, if they were")
    model: str | None = value("What made imported features, if it was named")
    mixdown: bool | None = value("Whether channels were averaged, if they were computed")
    left_out: pd.DataFrame = table(
        "Songs whose audio could not be described, or that the imported file lacks",
        UNREADABLE_COLUMNS,
    )
    short: pd.DataFrame = table("Songs that are much shorter than their EDA", SHORT_COLUMNS)
    equal: tuple[tuple[str, ...], ...] = value(
        "Songs with the same features that are not known to be one song"
    )
    without_audio: tuple[str, ...] = value("Songs that have no audio file")
    unheard: tuple[str, ...] = value("Songs with audio that nobody listened to")
    unclaimed: tuple[str, ...] = value("Audio files that no song uses")

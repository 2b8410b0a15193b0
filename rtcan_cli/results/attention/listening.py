"""The result of `listen`: one trial over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.overview.recording import RATING_COLUMNS, RESPONSE_COLUMNS, AboutTrial

if TYPE_CHECKING:
    import pandas as pd

_NETWORK = {
    "target": Column("text", "valence or arousal"),
    "run": Column("text", "Name of the run"),
    "network": Column("text", "Variant of its network, such as Rf, and what it sees"),
}

NETWORK_COLUMNS = {
    **_NETWORK,
    "fold": Column("integer", "Fold of the network, from 1: the one that tests the trial"),
    "true_class": Column("text", "Label of the trial: low or high"),
    "probability": Column("number", "P(high) of the trial that the run has stored", "fraction"),
    "calibrated": Column("number", "The same at the temperature of the fold", "fraction"),
    "explained_class": Column("text", "The class whose attention is shown: the one it called"),
    "peak": Column("number", "Where its attention is highest; null if it is zero", "s"),
    "first": Column("number", "The shortest beginning that it was shown", "s"),
}

EDA_COLUMNS = {
    "time": Column("number", "Time from the recording's beginning", "s"),
    "eda": Column("number", "EDA in the unit of the recording; null where samples are lost"),
    "repaired": Column("boolean", "Whether the sample was interpolated"),
}

PART_COLUMNS = {
    "time": Column("number", "Time from the recording's beginning", "s"),
    "tonic": Column("number", "Tonic part in the unit of the recording"),
    "phasic": Column("number", "Phasic part in the unit of the recording"),
}

ATTENTION_COLUMNS = {
    **_NETWORK,
    "begin": Column("number", "Beginning of a short stretch of time", "s"),
    "end": Column("number", "Its end", "s"),
    "weight": Column("number", "Highest attention weight in it; that of a network is 1"),
}

PREDICTION_COLUMNS = {
    **_NETWORK,
    "time": Column("number", "Length of the beginning that the network is shown", "s"),
    "probability": Column("number", "P(high) of this beginning, not calibrated", "fraction"),
    "usual": Column("boolean", "Whether 9 of 10 recordings of the dataset are about as long"),
}


@dataclass(frozen=True)
class Sound:
    """The audio of a page.

    Parameters
    ----------
    name : str
        Name of the file.
    kind : str
        Media type.
    content : bytes, optional
        The file itself, if it becomes part of the page.
    file : Path, optional
        The file that the page refers to, if it does not hold it.
    """

    name: str
    kind: str
    content: bytes | None = None
    file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Listening(Result):
    """One trial over time: its EDA, its responses, and what networks made of it."""

    command: ClassVar[str] = "listen"

    trial: AboutTrial = value("Which recording it is")
    song_start: float = value("When the stimulus begins, from the recording's beginning", "s")
    audio: str | None = value("Audio file of the stimulus; null if none is known")
    hears_music: bool = value("Whether the networks also see features of the whole song")
    window: str | None = value("Part of a recording that the networks see; null for all of it")
    lengths: tuple[float, ...] = value(
        "Between which lengths after the onset 9 of 10 recordings are; empty with a window", "s"
    )
    shortest: float = value(
        "Networks are not shown less than the shorter of these lengths divided by this"
    )
    onset: float = value("Beginning of a recording that the networks do not see", "s")
    ratings: pd.DataFrame = table("What the subject said of it", RATING_COLUMNS)
    responses: pd.DataFrame = table("Its skin conductance responses", RESPONSE_COLUMNS)
    scr_rate: float = value("Rate at which responses are looked for", "Hz")
    scr_prominence: float = value("Prominence of a response, at least", "z")
    networks: pd.DataFrame = table("What each network says of it", NETWORK_COLUMNS)
    eda: pd.DataFrame = table("Its EDA", EDA_COLUMNS)
    parts: pd.DataFrame = table("What it was decomposed into", PART_COLUMNS)
    attention: pd.DataFrame = table("Where each network looked", ATTENTION_COLUMNS)
    predictions: pd.DataFrame = table("What each network says of beginnings", PREDICTION_COLUMNS)

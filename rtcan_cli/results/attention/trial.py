"""The result of `gradcam` for one trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

_NETWORK = {
    "target": Column("text", "valence or arousal"),
    "run": Column("text", "Name of the run"),
    "variant": Column("text", "Variant of its network, such as Rf"),
}

DECISION_COLUMNS = {
    **_NETWORK,
    "fold": Column("integer", "Fold of the network, from 1: the one that tests the trial"),
    "true_class": Column("text", "Label of the trial: low or high"),
    "called_class": Column("text", "What the network calls it: low or high"),
    "called_probability": Column("number", "Probability of that class", "fraction"),
    "explained_class": Column("text", "The class that is explained: low or high"),
    "explained_probability": Column("number", "Probability of that class", "fraction"),
    "peak": Column("number", "Where the weight is highest, from the recording's beginning", "s"),
}

SAMPLE_COLUMNS = {
    **_NETWORK,
    "time": Column("number", "Time from the recording's beginning", "s"),
    "original": Column("number", "EDA that the network sees", "z"),
    "phasic": Column("number", "Phasic EDA that it sees", "z"),
    "tonic": Column("number", "Tonic EDA that it sees", "z"),
    "weight": Column("number", "Attention weight; the highest of a network is 1", "fraction"),
    "attribution_original": Column("number", "Map of the original EDA, if the map has channels"),
    "attribution_phasic": Column("number", "Map of the phasic EDA"),
    "attribution_tonic": Column("number", "Map of the tonic EDA"),
}


@dataclass(frozen=True, kw_only=True)
class TrialAttention(Result):
    """Where in one trial networks looked."""

    command: ClassVar[str] = "gradcam"

    run: AboutRun = value("The run; those that are shown beside it differ in the variant alone")
    imported: bool = value("Whether its network was trained elsewhere, perhaps on this trial")
    subject: str = value("Who listened")
    stimulus: str = value("What was played")
    repetition: int = value("Which time this subject met this stimulus, from 1")
    n_repetitions: int = value("Times that the run tests")
    map_name: str = value("How decisions are explained, as --map takes it")
    explained: str = value("Class whose score is explained, as --class takes it")
    relative: bool = value("Whether maps are relative to those of untrained networks")
    decisions: pd.DataFrame = table("What each network says of the trial", DECISION_COLUMNS)
    samples: pd.DataFrame = table("What each network saw, and where it looked", SAMPLE_COLUMNS)

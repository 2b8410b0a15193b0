"""The result of `info STORE --quality`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.data.ingest import LEFT_OUT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

#: What is measured of each recording, and in which unit.
MEASURES = {
    "duration": Column("number", "Length", "s"),
    "missing": Column("number", "Samples missing or implausible, repaired or not", "fraction"),
    "longest_gap": Column("number", "Longest gap", "s"),
    "flat": Column("number", "Samples in stretches that never change", "fraction"),
    "clipped": Column("number", "Samples at a limit of the sensor", "fraction"),
    "lowest": Column("number", "Lowest sample, in the unit of the EDA"),
    "highest": Column("number", "Highest sample, in the unit of the EDA"),
    "jitter": Column(
        "number", "Spread of the steps between sampling times, in median steps", "fraction"
    ),
    "repaired": Column("number", "Samples that were repaired", "fraction"),
    "implausible": Column("number", "Samples that cannot come from skin", "fraction"),
    "zeros": Column("number", "Implausible samples of exactly 0", "fraction"),
    "sentinels": Column("number", "Codes for missing values, such as -1 or 9999", "fraction"),
    "out_of_range": Column("number", "Samples beyond what conductance can be", "fraction"),
    "too_fast": Column("number", "Samples of changes too fast for conductance", "fraction"),
    "spikes": Column("number", "Samples of short jumps upwards", "fraction"),
    "dips": Column("number", "Samples of short jumps downwards", "fraction"),
    "steps": Column("number", "Jumps of the level that does not come back"),
    "resolution": Column("number", "Smallest step between values, in the unit of the EDA"),
    "noise": Column("number", "Standard deviation of the noise, in the unit of the EDA"),
    "signal_to_noise": Column(
        "number", "Standard deviation of the recording over its noise or its resolution"
    ),
}

SPREAD_COLUMNS = {
    "measure": Column("text", "What is measured, as a column of the recordings is named"),
    "least": Column("number", "Least of all recordings"),
    "quantile_5": Column("number", "5 % quantile"),
    "median": Column("number", "Median"),
    "quantile_95": Column("number", "95 % quantile"),
    "most": Column("number", "Most of all recordings"),
}

WORST_COLUMNS = {
    "subject": Column("text", "Subject"),
    "stimulus": Column("text", "Stimulus"),
    "repetition": Column("integer", "Which hearing of the stimulus, from 1"),
    "target": Column("text", "Rating that it was recorded for: valence, arousal or both"),
    **MEASURES,
    "problem": Column("text", "Why it is left out; null if it is used"),
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that decides which recordings are used."""

    option: str = value("Option of ingest that sets it")
    limit: float = value("Its limit: a fraction, seconds, a number, uS or uS/s")


@dataclass(frozen=True, kw_only=True)
class Quality(Result):
    """How good the recordings of a store are."""

    command: ClassVar[str] = "info"

    store: str = value("Path of the store")
    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    eda_unit: str = value("Unit of the EDA in the raw files")
    eda_polarity: str = value("What the EDA is, and whether its sign was flipped")
    n_recordings: int = value("Recordings")
    n_left_out: int = value("Recordings that later steps leave out")
    n_repaired: int = value("Recordings with repaired gaps")
    n_implausible: int = value("Recordings with samples that cannot come from skin")
    n_below_noise: int = value("Recordings that are used though they hardly exceed their noise")
    artefacts_kept: bool = value("Whether implausible samples were used as they are")
    rules: tuple[Rule, ...] = value("What decides which recordings are used")
    spread: pd.DataFrame = table("How each measure spreads over recordings", SPREAD_COLUMNS)
    left_out: pd.DataFrame = table("What was left out, by reason", LEFT_OUT_COLUMNS)
    told_apart_by: tuple[str, ...] = value(
        "Columns, beside subject and stimulus, that name a recording of this store: repetition if "
        "any stimulus was heard again, target if any recording is for one rating alone"
    )
    worst: pd.DataFrame = table("Single recordings, the worst first", WORST_COLUMNS)

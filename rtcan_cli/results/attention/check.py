"""The result of `gradcam --check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

_TARGET = {"target": Column("text", "valence or arousal")}
_INTERVAL = {
    "mean": Column("number", "Mean over subjects"),
    "low": Column("number", "Lower end of its 95 % interval over subjects"),
    "high": Column("number", "Upper end of its 95 % interval over subjects"),
}

CURVE_COLUMNS = {
    **_TARGET,
    "test": Column(
        "text",
        "similarity to the original map, or, in other_subject, to that of another subject; "
        "deletion; insertion",
    ),
    "curve": Column(
        "text",
        "Of similarity the measure: rank_correlation, or top_overlap, of the highest tenth; of "
        "the others by what segments are ordered: map, input_size, random",
    ),
    "stage": Column("text", "Of similarity: the last part that was randomised"),
    "share": Column("number", "Of the others: share of the trial taken out or in", "fraction"),
    **_INTERVAL,
    "n_trials": Column("integer", "Trials"),
}

AREA_COLUMNS = {
    **_TARGET,
    "test": Column("text", "deletion or insertion"),
    "order": Column("text", "By what segments are ordered: map, input_size, random"),
    "area": Column("number", "Mean probability of the class explained", "fraction"),
    "difference": Column("number", "Area of the map less this one", "fraction"),
    "low": Column("number", "Lower end of its 95 % interval over subjects", "fraction"),
    "high": Column("number", "Upper end of its 95 % interval over subjects", "fraction"),
}

VERDICT_COLUMNS = {
    **_TARGET,
    "weights": Column("text", "What the map does with the weights: follows, partly, ignores"),
    "rank_correlation": Column("number", "With the original, once all weights are randomised"),
    "low": Column("number", "Lower end of its 95 % interval over subjects"),
    "high": Column("number", "Upper end of its 95 % interval over subjects"),
    "decision": Column(
        "text", "Whether what the map marks matters for it: matters, partly, not_shown"
    ),
}


@dataclass(frozen=True, kw_only=True)
class AttentionCheck(Result):
    """How far the maps of a run can be trusted."""

    command: ClassVar[str] = "gradcam"

    run: AboutRun = value("The run")
    map_name: str = value("How decisions are explained, as --map takes it")
    explained: str = value("Class whose score is explained, as --class takes it")
    verdicts: pd.DataFrame = table(
        "Whether maps follow the weights, decisions the maps", VERDICT_COLUMNS
    )
    areas: pd.DataFrame = table("Area under the curves of deletion and insertion", AREA_COLUMNS)
    curves: pd.DataFrame = table("All curves", CURVE_COLUMNS)

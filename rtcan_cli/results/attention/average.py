"""The result of `gradcam --all`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

_CURVE = {
    "target": Column("text", "valence or arousal"),
    "group": Column("text", "How trials are split: all; by predicted or true class; by channel"),
    "curve": Column("text", "Which part it is: all; low or high; original, phasic or tonic"),
}
_TIME = {
    "position": Column("number", "Position in the trial", "fraction"),
    "time": Column(
        "number",
        "Time from the recording's beginning, or the window's if that differs; only if trials are "
        "equally long",
        "s",
    ),
}
_INTERVAL = {
    "low": Column("number", "Lower end of its 95 % interval over subjects"),
    "high": Column("number", "Upper end of its 95 % interval over subjects"),
}
_SIZE = {
    "n_trials": Column("integer", "Trials with a map that is not empty"),
    "n_subjects": Column("integer", "Their subjects"),
}

PEAK_COLUMNS = {
    **_CURVE,
    **_SIZE,
    "position": Column("number", "Where in the trial the mean weight is highest", "fraction"),
    "time": Column(
        "number",
        "The same from the recording's beginning, or the window's if that differs; only if trials "
        "are equally long",
        "s",
    ),
    "weight": Column("number", "Mean weight there, in times the even share"),
    "first_weight": Column("number", "Mean weight in the first twentieth of the trial"),
    "last_weight": Column("number", "Mean weight in the last twentieth of the trial"),
}

AVERAGE_COLUMNS = {
    **_CURVE,
    **_TIME,
    "mean": Column("number", "Mean weight, in times the even share"),
    **_INTERVAL,
    **_SIZE,
}

_EVENT = {
    "target": Column("text", "valence or arousal"),
    "event": Column("text", "onset or peak of skin conductance responses"),
    "n_events": Column("integer", "Responses"),
    "window_from": Column("number", "Begin of what is tested, from the event", "s"),
    "window_to": Column("number", "End of what is tested", "s"),
}

RESPONSE_COLUMNS = {
    **_EVENT,
    "weight": Column("number", "Mean weight in the window, in times the even share"),
    **_INTERVAL,
    "random_times": Column("number", "Weight that is expected at random times"),
    "random_times_p": Column("number", "Probability of the weight by chance, two-sided"),
    "other_trials": Column("number", "Weight that is expected with maps of other trials"),
    "other_trials_p": Column("number", "Probability of the weight with these, two-sided"),
}


def _null(what: str) -> dict[str, Column]:
    name = what.replace(" ", "_")
    return {
        f"{name}_mean": Column("number", f"Mean weight with {what}"),
        f"{name}_low": Column("number", f"Lower end of 95 % of the draws with {what}"),
        f"{name}_high": Column("number", f"Upper end of 95 % of the draws with {what}"),
    }


AROUND_COLUMNS = {
    "target": Column("text", "valence or arousal"),
    "event": Column("text", "onset or peak of skin conductance responses"),
    "seconds": Column("number", "Time from the event", "s"),
    "mean": Column("number", "Mean weight, in times the even share"),
    **_INTERVAL,
    **_null("random times"),
    **_null("other trials"),
}


@dataclass(frozen=True, kw_only=True)
class AverageAttention(Result):
    """Where networks look on average over test trials."""

    command: ClassVar[str] = "gradcam"

    run: AboutRun = value("The run")
    imported: bool = value("Whether its network was trained elsewhere, perhaps on these trials")
    map_name: str = value("How decisions are explained, as --map takes it")
    explained: str = value("Class whose score is explained, as --class takes it")
    relative: bool = value("Whether maps are relative to those of untrained networks")
    peaks: pd.DataFrame = table("Where the mean weight is highest", PEAK_COLUMNS)
    average: pd.DataFrame = table("Mean weight over time", AVERAGE_COLUMNS)
    responses: pd.DataFrame = table("Weight at skin conductance responses", RESPONSE_COLUMNS)
    around_responses: pd.DataFrame = table("Weight over time around them", AROUND_COLUMNS)

"""The result of `live`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

LIVE_COLUMNS = {
    "clock": Column("text", "When the answer was given, in UTC"),
    "begin": Column("number", "Where the window begins in the recording", "s"),
    "end": Column("number", "Where it ends: at the newest sample", "s"),
    "target": Column("text", "valence or arousal"),
    "probability": Column("number", "Probability of high: mean over the models", "fraction"),
    "lowest": Column("number", "Lowest probability of a model", "fraction"),
    "highest": Column("number", "Highest probability of a model", "fraction"),
    "n_models": Column("integer", "Models that were asked"),
    "computing": Column("number", "How long the answer took from its newest sample's arrival", "s"),
    "age": Column("number", "How old the newest sample was when it was given (streams)", "s"),
    "reason": Column("text", "Why there is no answer; empty if there is one"),
    "run": Column("text", "The run that answers"),
    "simulated": Column("boolean", "Whether the run or the recording is simulated"),
}


@dataclass(frozen=True, kw_only=True)
class Live(Result):
    """What the models of a run said of a recording while it was made."""

    command: ClassVar[str] = "live"

    run: AboutRun = value("The run that answers")
    source: str = value("The file or stream")
    window: float = value("How much of the recording each answer is about", "s")
    every: float = value("Time between two answers", "s")
    calibrated: bool = value("Whether the probabilities are calibrated")
    simulated: bool = value("Whether the run or the recording is simulated")
    n_answers: int = value("Windows that were answered")
    n_without: int = value("Windows without an answer")
    answers: pd.DataFrame = table("The last answers, at most 20 windows", LIVE_COLUMNS)
    median_computing: float | None = value("How long an answer took", "s")
    longest_computing: float | None = value("The longest", "s")
    median_age: float | None = value("Age of the newest sample at the answer (streams)", "s")

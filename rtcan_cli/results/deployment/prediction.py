"""The result of `predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

#: What a trial is to the run that answers.
NEW, HELD_OUT, SEEN, UNKNOWN = "new", "held_out", "seen_in_training", "unknown"

_TRIAL = {
    "target": Column("text", "valence or arousal"),
    "subject": Column("text", "Who listened"),
    "stimulus": Column("text", "What was played"),
    "repetition": Column("integer", "Which time this subject met this stimulus, from 1"),
}

ANSWER_COLUMNS = {
    **_TRIAL,
    "status": Column("text", f"What the trial is to the run: {NEW}, {HELD_OUT}, {SEEN}, {UNKNOWN}"),
    "probability": Column("number", "Probability of high: mean over the models", "fraction"),
    "call": Column("text", "high if the probability is above 1/2, else low"),
    "sd": Column("number", "Standard deviation between the models", "fraction"),
    "lowest": Column("number", "Lowest probability of a model", "fraction"),
    "highest": Column("number", "Highest probability of a model", "fraction"),
    "n_models": Column("integer", "Models that were asked"),
}

MODEL_COLUMNS = {
    **_TRIAL,
    "fold": Column("integer", "Fold of the model, from 1"),
    "probability": Column("number", "Probability of high", "fraction"),
}

LEFT_OUT_COLUMNS = {**_TRIAL, "reason": Column("text", "Why there is no answer")}


@dataclass(frozen=True, kw_only=True)
class Prediction(Result):
    """What the models of a run say of recordings."""

    command: ClassVar[str] = "predict"

    run: AboutRun = value("The run that answers")
    dataset: str | None = value("Dataset that is predicted, if it is one", default=None)
    all_new: bool = value("Whether all its trials were taken for new", default=False)
    eda_file: Path | None = value("EDA file that is predicted, if it is one", default=None)
    audio_file: Path | None = value("Audio file that goes with it", default=None)
    simulated: bool = value("Whether the run or what is predicted is simulated")
    calibration: str = value("calibrated; not_wanted; or no_temperatures, if the run has none")
    lowest_temperature: float | None = value("Of the models that were asked")
    highest_temperature: float | None = value("Of the models that were asked")
    answers: pd.DataFrame = table("The answer about each trial", ANSWER_COLUMNS)
    models: pd.DataFrame = table("The answer of each model that was asked", MODEL_COLUMNS)
    left_out: pd.DataFrame = table("Trials without an answer", LEFT_OUT_COLUMNS)

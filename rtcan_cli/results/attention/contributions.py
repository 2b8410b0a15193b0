"""The result of `contributions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.results.run import AboutRun

if TYPE_CHECKING:
    import pandas as pd

_TARGET = {"target": Column("text", "valence or arousal")}


def _interval(of: str, unit: str = "") -> dict[str, Column]:
    return {
        f"{of}_low": Column("number", "Lower end of its 95 % interval over subjects", unit),
        f"{of}_high": Column("number", "Upper end of its 95 % interval over subjects", unit),
    }


_N = {
    "n_trials": Column("integer", "Trials"),
    "n_subjects": Column("integer", "Their subjects"),
}

PART_COLUMNS = {
    **_TARGET,
    "part": Column("text", "EDA or music"),
    **_N,
    "size": Column("number", "Mean absolute contribution, in the scale of the result"),
    **_interval("size"),
    "share": Column("number", "Its share of the sizes of both parts", "fraction"),
    **_interval("share", "fraction"),
    "changed": Column(
        "number", "Trials whose called class is another one without the part", "fraction"
    ),
    **_interval("changed", "fraction"),
    "score": Column("text", "What `whole` to `drop` are: auc, or balanced_accuracy without one"),
    "whole": Column("number", "Score of the answers as they are", "fraction"),
    "exchanged": Column(
        "number",
        "Score if each trial gets the EDA of another subject's trial, or the music of another "
        "song, of its test fold",
        "fraction",
    ),
    "drop": Column("number", "What of the score is lost by that", "fraction"),
    **_interval("drop", "fraction"),
    "verdict": Column("text", "helps, hardly_used, ignored, not_shown (to help), harms or unknown"),
}

AVERAGE_COLUMNS = {
    **_TARGET,
    "group": Column(
        "text", "How trials are split: all; by true or called (class), subject, song, fold"
    ),
    "name": Column("text", "Which class, subject, song or fold"),
    **_N,
    "eda": Column("number", "Mean contribution of the EDA, in the scale of the result"),
    **_interval("eda"),
    "music": Column("number", "Mean contribution of the music"),
    **_interval("music"),
    "eda_size": Column("number", "Mean absolute contribution of the EDA"),
    "music_size": Column("number", "Mean absolute contribution of the music"),
    "eda_share": Column("number", "Share of the EDA in both sizes", "fraction"),
    **_interval("eda_share", "fraction"),
    "changed_without_eda": Column(
        "number", "Trials classified differently without EDA", "fraction"
    ),
    "changed_without_music": Column(
        "number", "Trials classified differently without music", "fraction"
    ),
}

MUSIC_COLUMNS = {
    **_TARGET,
    "features": Column("text", "energy, spectral, mfcc, voicing, timing or other"),
    "n_features": Column("integer", "Music features of the group"),
    "size": Column("number", "Mean absolute contribution, in the scale of the result"),
    **_interval("size"),
    "share": Column("number", "Share of the sizes of all groups", "fraction"),
    **_interval("share", "fraction"),
}

TRIAL_COLUMNS = {
    **_TARGET,
    "subject": Column("text", "Who listened"),
    "stimulus": Column("text", "What was played"),
    "repetition": Column("integer", "Which time this subject met this stimulus, from 1"),
    "song": Column("text", "The same for stimuli that are one song under several names"),
    "fold": Column("integer", "Fold that tests the trial, from 1: its model is explained"),
    "true_class": Column("text", "Label of the trial: low or high"),
    "called_class": Column("text", "What the model calls it: low or high"),
    "probability": Column("number", "P(high) as the run stored it, not calibrated", "fraction"),
    "baseline": Column(
        "number", "Mean answer to training trials of the fold, in the scale of the result"
    ),
    "eda": Column("number", "Contribution of the EDA"),
    "music": Column(
        "number", "Contribution of the music; with eda and baseline it sums to the answer"
    ),
    "without_eda": Column("number", "Mean answer with the EDA of training trials"),
    "without_music": Column("number", "Mean answer with the music of training trials"),
    **{
        f"music_{group}": Column("number", f"Share of the contribution of the music: {what}")
        for group, what in {
            "energy": "features of energy",
            "spectral": "spectral features",
            "mfcc": "MFCCs",
            "voicing": "features of voicing and pitch",
            "timing": "statistics of time",
            "other": "features of unknown names",
        }.items()
    },
}

CHECK_COLUMNS = {
    **_TARGET,
    "part": Column("text", "EDA or music"),
    "rank_correlation": Column(
        "number",
        "Of contributions with those of the same network with randomised weights, over the test "
        "trials of a fold; mean over networks",
    ),
    "sd": Column("number", "Standard deviation over networks"),
    "n_networks": Column("integer", "Randomised networks, of all folds"),
    "verdict": Column("text", "What contributions do with the weights: follows, partly, ignores"),
}


@dataclass(frozen=True, kw_only=True)
class PartContributions(Result):
    """What EDA and music contributed to the answers of a fused run."""

    command: ClassVar[str] = "contributions"

    run: AboutRun = value("The run")
    scale: str = value("What contributions sum to: probability of high, or its logit")
    n_background: int = value("Training trials of each fold that the baseline is taken from")
    parts: pd.DataFrame = table("How much EDA and music decide, and if they help", PART_COLUMNS)
    averages: pd.DataFrame = table("Means by class, subject, song and fold", AVERAGE_COLUMNS)
    music: pd.DataFrame = table("Contributions of groups of music features", MUSIC_COLUMNS)
    trials: pd.DataFrame = table("Contributions to the answer to each trial", TRIAL_COLUMNS)
    checks: pd.DataFrame = table("The same with randomised weights, if asked for", CHECK_COLUMNS)

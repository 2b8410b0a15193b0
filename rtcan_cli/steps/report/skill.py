"""Answers of models to test trials -> better than no skill, among all tests.

Each model is tested twice for each target: by the score to judge by, and by AUC. All of these p
values are adjusted together, whichever way a score differs from no skill. So if no model of a
dataset has skill, a verdict that claims any, or that claims a score below chance, is given with a
probability of 5 % at most (Holm 1979).

Answers at random are truly below the majority class where classes are uneven, so a claim that a
score is below what needs no skill is more frequent, and no error: docs/howto/report.md has rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.evaluation.metrics import leading_score
from rtcan_cli.evaluation.power import chance_error, p_of_skill
from rtcan_cli.evaluation.statistics import holm
from rtcan_cli.steps.scores.judgement import LEAST_SUBJECTS, judgement
from rtcan_cli.steps.scores.simple_rivals import SURE

_P_VALUES = {"p_value": "p_holm", "auc_p_value": "auc_p_holm"}
_JUDGED = ("better", "worse", "none_shown")


def scores_of(trials: Sequence[pd.DataFrame], seed: int, over_songs: bool = True) -> dict[str, Any]:
    """Scores of a model on all its tested trials, and whether they are above no skill.

    Parameters
    ----------
    trials : sequence of DataFrame
        The same tested trials for each seed.
    seed : int
        Of the samples of subjects.
    over_songs : bool
        Whether p values are the larger ones of two tests, over subjects and over songs. All who
        hear a song hear the same, and so answers that are right by chance for a few songs are right
        for many subjects: answers from music, but also those from EDA, which follows the music.
        Without, or with a single song, p values are over subjects alone.

    Returns
    -------
    dict
        Those of `rtcan_cli.results.answer.TEST_COLUMNS` that follow from the trials, with the
        verdict of a single test.
    """
    pooled = intervals(trials if len(trials) > 1 else trials[0], seed=seed)
    label = trials[0]["label"]
    lead = leading_score(label)
    n_subjects, n_trials = trials[0]["subject"].nunique(), len(label)
    judged = judgement(
        pooled.loc[lead].rename(None).combine_first(pd.Series({"score": lead})),
        float(label.mean()),
        n_subjects,
        n_trials,
    ).iloc[0]
    chance = {lead: float(judged["without_skill"]), "auc": 0.5}
    n_high = int((label == 1).sum())
    least = {name: chance_error(name, n_high, n_trials - n_high) for name in chance}
    p_values = _p_values(pooled, chance, n_subjects, least)
    n_songs = trials[0]["song"].nunique()
    if over_songs and n_songs > 1:
        by_song = [
            table.assign(
                subject=table["song"], stimulus=table["subject"] + "\n" + table["stimulus"]
            )
            for table in trials
        ]
        songs = intervals(by_song if len(by_song) > 1 else by_song[0], seed=seed)
        p_values = np.fmax(p_values, _p_values(songs, chance, n_songs, least))
    each = [intervals(table, n_resamples=1).loc[lead, "estimate"] for table in trials]
    row: dict[str, Any] = {
        "n_subjects": n_subjects,
        "n_trials": n_trials,
        "n_stimuli": n_songs,
        **judged.drop(["high_share"]),
        "seed_sd": float(np.std(each, ddof=1)) if len(each) > 1 else np.nan,
        **dict(zip(_P_VALUES, p_values, strict=True)),
    }
    for name in ("balanced_accuracy", "auc"):
        row |= {
            name: pooled.loc[name, "estimate"],
            f"{name}_low": pooled.loc[name, "low"],
            f"{name}_high": pooled.loc[name, "high"],
        }
    if judged["verdict"] != "no_interval" and n_subjects < LEAST_SUBJECTS:
        row["verdict"] = "too_few"
    return row


def _p_values(
    scores: pd.DataFrame, chance: dict[str, float], n: int, least: dict[str, float]
) -> NDArray[np.float64]:
    """P values of scores against what they are by chance, over n subjects or songs."""
    rows = [(scores.loc[name], without, least[name]) for name, without in chance.items()]
    return np.array(
        [
            p_of_skill(row["estimate"], without, row["low"], row["high"], n, error)
            for row, without, error in rows
        ]
    )


def adjusted(tests: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Adjust the p values of all tests of a dataset together, and the verdicts by them.

    Parameters
    ----------
    tests : DataFrame
        With the columns `rtcan_cli.results.answer.TEST_COLUMNS`. Priors answer no question, so
        they are not tested.

    Returns
    -------
    tests : DataFrame
        With adjusted p values and verdicts.
    n_tests : int
        How many tests were adjusted.
    """
    judged = (tests["role"] != "prior") & tests["verdict"].isin(_JUDGED)
    found = tests[list(_P_VALUES)].astype(float).where(judged, np.nan).to_numpy()
    held = holm(found.ravel()).reshape(found.shape)
    tests = tests.assign(**dict(zip(_P_VALUES.values(), held.T, strict=True)))
    alone = judged & ~(tests["p_holm"] < SURE)
    # Pooled over folds, a model that says one class in each fold can be right of more than half of
    # each class. It ranks no trials within a fold.
    ranks_none = judged & (tests["auc"] <= 0.5)
    tests.loc[(alone | ranks_none) & (tests["verdict"] == "better"), "verdict"] = "better_alone"
    tests.loc[alone & (tests["verdict"] == "worse"), "verdict"] = "none_shown"
    by_auc = judged & (tests["auc_p_holm"] < SURE) & (tests["auc_low"] > 0.5)
    tests.loc[by_auc & (tests["verdict"] != "better"), "verdict"] = "auc_only"
    return tests, int(np.isfinite(held).sum())

"""Whether the score to judge by is above what needs no skill: of one run alone, and in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rtcan_cli.command_line import CommandLine
from rtcan_cli.evaluation.power import chance_error, smallest_effect
from rtcan_cli.results.base import Note

#: With fewer subjects, not even a score above chance in each of them shows anything: a sign test
#: gives 2 / 2**5 = 0.06 then.
LEAST_SUBJECTS = 6
#: Percentages that are closer than this are the same, up to rounding.
EXACT = 1e-9


def judgement(lead: pd.Series, high_share: float, n_subjects: int, n_trials: int) -> pd.DataFrame:
    """Say whether the score to judge by is above what needs no skill.

    Parameters
    ----------
    lead : Series
        Its ``score``, ``estimate``, ``low`` and ``high``.
    high_share : float
        Share of the tested trials that are truly high.
    n_subjects, n_trials : int
        Subjects and trials that were tested.

    Returns
    -------
    DataFrame
        One row with the columns of `rtcan_cli.results.scores.evaluation.VERDICT_COLUMNS`, without
        the target.
    """
    floor = 0.5 if lead["score"] == "balanced_accuracy" else 0.0
    if np.isnan(lead["low"]):
        verdict = "no_interval"
    elif lead["low"] > floor + EXACT:
        verdict = "better"
    elif lead["high"] < floor - EXACT:
        verdict = "worse"
    else:
        verdict = "none_shown"
    row = {name: lead[name] for name in ("score", "estimate", "low", "high")}
    row |= {"high_share": high_share, "without_skill": floor, "verdict": verdict}
    n_high = round(high_share * n_trials)
    least = chance_error(str(lead["score"]), n_high, n_trials - n_high)
    row["smallest_effect"] = smallest_effect(lead["low"], lead["high"], n_subjects, least)
    return pd.DataFrame([row])


def judgement_in_words(row: pd.Series) -> str:
    """The row of `judgement` as a sentence."""
    high = 100 * row["high_share"]
    value, low, top = (100 * row[name] for name in ("estimate", "low", "high"))
    if row["score"] == "balanced_accuracy":
        name, found, floor = "balanced accuracy", f"{value:.1f} %", "50 %"
        why = "the classes are near even; without skill it is 50 % in every fold"
    else:
        name, found, floor = "above majority", f"{value:.1f} points", "0"
        why = f"saying one class for all trials is already right in {max(high, 100 - high):.1f} %"
    interval = f"its interval, {low:.1f} to {top:.1f}"
    verdict = {
        "no_interval": f"no interval, so it cannot be told from {floor}",
        "better": f"{interval}, is above {floor}: better than no skill in this test alone",
        "worse": f"{interval}, is below {floor}: worse than no skill in this test alone",
        "none_shown": f"{interval}, includes {floor}: no skill was shown. {_could_have_shown(row)}",
    }[row["verdict"]]
    return (
        f"judge by {name}, since {high:.1f} % of the tested trials are high: {why}. "
        f"Of all tested trials together, it is {found}; {verdict}"
    )


def _could_have_shown(row: pd.Series) -> str:
    """What a study of this size finds, in a sentence without a full stop."""
    if np.isnan(row["smallest_effect"]):
        return "There is one class only, so nothing could have been found"
    floor = "50 %" if row["score"] == "balanced_accuracy" else "0"
    points = 100 * row["smallest_effect"]
    return (
        f"A study of this size would have found {points:.1f} points above {floor} with a power of "
        "80 %"
    )


def single_test_notes(
    verdicts: pd.DataFrame, n_subjects: int, seen: str = "", report: CommandLine | None = None
) -> Iterator[Note]:
    """Say what a verdict that claims something does not account for.

    Parameters
    ----------
    verdicts : DataFrame
        Rows of `judgement`, of all targets.
    n_subjects : int
        Subjects that were tested.
    seen : str
        What of the test trials has also been in training.
    report : str, optional
        The line that tests all runs together.
    """
    if not verdicts["verdict"].isin(["better", "worse"]).any():
        return
    text = "'in this test alone': each target is one test of this run"
    if n_subjects < LEAST_SUBJECTS:
        text += f", and {n_subjects} subjects are too few to answer anything"
    if seen:
        text += f". The {seen} of test trials were also in training, so memory of them is possible"
    text += ". Other runs that were tried are not accounted for"
    if report is not None:
        text += "; a report tests all runs of a dataset together"
    yield Note("single_test", text, report)

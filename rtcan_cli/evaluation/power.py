"""What a study of so many subjects could have shown."""

from __future__ import annotations

import math

from scipy.special import stdtr, stdtrit

from rtcan_cli.choices import CONFIDENCE, POWER


def standard_error(low: float, high: float, n_subjects: int) -> float:
    """Standard error of a score over subjects, from its interval.

    Parameters
    ----------
    low, high, n_subjects
        As of `smallest_effect`.
    """
    if n_subjects < 2:
        return float("nan")
    return float((high - low) / 2 / stdtrit(n_subjects - 1, (1 + CONFIDENCE) / 2))


def p_of_skill(
    estimate: float,
    without_skill: float,
    low: float,
    high: float,
    n_subjects: int,
    least_error: float = math.nan,
) -> float:
    """P value of a score that is as far from what needs no skill, two-sided.

    A t-test over subjects with the standard error of the score's interval, so that it and the
    interval say about the same; p values can be corrected for several tests.

    Parameters
    ----------
    estimate, without_skill : float
        The score, and what it is without skill.
    low, high, n_subjects
        As of `smallest_effect`.
    least_error : float
        Standard error in place of that of an interval without width, see `chance_error`: if all
        answers of a few subjects are right, no sample of these subjects has a wrong one, which does
        not mean that others have none.

    Returns
    -------
    float
        NaN without an interval. Where it has no width: 1 without skill, else NaN unless there is a
        least error.
    """
    error, away = standard_error(low, high, n_subjects), abs(estimate - without_skill)
    if math.isnan(error):
        return float("nan")
    if error == 0:
        if away < 1e-12:
            return 1.0
        error = least_error
    return float(2 * stdtr(n_subjects - 1, -away / error))


def chance_error(score: str, n_high: int, n_low: int) -> float:
    """Standard error of a score without skill, if trials were independent.

    A network that says the same of nearly all trials has a narrow interval, which tells nothing
    about what one with skill would have had: its error is at least this.

    Parameters
    ----------
    score : {"balanced_accuracy", "above_majority", "auc"}
        Accuracies: of answers that are right in half of the trials. AUC: of the Mann-Whitney
        statistic (Mann & Whitney 1947, Ann. Math. Stat. 18(1)).
    n_high, n_low : int
        Tested trials of each class.
    """
    if not (n_high and n_low):
        return float("nan")
    if score == "auc":
        return math.sqrt((n_high + n_low + 1) / (12 * n_high * n_low))
    if score == "balanced_accuracy":
        return math.sqrt(1 / n_high + 1 / n_low) / 4
    return 0.5 / math.sqrt(n_high + n_low)


def smallest_effect(low: float, high: float, n_subjects: int, least_error: float = 0.0) -> float:
    """Return the smallest effect that a study finds with a probability of `POWER`.

    An effect is found if its interval excludes the value without skill. Subjects are the sample, so
    the score has a t distribution around its true value (Cohen 1988, Statistical power analysis,
    ch. 2, with the standard error that was measured instead of an assumed one).

    Parameters
    ----------
    low, high : float
        Ends of the score's interval over subjects, from `rtcan_cli.evaluation.bootstrap`.
    n_subjects : int
        Subjects behind it.
    least_error : float
        Standard error that it has at least, see `chance_error`.

    Returns
    -------
    float
        Distance from the value without skill, in the unit of the score; NaN without an interval.
    """
    if n_subjects < 2:
        return float("nan")
    excludes, reaches = stdtrit(n_subjects - 1, [(1 + CONFIDENCE) / 2, POWER])
    error = standard_error(low, high, n_subjects)
    return float((excludes + reaches) * max(error, least_error))

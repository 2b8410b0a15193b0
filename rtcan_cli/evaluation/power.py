"""What a study of so many subjects could have shown."""

from __future__ import annotations

from scipy.stats import t

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
    return float((high - low) / 2 / t.ppf((1 + CONFIDENCE) / 2, n_subjects - 1))


def smallest_effect(low: float, high: float, n_subjects: int) -> float:
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

    Returns
    -------
    float
        Distance from the value without skill, in the unit of the score; NaN without an interval.
    """
    if n_subjects < 2:
        return float("nan")
    excludes, reaches = t.ppf([(1 + CONFIDENCE) / 2, POWER], n_subjects - 1)
    return float((excludes + reaches) * standard_error(low, high, n_subjects))

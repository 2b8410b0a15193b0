"""Scores of a cross-validated run, fold by fold.

Yin et al. (2022, sec. 5.1) report the accuracy and the F1 score of the high class, each averaged
over ten test folds whose subjects the network has never seen. The same is computed here, beside
the accuracy that needs no signal at all: always saying the class that is more frequent among all
tested trials. It is not the majority of each fold's training trials: what a fold tests is missing
from its training, so near even classes the two majorities tend to differ, and predicting the
training majority is right in less than half of the trials. A coin would look better than that.

Further scores do not reward a frequent class: balanced accuracy, macro F1, the Matthews
correlation and the two areas under curves; Brier score and calibration error judge the
probabilities themselves.

Scores of all test folds together, with their intervals, are in `rtcan_cli.evaluation.bootstrap`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.evaluation.calibration import expected_calibration_error
from rtcan_cli.evaluation.ranking import Ranking

COUNTS = ("true_high", "false_high", "true_low", "false_low")

#: Classes are near even if the more frequent one has no larger share of the tested trials.
NEAR_EVEN = 0.6

#: Scores of called classes, of the ranking, and of the probabilities.
SCORES = (
    "accuracy",
    "f1",
    "balanced_accuracy",
    "macro_f1",
    "mcc",
    "auc",
    "average_precision",
    "brier",
    "ece",
)


@dataclass(frozen=True)
class FoldSummary:
    """Mean and standard deviation over the test folds of one run; scores are fractions of 1.

    The standard deviation is that of a sample (n - 1), so with a single fold it is NaN.
    ``n_trials`` counts the tested trials, ``n_untested`` those whose fold was not trained.
    """

    accuracy_mean: float
    accuracy_sd: float
    f1_mean: float
    f1_sd: float
    majority_mean: float
    n_folds: int
    n_trials: int
    n_untested: int


def majority_class(label: ArrayLike) -> int:
    """Return the more frequent class of labels (0 low, 1 high); a tie is low."""
    label = np.asarray(label)
    return int(2 * np.count_nonzero(label == 1) > len(label))


def leading_score(label: ArrayLike) -> Literal["balanced_accuracy", "above_majority"]:
    """Name the score that says best whether anything was learnt, from the tested labels.

    Returns
    -------
    str
        ``balanced_accuracy`` where classes are near even (`NEAR_EVEN`): it is 50 % without skill,
        whichever class is a little more frequent. ``above_majority`` otherwise: accuracy has to
        exceed what one class for all trials gets, which is more than 50 %.
    """
    label = np.asarray(label)
    share = float(np.mean(label == majority_class(label)))
    return "balanced_accuracy" if share <= NEAR_EVEN else "above_majority"


def class_scores(
    true_high: ArrayLike, false_high: ArrayLike, true_low: ArrayLike, false_low: ArrayLike
) -> dict[str, NDArray[np.float64]]:
    """Score called classes from their confusion counts, for many tables at once.

    Parameters
    ----------
    true_high, false_high, true_low, false_low : array, shape (...)
        Counts, or sums of weights; all of one shape.

    Returns
    -------
    dict of array, shape (...)
        ``accuracy``; ``f1`` of the high class, 0 if no trial is called high; ``balanced_accuracy``
        (mean recall of both classes), ``macro_f1`` (mean F1 of both) and ``mcc`` (Matthews 1975;
        0 if all trials are called the same): these three are NaN where the trials are all truly
        low or all truly high, since they say nothing then. All are NaN where there is no trial.
    """
    tp, fp, tn, fn = (
        np.asarray(x, dtype=float) for x in (true_high, false_high, true_low, false_low)
    )
    n = tp + fp + tn + fn
    high, low = tp + fn, tn + fp
    both = (high > 0) & (low > 0)
    f1, f1_low = (np.where(n > 0, _ratio(2 * x, 2 * x + fp + fn, 0.0), np.nan) for x in (tp, tn))
    spread = np.sqrt(high * low * (tp + fp) * (tn + fn))
    return {
        "accuracy": _ratio(tp + tn, n),
        "f1": f1,
        "balanced_accuracy": (_ratio(tp, high) + _ratio(tn, low)) / 2,
        "macro_f1": np.where(both, (f1 + f1_low) / 2, np.nan),
        "mcc": np.where(both, _ratio(tp * tn - fp * fn, spread, 0.0), np.nan),
    }


def _ratio(
    part: NDArray[np.float64], whole: NDArray[np.float64], otherwise: float = np.nan
) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(np.shape(whole), otherwise), where=whole > 0)


def fold_scores(label: ArrayLike, probability: ArrayLike, fold: ArrayLike) -> pd.DataFrame:
    """Score each test fold of one target.

    Parameters
    ----------
    label : array of int, shape (n,)
        True class of each trial: 0 low, 1 high.
    probability : array of float, shape (n,)
        Predicted probability of high. A trial is called high above 0.5. NaN where the trial's
        fold was not trained: such trials are left out of the scores and counted.
    fold : array of int, shape (n,)
        The fold that tests each trial.

    Returns
    -------
    DataFrame
        One row a fold: ``fold``, ``n`` (tested trials), ``n_untested``; the scores of
        `class_scores`; ``auc``, the area under the ROC curve, and ``average_precision``, that
        under the curve of precision over recall (both NaN in a fold with a single class);
        ``brier``, the mean squared error of the probability; ``ece``, see
        `rtcan_cli.evaluation.calibration.expected_calibration_error`; ``majority_accuracy`` (of
        always saying the class that is more frequent among the tested trials of all folds, see
        `majority_class`); and the confusion counts ``true_high``,
        ``false_high``, ``true_low``, ``false_low``. Scores are NaN in an untested fold.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1.
    """
    label, fold = np.asarray(label), np.asarray(fold)
    probability = np.asarray(probability, dtype=float)
    if not np.isin(label, (0, 1)).all():
        raise ValueError("labels must be 0 (low) or 1 (high)")
    tested = ~np.isnan(probability)
    majority = majority_class(label[tested])
    rows = []
    for k in np.unique(fold):
        here = fold == k
        truth = label[here & tested]
        row: dict[str, Any] = {"fold": k, "n": len(truth), "n_untested": np.sum(here & ~tested)}
        if len(truth):
            row |= _scores(truth, probability[here & tested])
            row["majority_accuracy"] = float(np.mean(truth == majority))
        rows.append(row)
    columns = ["fold", "n", "n_untested", *SCORES, "majority_accuracy", *COUNTS]
    scores = pd.DataFrame(rows, columns=columns)
    whole = ["fold", "n", "n_untested", *COUNTS]
    return scores.fillna(dict.fromkeys(COUNTS, 0)).astype(dict.fromkeys(whole, np.int64))


def confusion_counts(label: ArrayLike, called_high: ArrayLike) -> dict[str, NDArray[np.bool_]]:
    """Mark each trial as one of the four `COUNTS`; the sum of each mark is its count."""
    high, called = np.asarray(label) == 1, np.asarray(called_high, dtype=bool)
    marks = (high & called, ~high & called, ~high & ~called, high & ~called)
    return dict(zip(COUNTS, marks, strict=True))


def ranking_scores(label: NDArray[np.int64], probability: NDArray[np.float64]) -> dict[str, float]:
    """Area under the ROC curve and average precision; NaN if there is a single class."""
    (auc,), (average,) = Ranking(label, probability).areas(np.ones((1, len(label))))
    return {"auc": float(auc), "average_precision": float(average)}


def _scores(truth: NDArray[np.int64], probability: NDArray[np.float64]) -> dict[str, float]:
    marks = confusion_counts(truth, probability > 0.5)
    counts = {name: int(mark.sum()) for name, mark in marks.items()}
    return {
        **{name: float(score) for name, score in class_scores(**counts).items()},
        **ranking_scores(truth, probability),
        "brier": float(np.mean((probability - truth) ** 2)),
        "ece": expected_calibration_error(truth, probability),
        **counts,
    }


def over_folds(scores: pd.DataFrame) -> pd.DataFrame:
    """Average every score of `fold_scores`, every fold counting the same.

    Returns
    -------
    DataFrame
        Indexed by score: ``mean``, ``sd`` (n - 1; NaN with a single fold) and ``n_folds``, the
        folds that have the score. Fewer than were tested means that some hold a single class.
    """
    values = scores[[*SCORES, "majority_accuracy"]]
    return pd.DataFrame(
        {"mean": values.mean(), "sd": values.std(ddof=1), "n_folds": values.notna().sum()}
    )


def fold_summary(scores: pd.DataFrame) -> FoldSummary:
    """Average the tested folds of `fold_scores`, every fold counting the same as in the paper.

    The majority is the share of the more frequent class among all tested trials, which is never
    below one half; a mean over folds of different sizes may be.
    """
    tested = scores[scores["n"] > 0]
    mean, sd = (over_folds(scores)[column] for column in ("mean", "sd"))
    return FoldSummary(
        accuracy_mean=float(mean["accuracy"]),
        accuracy_sd=float(sd["accuracy"]),
        f1_mean=float(mean["f1"]),
        f1_sd=float(sd["f1"]),
        majority_mean=float(np.average(tested["majority_accuracy"], weights=tested["n"]))
        if len(tested)
        else np.nan,
        n_folds=int((scores["n"] > 0).sum()),
        n_trials=int(scores["n"].sum()),
        n_untested=int(scores["n_untested"].sum()),
    )


def confusion(scores: pd.DataFrame) -> NDArray[np.int64]:
    """Sum the confusion counts over folds: shape (2, 2), rows true low and high, columns called."""
    total = scores[list(COUNTS)].sum()
    return np.array(
        [[total["true_low"], total["false_high"]], [total["false_low"], total["true_high"]]]
    )

"""Scores of a cross-validated run, fold by fold, and a check that its folds share no subject.

Yin et al. (2022, sec. 5.1) report the accuracy and the F1 score of the high class, each averaged
over ten test folds whose subjects the network has never seen. The same is computed here, beside
the accuracy that needs no signal at all: always saying the class that is more frequent in the
training fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

if TYPE_CHECKING:
    from rtcan_cli.training.splits import Roles

COUNTS = ("true_high", "false_high", "true_low", "false_low")


@dataclass(frozen=True)
class Summary:
    """Mean and standard deviation over the test folds of one run; scores are fractions of 1.

    The standard deviation is that of a sample (n - 1), so with a single fold it is NaN.
    ``n_trials`` counts the tested trials, ``n_untested`` those whose fold was not trained.
    """

    accuracy_mean: float
    accuracy_sd: float
    f1_mean: float
    f1_sd: float
    majority_mean: float
    majority_sd: float
    n_folds: int
    n_trials: int
    n_untested: int


def majority_class(label: ArrayLike) -> int:
    """Return the more frequent class of training labels (0 low, 1 high); a tie is low."""
    label = np.asarray(label)
    return int(2 * np.count_nonzero(label == 1) > len(label))


def fold_scores(
    label: ArrayLike, probability: ArrayLike, fold: ArrayLike, majority: Mapping[int, int]
) -> pd.DataFrame:
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
    majority : mapping of int to int
        Majority class of each fold's *training* trials (see `majority_class`); needed for the
        tested folds.

    Returns
    -------
    DataFrame
        One row a fold: ``fold``, ``n`` (tested trials), ``n_untested``, ``accuracy``, ``f1`` (of
        the high class; 0 if no trial is called high), ``majority_accuracy`` (of always predicting
        the training majority) and the confusion counts ``true_high``, ``false_high``,
        ``true_low``, ``false_low``. Scores are fractions of 1, NaN in an untested fold.

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
    rows = []
    for k in np.unique(fold):
        here = fold == k
        truth = label[here & tested]
        row: dict[str, float] = {"fold": k, "n": len(truth), "n_untested": np.sum(here & ~tested)}
        if len(truth):
            row |= _scores(truth, probability[here & tested] > 0.5, majority[int(k)])
        rows.append(row)
    columns = ["fold", "n", "n_untested", "accuracy", "f1", "majority_accuracy", *COUNTS]
    scores = pd.DataFrame(rows, columns=columns)
    whole = ["fold", "n", "n_untested", *COUNTS]
    return scores.fillna(dict.fromkeys(COUNTS, 0)).astype(dict.fromkeys(whole, np.int64))


def _scores(truth: NDArray[np.int64], high: NDArray[np.bool_], majority: int) -> dict[str, float]:
    predicted = high.astype(int)
    counts = confusion_matrix(truth, predicted, labels=[0, 1])
    (true_low, false_high), (false_low, true_high) = counts
    return {
        "accuracy": accuracy_score(truth, predicted),
        "f1": f1_score(truth, predicted, pos_label=1, average="binary", zero_division=0.0),
        "majority_accuracy": float(np.mean(truth == majority)),
        "true_high": true_high,
        "false_high": false_high,
        "true_low": true_low,
        "false_low": false_low,
    }


def summarise(scores: pd.DataFrame) -> Summary:
    """Average the tested folds of `fold_scores`, every fold counting the same as in the paper."""
    tested = scores[scores["n"] > 0]
    mean, sd = tested.mean(), tested.std(ddof=1)
    return Summary(
        accuracy_mean=float(mean["accuracy"]),
        accuracy_sd=float(sd["accuracy"]),
        f1_mean=float(mean["f1"]),
        f1_sd=float(sd["f1"]),
        majority_mean=float(mean["majority_accuracy"]),
        majority_sd=float(sd["majority_accuracy"]),
        n_folds=len(tested),
        n_trials=int(scores["n"].sum()),
        n_untested=int(scores["n_untested"].sum()),
    )


def confusion(scores: pd.DataFrame) -> NDArray[np.int64]:
    """Sum the confusion counts over folds: shape (2, 2), rows true low and high, columns called."""
    total = scores[list(COUNTS)].sum()
    return np.array(
        [[total["true_low"], total["false_high"]], [total["false_low"], total["true_high"]]]
    )


def overlap(roles: Mapping[int, Roles], group: ArrayLike, checked: str = "subject") -> pd.DataFrame:
    """Count, for each fold, the subjects that two of its three parts have in common.

    The check reads nothing but the trials that each fold really used and the subject written
    beside each trial, so it holds whatever drew the folds. With songs or videos as ``group`` it
    says how many stimuli are heard on both sides.

    Parameters
    ----------
    roles : mapping of int to Roles
        Trial indices of train, validation and test for each fold.
    group : array, shape (n,)
        Subject (or stimulus) of each trial.
    checked : str
        What ``group`` holds; returned in the first column so that a printed table says it.

    Returns
    -------
    DataFrame
        One row a fold: ``checked``, ``fold``, the number of different groups in ``train``,
        ``validation`` and ``test``, and the number shared by ``train_validation``,
        ``train_test`` and ``validation_test``; 0 everywhere in the last three is disjoint.
    """
    group = np.asarray(group)
    rows = []
    for fold, role in roles.items():
        parts = {
            "train": set(group[role.train]),
            "validation": set(group[role.validation]),
            "test": set(group[role.test]),
        }
        row: dict[str, str | int] = {"checked": checked, "fold": fold}
        row |= {name: len(members) for name, members in parts.items()}
        row |= {f"{a}_{b}": len(parts[a] & parts[b]) for a, b in combinations(parts, 2)}
        rows.append(row)
    return pd.DataFrame(rows)

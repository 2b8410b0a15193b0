"""Which trials train, validate and test: folds over subjects, and the guard against leakage."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold

from rtcan_cli.errors import RtcanError

MIN_FOLDS = 3


@dataclass(frozen=True)
class Roles:
    """Trials of one fold by what they are used for.

    Parameters
    ----------
    train, validation, test : NDArray of int
        Indices of trials, ascending. Validation chooses the epoch; test is only ever predicted.
    """

    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]


def subject_folds(
    subjects: ArrayLike, strata: ArrayLike, n_folds: int, seed: int
) -> NDArray[np.intp]:
    """Deal subjects into folds, all trials of a subject into the same one.

    Parameters
    ----------
    subjects : array of str (n,)
        Subject of each trial.
    strata : array (n,)
        Class of each trial; its shares are kept similar in all folds.
    n_folds : int
        Number of folds, at least 3: one tests, one validates, the rest train.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    NDArray of int (n,)
        Fold of each trial, 0 to `n_folds` - 1.

    Raises
    ------
    RtcanError
        If there are too few folds, fewer subjects than folds, or hardly any trials.
    """
    subjects, strata = np.asarray(subjects), np.asarray(strata)
    n_subjects = len(np.unique(subjects))
    if n_folds < MIN_FOLDS:
        raise RtcanError(
            f"{n_folds} folds are too few: one tests, one validates, the rest train",
            f"use at least {MIN_FOLDS}",
        )
    if n_subjects < n_folds:
        raise RtcanError(
            f"{n_subjects} subjects cannot be dealt into {n_folds} folds",
            f"use at most {n_subjects} folds" if n_subjects >= MIN_FOLDS else None,
        )
    if np.unique(strata, return_counts=True)[1].max() < n_folds:
        raise RtcanError(
            f"{len(subjects)} trials are too few to give each of {n_folds} folds a share of a class"
        )
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(subjects), dtype=np.intp)
    with warnings.catch_warnings():
        # A class with fewer trials than folds; training looks at what each fold really got.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, test) in enumerate(splitter.split(subjects, strata, groups=subjects)):
            fold_of[test] = fold
    return fold_of


def roles(fold_of: NDArray[np.intp], k: int, n_folds: int) -> Roles:
    """Return the roles of the trials in turn `k`: fold k tests, the next one validates.

    Parameters
    ----------
    fold_of : NDArray of int (n,)
        Fold of each trial.
    k : int
        The turn, 0 to `n_folds` - 1.
    n_folds : int
        Number of folds; the fold after the last is the first.
    """
    validates = (k + 1) % n_folds
    return Roles(
        train=np.flatnonzero((fold_of != k) & (fold_of != validates)),
        validation=np.flatnonzero(fold_of == validates),
        test=np.flatnonzero(fold_of == k),
    )


def check_disjoint(parts: Roles, subjects: ArrayLike) -> None:
    """Refuse roles that let a subject appear on two sides.

    Parameters
    ----------
    parts : Roles
        Roles of the trials.
    subjects : array of str (n,)
        Subject of each trial.

    Raises
    ------
    RtcanError
        Naming the first subject found in two of training, validation and test.
    """
    subjects = np.asarray(subjects)
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        shared = np.intersect1d(subjects[getattr(parts, one)], subjects[getattr(parts, other)])
        if len(shared):
            raise RtcanError(
                f"subject {shared[0]} is in both the {one} and the {other} trials"
                + (f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""),
                "all trials of a subject belong into one fold",
            )

"""Which trials train, validate and test in each fold, and the dealing of groups into folds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from sklearn.model_selection import BaseCrossValidator

MIN_FOLDS = 3
#: What a trial is used for in a fold, as `Splits` and run stores code it.
TRAIN, VALIDATION, TEST, UNUSED = range(4)
#: Parts of a fold, in the order of their codes.
PARTS = ("train", "validation", "test")
_PLURAL = {"subject": "subjects", "stimulus": "stimuli"}


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


@dataclass(frozen=True)
class Splits:
    """What each trial is used for in each fold.

    Parameters
    ----------
    role : NDArray of int8 (n_trials, n_folds)
        0 trains, 1 validates, 2 tests, 3 is not used in this fold.
    """

    role: NDArray[np.int8]

    @property
    def n_folds(self) -> int:
        """Number of folds, and of networks to train."""
        return self.role.shape[1]

    @property
    def test_fold(self) -> NDArray[np.intp]:
        """Fold that tests each trial, from 0; -1 if none does."""
        tests = self.role == TEST
        return np.where(tests.any(axis=1), tests.argmax(axis=1), -1)

    def roles(self, k: int) -> Roles:
        """Trials of fold `k`, from 0, by what they are used for."""
        return Roles(*(np.flatnonzero(self.role[:, k] == code) for code in range(len(PARTS))))

    def take(self, rows: NDArray[np.intp]) -> Splits:
        """The same folds for some of the trials, or for the trials in another order."""
        return Splits(self.role[rows])


def rotated(fold_of: NDArray[np.intp], n_folds: int) -> Splits:
    """Let each fold test in turn, the next one validate, and the others train.

    Parameters
    ----------
    fold_of : NDArray of int (n,)
        Fold of each trial, 0 to `n_folds` - 1.
    n_folds : int
        Number of folds; the fold after the last is the first.
    """
    role = np.full((len(fold_of), n_folds), TRAIN, np.int8)
    for k in range(n_folds):
        role[fold_of == (k + 1) % n_folds, k] = VALIDATION
        role[fold_of == k, k] = TEST
    return Splits(role)


def group_folds(
    groups: ArrayLike, strata: ArrayLike, n_folds: int, seed: int, what: str = "subject"
) -> NDArray[np.intp]:
    """Deal groups into folds, all trials of a group into the same one.

    Parameters
    ----------
    groups : array of str (n,)
        Subject, or stimulus, of each trial.
    strata : array (n,)
        Class of each trial; its shares are kept as similar in all folds as whole groups allow.
    n_folds : int
        Number of folds, at least 3: one tests, one validates, the rest train.
    seed : int
        Seed of the shuffle.
    what : str
        ``subject`` or ``stimulus``: what the groups are, for the error.

    Returns
    -------
    NDArray of int (n,)
        Fold of each trial, 0 to `n_folds` - 1.

    Raises
    ------
    RtcanError
        If there are too few folds, fewer groups than folds, or hardly any trials.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # slow to load, and workers deal none

    groups, strata = np.asarray(groups), np.asarray(strata)
    n_groups = len(np.unique(groups))
    if n_groups < n_folds:
        raise RtcanError(
            f"{n_groups} {_PLURAL[what]} cannot be dealt into {n_folds} folds",
            f"--folds {n_groups} or fewer"
            if n_groups >= MIN_FOLDS
            else f"at least {MIN_FOLDS} {_PLURAL[what]} are needed, and as many as --folds",
        )
    check_size(strata, n_folds)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return folds_of(splitter, strata, groups)


def folds_of(
    splitter: BaseCrossValidator,
    strata: NDArray[np.generic],
    groups: NDArray[np.generic] | None = None,
) -> NDArray[np.intp]:
    """Fold of each trial, from 0, as a splitter of scikit-learn deals them."""
    fold_of = np.empty(len(strata), dtype=np.intp)
    with warnings.catch_warnings():
        # A class with fewer trials than folds; training looks at what each fold really got.
        warnings.simplefilter("ignore", UserWarning)
        for fold, (_, test) in enumerate(splitter.split(strata, strata, groups)):
            fold_of[test] = fold
    return fold_of


def check_size(strata: NDArray[np.generic], n_folds: int) -> None:
    """Raise RtcanError if there are too few folds, or not one trial of any class for each."""
    if n_folds < MIN_FOLDS:
        raise RtcanError(
            f"{n_folds} folds are too few: one tests, one validates, the rest train",
            f"--folds {MIN_FOLDS} or more",
        )
    if not len(strata) or np.unique(strata, return_counts=True)[1].max() < n_folds:
        raise RtcanError(
            f"{len(strata)} trials are too few to give each of {n_folds} folds a share of a class",
            "fewer --folds, or more trials",
        )

"""Which trials train, validate and test in each fold, and the dealing of groups into folds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError

MIN_FOLDS = 3
#: Orders in which groups are dealt; the most even folds are taken.
ORDERS = 50
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

    Groups come one after the other in random order, each into the fold that has least of the
    classes that the group has. Of several orders, the one with the most even folds is taken. (The
    `StratifiedGroupKFold` of scikit-learn shuffles only groups whose counts of classes vary
    equally, so nearly all seeds deal the same folds where subjects differ in their trials.)

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
    groups, strata = np.asarray(groups), np.asarray(strata)
    names, code = np.unique(groups, return_inverse=True)
    n_groups = len(names)
    if n_groups < n_folds:
        raise RtcanError(
            f"{n_groups} {_PLURAL[what]} cannot be divided into {n_folds} folds",
            f"--folds {n_groups} or fewer"
            if n_groups >= MIN_FOLDS
            else f"at least {MIN_FOLDS} {_PLURAL[what]} are needed, and as many as --folds",
        )
    check_size(strata, n_folds)
    share = _shares(code, strata)
    rng = np.random.default_rng(seed)
    deals = [_deal(share, rng.permutation(n_groups), n_folds) for _ in range(ORDERS)]
    _, fold_of = min(deals, key=lambda deal: deal[0])
    return fold_of[code]


def _shares(code: NDArray[np.intp], strata: NDArray[np.generic]) -> NDArray[np.float64]:
    """What each group has of each class and of all trials; shape (1 + n_classes, n_groups).

    Scaled so that in a product of two groups all trials weigh as much as the classes together.
    """
    classes, label = np.unique(strata, return_inverse=True)
    counts = np.zeros((len(classes), code.max() + 1))
    np.add.at(counts, (label, code), 1)
    of_class = counts / counts.sum(axis=1, keepdims=True) / math.sqrt(len(classes))
    return np.vstack([counts.sum(axis=0) / counts.sum(), of_class])


def _deal(
    share: NDArray[np.float64], order: NDArray[np.intp], n_folds: int
) -> tuple[float, NDArray[np.intp]]:
    """Fold of each group, dealt in this order, and how uneven the folds are.

    Each group adds least to the sum of squares of what folds have where its product with what a
    fold has already is smallest. Sums are taken class by class, so that rounding is the same on all
    machines.
    """
    held = np.zeros((len(share), n_folds))
    fold_of = np.empty(share.shape[1], np.intp)
    for group in order:
        own = share[:, group]
        fold = int((held * own[:, None]).sum(axis=0).argmin())
        held[:, fold] += own
        fold_of[group] = fold
    return math.fsum((held**2).ravel()), fold_of


def trial_folds(strata: ArrayLike, n_folds: int, seed: int) -> NDArray[np.intp]:
    """Deal single trials into folds, class by class; parameters and errors as of `group_folds`."""
    strata = np.asarray(strata)
    check_size(strata, n_folds)
    shuffled = np.random.default_rng(seed).permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    fold_of = np.empty(len(strata), np.intp)
    fold_of[order] = np.arange(len(strata)) % n_folds
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

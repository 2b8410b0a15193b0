"""The guard against leakage: every fold is looked at for what its protocol promises.

It reads nothing but the role of each trial and the subject and song of that trial, so it
holds whatever dealt the folds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.folds.protocols import FoldProtocol
from rtcan_cli.training.folds.splits import PARTS, TEST, TRAIN, Splits
from rtcan_cli.trial_key import hearing


def check_promise(
    splits: Splits,
    protocol: FoldProtocol,
    subject: ArrayLike,
    stimulus: ArrayLike,
    *,
    repetition: ArrayLike | None = None,
    song: ArrayLike | None = None,
) -> None:
    """Refuse folds that break what their protocol promises.

    Parameters
    ----------
    splits : Splits
        Roles of the trials.
    protocol : FoldProtocol
        What was promised.
    subject, stimulus : array of str (n,)
        Subject and stimulus of each trial.
    repetition : array of int (n,), optional
        Which time it is that the subject met the stimulus; always the first by default.
    song : array of str (n,), optional
        The same for stimuli that are one song under several names. By default each stimulus is a
        song of its own.

    Raises
    ------
    RtcanError
        If a subject, a song or a trial is on two sides of a fold though it must not, a fold
        lacks one of its parts, or a trial is tested twice, or never though every trial has to be.
        The first fold, and what was found there, are named.
    """
    subject, stimulus = np.asarray(subject), np.asarray(stimulus)
    repetition = np.ones(len(subject), int) if repetition is None else np.asarray(repetition)
    groups = {"subject": subject, "stimulus": stimulus if song is None else np.asarray(song)}
    for what in protocol.disjoint:
        check_disjoint(splits, groups[what], what)
    trial = [
        f"{who}, stimulus {what}{hearing(number)}"
        for who, what, number in zip(subject, stimulus, repetition, strict=True)
    ]
    check_disjoint(splits, trial, "the trial of subject")
    for k in range(splits.n_folds):
        for code, part in enumerate(PARTS):
            if not (splits.role[:, k] == code).any():
                raise RtcanError(
                    f"fold {k + 1} has no {part} trials", "fewer --folds, or more trials"
                )
    n_tests = (splits.role == TEST).sum(axis=1)
    wrong = np.flatnonzero((n_tests > 1) | ((n_tests == 0) & protocol.tests_every_trial))
    if len(wrong):
        i = wrong[0]
        raise RtcanError(
            f"the trial of subject {trial[i]} is tested by {n_tests[i]} folds; the protocol "
            f"'{protocol.name}' tests it once",
            "make the folds again",
        )


def check_disjoint(splits: Splits, groups: ArrayLike, what: str) -> None:
    """Refuse folds with a group on two sides.

    Parameters
    ----------
    splits : Splits
        Roles of the trials.
    groups : array of str (n,)
        Group of each trial, such as its subject.
    what : str
        What the groups are, in front of a name in the error.

    Raises
    ------
    RtcanError
        Naming the first fold and group found in two of training, validation and test.
    """
    names, on = _sides(splits, groups)
    for k in range(splits.n_folds):
        shared = np.flatnonzero(on[k].sum(axis=1) > 1)
        if len(shared):
            one, other = (PARTS[side] for side in np.flatnonzero(on[k, shared[0]])[:2])
            raise RtcanError(
                f"fold {k + 1}: {what} {names[shared[0]]} is in both the {one} and the {other} "
                "trials" + (f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""),
                "make the folds again; what is held out belongs on one side",
            )


def trials_seen(splits: Splits, groups: ArrayLike) -> NDArray[np.intp]:
    """Count the test trials whose group has trained the network that tests them.

    Parameters
    ----------
    splits : Splits
        Roles of the trials.
    groups : array of str (n,)
        Group of each trial, such as its subject.

    Returns
    -------
    NDArray of int (n_folds,)
    """
    names, on = _sides(splits, groups)
    trained = on[:, np.searchsorted(names, np.asarray(groups)), TRAIN]
    return ((splits.role == TEST) & trained.T).sum(axis=0)


def groups_seen(splits: Splits, groups: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count the groups that test in each fold and have trained its network, and all that test.

    Parameters are those of `trials_seen`.

    Returns
    -------
    seen, tested : NDArray of int (n_folds,)
    """
    _, on = _sides(splits, groups)
    return (on[..., TRAIN] & on[..., TEST]).sum(axis=1), on[..., TEST].sum(axis=1)


def _sides(splits: Splits, groups: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Names of the groups, sorted; and whether, by fold, group and part, each is there."""
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    on = np.zeros((splits.n_folds, len(names), len(PARTS) + 1), bool)
    on[np.arange(splits.n_folds), code[:, None], splits.role] = True
    return names, on[..., : len(PARTS)]

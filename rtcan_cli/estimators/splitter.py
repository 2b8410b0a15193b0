"""The protocols of `rtcan train` as a splitter for scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples, column_or_1d

from rtcan_cli import choices
from rtcan_cli.estimators.groups import Groups, as_value_error, read_groups
from rtcan_cli.training.folds.guard import check_promise
from rtcan_cli.training.folds.protocols import PROTOCOLS, FoldProtocol
from rtcan_cli.training.folds.splits import MIN_FOLDS, TEST, TRAIN, VALIDATION


class ProtocolSplit(BaseCrossValidator):
    """Cross-validation by a protocol of `rtcan train`, for ``cv`` of scikit-learn's functions.

    The folds are those of `rtcan train` with the same protocol, number of folds and seed. Each is
    checked before the first one is handed out: what the protocol holds out is on one side only.

    scikit-learn knows no validation trials, so those of `rtcan train` are among the training
    trials here. `RTCANClassifier` takes its own from the training trials that it is given.

    Parameters
    ----------
    protocol : {"subject", "stimulus", "subject+stimulus", "loso", "trial"}
        What a fold holds out: subjects, stimuli, both, or one subject at a time. ``trial`` shuffles
        single trials, so subjects and stimuli are on both sides.
    n_splits : int
        Number of folds, at least 3. With ``loso`` there are as many as subjects.
    random_state : int
        Seed of the shuffle, 0 or above; that of ``rtcan train --seed``.
    strata : array-like (n,), optional
        Class of each trial, whose shares are kept as similar in all folds as groups allow; by
        default `y`. `rtcan train` takes valence and arousal together, so that both targets have the
        same folds.

    Notes
    -----
    ``groups`` of `split` has the subject of each trial, or its stimulus with the protocol
    ``stimulus``. For ``subject+stimulus`` it has two columns, subject and stimulus. A data frame
    with the columns ``subject``, ``stimulus``, ``repetition`` and ``song``, or some of these, is
    good for all protocols. Stimuli with the same ``song`` are held out together.

    With ``subject+stimulus``, trials with only their subject or only their stimulus on the other
    side are neither in training nor in test.

    Names that differ in case, spaces or leading zeros only are refused, as by `rtcan ingest`.

    Examples
    --------
    >>> import numpy as np
    >>> from rtcan_cli.api import ProtocolSplit
    >>> subject = np.repeat(["a", "b", "c", "d"], 4)
    >>> y = np.tile([0, 1], 8)
    >>> cv = ProtocolSplit("subject", n_splits=4)
    >>> for train, test in cv.split(y, y, groups=subject):
    ...     assert not set(subject[train]) & set(subject[test])
    """

    # Functions that route metadata hand groups over, without a call of `set_split_request`.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        protocol: choices.Protocol = choices.PROTOCOL,
        n_splits: int = choices.FOLDS,
        *,
        random_state: int = choices.SEED,
        strata: ArrayLike | None = None,
    ) -> None:
        self.protocol = protocol
        self.n_splits = n_splits
        self.random_state = random_state
        self.strata = strata

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield training and test trials of each fold.

        Parameters
        ----------
        X : array-like (n, ...)
            The trials; only their number matters.
        y : array-like (n,), optional
            Their classes, see `strata`.
        groups : array-like (n,), array-like (n, 2) or DataFrame
            Their subjects and stimuli, see the notes of the class. Not needed for ``trial``.

        Yields
        ------
        train, test : ndarray of int
            Indices, ascending.

        Raises
        ------
        ValueError
            If groups are missing or not of the protocol, or there are too few for the folds.
        """
        protocol, n = self._protocol(), _num_samples(X)
        strata = self._strata(y, n)
        known = self._groups(groups, n)
        number = np.array([f"{i:09d}" for i in range(n)])  # sorted as the trials are
        subject = np.full(n, "") if known.subject is None else known.subject
        named = known.stimulus if known.stimulus is not None else known.song
        stimulus = number if named is None else named
        keys = {"repetition": known.repetition, "song": known.song}
        with as_value_error():
            splits = protocol.split(
                subject,
                stimulus,
                strata,
                MIN_FOLDS if self.protocol == "loso" else self.n_splits,
                self.random_state,
                **keys,
            )
            check_promise(splits, protocol, subject, stimulus, **keys)
        for k in range(splits.n_folds):
            role = splits.role[:, k]
            yield np.flatnonzero(np.isin(role, (TRAIN, VALIDATION))), np.flatnonzero(role == TEST)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds; with ``loso``, of subjects in `groups`.

        Raises
        ------
        ValueError
            If a parameter is out of range, or ``loso`` has no subjects to count.
        """
        self._protocol()
        if self.protocol != "loso":
            return self.n_splits
        if groups is None:
            raise ValueError("the groups parameter should not be None: loso counts subjects")
        subject = self._groups(groups, _num_samples(groups)).subject
        assert subject is not None, "the groups are enough for loso"
        return len(np.unique(subject))

    def _protocol(self) -> FoldProtocol:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol {self.protocol!r} is not one of {', '.join(PROTOCOLS)}")
        for name, least in (("n_splits", MIN_FOLDS), ("random_state", 0)):
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name}={value!r} must be an integer of {least} or above")
        return PROTOCOLS[self.protocol]

    def _strata(self, y: Any, n: int) -> NDArray[Any]:
        given = y if self.strata is None else self.strata
        if given is None:
            return np.zeros(n, int)
        strata = column_or_1d(given)
        if len(strata) != n:
            what = "y" if self.strata is None else "strata"
            raise ValueError(f"{what} has {len(strata)} values, but there are {n} trials")
        if type_of_target(strata) not in ("binary", "multiclass"):
            raise ValueError(f"the classes of trials are needed, got {type_of_target(strata)}")
        return np.unique(strata, return_inverse=True)[1]

    def _groups(self, groups: Any, n: int) -> Groups:
        """Read the groups, which have to say what the protocol holds out."""
        needed = PROTOCOLS[self.protocol].disjoint
        if groups is None:
            if needed:
                raise ValueError(
                    f"the groups parameter should not be None: the {' and the '.join(needed)} of "
                    "each trial"
                )
            return Groups()
        single = "stimulus" if needed == ("stimulus",) else "subject"
        known = read_groups(groups, n, single)
        there = {"subject": known.subject, "stimulus": known.held_out_stimulus}
        for what in needed:
            if there[what] is None:
                raise ValueError(
                    f"the protocol {self.protocol!r} needs the {what} of each trial: a column of "
                    "groups, which may be a data frame"
                )
        return known

"""Protocols of cross-validation: what a network has never seen of the trials that test it.

Each protocol is a small class. Its docstring says what a fold holds out, its attributes what it
promises, and `rtcan_cli.training.folds.guard` checks the promise on the folds that it dealt.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.training.folds.splits import (
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
    Splits,
    group_folds,
    rotated,
    trial_folds,
)

#: Folds that `subject+stimulus` deals stimuli into, at most; it tests about one trial in as many.
STIMULUS_FOLDS = 5


@dataclass(frozen=True)
class TrialsToDeal:
    """What a protocol looks at, one entry a trial, sorted by subject, stimulus and repetition.

    Parameters
    ----------
    subject, song : NDArray of str (n,)
        Who, and what was played: the song itself, under whatever name.
    stratum : NDArray (n,)
        Class whose shares are to be similar in all folds.
    """

    subject: NDArray[np.str_]
    song: NDArray[np.str_]
    stratum: NDArray[np.generic]


class FoldProtocol(ABC):
    """Deals trials into folds.

    Attributes
    ----------
    name : str
        As ``--protocol`` takes it.
    disjoint : tuple of str
        What is on one side of a fold only (training, validation or test): ``subject``,
        ``stimulus``, both or neither.
    tests : str
        What the scores are scores of.
    tests_every_trial : bool
        Whether every trial is tested. None is ever tested twice.
    """

    name: ClassVar[str]
    disjoint: ClassVar[tuple[str, ...]]
    tests: ClassVar[str]
    tests_every_trial: ClassVar[bool] = True

    def split(
        self,
        subject: ArrayLike,
        stimulus: ArrayLike,
        stratum: ArrayLike,
        n_folds: int,
        seed: int,
        *,
        repetition: ArrayLike | None = None,
        song: ArrayLike | None = None,
    ) -> Splits:
        """Deal trials into folds.

        Parameters
        ----------
        subject, stimulus : array of str (n,)
            Who, and what was played.
        stratum : array (n,)
            Class of each trial; its shares are kept as similar in all folds as groups allow.
        n_folds : int
            Number of folds, at least 3.
        seed : int
            Seed of the shuffle.
        repetition : array of int (n,), optional
            Which time it is that the subject met the stimulus; always the first by default. No
            trial of the same subject, stimulus and repetition is there twice.
        song : array of str (n,), optional
            The same for stimuli that are one song under several names: it is songs that are held
            out. By default each stimulus is a song of its own.

        Returns
        -------
        Splits
            The same for the same seed, in whatever order the trials come.

        Raises
        ------
        RtcanError
            If there are too few folds, or fewer subjects, stimuli or trials than they need.
        """
        subject, stimulus, stratum = map(np.asarray, (subject, stimulus, stratum))
        repetition = np.ones(len(subject)) if repetition is None else np.asarray(repetition)
        song = stimulus if song is None else np.asarray(song)
        order = np.lexsort((repetition, stimulus, subject))
        trials = TrialsToDeal(subject[order], song[order], stratum[order])
        return self.deal(trials, n_folds, seed).take(np.argsort(order))

    @abstractmethod
    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""


class SubjectFolds(FoldProtocol):
    """Each fold holds out whole subjects; every trial is tested once.

    One fold of subjects tests, the next validates, the others train; rotated. Stimuli are on all
    sides. Answers how well listeners are recognised who are new (Yin et al. 2022, sec. 5.1).
    """

    name = "subject"
    disjoint = ("subject",)
    tests = "unseen subjects"

    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""
        return rotated(group_folds(trials.subject, trials.stratum, n_folds, seed), n_folds)


class TrialFolds(FoldProtocol):
    """Each fold holds out single trials, shuffled; every trial is tested once.

    Subjects and stimuli are on all sides, so a network can learn who they are and how they rate.
    This is what the released code of Yin et al. does. It answers only how well listeners are
    recognised whose other ratings are known, and is there to measure what that is worth.
    """

    name = "trial"
    disjoint = ()
    tests = "shuffled trials, of subjects and stimuli seen in training"

    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""
        return rotated(trial_folds(trials.stratum, n_folds, seed), n_folds)


class StimulusFolds(FoldProtocol):
    """Each fold holds out whole stimuli; every trial is tested once.

    A song that is there under several names, or was heard again, is on one side with all its
    trials. Subjects are on all sides. Answers how well known listeners are recognised with new
    songs or videos, so how much of a fused score is memory of songs.
    """

    name = "stimulus"
    disjoint = ("stimulus",)
    tests = "unseen stimuli"

    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""
        stimulus_of = group_folds(trials.song, trials.stratum, n_folds, seed, "stimulus")
        return rotated(stimulus_of, n_folds)


class SubjectStimulusFolds(FoldProtocol):
    """Each fold holds out whole subjects and whole stimuli; about a fifth of the trials is tested.

    Subjects are dealt into n folds, those of `SubjectFolds`, and stimuli into m, which is n but at
    most 5. Fold k tests subject fold k with stimulus fold k mod m and validates on the two next
    ones. It trains on the trials that share neither subject nor stimulus with these. All others
    are not used in this fold: each has its subject or its stimulus on the other side.

    To test every trial, each pair of a subject fold and a stimulus fold would need its own network,
    n times m of them. With n networks a share of about 1/m is tested: each subject with about one
    in m of its stimuli. A small m tests more trials but trains on fewer, about (1 - 2/n)(1 - 2/m)
    of all: 48 % with 10 folds, 36 % with 5.
    """

    name = "subject+stimulus"
    disjoint = ("subject", "stimulus")
    tests = "unseen subjects and stimuli"
    tests_every_trial = False

    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""
        m = min(n_folds, STIMULUS_FOLDS)
        subject_of = group_folds(trials.subject, trials.stratum, n_folds, seed)
        stimulus_of = group_folds(trials.song, trials.stratum, m, seed, "stimulus")
        role = np.full((len(subject_of), n_folds), UNUSED, np.int8)
        for k in range(n_folds):
            subjects, stimuli = (k, (k + 1) % n_folds), (k % m, (k + 1) % m)
            trains = ~np.isin(subject_of, subjects) & ~np.isin(stimulus_of, stimuli)
            role[trains, k] = TRAIN
            for turn, code in enumerate((TEST, VALIDATION)):
                held_out = (subject_of == subjects[turn]) & (stimulus_of == stimuli[turn])
                role[held_out, k] = code
        return Splits(role)


class LeaveOneSubjectOut(FoldProtocol):
    """Each subject is a fold of its own, in the order of their names; every trial is tested once.

    `n_folds` is the number of groups that subjects are dealt into, those of `SubjectFolds`. The
    group after the one that the tested subject is in validates, all other subjects train. So
    validation is about as large as there, and the epoch is chosen as carefully. Stimuli are on all
    sides.
    """

    name = "loso"
    disjoint = ("subject",)
    tests = "unseen subjects, one a fold"

    def deal(self, trials: TrialsToDeal, n_folds: int, seed: int) -> Splits:
        """Deal sorted trials into folds."""
        group_of = group_folds(trials.subject, trials.stratum, n_folds, seed)
        subjects, first, code = np.unique(trials.subject, return_index=True, return_inverse=True)
        role = np.full((len(code), len(subjects)), TRAIN, np.int8)
        for k, own in enumerate(group_of[first]):
            role[group_of == (own + 1) % n_folds, k] = VALIDATION
            role[code == k, k] = TEST
        return Splits(role)


PROTOCOLS: dict[str, FoldProtocol] = {
    protocol.name: protocol
    for protocol in (
        SubjectFolds(),
        TrialFolds(),
        StimulusFolds(),
        SubjectStimulusFolds(),
        LeaveOneSubjectOut(),
    )
}

"""The folds of a run: dealt from the labelled trials, or taken from another run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices, console
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.check import settings_of
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings, SplitsFrom
from rtcan_cli.stores import Store
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TEST, Splits
from rtcan_cli.training.folds.subsets import draw_subjects
from rtcan_cli.trial_key import TRIAL_KEY, hearing


@dataclass(frozen=True)
class TrialSplits:
    """Folds of trials that are known by `TRIAL_KEY`, the same for both targets.

    Parameters
    ----------
    trials : MultiIndex (n,)
        Subject, stimulus and repetition of each trial; none twice.
    splits : Splits
        Their roles.
    """

    trials: pd.MultiIndex
    splits: Splits

    def restrict(self, data: TrainingData) -> tuple[TrainingData, Splits, int, int]:
        """Find the folds of a target's trials.

        Returns
        -------
        data : TrainingData
            The trials that have folds.
        splits : Splits
            Their folds.
        n_unknown : int
            Trials of `data` that have none, and are left out.
        n_absent : int
            Trials that have folds but are not in `data`.
        """
        own = pd.MultiIndex.from_arrays([getattr(data, name) for name in TRIAL_KEY])
        row = self.trials.get_indexer(own)
        known = np.flatnonzero(row >= 0)
        n_unknown, n_absent = len(row) - len(known), len(self.trials) - len(known)
        if n_unknown:
            data = data.take(known)
        return data, self.splits.take(row[known]), n_unknown, n_absent

    def folds_that_test(self, subject: str) -> list[int]:
        """Folds, from 0, that test at least one trial of a subject."""
        mine = np.asarray(self.trials.get_level_values(0) == subject)
        return np.flatnonzero((self.splits.role[mine] == TEST).any(axis=0)).tolist()


def deal_labelled(labels: Path, settings: RunSettings) -> TrialSplits:
    """Deal all labelled trials into folds, of the subjects that the settings ask for.

    Raises
    ------
    RtcanError
        If there are too few subjects, stimuli or trials for the folds.
    """
    with Store(labels, "labels") as store:
        table = store.table("labels")
    table = table[(table[list(TARGETS)] >= 0).any(axis=1)]
    n_subjects = table["subject"].nunique()
    if settings.subjects is not None:
        drawn = draw_subjects(table["subject"].to_numpy(str), settings.subjects, settings.seed)
        console.say(f"{len(drawn)} of {n_subjects} subjects are used (--subjects)")
        table = table[table["subject"].isin(drawn.tolist())]
    joint = table["valence"].astype(int) * 3 + table["arousal"].astype(int)
    if settings.thresholds != choices.THRESHOLDS:
        # These labels come from all ratings. Folds by them would depend on those of test trials.
        joint = 0 * joint
    try:
        splits = PROTOCOLS[settings.protocol].split(
            table["subject"].to_numpy(str),
            table["stimulus"].to_numpy(str),
            joint.to_numpy(),
            settings.n_folds,
            settings.seed,
            repetition=table["repetition"].to_numpy(),
            song=table["song"].to_numpy(str),
        )
    except RtcanError as error:
        larger = "a larger --subjects" if settings.subjects is not None else None
        hints = [hint for hint in (error.hint, larger) if hint]
        raise RtcanError(f"{labels}: {error}", ", or ".join(hints) or None) from None
    return TrialSplits(pd.MultiIndex.from_frame(table[list(TRIAL_KEY)]), splits)


def borrow(
    path: Path,
    settings: RunSettings,
    dataset: str,
    own_seed: bool = False,
    own_thresholds: bool = False,
) -> RunSettings:
    """The settings with protocol, folds, subjects and thresholds of another run.

    Parameters
    ----------
    path : Path
        Run store to take folds from.
    settings : RunSettings
        What else is wanted.
    dataset : str
        Name of the dataset that is to be trained on.
    own_seed : bool
        Keep the seed of `settings`, for weights and shuffles; by default it is the other run's.
    own_thresholds : bool
        Keep the thresholds of `settings`, so that labels may be others; by default they are the
        other run's.

    Raises
    ------
    RtcanError
        If there is no such run, it is one of another dataset, or its network was imported.
    """
    with Store(path, "run") as store:
        made, content_id, other = store.provenance, store.content_id, settings_of(store)
    if made.dataset != dataset:
        raise RtcanError(
            f"{path}: is a run of {made.dataset}, its folds are of no use for {dataset}",
            f"--splits-from with a run of {dataset}",
        )
    if other.protocol not in PROTOCOLS:
        raise RtcanError(
            f"{path}: holds an imported network, whose folds are not known",
            "--splits-from with a run that was trained here",
        )
    return replace(
        settings,
        protocol=other.protocol,
        n_folds=other.n_folds,
        seed=settings.seed if own_seed else other.seed,
        subjects=other.subjects,
        thresholds=settings.thresholds if own_thresholds else other.thresholds,
        splits_from=SplitsFrom(path.stem, content_id),
    )


def splits_of_run(path: Path, content_id: str) -> TrialSplits:
    """The folds of another run, matched by subject, stimulus and repetition.

    Parameters
    ----------
    path : Path
        Run store.
    content_id : str
        The content that is expected there.

    Raises
    ------
    RtcanError
        If the store is another one by now, or its targets disagree about a trial.
    """
    with Store(path, "run") as store:
        if store.content_id != content_id:
            raise RtcanError(f"{path}: was changed meanwhile", "the same command again")
    run = Run.load(path)
    table = run.predictions[list(TRIAL_KEY)]
    first: NDArray[np.bool_] = ~table.duplicated().to_numpy()
    trials = pd.MultiIndex.from_frame(table[first])
    role = run.membership[first]
    # Both targets of a trial are on the same side: a network must not have met the other one's.
    same = role[trials.get_indexer(pd.MultiIndex.from_frame(table))] == run.membership
    if not same.all():
        subject, stimulus, repetition = table.iloc[int(np.argmin(same.all(axis=1)))]
        raise RtcanError(
            f"{path}: the trial of subject {subject}, stimulus {stimulus}{hearing(repetition)} is "
            "in different folds for valence and arousal",
            f"{run.line(force=True)}, to train it again",
        )
    return TrialSplits(trials, Splits(role))

"""Labels of each fold, by thresholds from the ratings of its training trials alone.

`rtcan relabel` makes a subject's thresholds from all of the subject's ratings. Where the protocol
has subjects on both sides, the label of a training trial then depends on ratings of test trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices, console
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.labels import label_by_thresholds, relabel
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import THRESHOLD_COLUMNS, Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.runs.splits import TrialSplits
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TRAIN, Splits
from rtcan_cli.trial_key import TRIAL_KEY

#: Methods of `rtcan relabel` whose thresholds come from a subject's ratings.
METHODS = ("kmeans", "median", "mean")


@dataclass(frozen=True)
class FoldLabels:
    """Labels of trials in each fold, and the thresholds that they come from.

    Parameters
    ----------
    trials : MultiIndex (n,)
        Subject, stimulus and repetition.
    label : dict of str to NDArray of int64 (n, n_folds)
        By target: 1 high, 0 low, -1 no rating.
    thresholds : DataFrame
        ``fold``, from 1, and columns of the thresholds of a labels store.
    """

    trials: pd.MultiIndex
    label: dict[str, NDArray[np.int64]]
    thresholds: pd.DataFrame

    def give(self, data: TrainingData, splits: Splits, target: str) -> TrainingData:
        """Trials with their labels of each fold; `splits` has the roles of just these trials."""
        row = self.trials.get_indexer(
            pd.MultiIndex.from_arrays([data.subject, data.stimulus, data.repetition])
        )
        own = self.label[target][row]
        # The protocols that this is for test each trial once.
        tested = own[np.arange(len(own)), splits.test_fold]
        return replace(data, label=tested, fold_label=own)


def check_thresholds(settings: RunSettings) -> None:
    """Refuse thresholds from training trials where test subjects have none.

    Raises
    ------
    RtcanError
        If the protocol holds out subjects.
    """
    disjoint = PROTOCOLS[settings.protocol].disjoint if settings.protocol in PROTOCOLS else ()
    if settings.thresholds != choices.THRESHOLDS and "subject" in disjoint:
        raise RtcanError(
            f"thresholds from training trials (--thresholds {settings.thresholds}) do not exist "
            f"with the protocol '{settings.protocol}': its test subjects have no training trials",
            "leave --thresholds out, no training label depends on a test trial there; or "
            "--protocol stimulus, or trial",
        )


def label_folds(known: TrialSplits, sources: Sources, lender: Run | None = None) -> FoldLabels:
    """Label all trials in each fold by the method of the labels store.

    Parameters
    ----------
    known : TrialSplits
        The folds, of all trials that were dealt, whether the model can use them or not: so the
        labels are the same for all models.
    sources : Sources
        With labels and recordings.
    lender : Run, optional
        The run that folds are taken from. If it has thresholds of its own for the same labels,
        these are used, for it may have been dealt trials that it could not use.

    Raises
    ------
    RtcanError
        If the labels do not come from ratings of single subjects.
    """
    assert sources.labels is not None, "what is trained on has labels"
    assert sources.recordings is not None, "ratings are with the recordings"
    with Store(sources.labels, "labels") as store:
        made, labels_id = store.provenance.parameters, store.content_id
    method = made["method"]
    if method not in METHODS:
        raise RtcanError(
            f"{sources.labels}: labels by the method '{method}' have no thresholds from ratings of "
            "single trials",
            f"leave --thresholds out, or "
            f"{line_that_makes(sources.labels, 'labels', method=choices.LABEL_METHOD)}",
        )
    with Store(sources.recordings, "recordings") as store:
        ratings = store.table("trials", [*TRIAL_KEY, *TARGETS])
        low, high = store.provenance.parameters["rating_scale"]
    row = known.trials.get_indexer(pd.MultiIndex.from_frame(ratings[list(TRIAL_KEY)]))
    ratings, role = ratings[row >= 0].reset_index(drop=True), known.splits.role[row[row >= 0]]
    stored = pd.DataFrame()
    if lender is not None and lender.provenance.inputs["labels"] == labels_id:
        stored = lender.thresholds
    labels, thresholds = [], []
    with console.progress(role.shape[1], "thresholds", "fold") as bar:
        for k in range(role.shape[1]):
            if len(stored):
                own = stored[stored["fold"] == k + 1]
                labels.append(label_by_thresholds(ratings, own, (low, high)))
            else:
                counts = role[:, k] == TRAIN
                found = relabel(ratings, method, (low, high), made.get("seed", 0), counts)
                own = found.thresholds.assign(fold=k + 1)
                labels.append(found.labels)
            thresholds.append(own[THRESHOLD_COLUMNS])
            bar.update(1)
    return FoldLabels(
        trials=pd.MultiIndex.from_frame(ratings[list(TRIAL_KEY)]),
        label={
            target: np.column_stack([each[target].to_numpy(np.int64) for each in labels])
            for target in TARGETS
        },
        thresholds=pd.concat(thresholds, ignore_index=True),
    )

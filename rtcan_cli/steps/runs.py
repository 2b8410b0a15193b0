"""A finished run, as the steps after training need it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.profiles import Profile, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import Summary, fold_scores, majority_class, overlap, summarise
from rtcan_cli.models.rtcan import RTCAN, VARIANTS
from rtcan_cli.models.weights import rebuild
from rtcan_cli.steps.run_settings import RunSettings
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.training.splits import Roles

#: What a network sees, by its fusion.
INPUTS = {"none": "EDA alone", "music": "EDA and music"}
#: Parts of a fold, in the order of their codes in a run store's membership.
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Run:
    """A run store without its weights.

    Parameters
    ----------
    path : Path
        The store.
    settings : RunSettings
        What it was asked for.
    provenance : Provenance
        What it was made from.
    predictions, epochs, models : DataFrame
        Tables of the run store.
    membership : NDArray of int8 (n_predictions, n_folds)
        Code of each trial's part in each fold, see `PARTS`.
    """

    path: Path
    settings: RunSettings
    provenance: Provenance
    predictions: pd.DataFrame
    epochs: pd.DataFrame
    models: pd.DataFrame
    membership: NDArray[np.int8]

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a run store.

        Raises
        ------
        RtcanError
            If it is missing, damaged or no run store.
        """
        with Store(path, "run") as store:
            return cls(
                path=path,
                settings=RunSettings.from_parameters(store.provenance.parameters),
                provenance=store.provenance,
                predictions=store.table("predictions"),
                epochs=store.table("epochs"),
                models=store.table("models"),
                membership=store.array("membership/role"),
            )

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.stem

    @property
    def dataset(self) -> Profile:
        """The dataset it was trained on."""
        return profile(self.provenance.dataset)

    @property
    def simulated(self) -> bool:
        """Whether its data come from the simulator."""
        return self.provenance.simulated

    @property
    def network(self) -> str:
        """Variant and inputs, for a table."""
        return f"{self.settings.spec.variant}, {INPUTS[self.settings.fusion]}"

    @property
    def is_complete(self) -> bool:
        """Whether every fold of every target was trained."""
        return len(self.models) == len(self.settings.targets) * self.settings.n_folds

    @property
    def can_be_explained(self) -> bool:
        """Whether its networks have an attention module before the residual part."""
        variant = VARIANTS[self.settings.spec.variant]
        return variant.sca or variant.rnta

    def trials(self, target: str) -> pd.DataFrame:
        """Predictions of one target; the index is the row in the membership."""
        return self.predictions[self.predictions["target"] == target]

    def trained_folds(self, target: str) -> list[int]:
        """Folds of one target that were trained, from 1, in the order of their weights."""
        return self.models.loc[self.models["target"] == target, "fold"].tolist()

    def roles(self, target: str) -> dict[int, Roles]:
        """Rows of `trials` that train, validate and test in each trained fold."""
        member = self.membership[self.trials(target).index.to_numpy()]
        return {
            fold: Roles(*(np.flatnonzero(member[:, fold - 1] == code) for code in range(3)))
            for fold in self.trained_folds(target)
        }

    def scores(self, target: str) -> tuple[pd.DataFrame, Summary]:
        """Scores of each fold's test trials, and their mean over folds.

        Raises
        ------
        RtcanError
            If a subject that tests has also trained or validated: such scores are not shown.
        """
        self._check_subjects(target)
        trials = self.trials(target)
        label = trials["label"].to_numpy()
        majority = {
            fold: majority_class(label[roles.train]) for fold, roles in self.roles(target).items()
        }
        folds = fold_scores(
            label, trials["probability"].to_numpy(), trials["fold"].to_numpy(), majority
        )
        return folds, summarise(folds)

    def _check_subjects(self, target: str) -> None:
        table = overlap(self.roles(target), self.trials(target)["subject"], "subject")
        leaking = table[
            (table[["train_validation", "train_test", "validation_test"]] > 0).any(axis=1)
        ]
        if len(leaking):
            raise RtcanError(
                f"{self.path}: in fold {leaking['fold'].iloc[0]} of {target}, subjects are on both "
                "sides; its scores would not be those of unseen subjects",
                "rtcan train, with --force, to train it again",
            )

    def network_of_fold(self, target: str, fold: int) -> TrainedNetwork:
        """The network that a fold trained, with its music standardisation.

        Parameters
        ----------
        target : str
            ``valence`` or ``arousal``.
        fold : int
            From 1; must be one of `trained_folds`.
        """
        with Store(self.path, "run") as store:
            weights = store.slices(f"weights/{target}", self.trained_folds(target).index(fold))
        mean, sd = weights.pop("music_mean", None), weights.pop("music_sd", None)
        spec = replace(self.settings.spec, n_music=0 if mean is None else len(mean))
        return TrainedNetwork(rebuild(weights, spec), mean, sd)


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network and the statistics its music vectors are standardised with."""

    model: RTCAN
    music_mean: NDArray[np.float32] | None
    music_sd: NDArray[np.float32] | None

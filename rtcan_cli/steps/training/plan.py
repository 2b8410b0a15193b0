"""What a run trains: the trials of each target, their folds, and the networks to fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.fold_labels import FoldLabels, label_folds
from rtcan_cli.runs.inputs import SharedInputs, Sources, training_data
from rtcan_cli.runs.run import THRESHOLD_COLUMNS, Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.runs.splits import TrialSplits, deal_labelled, splits_of_run
from rtcan_cli.steps.reasons import grouped
from rtcan_cli.steps.training.begun import Begun, checkpoint_name, options_of, result_name
from rtcan_cli.stores import Partial, Provenance
from rtcan_cli.stores.lines import place_of
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import Roles, Splits
from rtcan_cli.training.run import checked_roles


@dataclass(frozen=True)
class RunRequest:
    """A run that is wanted.

    Parameters
    ----------
    sources : Sources
        Stores to train on.
    output : Path
        Run store to write.
    settings : RunSettings
        Network, recipe, targets and folds.
    splits_from : Path, optional
        Run store to take the folds from; the one that ``settings.splits_from`` names.
    """

    sources: Sources
    output: Path
    settings: RunSettings
    splits_from: Path | None = None


@dataclass(frozen=True)
class TargetPlan:
    """What is to be trained for one target: its trials, their folds, and which folds to train."""

    target: str
    data: TrainingData
    splits: Splits
    folds: list[int]


@dataclass(frozen=True)
class RunPlan:
    """A run that is to be trained: where it goes, what it is made from, its networks.

    The thresholds are those of its folds (`rtcan_cli.runs.fold_labels`), without rows if they come
    from all ratings.
    """

    output: Path
    settings: RunSettings
    provenance: Provenance
    targets: list[TargetPlan]
    thresholds: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=THRESHOLD_COLUMNS)
    )

    @property
    def partial(self) -> Partial:
        """Where its finished work is kept."""
        return Partial(self.output, self.provenance.digest())

    def begun(self, request: RunRequest, device: str, side_by_side: int) -> Begun:
        """What it keeps of itself while it is not finished.

        Parameters
        ----------
        request : RunRequest
            What asked for it.
        device : str
            Where it is trained.
        side_by_side : int
            How many models are trained at the same time.
        """
        settings, dataset, place = self.settings, self.provenance.dataset, place_of(self.output)
        root = None if place is None else place[0]
        options = settings.options(dataset, root)
        if options.get("splits_from") == "RUN" and request.splits_from is not None:
            options["splits_from"] = str(request.splits_from)
        if self.output.stem != settings.name(self.provenance.music):
            options["name"] = self.output.stem
        if device != "cpu":
            options["device"] = device
        if root is not None:
            kinds = ("components", "features", "labels", "music")
            given = {kind: getattr(request.sources, kind) for kind in kinds}
            usual = {kind: root / dataset / f"{kind}.h5" for kind in kinds}
            options |= options_of(given, usual)
        first = self.targets[0]
        return Begun(
            options,
            targets=tuple(plan.target for plan in self.targets),
            folds=tuple(map(int, first.folds)),
            n_folds=first.splits.n_folds,
            n_candidates=len(settings.model.grid),
            n_epochs=settings.epochs if settings.recipe is not None else 0,
            side_by_side=side_by_side,
            may_stop_early=settings.recipe is not None and settings.recipe.patience is not None,
            simulated=self.provenance.simulated,
        )

    def units(self) -> list[Unit]:
        """Its networks to train, in the order of targets and folds.

        Raises
        ------
        RtcanError
            If there can be no such network, the folds break the promise of their protocol, or a
            fold lacks a class.
        """
        model = self.settings.model
        model.check(self.settings.fusion, self.settings.protocol)
        protocol = PROTOCOLS[self.settings.protocol]
        units = []
        for plan in self.targets:
            try:
                parts = checked_roles(plan.data, plan.splits, protocol, plan.folds)
            except RtcanError as error:
                raise RtcanError(f"{plan.target}: {error}", error.hint) from None
            sized = replace(
                self.settings.spec, n_music=plan.data.n_music, n_features=plan.data.n_features
            )
            data = {fold: plan.data.of_fold(fold) for fold in parts}
            for candidate in range(len(model.grid)):
                spec = replace(sized, candidate=candidate)
                if model.is_network:
                    model.build(spec)  # raises where there can be no such network
                settings = replace(self.settings, spec=spec)
                about = (settings, self.partial, self.provenance, plan.splits.n_folds)
                units += [
                    Unit(plan.target, fold, own, data[fold], *about) for fold, own in parts.items()
                ]
        return units


@dataclass(frozen=True)
class Unit:
    """One model to train: a fold of a target of a run, or one candidate for it.

    It carries all that a worker needs. Its settings have the sizes of the inputs and the candidate.
    """

    target: str
    fold: int
    parts: Roles
    data: TrainingData
    settings: RunSettings
    partial: Partial
    made: Provenance
    n_folds: int

    @property
    def result(self) -> str:
        """Name of its kept result."""
        return result_name(self.target, self.fold, self.settings.spec.candidate)

    @property
    def title(self) -> str:
        """What to call it in messages."""
        return f"{self.partial.store.stem}, {self.target}, fold {self.fold + 1}"

    @property
    def checkpoint(self) -> str:
        """Name of its last finished epoch."""
        return checkpoint_name(self.target, self.fold, self.settings.spec.candidate)


class Planner:
    """Plans runs, and keeps what it has loaded: runs that use the same trials share them."""

    def __init__(self) -> None:
        self._splits: dict[object, TrialSplits] = {}
        self._data: dict[object, TrainingData] = {}
        self._shared = SharedInputs()
        self._restricted: dict[object, tuple[TrainingData, Splits]] = {}
        self._said: set[str] = set()
        self._labels: dict[object, FoldLabels] = {}

    def plan(self, request: RunRequest, provenance: Provenance) -> RunPlan:
        """Load the trials of each target and find their folds, the same for both targets.

        Raises
        ------
        RtcanError
            If too few subjects, stimuli or trials are there for the folds, or no fold tests the
            subject that is wanted.
        """
        settings = request.settings
        known = self._known(request)
        folds = list(range(known.splits.n_folds))
        if settings.test_subject is not None:
            folds = known.folds_that_test(settings.test_subject)
            if not folds:
                raise RtcanError(
                    f"{request.splits_from or request.sources.labels}: no fold tests a subject "
                    f"'{settings.test_subject}'",
                    f"--test-subject {known.trials[known.splits.test_fold >= 0][0][0]}, "
                    "for example",
                )
        plans = [
            TargetPlan(target, *self._target(request, target, known), folds)
            for target in settings.targets
        ]
        own = self._fold_labels(request, known)
        plan = RunPlan(request.output, settings, provenance, plans)
        return plan if own is None else replace(plan, thresholds=own.thresholds)

    def _fold_labels(self, request: RunRequest, known: TrialSplits) -> FoldLabels | None:
        """Labels of each fold, if their thresholds come from its training trials."""
        if request.settings.thresholds == choices.THRESHOLDS:
            return None
        key = _splits_key(request)
        if key not in self._labels:
            lender = request.splits_from
            self._labels[key] = label_folds(
                known, request.sources, None if lender is None else Run.load(lender)
            )
        return self._labels[key]

    def _known(self, request: RunRequest) -> TrialSplits:
        key = _splits_key(request)
        if key not in self._splits:
            settings = request.settings
            if settings.splits_from is None:
                assert request.sources.labels is not None, "what is trained on has labels"
                self._splits[key] = deal_labelled(request.sources.labels, settings)
            elif request.splits_from is None:
                raise ValueError("settings with splits_from need the run store that they name")
            else:
                self._splits[key] = splits_of_run(
                    request.splits_from, settings.splits_from.content_id
                )
        return self._splits[key]

    def _target(
        self, request: RunRequest, target: str, known: TrialSplits
    ) -> tuple[TrainingData, Splits]:
        settings, other = request.settings, request.splits_from
        shape = settings.onset, settings.spec.length, settings.model.features, settings.window
        trials = (request.sources, target, *shape)
        key = (trials, _splits_key(request))
        if key in self._restricted:
            return self._restricted[key]
        if trials not in self._data:
            self._data[trials], left_out = training_data(*trials, shared=self._shared)
            for reason, count in grouped(left_out):
                # Models with other inputs leave out the same recordings.
                line = f"{target}: left out {count} recording{'s' * (count != 1)}: {reason}"
                if line not in self._said:
                    self._said.add(line)
                    console.say(line)
        data, splits, n_unknown, n_absent = known.restrict(self._data[trials])
        own = self._fold_labels(request, known)
        if own is not None:
            data = own.give(data, splits, target)
        if other is not None:
            if n_unknown:
                console.say(f"{target}: left out {n_unknown} trials: {other.stem} has none")
            if n_absent:
                console.say(f"{target}: {n_absent} trials of {other.stem} are not here")
        untested = np.count_nonzero(splits.test_fold < 0)
        if untested:
            console.say(
                f"{target}: the protocol '{settings.protocol}' tests "
                f"{len(data.label) - untested} of {len(data.label)} trials"
            )
        self._restricted[key] = data, splits
        return self._restricted[key]


def _splits_key(request: RunRequest) -> object:
    """What decides the folds of a run."""
    settings = request.settings
    if settings.splits_from is not None:  # the seed deals no folds then
        return request.sources.labels, request.splits_from, settings.splits_from
    return (
        request.sources.labels,
        settings.protocol,
        settings.n_folds,
        settings.seed,
        settings.subjects,
        settings.thresholds,
    )

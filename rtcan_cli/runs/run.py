"""A finished run, as the steps after training need it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.datasets.profiles import Profile, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import FoldSummary, fold_scores, fold_summary
from rtcan_cli.models.model import Model
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.results.base import Note
from rtcan_cli.results.run import AboutRun
from rtcan_cli.runs.check import check_run, check_trained, settings_of
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.stores.lines import line_on_runs, place_of
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.training.data import SCALES
from rtcan_cli.training.folds.guard import check_disjoint, groups_seen, trials_seen
from rtcan_cli.training.folds.protocols import PROTOCOLS, FoldProtocol
from rtcan_cli.training.folds.splits import PARTS, Roles, Splits
from rtcan_cli.training.trained import TrainedModel

if TYPE_CHECKING:
    from rtcan_cli.models.rtcan.network import RTCAN

#: Columns of the thresholds of a run store.
THRESHOLD_COLUMNS = [field.path.split("/")[1] for field in SCHEMAS["run"].columns("thresholds")]
_WITHOUT_WEIGHTS = [field.path for field in SCHEMAS["run"].fields if "{" not in field.path]
#: What a protocol can hold out, and the column of the predictions that tells it apart: a song that
#: is there under several names is one stimulus.
HELD_OUT = {"subject": "subject", "stimulus": "song"}


def candidate_name(model: Model, candidate: int, name: str) -> str:
    """Name of an array of a candidate, from 0, in a run store.

    Candidates may differ in the shapes of their arrays, so each has names of its own.
    """
    return name if len(model.grid) == 1 else f"candidate{candidate + 1}.{name}"


def describe_choices(models: pd.DataFrame) -> list[Note]:
    """Say which candidates the validation folds chose: a note a target, none without a choice.

    Parameters
    ----------
    models : DataFrame
        Table of a run store.
    """
    notes = []
    for target, part in models[models["setting"] != ""].groupby("target", sort=False):
        counts = part.groupby(["candidate", "setting"]).size()
        words = [f"{setting} ({n})" for (_, setting), n in counts.items()]
        text = f"{target}: chosen on validation folds: {', '.join(words)}"
        notes.append(Note("choice", text))
    return notes


def about(run: Run) -> AboutRun:
    """What a run is, for a result."""
    made, settings = run.provenance, run.settings
    lender, known = settings.splits_from, settings.protocol in PROTOCOLS
    return AboutRun(
        name=run.name,
        dataset=made.dataset,
        simulated=made.simulated,
        model=settings.network,
        recipe=settings.training if known else "unknown",
        protocol=settings.protocol,
        tests=PROTOCOLS[settings.protocol].tests if known else "",
        n_folds=run.n_folds,
        n_trained_folds=int(run.models["fold"].nunique()),
        thresholds=settings.thresholds,
        subjects=settings.subjects,
        splits_from=None if lender is None else lender.run,
    )


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
    created, content_id, version : str
        When it was made, what it holds, and by which version of rtcan.
    predictions, epochs, models : DataFrame
        Tables of the run store.
    membership : NDArray of int8 (n_predictions, n_folds)
        What each trial is used for in each fold, see `rtcan_cli.training.folds.splits.Splits`.
    fold_labels : NDArray of int8 (n_predictions, n_folds)
        Label of each trial in each fold.
    thresholds : DataFrame
        Of each fold and subject, if they come from the training trials of the fold; else empty.
    """

    path: Path
    settings: RunSettings
    provenance: Provenance
    created: str
    content_id: str
    version: str
    predictions: pd.DataFrame
    epochs: pd.DataFrame
    models: pd.DataFrame
    membership: NDArray[np.int8]
    fold_labels: NDArray[np.int8]
    thresholds: pd.DataFrame

    @classmethod
    def load(cls, path: Path) -> Run:
        """Read a run store.

        Raises
        ------
        RtcanError
            If it is missing, damaged or no run store, what it says does not fit together, or its
            network is of a revision that this version does not compute.
        """
        with Store(path, "run", only=_WITHOUT_WEIGHTS) as store:
            settings = settings_of(store)
            _check_network(path, settings, store.provenance)
            run = cls(
                path=path,
                settings=settings,
                provenance=store.provenance,
                created=store.created,
                content_id=store.content_id,
                version=store.package_version,
                predictions=store.table("predictions"),
                epochs=store.table("epochs"),
                models=store.table("models"),
                membership=store.array("membership/role"),
                fold_labels=store.array("membership/label"),
                thresholds=store.table("thresholds"),
            )
        check_run(run)
        return run

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.stem

    @property
    def dataset(self) -> Profile:
        """The dataset it was trained on."""
        return profile(self.provenance.dataset)

    def line(self, **changed: object) -> CommandLine:
        """The line that trains it, as a user types it.

        Parameters
        ----------
        changed : object
            Options to take instead of its own: a run with other settings, and another name.
        """
        where: dict[str, object] = {}
        if not changed.keys() - {"force"}:
            if self.workspace is None or self.path.parent.name != "runs":
                where = {"output": self.path}
            elif self.name != self.settings.name(self.provenance.music):
                where = {"name": self.name}
        return self.settings.line(self.dataset.name, self.workspace, **changed, **where)

    def line_of_the_network(self) -> CommandLine:
        """The line that trains RTCAN-1D, as it is by default, on the same dataset."""
        return command_line("train", dataset=self.dataset.name, workspace=self.workspace)

    @property
    def workspace(self) -> Path | None:
        """Folder of the stores that it belongs to; None if it is kept elsewhere."""
        place = place_of(self.path)
        return place[0] if place else None

    @property
    def simulated(self) -> bool:
        """Whether its data come from the simulator."""
        return self.provenance.simulated

    @property
    def model_name(self) -> str:
        """Name of the model: ``rtcan``, or that of a baseline."""
        return self.settings.spec.model

    @property
    def network(self) -> str:
        """Model and inputs, for a table."""
        return self.settings.network

    @property
    def is_imported(self) -> bool:
        """Whether its network was trained elsewhere, so that its folds are not known."""
        return self.settings.protocol not in PROTOCOLS

    @property
    def protocol(self) -> FoldProtocol:
        """What its folds hold out.

        Raises
        ------
        RtcanError
            If its network was trained elsewhere.
        """
        if self.is_imported:
            raise RtcanError(
                f"{self.path}: holds an imported network, whose folds are not known; it has no "
                "held-out scores",
                f"{line_on_runs('evaluate', [self.path])}, for what it says of all trials",
            )
        return PROTOCOLS[self.settings.protocol]

    @property
    def n_folds(self) -> int:
        """Folds of each target, trained or not; with ``loso`` as many as subjects."""
        return self.membership.shape[1]

    @property
    def is_complete(self) -> bool:
        """Whether every fold of every target was trained."""
        return len(self.models) == len(self.settings.targets) * self.n_folds

    @property
    def can_be_explained(self) -> bool:
        """Whether its networks have an attention module before the residual part."""
        if self.settings.spec.model != choices.MODEL:
            return False
        variant = VARIANTS[self.settings.spec.variant]
        return variant.sca or variant.rnta

    @property
    def is_fused(self) -> bool:
        """Whether its models see EDA and music, and their training trials are known."""
        settings = self.settings
        sees = settings.model.sees(settings.fusion)
        return (
            settings.fusion == "music" and sees in ("signals", "features") and not self.is_imported
        )

    def trials(self, target: str) -> pd.DataFrame:
        """Predictions of one target; the index is the row in the membership."""
        return self.predictions[self.predictions["target"] == target]

    def trained_folds(self, target: str) -> list[int]:
        """Folds of one target that were trained, from 1, in the order of their weights."""
        return self.models.loc[self.models["target"] == target, "fold"].tolist()

    def splits(self, target: str) -> Splits:
        """Roles of the rows of `trials` in all folds, trained or not."""
        return Splits(self.membership[self.trials(target).index.to_numpy()])

    def roles(self, target: str) -> dict[int, Roles]:
        """Rows of `trials` that train, validate and test in each trained fold."""
        splits = self.splits(target)
        return {fold: splits.roles(fold - 1) for fold in self.trained_folds(target)}

    def scores(self, target: str) -> tuple[pd.DataFrame, FoldSummary]:
        """Scores of each fold's test trials, and their mean over folds.

        Trials that no fold of the protocol tests are not counted.

        Raises
        ------
        RtcanError
            If a fold breaks the promise of its protocol, such as that a subject that tests has
            neither trained nor validated: such scores are not shown.
        """
        self._check_promise(target)
        trials = self.trials(target)
        tested = trials[trials["fold"] > 0]
        folds = fold_scores(tested["label"], tested["probability"], tested["fold"])
        return folds, fold_summary(folds)

    def train_label(self, target: str, fold: int) -> NDArray[np.int8]:
        """Labels that a fold, from 1, was trained on, shape (n_train,)."""
        rows = self.trials(target).index.to_numpy()[self.splits(target).roles(fold - 1).train]
        return self.fold_labels[rows, fold - 1]

    def audit(self, target: str) -> pd.DataFrame:
        """Count what each trained fold holds out, from the stored membership.

        Returns
        -------
        DataFrame
            One row a fold: ``fold``, from 1; the trials of ``train``, ``validation``, ``test`` and
            ``unused``; ``subject_in_training`` and ``stimulus_in_training``, the test trials whose
            subject, or stimulus, has trained the network that tests them. Stimuli that are one song
            under several names count as one.
        """
        splits, trials = self.splits(target), self.trials(target)
        table = pd.DataFrame({"fold": np.arange(splits.n_folds) + 1})
        for code, part in enumerate((*PARTS, "unused")):
            table[part] = (splits.role == code).sum(axis=0)
        for what, column in HELD_OUT.items():
            table[f"{what}_in_training"] = trials_seen(splits, trials[column].to_numpy(str))
        return table[table["fold"].isin(self.trained_folds(target))].reset_index(drop=True)

    def groups_seen(self, target: str, what: str) -> tuple[int, int]:
        """Count subjects, or stimuli, that test, trained fold by trained fold.

        Returns
        -------
        seen, tested : int
            Those that have also trained the network that they test, and all.
        """
        groups = self.trials(target)[HELD_OUT[what]].to_numpy(str)
        folds = np.array(self.trained_folds(target), int) - 1
        seen, tested = groups_seen(self.splits(target), groups)
        return int(seen[folds].sum()), int(tested[folds].sum())

    def _check_promise(self, target: str) -> None:
        for what in self.protocol.disjoint:
            groups = self.trials(target)[HELD_OUT[what]].to_numpy(str)
            try:
                check_disjoint(self.splits(target), groups, what)
            except RtcanError as error:
                raise RtcanError(
                    f"{self.path}: {target}, {error}; its scores would not be those of "
                    f"{self.protocol.tests}",
                    f"{self.line(force=True)}, to train it again",
                ) from error

    def model_of_fold(self, target: str, fold: int) -> TrainedModel:
        """What a fold has trained.

        Parameters
        ----------
        target : str
            ``valence`` or ``arousal``.
        fold : int
            From 1; must be one of `trained_folds`.

        Raises
        ------
        RtcanError
            If what is stored is not that of the model.
        """
        return self.models_of_folds(target, [fold])[0]

    def models_of_folds(self, target: str, folds: Sequence[int]) -> list[TrainedModel]:
        """What some folds have trained, read together; as `model_of_fold`."""
        rows = [self.trained_folds(target).index(fold) for fold in folds]
        with Store(self.path, "run") as store:
            arrays = [store.slices(f"weights/{target}", row) for row in rows]
        facts = self.models[self.models["target"] == target]
        return [
            self._trained(target, facts.iloc[row], own)
            for row, own in zip(rows, arrays, strict=True)
        ]

    def _trained(
        self, target: str, facts: pd.Series[Any], arrays: dict[str, NDArray[Any]]
    ) -> TrainedModel:
        """What a row of the table of models and the arrays of a fold make; checked."""
        candidate = int(facts["candidate"]) - 1
        own = candidate_name(self.settings.model, candidate, "")
        arrays = {
            name.removeprefix(own): values
            for name, values in arrays.items()
            if name[: len(own)] == own
        }
        scales = {name: arrays.pop(name) for name in SCALES if name in arrays}
        spec = replace(
            self.settings.spec,
            n_music=np.size(scales.get("music_mean", ())),
            n_features=np.size(scales.get("eda_mean", ())),
            candidate=candidate,
        )
        trained = TrainedModel(spec, arrays, scales, float(facts["temperature"]))
        try:
            check_trained(trained)
        except RtcanError as error:
            raise RtcanError(
                f"{self.path}: {target}, fold {facts['fold']}: {error}",
                self.line(force=True),
            ) from error
        return trained

    def network_of_fold(self, target: str, fold: int) -> TrainedNetwork:
        """The RTCAN-1D that a fold trained, and how it standardises music vectors.

        Parameters
        ----------
        target, fold
            As of `model_of_fold`.

        Raises
        ------
        RtcanError
            If the run holds another model.
        """
        if self.settings.spec.model != choices.MODEL:
            raise RtcanError(
                f"{self.path}: holds a {self.settings.spec.model}, not RTCAN-1D",
                f"{self.line_of_the_network()}, and the run that it makes",
            )
        from rtcan_cli.models.rtcan.network import RTCAN  # these wait for PyTorch
        from rtcan_cli.models.weights import rebuild

        trained = self.model_of_fold(target, fold)
        network = rebuild(trained.weights, trained.spec)
        assert isinstance(network, RTCAN)
        return TrainedNetwork(
            network, trained.scales.get("music_mean"), trained.scales.get("music_sd")
        )


def _check_network(path: Path, settings: RunSettings, made: Provenance) -> None:
    """Refuse weights that would fit the network of this version, but are those of another."""
    revision = made.parameters.get("network", 1)
    if settings.spec.model != choices.MODEL or revision == choices.NETWORK:
        return
    place = place_of(path)
    workspace = place[0] if place else None
    if settings.protocol in PROTOCOLS:
        again = settings.line(made.dataset, workspace)
    else:
        again = command_line(
            "import-checkpoint", "CHECKPOINT", dataset=made.dataset, workspace=workspace
        )
    raise RtcanError(
        f"{path}: holds RTCAN-1D of revision {revision}, and this rtcan computes revision "
        f"{choices.NETWORK}, whose residual blocks differ: with its weights it would say something "
        "else",
        f"remove it, or make it again: {again}",
    )


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained RTCAN-1D and the statistics that music vectors are standardised with."""

    model: RTCAN
    music_mean: NDArray[np.float32] | None
    music_sd: NDArray[np.float32] | None

"""Whether what a run store says fits together: it may be damaged, or a stranger's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.limits import is_whole, short, wrong_spec
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import how_to_make_again
from rtcan_cli.training.data import SCALES
from rtcan_cli.training.folds.splits import UNUSED
from rtcan_cli.training.trained import TrainedModel


class Tables(Protocol):
    """What is checked of a run, see `rtcan_cli.runs.run.Run`."""

    @property
    def path(self) -> Path:
        """The run store."""

    @property
    def settings(self) -> RunSettings:
        """What it says it was trained with."""

    @property
    def is_imported(self) -> bool:
        """Whether it was trained elsewhere."""

    @property
    def n_folds(self) -> int:
        """Number of folds."""

    @property
    def predictions(self) -> pd.DataFrame:
        """A row for each target and trial."""

    @property
    def epochs(self) -> pd.DataFrame:
        """A row for each epoch of each network."""

    @property
    def models(self) -> pd.DataFrame:
        """A row for each model."""

    @property
    def fold_labels(self) -> NDArray[np.int8]:
        """Label of each trial in each fold, shape (n_trials, n_folds)."""

    @property
    def membership(self) -> NDArray[np.int8]:
        """Role of each trial in each fold, shape (n_trials, n_folds)."""


def settings_of(store: Store) -> RunSettings:
    """Settings of a run.

    Parameters
    ----------
    store : Store
        An open run store.

    Raises
    ------
    RtcanError
        If some are missing, or are such as no run can have.
    """
    try:
        settings = RunSettings.from_parameters(store.provenance.parameters)
        for wrong in _wrong_settings(settings):
            raise ValueError(wrong)
    except (KeyError, TypeError, ValueError, AttributeError, RtcanError) as error:
        why = f": {error}" if isinstance(error, ValueError | RtcanError) else ""
        raise RtcanError(
            f"{store.path}: does not say with which settings it was trained{why}",
            how_to_make_again(store.path, "run"),
        ) from error
    return settings


def _wrong_settings(settings: RunSettings) -> Iterator[str]:
    if not settings.targets or not set(settings.targets) <= set(TARGETS):
        yield f"targets are {short(settings.targets)}"
    if settings.fusion not in get_args(choices.Fusion):
        yield f"fusion is {short(settings.fusion)}"
    if settings.thresholds not in get_args(choices.Thresholds):
        yield f"thresholds are {short(settings.thresholds)}"
    yield from wrong_spec(settings.spec)
    if not is_whole(settings.n_folds, 0, 1 << 31) or not is_whole(settings.seed, 0, (1 << 32) - 1):
        yield "folds or seed are not valid numbers"
    if not isinstance(settings.onset, int | float) or not 0 <= settings.onset < np.inf:
        yield f"onset is {short(settings.onset)}"
    if settings.window is not None and settings.window.seconds is None:
        yield f"window is {settings.window}"


def check_run(run: Tables) -> None:
    """Refuse tables of a run store that do not fit together.

    Raises
    ------
    RtcanError
        Saying which.
    """
    for wrong in _wrong_tables(run):
        raise RtcanError(f"{run.path}: {wrong}", how_to_make_again(run.path, "run"))


def _wrong_tables(run: Tables) -> Iterator[str]:
    targets, folds = run.settings.targets, run.n_folds
    for name, table in (
        ("predictions", run.predictions),
        ("epochs", run.epochs),
        ("models", run.models),
    ):
        if not table["target"].isin(targets).all():
            yield f"its table '{name}' has another target than {' and '.join(targets)}"
        least = 0 if name == "predictions" else 1
        if not table["fold"].between(least, folds).all():
            yield f"its table '{name}' has a fold that is not one of its {folds}"
    if run.models.duplicated(["target", "fold"]).any():
        yield "it has two models of one fold"
    if run.settings.recipe is not None and not run.is_imported:  # networks that were trained here
        trained = set(zip(run.models["target"], run.models["fold"], strict=True))
        lacking = trained - set(zip(run.epochs["target"], run.epochs["fold"], strict=True))
        if lacking:
            target, fold = min(lacking)
            yield f"its table 'epochs' lacks fold {fold} of {target}, which was trained"
        for target in targets:
            if not (run.models["target"] == target).any():
                yield f"its table 'models' has no model of {target}"
    n_candidates = len(run.settings.model.grid)  # one of one is not a choice, and is not looked at
    if n_candidates > 1 and not run.models["candidate"].between(1, n_candidates).all():
        yield "it has a candidate that its model does not have"
    if not run.predictions["label"].isin([0, 1]).all():
        yield "it has a label that is neither high nor low"
    if not np.isin(run.fold_labels, [-1, 0, 1]).all():
        yield "it has a label in a fold that is neither high nor low"
    said = run.predictions["probability"]
    if not (said.isna() | said.between(0, 1)).all():
        yield "it has a probability that is not between 0 and 1"
    if run.membership.size and not 0 <= run.membership.min() <= run.membership.max() <= UNUSED:
        yield "it has a trial whose role in a fold is unknown"


def check_trained(trained: TrainedModel) -> None:
    """Refuse what a fold is said to have trained, if it is not that of the model.

    Parameters
    ----------
    trained : TrainedModel
        Of a run store.

    Raises
    ------
    RtcanError
        Saying what is missing, of another shape or not finite.
    """
    for name in SCALES:
        if name in trained.scales and not np.isfinite(trained.scales[name]).all():
            raise RtcanError(f"the numbers '{name}' are not all finite")
    for one, other in (("eda_mean", "eda_sd"), ("music_mean", "music_sd")):
        shapes = {np.shape(trained.scales.get(name, ())) for name in (one, other)}
        if len(shapes) > 1 or len(next(iter(shapes))) > 1:
            raise RtcanError(f"the numbers '{one}' and '{other}' do not fit together")
    if trained.is_network:
        from rtcan_cli.models.weights import check as check_weights  # waits for PyTorch

        check_weights(trained.weights, trained.spec)

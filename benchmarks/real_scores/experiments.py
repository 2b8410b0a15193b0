"""Train and test one experiment of the plan, with one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from inputs import Study, Values, keys, see, within
from numpy.typing import NDArray
from plan import ADAPTED_WITH, FOLDS, LENGTH, ONSET, RECIPE, Experiment
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.linear_model import Ridge

from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.training.checkpoint import Arrays, FoldProgress
from rtcan_cli.training.data import TrainingData, scale_of, standardise
from rtcan_cli.training.fit import FoldResult
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import Splits
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import checked_roles, fit

#: Recordings that vary by less than this many times the noise of their sensor do not measure skin.
MEASURED = 3.0
PENALTIES = tuple(10.0**k for k in range(0, 7))


def run(experiment: Experiment, target: str, seed: int, study: Study, simulated: Path):
    """Train all folds.

    Parameters
    ----------
    experiment, target, seed
        What is trained.
    study : Study
        The recordings.
    simulated : Path
        Stores of simulated recordings, for networks that are trained on these first.

    Returns
    -------
    DataFrame
        A row for each tested trial: `TRIAL_KEY`, ``label``, ``rating``, ``fold`` and
        ``probability``. Of an adapted model, for each k, ``plain_k`` and ``adapted_k``, both NaN
        for the trials that it was adapted with.
    """
    torch.set_num_threads(1)
    data, splits = _trials_and_folds(experiment, target, seed, study)
    protocol = PROTOCOLS[experiment.protocol]
    rows = study.recordings.index.get_indexer(keys(data))
    about = study.recordings.iloc[rows]
    rating = about[target].to_numpy(float)
    probability = np.full(len(data), np.nan)
    start = _pretrained(simulated, target, seed) if experiment.change == "pretrained" else None
    for fold, roles in checked_roles(data, splits, protocol).items():
        if experiment.model == "ridge":
            probability[roles.test] = _ridge(data, rating, roles)
        else:
            best = _best(experiment, data, roles, fold, seed, start)
            probability[roles.test] = best.test_probability
    table = (
        keys(data)
        .to_frame(index=False)
        .assign(label=data.label, rating=rating, fold=splits.test_fold, probability=probability)
    )
    if experiment.change == "adapted":
        table = _adapted(table, about["order"].to_numpy())
    return table[table["probability"].notna()]


def _trials_and_folds(
    experiment: Experiment, target: str, seed: int, study: Study
) -> tuple[TrainingData, Splits]:
    """Trials with the folds of all trials, so that every model tests a trial in the same fold."""
    everything = see(study, "none", target)
    splits = PROTOCOLS[experiment.protocol].split(
        everything.subject,
        everything.stimulus,
        everything.label,
        FOLDS,
        seed,
        repetition=everything.repetition,
        song=everything.piece,
    )
    names = () if experiment.model == "ridge" else find(experiment.model).features
    data = see(study, experiment.inputs, target, names)
    if experiment.change == "measured":
        rows = study.recordings.index.get_indexer(keys(data))
        clear = study.recordings["signal_to_noise"].to_numpy()[rows] >= MEASURED
        data = data.take(np.flatnonzero(clear))
    row = keys(everything).get_indexer(keys(data))
    return data, splits.take(row)


def _best(
    experiment: Experiment, data: TrainingData, roles, fold: int, seed: int, start: Arrays | None
) -> FoldResult:
    """The fold's model; of several candidates, that with the smallest validation loss."""
    model = find(experiment.model)
    recipe = RECIPES[RECIPE] if model.is_network else None
    found = []
    for candidate in range(len(model.grid)):
        spec = _spec(experiment, data, candidate)
        sink = None if start is None else _Start(start)
        found.append(fit(data, roles, spec, recipe, fold=fold, seed=seed, sink=sink))
    return min(found, key=lambda each: each.history["validation_loss"][each.best_epoch])


def _spec(experiment: Experiment, data: TrainingData, candidate: int) -> ModelSpec:
    signals = data.eda.ndim == 3
    return ModelSpec(
        experiment.variant,
        length=LENGTH,
        model=experiment.model,
        n_features=0 if signals else data.n_features,
        candidate=candidate,
    )


@dataclass(frozen=True)
class _Start:
    """Gives a fold the weights of another network instead of random ones."""

    weights: Arrays

    def load(self, fold: int) -> Arrays:
        """A checkpoint before the first epoch."""
        entries = {f"model.{name}": array for name, array in self.weights.items()}
        empty = FoldProgress()
        entries |= {f"history.{name}": np.array(row) for name, row in empty.history.items()}
        entries |= {name: np.array(getattr(empty, name)) for name in ("seconds", "cpu_seconds")}
        return entries | {"best_epoch": np.array(empty.best_epoch)}

    def save(self, fold: int, checkpoint: Arrays) -> None:
        """Nothing is kept."""

    def on_epoch(self, fold: int, epoch: int, row) -> None:
        """Nothing is shown."""


@lru_cache
def _pretrained(folder: Path, target: str, seed: int) -> Arrays:
    """Weights of the network from simulated listeners, the epoch chosen on other such listeners."""
    sources = Sources(folder / "components.h5", folder / "labels.h5")
    data, _ = training_data(sources, target, ONSET, LENGTH)
    protocol = PROTOCOLS["subject"]
    splits = protocol.split(data.subject, data.stimulus, data.label, FOLDS, seed)
    roles = checked_roles(data, splits, protocol, [0])[0]
    spec = ModelSpec("Rf", length=LENGTH)
    return fit(data, roles, spec, RECIPES[RECIPE], fold=0, seed=seed).weights


def _ridge(data: TrainingData, rating: Values, roles) -> Values:
    """Regression of the rating within the listener; above its mean counts as high."""
    eda = data.own_eda
    mean, sd = scale_of(eda, roles.train)
    x = standardise(eda, mean, sd)
    y = within(rating[:, None], data.subject)[:, 0]
    losses = []
    for penalty in PENALTIES:
        model = Ridge(penalty).fit(x[roles.train], y[roles.train])
        losses.append(np.mean((model.predict(x[roles.validation]) - y[roles.validation]) ** 2))
    best = PENALTIES[int(np.argmin(losses))]
    return expit(Ridge(best).fit(x[roles.train], y[roles.train]).predict(x[roles.test]))


def _adapted(table: pd.DataFrame, order: NDArray[np.integer]) -> pd.DataFrame:
    """Move the log odds of each listener by what the labels of the first k trials ask for."""
    odds = logit(np.clip(table["probability"].to_numpy(), 1e-6, 1 - 1e-6))
    label = table["label"].to_numpy()
    for k in ADAPTED_WITH:
        plain, adapted = (np.full(len(table), np.nan) for _ in range(2))
        for _, rows in table.groupby("subject").indices.items():
            own = rows[np.argsort(order[rows], kind="stable")]
            first, rest = own[:k], own[k:]
            plain[rest] = expit(odds[rest])
            adapted[rest] = expit(odds[rest] + _shift(odds[first], label[first]))
        table = table.assign(**{f"plain_{k}": plain, f"adapted_{k}": adapted})
    return table


def _shift(odds: Values, label: NDArray[np.integer]) -> float:
    """The most probable shift under a standard normal prior."""

    def loss(shift: float) -> float:
        high = odds + shift
        return float(np.logaddexp(0, np.where(label == 1, -high, high)).sum() + shift**2 / 2)

    return float(minimize_scalar(loss, bounds=(-10, 10), method="bounded").x)

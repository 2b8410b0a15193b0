"""Run stores as training leaves them, with answers drawn instead of learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.run import THRESHOLD_COLUMNS
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.stores import Provenance
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.stores.writer import create
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TEST
from rtcan_cli.training.recipes import RECIPES

N_SUBJECTS, N_STIMULI = 12, 10
SETTINGS = RunSettings(
    spec=ModelSpec("Rf", length=96),
    recipe=RECIPES["tuned"],
    fusion="none",
    targets=("valence", "arousal"),
    onset=3.0,
    n_folds=5,
    seed=0,
)


def finish_run(
    folder: Path,
    name: str,
    *,
    skill: float = 1.0,
    flipped: int = 0,
    folds: tuple[int, ...] | None = None,
    folds_of: int | None = None,
    simulated: bool = True,
    dataset: str = "pmemo",
    n_subjects: int = N_SUBJECTS,
    inputs: dict[str, str] | None = None,
    songs: dict[str, str] | None = None,
    **changed: Any,
) -> Path:
    """Write a run whose network knows the labels as well as ``skill`` says.

    Parameters
    ----------
    flipped : int
        Trials whose label is the other one than in other runs.
    folds : tuple of int, optional
        Folds that were trained, from 1; all by default.
    folds_of : int, optional
        Seed that dealt the folds; the run's own by default.
    dataset : str
        Name of the dataset.
    n_subjects : int
        The first of the subjects, as many as this.
    inputs : dict, optional
        Content ids of its inputs that differ from those of other runs.
    songs : dict, optional
        Stimuli that are a song of another name. Folds are dealt as if they were songs of their own.
    changed
        Settings that differ from `SETTINGS`.
    """
    settings = replace(SETTINGS, **changed)
    n = n_subjects * N_STIMULI
    subject = np.repeat([f"S{k:02d}" for k in range(n_subjects)], N_STIMULI)
    stimulus = np.tile([f"m{k}" for k in range(N_STIMULI)], n_subjects)
    truth = {
        t: np.random.default_rng(k).integers(0, 2, N_SUBJECTS * N_STIMULI)[:n]
        for k, t in enumerate(("valence", "arousal"))
    }
    for label in truth.values():
        label[:flipped] = 1 - label[:flipped]
    splits = PROTOCOLS.get(settings.protocol, PROTOCOLS["subject"]).split(
        subject,
        stimulus,
        2 * truth["valence"] + truth["arousal"],
        settings.n_folds,
        settings.seed if folds_of is None else folds_of,
    )
    rng = np.random.default_rng([settings.seed, *map(ord, name)])
    trained = folds or tuple(range(1, splits.n_folds + 1))
    predictions, epochs, models = [], [], []
    for target in settings.targets:
        answer = skill * (2 * truth[target] - 1) + rng.normal(0, 1.5, n)
        fold = splits.test_fold + 1
        tested = np.isin(fold, trained)
        table = {
            "target": target,
            "subject": subject,
            "stimulus": stimulus,
            "repetition": 1,
            "song": [(songs or {}).get(name, name) for name in stimulus],
            "label": truth[target],
            "fold": fold,
            "probability": np.where(tested, 1 / (1 + np.exp(-answer)), np.nan),
        }
        predictions.append(pd.DataFrame(table))
        for k in trained:
            models.append({"target": target, "fold": k, "best_epoch": 1, "candidate": 1})
            losses = {"train_loss": 0.7, "validation_loss": 0.7, "validation_accuracy": 0.5}
            epochs += [{"target": target, "fold": k, "epoch": e, **losses} for e in (1, 2)]
    provenance = Provenance(
        "train",
        dataset,
        settings.parameters(),
        {"components": "c", "labels": "l", **(inputs or {})},
        simulated,
    )
    path = folder / f"{name}.h5"
    with create(path, "run", provenance) as store:
        store.write_table("predictions", pd.concat(predictions))
        store.write("membership/role", np.concatenate([splits.role] * len(settings.targets)))
        labels = np.concatenate([truth[target] for target in settings.targets])
        store.write("membership/label", np.repeat(labels[:, None], splits.n_folds, 1).astype("i1"))
        store.write_table("thresholds", pd.DataFrame(columns=THRESHOLD_COLUMNS))
        store.write_table("epochs", pd.DataFrame(epochs))
        store.write_table("models", _complete(pd.DataFrame(models)))
        for target in settings.targets:
            for i in range(len(trained)):
                store.write_slice(f"weights/{target}/w", i, len(trained), np.zeros(2, np.float32))
    assert (splits.role == TEST).any()
    return path


def _complete(models: pd.DataFrame) -> pd.DataFrame:
    """Add what a trained network also says of itself."""
    for field in SCHEMAS["run"].fields:
        table, _, column = field.path.partition("/")
        if table == "models" and column not in models:
            models[column] = "" if field.dtype == "str" else 0
    return models

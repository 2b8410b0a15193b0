"""Fit one fold of a model that fits itself: a learner of `rtcan_cli.models.registry`."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.models.learner import Examples, cross_entropy
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.calibrate import temperature
from rtcan_cli.training.data import Scales, TrainingData, Trials, standardise, standardised
from rtcan_cli.training.fold import HISTORY, FoldResult, check_classes, check_sizes, derive
from rtcan_cli.training.folds.splits import Roles


def fit_learner(
    data: TrainingData, parts: Roles, spec: ModelSpec, *, fold: int, seed: int
) -> FoldResult:
    """Fit one fold, and predict its test trials.

    Parameters
    ----------
    data, parts, fold, seed
        As of `rtcan_cli.training.fit.fit_fold`.
    spec : ModelSpec
        A model that is a learner.

    Raises
    ------
    RtcanError
        If training or validation trials are missing or all of one class.
    """
    check_classes(data, parts, fold)
    check_sizes(data, spec)
    start, cpu_start = time.perf_counter(), time.process_time()
    eda, music, scales = standardised(data, parts.train, spec)
    train, validation, test = (
        _examples(data, eda, music, rows) for rows in (parts.train, parts.validation, parts.test)
    )
    learner = find(spec.model).make_learner(spec)
    label, truth = data.label[parts.train], data.label[parts.validation]
    fitted = learner.fit(train, label, validation, truth, derive(seed, fold, 0))
    guess = learner.probability(fitted.arrays, validation)
    history = fitted.history or {
        "train_loss": np.array([cross_entropy(learner.probability(fitted.arrays, train), label)]),
        "validation_loss": np.array([cross_entropy(guess, truth)]),
        "validation_accuracy": np.array([np.mean((guess > 0.5) == truth)]),
    }
    return FoldResult(
        fold=fold,
        history={name: np.asarray(history[name], dtype=np.float64) for name in HISTORY},
        best_epoch=fitted.best_step,
        validation_probability=guess.astype(np.float32),
        test_probability=learner.probability(fitted.arrays, test).astype(np.float32),
        weights=fitted.arrays,
        scales=scales,
        n_parameters=fitted.n_parameters,
        temperature=temperature(guess, truth),
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu_start,
    )


def predict_learner(
    spec: ModelSpec,
    weights: Mapping[str, NDArray[np.generic]],
    scales: Scales,
    trials: Trials,
) -> NDArray[np.float64]:
    """Probability of high of all trials, from the stored arrays of a learner.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    weights : mapping of str to array
        What was learnt.
    scales : dict of str to array
        What `rtcan_cli.training.data.standardised` returned in training.
    trials : Trials
        With features as they are.
    """
    eda, music = trials.eda, trials.music
    if "eda_mean" in scales:
        eda = standardise(eda, scales["eda_mean"], scales["eda_sd"])
    if "music_mean" in scales and music is not None:
        music = standardise(music, scales["music_mean"], scales["music_sd"])
    every = np.arange(len(trials))
    examples = _examples(trials, eda, music if spec.n_music else None, every)
    return find(spec.model).make_learner(spec).probability(weights, examples)


def _examples(
    data: Trials,
    eda: NDArray[np.float32],
    music: NDArray[np.float32] | None,
    rows: NDArray[np.intp],
) -> Examples:
    song = data.song[rows] if music is not None and data.song is not None else None
    return Examples(
        eda=eda[data.row[rows]].astype(np.float64),
        music=np.zeros((1, 0)) if music is None else music.astype(np.float64),
        song=np.zeros(len(rows), np.int64) if song is None else song,
        subject=data.subject[rows],
        stimulus=data.piece[rows],
        subjects=np.unique(data.subject),
        stimuli=np.unique(data.piece),
    )

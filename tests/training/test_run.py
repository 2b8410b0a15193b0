from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan import ModelSpec
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import cross_validate
from rtcan_cli.training.splits import subject_folds

SPEC = ModelSpec("Re", (8, 8, 8, 8), n_music=7, length=60)
RECIPE = replace(RECIPES["tuned"], epochs=1)


def test_every_trial_is_tested_once_by_its_own_fold(toy: TrainingData) -> None:
    fold_of = subject_folds(toy.subject, toy.label, 3, seed=0)
    results = list(cross_validate(toy, fold_of, SPEC, RECIPE, n_folds=3, seed=0))
    assert [result.fold for result in results] == [0, 1, 2]
    for result in results:
        assert len(result.test_probability) == np.sum(fold_of == result.fold)
        assert len(result.validation_probability) == np.sum(fold_of == (result.fold + 1) % 3)


def test_a_fold_does_not_depend_on_the_others(toy: TrainingData) -> None:
    fold_of = subject_folds(toy.subject, toy.label, 3, seed=0)
    everything = list(cross_validate(toy, fold_of, SPEC, RECIPE, n_folds=3, seed=0))
    (alone,) = cross_validate(toy, fold_of, SPEC, RECIPE, n_folds=3, seed=0, folds=[2])
    assert alone.fold == 2
    np.testing.assert_array_equal(alone.test_probability, everything[2].test_probability)


def test_a_subject_on_two_sides_is_refused_before_any_training(toy: TrainingData) -> None:
    fold_of = subject_folds(toy.subject, toy.label, 3, seed=0)
    first = int(np.flatnonzero(toy.subject == toy.subject[0])[0])
    fold_of[first] = (fold_of[first] + 1) % 3
    with pytest.raises(RtcanError, match=f"subject {toy.subject[0]} is in both"):
        cross_validate(toy, fold_of, SPEC, RECIPE, n_folds=3, seed=0)


def test_a_fold_of_one_class_is_refused_before_any_training(toy: TrainingData) -> None:
    fold_of = subject_folds(toy.subject, toy.label, 3, seed=0)
    label = np.where(fold_of == 1, 1, toy.label)
    with pytest.raises(RtcanError, match=r"fold 1 cannot be trained: .* validation trials"):
        cross_validate(replace(toy, label=label), fold_of, SPEC, RECIPE, n_folds=3, seed=0)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.folds.splits import TEST, TRAIN, Splits
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import cross_validate

SPEC = ModelSpec("Re", (8, 8, 8, 8), n_music=7, length=60)
RECIPE = replace(RECIPES["tuned"], epochs=1)
SUBJECT = PROTOCOLS["subject"]


def dealt(data: TrainingData, name: str = "subject") -> Splits:
    return PROTOCOLS[name].split(data.subject, data.stimulus, data.label, 3, seed=0)


def once(data: TrainingData) -> TrainingData:
    """The same trials, each of another stimulus; the toy songs are drawn with repetition."""
    return replace(data, stimulus=np.array([f"{i:03d}" for i in range(len(data.label))]))


def test_every_trial_is_tested_once_by_its_own_fold(toy: TrainingData) -> None:
    toy = once(toy)
    splits = dealt(toy)
    results = list(cross_validate(toy, splits, SUBJECT, SPEC, RECIPE, seed=0))
    assert [result.fold for result in results] == [0, 1, 2]
    for result in results:
        assert len(result.test_probability) == np.sum(splits.test_fold == result.fold)
        assert len(result.validation_probability) == np.sum(
            splits.test_fold == (result.fold + 1) % 3
        )


def test_a_fold_does_not_depend_on_the_others(toy: TrainingData) -> None:
    toy = once(toy)
    everything = list(cross_validate(toy, dealt(toy), SUBJECT, SPEC, RECIPE, seed=0))
    (alone,) = cross_validate(toy, dealt(toy), SUBJECT, SPEC, RECIPE, seed=0, folds=[2])
    assert alone.fold == 2
    np.testing.assert_array_equal(alone.test_probability, everything[2].test_probability)


@pytest.mark.parametrize("name", ["subject", "stimulus"])
def test_folds_that_break_the_promise_are_refused_before_any_training(
    toy: TrainingData, name: str
) -> None:
    toy = once(toy)
    songs = np.tile([f"song{i}" for i in range(10)], 12)
    toy = replace(toy, stimulus=songs, piece=songs)
    role = dealt(toy, name).role.copy()
    first = int(np.flatnonzero(role[:, 1] == TEST)[0])
    role[first, 1] = TRAIN
    group = getattr(toy, name)[first]
    with pytest.raises(RtcanError, match=f"fold 2: {name} {group} is in both"):
        # Refused at once, and even if another fold is to be trained.
        cross_validate(toy, Splits(role), PROTOCOLS[name], SPEC, RECIPE, seed=0, folds=[0])


def test_a_fold_of_one_class_is_refused_before_any_training(toy: TrainingData) -> None:
    toy = once(toy)
    splits = dealt(toy)
    label = np.where(splits.test_fold == 1, 1, toy.label)
    with pytest.raises(RtcanError, match=r"fold 1 cannot be trained: .* validation trials"):
        cross_validate(replace(toy, label=label), splits, SUBJECT, SPEC, RECIPE, seed=0)

"""The explanation finds a cause that was planted in simulated data; see `planted`.

As in a cross-validation, the mean map is that of several networks: of ten seeds, one network alone
puts no more weight on the cause than an even spread would, any three in a row more than twice that.
"""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.explain.architecture import relative, untrained_average
from rtcan_cli.explain.average import over_subjects
from rtcan_cli.explain.randomise import untrained
from tests.explain import planted


@pytest.fixture(scope="module")
def models():
    return [planted.train("Rf", seed, steps=40) for seed in range(3)]


@pytest.fixture(scope="module")
def trials():
    return planted.draw(48, seed=0)


@pytest.fixture(scope="module")
def shares(models, trials):
    return [planted.shares(model, trials, "guided-gradcam") for model in models]


def test_the_mean_map_lies_where_the_cause_is(models, trials, shares):
    assert min(planted.accuracy(model, trials) for model in models) > 0.85
    learnt = planted.mass_in_cause(np.concatenate(shares))
    assert learnt > 1.7 * planted.CHANCE
    nothing = [
        planted.shares(untrained(model, trials.eda, None, seed), trials, "guided-gradcam")
        for seed, model in enumerate(models)
    ]
    assert learnt > 1.5 * planted.mass_in_cause(np.concatenate(nothing))


def test_integrated_gradients_find_it_too(models, trials):
    few = planted.Planted(trials.eda[:16], trials.label[:16], trials.subject[:16])
    found = [planted.shares(model, few, "integrated-gradients") for model in models]
    assert planted.mass_in_cause(np.concatenate(found)) > 1.4 * planted.CHANCE


def test_the_weight_in_the_interval_is_high_for_subjects_and_not_by_chance(trials, shares):
    maps = np.mean(shares, axis=0).sum(axis=1)
    time = np.arange(planted.LENGTH) / planted.RATE
    inside = (time >= planted.CAUSE[0]) & (time < planted.CAUSE[1])
    weight = maps[:, inside].mean(axis=1, keepdims=True)
    curve = over_subjects(weight, trials.subject[trials.label == 1])
    assert curve.low[0] > 1.2


def test_dividing_by_untrained_networks_keeps_what_is_learnt(models, trials, shares):
    average = untrained_average(models[0], trials.eda[:16], n_networks=4)
    assert average.mean() == pytest.approx(1, abs=1e-5)
    divided = [relative(share, average) for share in shares]
    whole, left = (planted.mass_in_cause(np.concatenate(each)) for each in (shares, divided))
    assert left > 0.9 * whole

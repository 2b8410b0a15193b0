"""The explanation finds a cause that was planted in simulated data; see `planted`."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.explain.architecture import relative, untrained_average
from rtcan_cli.explain.average import over_subjects
from rtcan_cli.explain.randomise import untrained
from tests.explain import planted


@pytest.fixture(scope="module")
def model():
    return planted.train("Rf", seed=0)


@pytest.fixture(scope="module")
def trials():
    return planted.draw(96, seed=0)


@pytest.mark.parametrize("method", ["guided-gradcam", "integrated-gradients"])
def test_the_mean_map_lies_where_the_cause_is(model, trials, method):
    assert planted.accuracy(model, trials) > 0.9
    share = planted.shares(model, trials, method)
    assert planted.mass_in_cause(share) > 1.5 * planted.CHANCE
    unlearnt = planted.shares(untrained(model, trials.eda, None, 0), trials, method)
    assert planted.mass_in_cause(share) > 1.5 * planted.mass_in_cause(unlearnt)


def test_the_weight_in_the_interval_is_high_for_subjects_and_not_by_chance(model, trials):
    maps = planted.shares(model, trials, "guided-gradcam").sum(axis=1)
    subject = trials.subject[: len(maps)]
    time = np.arange(planted.LENGTH) / planted.RATE
    inside = (time >= planted.CAUSE[0]) & (time < planted.CAUSE[1])
    curve = over_subjects(maps[:, inside].mean(axis=1, keepdims=True), subject)
    assert curve.low[0] > 1.2


def test_dividing_by_untrained_networks_keeps_what_is_learnt(model, trials):
    share = planted.shares(model, trials, "guided-gradcam")
    average = untrained_average(model, trials.eda[:16], n_networks=4)
    assert average.mean() == pytest.approx(1, abs=1e-5)
    assert planted.mass_in_cause(relative(share, average)) > 0.9 * planted.mass_in_cause(share)

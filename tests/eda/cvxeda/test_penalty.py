"""The penalty that follows the noise: its formula, its constants, and where it is raised."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rtcan_cli.choices import PUBLISHED_ALPHA
from rtcan_cli.eda.cvxeda.matrices import respond, respond_transposed, response_filter
from rtcan_cli.eda.cvxeda.parameters import PUBLISHED, USUAL, CvxedaParameters
from rtcan_cli.eda.cvxeda.penalty import (
    MOST_PHASIC,
    NOISE_FACTOR,
    STEP,
    noise_aware_alpha,
    response_energy,
    universal_alpha,
)
from rtcan_cli.eda.cvxeda.solve import decompose
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.simulate import physiology
from tests.eda.recordings import TAU0, TAU1, simulated
from tests.real_listeners import recordings

RATE, SECONDS = 4.0, 60.0


def white(seed: int, rate: float = RATE, seconds: float = SECONDS) -> np.ndarray:
    return stats.zscore(np.random.default_rng(seed).standard_normal(int(rate * seconds)))


@pytest.mark.parametrize("rate", [4.0, 16.0, 128.0])
@pytest.mark.parametrize("taus", [(2.0, 0.7), (3.0, 0.5), (4.0, 0.9)])
def test_a_column_of_the_response_has_the_norm_of_the_formula(rate, taus):
    impulse = np.zeros(int(60 * rate))
    impulse[0] = 1
    norm = np.linalg.norm(respond(impulse, response_filter(rate, *taus)))
    assert norm == pytest.approx(math.sqrt(response_energy(*taus) / rate), rel=0.01)


def test_the_universal_penalty_is_what_noise_hardly_ever_asks_for():
    most = [
        respond_transposed(white(seed), response_filter(RATE, TAU0, TAU1)).max()
        for seed in range(200)
    ]
    alpha = universal_alpha(1.0, int(RATE * SECONDS), RATE, TAU0, TAU1)
    assert np.mean(np.array(most) > alpha) < 0.02
    # Within a factor: neighbouring samples are alike, so there are fewer chances than samples.
    assert np.median(most) > alpha / 2


def test_it_grows_with_the_noise_and_is_never_below_the_published_one():
    alphas = [noise_aware_alpha(each, 240, 4.0, TAU0, TAU1, 0.1) for each in (0.0, 0.1, 0.2)]
    assert alphas[0] == PUBLISHED_ALPHA
    assert alphas[2] == pytest.approx(2 * alphas[1])


def share_of_noise(factor: float, rate: float = RATE, count: int = 200) -> float:
    """Variance of the phasic part that white noise is given, in its own: 95 % have less."""
    # Without the second criterion: this is about the first one.
    parameters = replace(USUAL, noise_factor=factor, most_phasic=1e9)
    found = [decompose(white(seed, rate), rate, parameters).phasic.var() for seed in range(count)]
    return float(np.quantile(found, 0.95))


def test_the_factor_is_the_smallest_that_keeps_noise_out_of_the_phasic_part():
    assert share_of_noise(NOISE_FACTOR) <= 0.25 < share_of_noise(NOISE_FACTOR - 0.025)


def test_the_published_penalty_makes_a_phasic_part_of_noise():
    phasic = decompose(white(0), RATE, PUBLISHED).phasic
    assert phasic.var() > 100


def test_true_phasic_parts_do_not_vary_as_much_as_those_that_cancel():
    rng = np.random.default_rng(0)
    listeners = physiology.draw_listeners(400, rng)
    signals = physiology.record(rng.standard_normal((400, 2)), listeners, 30.0, RATE, rng)
    shares = signals.phasic.var(axis=1) / (signals.phasic + signals.tonic).var(axis=1)
    assert shares.max() < MOST_PHASIC


def dipped(depth: float) -> np.ndarray:
    """A recording with responses, and a contact that was lost for a second."""
    y = simulated(RATE, SECONDS, 3)
    y[100:104] -= depth
    return stats.zscore(y)


def test_it_is_raised_where_the_parts_cancel_each_other_and_nowhere_else():
    y = dipped(30.0)
    alpha = noise_aware_alpha(noise_sd(y), y.size, RATE, TAU0, TAU1, NOISE_FACTOR)
    found = decompose(y, RATE)
    assert found.raised > 0
    assert found.alpha == pytest.approx(alpha * STEP**found.raised)
    assert found.phasic.var() <= MOST_PHASIC * y.var()
    # No more often than needed, and each rung is what its alpha alone gives.
    before = decompose(y, RATE, CvxedaParameters(alpha=found.alpha / STEP))
    assert before.phasic.var() > MOST_PHASIC
    assert np.array_equal(
        decompose(y, RATE, CvxedaParameters(alpha=found.alpha)).phasic, found.phasic
    )
    assert found.gap <= 1e-6 * found.objective
    usual = decompose(simulated(RATE, SECONDS, 3), RATE)
    assert usual.raised == 0


def test_without_noise_it_is_the_published_decomposition():
    t = np.arange(0, 60, 1 / 50)
    y = stats.zscore(np.sin(t / 9) + np.exp(-(((t - 20) / 4) ** 2)))
    ours, published = decompose(y, 50.0), decompose(y, 50.0, PUBLISHED)
    assert ours.alpha == published.alpha == PUBLISHED_ALPHA
    assert np.array_equal(ours.phasic, published.phasic)


def wristband() -> list[np.ndarray]:
    signals = list(recordings().values())[::4]
    return [stats.zscore(each) for each in signals if find_problem(each, RATE) is None]


def test_parts_of_real_wrist_recordings_do_not_cancel_each_other():
    signals = wristband()
    found = [decompose(each, RATE) for each in signals]
    assert max(each.phasic.var() for each in found) <= MOST_PHASIC
    assert max(each.tonic.var() for each in found) < 10
    # By the noise alone in nearly all; and responses are left in all but a few.
    assert np.mean([each.raised > 0 for each in found]) < 0.1
    assert np.mean([each.phasic.var() < 0.01 for each in found]) < 0.05
    published = [decompose(each, RATE, PUBLISHED).phasic.var() for each in signals[:40]]
    assert np.mean(np.array(published) > 10) > 0.25


@pytest.mark.skipif("RTCAN_REAL_DATA" not in os.environ, reason="real recordings are not there")
def test_real_recordings_of_good_sensors_are_decomposed_as_published():
    folder = Path(os.environ["RTCAN_REAL_DATA"]) / "pmemo_site_sample" / "EDA"
    for file in folder.glob("*.csv"):
        seconds, *traces = np.loadtxt(file, delimiter=",", skiprows=1).T
        grid = np.arange(seconds[0], seconds[-1], 1 / 12)
        for trace in traces:
            y = stats.zscore(np.interp(grid, seconds, trace))
            found, published = decompose(y, 12.0), decompose(y, 12.0, PUBLISHED)
            assert found.raised == 0
            assert np.corrcoef(found.phasic, published.phasic)[0, 1] > 0.99


def test_a_number_is_taken_as_it_is():
    y = dipped(30.0)
    found = decompose(y, RATE, PUBLISHED)
    assert (found.alpha, found.raised) == (PUBLISHED_ALPHA, 0)
    assert found.phasic.var() > MOST_PHASIC

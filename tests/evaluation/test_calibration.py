from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.calibration import calibration_curve

from rtcan_cli.evaluation.calibration import (
    calibrated_error,
    expected_calibration_error,
    reliability,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


@pytest.mark.parametrize("n", [200, 1003])
def test_bins_are_the_quantile_bins_of_scikit_learn(n):
    rng = np.random.default_rng(n)
    probability = rng.beta(2, 3, n)
    label = (rng.random(n) < probability).astype(int)
    bins = reliability(label, probability, n_draws=10)
    high, mean = calibration_curve(label, probability, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(bins["high"], high)
    np.testing.assert_allclose(bins["probability"], mean)
    assert bins["n"].sum() == n
    assert np.ptp(bins["n"]) <= 1
    assert expected_calibration_error(label, probability) == pytest.approx(
        np.sum(bins["n"] * np.abs(high - mean)) / n
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.5001, 1.0, np.nan])),
        max_size=120,
    )
)
def test_every_tested_trial_is_in_one_bin_with_its_equals(rows):
    label, probability = np.array(rows, dtype=float).reshape(-1, 2).T
    kept = ~np.isnan(probability)
    bins = reliability(label, probability, n_draws=5)
    assert bins["n"].sum() == kept.sum()
    assert (bins["n"] > 0).all()
    assert len(bins) <= max(1, kept.sum() // 20)
    assert bins["probability"].is_monotonic_increasing
    assert np.sum(bins["n"] * bins["high"]) == pytest.approx(label[kept].sum())
    assert np.sum(bins["n"] * bins["probability"]) == pytest.approx(probability[kept].sum())
    error = expected_calibration_error(label, probability)
    if not kept.any():
        assert np.isnan([error, calibrated_error(probability)]).all()
        return
    # At least the distance of the overall means, at most that of every single trial.
    assert abs(label[kept].mean() - probability[kept].mean()) <= error + 1e-12
    assert error <= np.abs(label[kept] - probability[kept]).mean() + 1e-12


def test_a_calibrated_network_is_in_the_band_and_another_is_not():
    rng = np.random.default_rng(1)
    probability = rng.uniform(0.1, 0.9, 4000)
    label = rng.random(4000) < probability
    boastful = np.where(probability > 0.5, 0.97, 0.03)
    right = expected_calibration_error(label, probability)
    assert right < 1.6 * calibrated_error(probability)
    assert expected_calibration_error(label, boastful) > 10 * calibrated_error(boastful)
    bins = reliability(label, probability)
    inside = bins["high"].between(bins["calibrated_low"], bins["calibrated_high"])
    assert inside.sum() >= 8


def test_what_a_calibrated_network_would_show_in_one_bin_is_binomial():
    n, p = 30, 0.3
    k = np.arange(n + 1)
    expected = np.sum(binom.pmf(k, n, p) * np.abs(k / n - p))
    assert calibrated_error(np.full(n, p), n_draws=20000) == pytest.approx(expected, rel=0.02)
    (row,) = reliability(np.zeros(n), np.full(n, p), n_draws=20000).itertuples()
    bounds = binom.ppf((0.025, 0.975), n, p) / n
    assert (row.calibrated_low, row.calibrated_high) == pytest.approx(tuple(bounds))

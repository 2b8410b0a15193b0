from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from rtcan_cli.explain.average import density, over_subjects


def test_density_has_the_mean_1_and_an_empty_map_is_left_out():
    maps = np.random.default_rng(0).normal(size=(4, 3, 50))
    maps[2] = 0
    share = density(maps)
    np.testing.assert_allclose(share.sum(axis=1).mean(axis=1), [1, 1, np.nan, 1], rtol=1e-5)
    np.testing.assert_allclose(
        share[0] / np.abs(maps[0]), share[0, 0, 0] / abs(maps[0, 0, 0]), 1e-5
    )


def test_mean_and_interval_are_those_of_the_subjects_means():
    rng = np.random.default_rng(1)
    subject = np.array(list("aaabbccccd"))
    values = rng.normal(size=(10, 3))
    values[3:5, 1] = np.nan  # subject b has nothing there
    curve = over_subjects(values, subject)
    means = pd.DataFrame(values).groupby(subject).mean()
    np.testing.assert_allclose(curve.mean, means.mean())
    for k in range(3):
        interval = ttest_1samp(means[k].dropna(), 0).confidence_interval()
        np.testing.assert_allclose((curve.low[k], curve.high[k]), interval)
    assert (curve.n_subjects, curve.n_trials) == (4, 10)


def test_one_subject_has_no_interval():
    curve = over_subjects([[1.0, 2.0], [3.0, np.nan]], ["a", "a"])
    np.testing.assert_array_equal(curve.mean, [2, 2])
    assert np.isnan([curve.low, curve.high]).all()

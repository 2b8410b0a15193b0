from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import curve_fit

from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.evaluation.scaling import FORMS, fit, scaling

POWER, LOG = FORMS


def trials(subjects: range, accuracy: float, seed: int = 0, n: int = 20) -> pd.DataFrame:
    """Trials of some subjects, answered right as often as is said."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, len(subjects) * n)
    right = rng.random(len(label)) < accuracy
    return pd.DataFrame(
        {
            "subject": np.repeat([f"S{k:04d}" for k in subjects], n),
            "stimulus": np.tile([f"m{k}" for k in range(n)], len(subjects)),
            "label": label,
            "fold": 1,
            "probability": np.where(right == (label == 1), 0.9, 0.1),
        }
    )


@pytest.mark.parametrize("law", [(0.8, 0.9, 0.5), (0.62, -0.8, 0.7), (0.7, 2.0, 1.5)])
def test_points_on_a_power_law_are_continued_along_it(law):
    a, b, c = law
    n, far = np.array([20, 60, 140, 300, 457]), np.array([100.0, 914.0])
    found = fit(n, a - b * n**-c, POWER, at=far)
    assert found == pytest.approx(a - b * far**-c, abs=1e-4)


def test_the_fit_is_that_of_scipy_with_points_weighted_by_subjects():
    n = np.array([46, 128, 319, 457.0])
    paper = np.array([0.7212, 0.6624, 0.6582, 0.6452])  # RTCAG, valence, Table 3

    def law(n, a, b, c):
        return a - b * n**-c

    expected, _ = curve_fit(law, n, paper, p0=(0.6, -1, 0.5), sigma=n**-0.5, maxfev=20000)
    found = fit(n, paper, POWER, at=np.array([457.0, 914.0]))
    assert found == pytest.approx(law(np.array([457.0, 914.0]), *expected), abs=1e-5)


def test_a_straight_line_is_that_of_least_squares():
    n, score = np.array([10, 40, 160]), np.array([0.55, 0.62, 0.66])
    slope, start = np.polyfit(np.log2(n), score, 1, w=np.sqrt(n))
    assert fit(n, score, LOG, at=np.array([320.0])) == pytest.approx([start + slope * np.log2(320)])


def test_scores_are_never_above_one():
    n = np.array([10, 20, 40])
    assert fit(n, np.array([0.7, 0.85, 0.99]), LOG, at=np.array([640.0])) == [1.0]


@pytest.mark.parametrize(("n_sets", "form"), [(1, None), (2, None), (3, LOG), (4, POWER)])
def test_the_law_has_no_more_parameters_than_the_points_bear(n_sets, form):
    sets = [trials(range(n), 0.7) for n in (8, 16, 32, 64)[:n_sets]]
    found = scaling(sets, n_resamples=20)
    assert found.form == form
    assert len(found.points) == n_sets
    assert len(found.curve) == 0 if form is None else len(found.curve) > 10
    assert np.isnan(found.gain).all() == (form is None)


def test_sets_of_one_size_are_one_point_of_a_law():
    assert scaling([trials(range(8), 0.7, k) for k in range(4)], n_resamples=20).form is None


def test_points_and_their_intervals_are_those_of_the_bootstrap():
    sets = [trials(range(200, 260), 0.6), trials(range(30), 0.8)]
    found = scaling(sets, n_resamples=2000).points
    assert found["n"].tolist() == [30, 60]  # the smallest first
    for each, row in zip(reversed(sets), found.itertuples(), strict=True):
        expected = intervals(each).loc["accuracy"]
        assert row.score == pytest.approx(expected["estimate"])
        assert (row.low, row.high) == pytest.approx((expected["low"], expected["high"]), abs=0.01)


def test_the_gain_of_twice_the_subjects_covers_the_truth():
    def truth(n):
        return 0.8 - 0.9 * n**-0.5

    inside = []
    for seed in range(16):
        # Each larger set holds the smaller one.
        sets = [trials(range(n), truth(n), 100 * seed + n) for n in (20, 60, 150, 300)]
        found = scaling(sets, n_resamples=60, seed=seed)
        gain, low, high = found.gain
        assert low <= gain <= high
        inside.append(low <= truth(600) - truth(300) <= high)
        assert found.curve["n"].iloc[-1] == pytest.approx(600)
    assert np.mean(inside) >= 0.8


def test_a_law_is_drawn_from_the_smallest_set_to_twice_the_largest():
    sets = [trials(range(n), 0.7) for n in (10, 20, 40)]
    found = scaling(sets, n_resamples=50)
    assert found.curve["n"].iloc[[0, -1]].tolist() == pytest.approx([10, 80])
    assert found.curve["n"].is_monotonic_increasing
    assert (found.curve["low"] <= found.curve["high"]).all()
    again = scaling(sets, n_resamples=50)
    pd.testing.assert_frame_equal(found.curve, again.curve)

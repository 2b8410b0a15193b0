from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.reliability import reliability

BINS = pd.DataFrame(
    {
        "n": [40, 40, 41],
        "probability": [0.2, 0.45, 0.8],
        "high": [0.3, 0.5, 0.7],
        "calibrated_low": [0.1, 0.3, 0.7],
        "calibrated_high": [0.3, 0.6, 0.9],
    }
)
SCORES = {"ece": 0.0834, "calibrated_ece": 0.0412, "brier": 0.2231}


def answers(n: int = 121):
    rng = np.random.default_rng(n)
    probability = rng.random(n)
    return (rng.random(n) < probability).astype(int), probability


@pytest.mark.parametrize(("bins", "simulated"), [(BINS, True), (BINS[:1], False)])
def test_says_what_it_shows(read, bins, simulated):
    text = read(reliability(bins, *answers(), **SCORES, title="a run", simulated=simulated))
    assert {"a run", "ECE 0.083 (calibrated: 0.041), Brier score 0.223"} <= set(text)
    assert {"a bin of trials", "95 % if calibrated", "calibrated", "low", "high"} <= set(text)
    assert {"predicted probability of high", "share of trials that are high"} <= set(text)
    assert ("simulated data" in text) == simulated


def test_points_and_bars_stand_where_the_table_says():
    diagram, _ = reliability(BINS, *answers(), **SCORES, title="a run").axes
    points = next(line for line in diagram.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_xdata(), BINS["probability"])
    np.testing.assert_array_equal(points.get_ydata(), BINS["high"])
    bars = np.array(diagram.collections[0].get_segments())
    np.testing.assert_array_equal(bars[:, 0, 1], BINS["calibrated_low"])
    np.testing.assert_array_equal(bars[:, 1, 1], BINS["calibrated_high"])


def test_columns_count_the_tested_trials_of_each_class():
    label, probability = answers()
    label, probability = np.append(label, [1, 0]), np.append(probability, [np.nan, 1.0])
    _, histogram = reliability(BINS, label, probability, **SCORES, title="a run").axes
    low, high = histogram.containers
    assert sum(bar.get_height() for bar in low) == np.sum(label == 0)
    assert sum(bar.get_height() for bar in high) == np.sum(label == 1) - 1
    for below, above in zip(low, high, strict=True):
        assert above.get_y() == below.get_height()
    assert low[-1].get_height() == np.sum((label == 0) & (probability >= 0.95))

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats

from rtcan_cli.eda.highpass import split_by_frequency, split_by_median
from rtcan_cli.errors import RtcanError
from tests.eda.recordings import simulated


@pytest.mark.parametrize("split", [split_by_frequency, split_by_median])
def test_parts_add_up(split):
    y = simulated(20.0, 60, 1) + 3
    parts = split(y, 20.0)
    np.testing.assert_allclose(parts.phasic + parts.tonic + parts.residual, y, atol=1e-12)
    assert not parts.driver.any()


@pytest.mark.parametrize("rate", [4.0, 128.0])
@pytest.mark.parametrize("frequency", [0.01, 0.05, 0.4])
def test_filters_pass_what_their_transfer_function_says(rate, frequency):
    t = np.arange(int(600 * rate)) / rate
    y = 5 + np.sin(2 * np.pi * frequency * t)
    parts = split_by_frequency(y, rate)
    middle = slice(t.size // 3, 2 * t.size // 3)
    # Forwards and backwards: the squared magnitude of an analogue Butterworth filter.
    power = (frequency / 0.05) ** 4
    tone = np.sin(2 * np.pi * frequency * t[middle])
    np.testing.assert_allclose(parts.phasic[middle], power / (1 + power) * tone, atol=0.02)
    np.testing.assert_allclose(parts.tonic[middle], 5 + tone / (1 + power), atol=0.02)


def test_median_agrees_with_scipy_inside():
    y = simulated(25.0, 60, 2)
    parts = split_by_median(y, 25.0)
    np.testing.assert_allclose(parts.tonic[60:-60], signal.medfilt(y, 101)[60:-60])
    constant = split_by_median(np.r_[np.full(300, 7.0), 7.5], 25.0)
    np.testing.assert_allclose(constant.tonic[:200], 7.0)


@pytest.mark.parametrize(
    ("split", "method"), [(split_by_frequency, "highpass"), (split_by_median, "smoothmedian")]
)
def test_agrees_with_neurokit(split, method):
    neurokit2 = pytest.importorskip("neurokit2")
    y = simulated(50.0, 120, 3)
    theirs = neurokit2.eda_phasic(y, sampling_rate=50, method=method)
    ours = split(y, 50.0)
    inside = slice(500, -500)
    np.testing.assert_allclose(ours.phasic[inside], theirs["EDA_Phasic"][inside], atol=1e-9)
    np.testing.assert_allclose(ours.tonic[inside], theirs["EDA_Tonic"][inside], atol=1e-9)


def test_refuses_what_cannot_be_split():
    y = stats.zscore(simulated(20.0, 30, 1))
    with pytest.raises(RtcanError, match="20 Hz at 11 Hz"):
        split_by_frequency(y, 20.0, cutoff=11)
    with pytest.raises(RtcanError, match="40 s does not fit"):
        split_by_median(y, 20.0, seconds=40)
    with pytest.raises(RtcanError, match="flat"):
        split_by_frequency(np.ones(600), 20.0)

"""Responses of known time, size and shape are found and measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import brentq

from rtcan_cli.eda.features.scr import MIN_AMPLITUDE, MIN_BURST, find_responses, scr_features
from rtcan_cli.eda.features.stretch import RATE, Stretch

SLOW, FAST = 2.0, 0.7


def bateman(t: np.ndarray | float) -> np.ndarray:
    """Impulse response of the sweat glands, 0 before time 0."""
    t = np.maximum(t, 0.0)
    return np.asarray(np.exp(-t / SLOW) - np.exp(-t / FAST))


PEAK_TIME = np.log(SLOW / FAST) / (1 / FAST - 1 / SLOW)
PEAK = float(bateman(PEAK_TIME))
HALF_TIME = brentq(lambda t: float(bateman(t)) - PEAK / 2, PEAK_TIME, 20.0)
FOOT_TIME = brentq(lambda t: float(bateman(t)) - PEAK / 20, 0.0, PEAK_TIME)


def stretch(
    times: Sequence[float], areas: Sequence[float], seconds: float = 60.0, spread: float = 1.0
) -> Stretch:
    """Responses to impulses of the driver at these times, with these areas."""
    t = np.arange(int(seconds * RATE)) / RATE
    phasic, driver = np.zeros_like(t), np.zeros_like(t)
    for time, area in zip(times, areas, strict=True):
        phasic += area * bateman(t - time)
        driver[np.abs(t - time) <= 0.5] += area
    return Stretch(phasic, phasic, np.zeros_like(t), driver, level=0.0, spread=spread)


def test_separate_responses_have_the_values_of_their_closed_form() -> None:
    times, areas = (10.0, 25.0, 45.0), np.array([3.0, 1.0, 2.0])
    features = scr_features(stretch(times, areas, spread=0.2))
    peaks = PEAK * areas
    near = 1.01 / RATE
    assert features["scr_count"] == 3
    assert features["scr_rate"] == pytest.approx(3.0)
    for name, value in (
        ("mean", peaks.mean()),
        ("std", peaks.std()),
        ("median", np.median(peaks)),
        ("max", peaks.max()),
        ("sum", peaks.sum()),
    ):
        assert features[f"scr_amplitude_{name}"] == pytest.approx(value, rel=0.01)
    assert features["scr_amplitude_raw_mean"] == pytest.approx(0.2 * peaks.mean(), rel=0.01)
    assert features["scr_amplitude_raw_sum"] == pytest.approx(0.2 * peaks.sum(), rel=0.01)
    for name in ("mean", "max"):
        rise, recovery = features[f"scr_rise_time_{name}"], features[f"scr_recovery_time_{name}"]
        assert rise == pytest.approx(PEAK_TIME - FOOT_TIME, abs=near)
        assert recovery == pytest.approx(HALF_TIME - PEAK_TIME, abs=near)
    # The Bateman response has the area of its slow less that of its fast exponential.
    assert features["scr_area_sum"] == pytest.approx((SLOW - FAST) * areas.sum(), rel=0.01)
    assert features["scr_area_max"] == pytest.approx((SLOW - FAST) * 3, rel=0.01)
    slope = PEAK / (PEAK_TIME - FOOT_TIME)
    assert features["scr_rise_slope_max"] == pytest.approx(3 * slope, rel=0.15)
    assert features["scr_interval_mean"] == pytest.approx(17.5)
    assert features["scr_interval_std"] == pytest.approx(2.5)
    assert features["scr_first"] == pytest.approx(10.0, abs=near)
    assert features["scr_late"] == pytest.approx(2 / 6, rel=0.01)
    assert features["scr_active"] == pytest.approx(3 * (HALF_TIME - FOOT_TIME) / 60, abs=0.008)
    assert features["driver_burst_rate"] == pytest.approx(3.0)
    assert features["driver_max"] == 3.0


def test_a_response_on_the_tail_of_another_counts_from_where_it_leaves_it() -> None:
    pair = stretch((10.0, 15.0), (2.0, 1.0))
    found = find_responses(pair.phasic)
    assert found.peak.size == 2
    foot = pair.phasic[int(15 * RATE)]
    assert found.amplitude[1] == pytest.approx(pair.phasic[found.peak[1]] - foot, rel=0.02)
    assert found.recovery[0] > 0
    assert found.end[0] == found.onset[1] == pytest.approx(15 * RATE, abs=1)


def test_a_response_that_does_not_recover_has_no_recovery_time() -> None:
    features = scr_features(stretch((57.5,), (2.0,)))
    assert features["scr_count"] == 1
    assert features["scr_recovery_time_mean"] == 0
    assert features["scr_active"] == pytest.approx(2.5 / 60, abs=0.005)


def test_a_quiet_baseline_before_a_response_is_not_its_rise() -> None:
    features = scr_features(stretch((40.0,), (1.0,)))
    assert features["scr_rise_time_max"] < 1.3
    assert features["scr_first"] == pytest.approx(40.0, abs=0.2)


@pytest.mark.parametrize(("area", "count"), [(0.95, 0), (1.05, 1)])
def test_the_smallest_response_and_its_burst_of_the_driver(area: float, count: int) -> None:
    scaled = area * MIN_AMPLITUDE / PEAK
    features = scr_features(stretch((20.0,), (scaled,)))
    assert features["scr_count"] == count
    assert features["driver_burst_rate"] == count
    assert abs(MIN_BURST * PEAK - MIN_AMPLITUDE) < 1e-4


def test_bursts_at_the_ends_of_the_stretch_count() -> None:
    begun = stretch((0.0, 30.0, 60.0), (1.0, 1.0, 1.0))
    assert scr_features(begun)["driver_burst_rate"] == 3


@pytest.mark.parametrize("level", [0.0, -3.0])
def test_without_responses_all_is_zero_but_the_two_that_say_so(level: float) -> None:
    flat = np.full(240, level)
    features = scr_features(Stretch(flat, flat, flat, np.zeros(240), level=1.0, spread=2.0))
    assert features.pop("scr_first") == 30.0
    assert features.pop("scr_late") == 0.5
    assert set(features.values()) == {0.0}


def test_a_rise_that_is_still_going_on_at_the_end_is_none() -> None:
    assert scr_features(stretch((59.0,), (5.0,)))["scr_count"] == 0


def test_responses_do_not_overlap_in_a_random_signal() -> None:
    walk = np.cumsum(np.random.default_rng(1).normal(0, 0.1, 4000))
    found = find_responses(walk)
    assert found.peak.size > 20
    assert (found.onset < found.peak).all()
    assert (found.peak[:-1] <= found.onset[1:]).all()
    assert (found.amplitude >= MIN_AMPLITUDE).all()
    for onset, peak, amplitude in zip(found.onset, found.peak, found.amplitude, strict=True):
        assert walk[peak] == walk[onset : peak + 1].max()
        assert walk[peak] - walk[onset] >= 0.95 * amplitude - 1e-12

"""Any sampling rate gives the same signal; nothing moves in time, nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.eda.features.stretch import RATE, cut
from rtcan_cli.errors import RtcanError

RATES = (2.0, 4.0, 8.0, 16.0, 49.97, 50.0, 128.0, 1000.0)


def signals(rate: float = 50.0, seconds: float = 20.0) -> list[np.ndarray]:
    t = np.arange(int(seconds * rate)) / rate
    phasic = np.sin(2 * np.pi * 0.2 * t)
    tonic = 0.1 * t
    return [3 + 0.5 * (phasic + tonic), phasic, tonic, np.zeros_like(t)]


def test_the_onset_is_dropped_after_z_scoring_the_whole() -> None:
    whole, rest = cut(*signals(), 50.0, 0.0), cut(*signals(), 50.0, 3.0)
    assert whole.seconds - rest.seconds == pytest.approx(3.0)
    for name in ("eda", "phasic", "tonic", "driver"):
        np.testing.assert_array_equal(getattr(whole, name)[24:], getattr(rest, name))
    assert (rest.level, rest.spread) == (whole.level, whole.spread)
    original = signals()[0]
    expected = whole.level + whole.spread * whole.eda
    np.testing.assert_allclose(expected[::8], original[::50], atol=0.01)


@pytest.mark.parametrize("rate", RATES)
def test_an_impulse_of_the_driver_keeps_its_area_whatever_the_rate(rate: float) -> None:
    original, phasic, tonic, driver = signals(rate)
    place = int(10 * rate)
    driver[place] = 2.5 * rate  # area 2.5 z
    stretch = cut(original, phasic, tonic, driver, rate, 0.0)
    assert stretch.driver.sum() / RATE == pytest.approx(2.5, rel=0.13)
    assert stretch.driver.max() == pytest.approx(2.5)
    centre = (stretch.driver @ np.arange(stretch.driver.size)) / stretch.driver.sum() / RATE
    assert centre == pytest.approx(place / rate, abs=1 / RATE)


def test_a_steady_driver_stays_steady_up_to_the_ends() -> None:
    original, phasic, tonic, driver = signals()
    stretch = cut(original, phasic, tonic, driver + 0.7, 50.0, 0.0)
    np.testing.assert_allclose(stretch.driver, 0.7)


def test_numerical_noise_in_a_component_counts_as_constant() -> None:
    original, phasic, tonic, driver = signals()
    noise = 1e-9 * np.random.default_rng(0).normal(size=phasic.size)
    stretch = cut(original, noise, tonic, driver, 50.0, 0.0)
    assert np.ptp(stretch.phasic) < 1e-18


def test_two_seconds_must_be_left() -> None:
    assert cut(*signals(seconds=6), 50.0, 3.9).seconds == pytest.approx(2.0, abs=1 / RATE)
    with pytest.raises(RtcanError, match=r"only 1\.0 s of a recording are left.*first 5 s"):
        cut(*signals(seconds=6), 50.0, 5.0)
    with pytest.raises(RtcanError, match=r"only 0\.0 s"):
        cut(*signals(seconds=6), 50.0, 50.0)


@pytest.mark.parametrize("onset", [-1.0, np.nan, np.inf])
def test_an_onset_that_makes_no_sense_is_refused(onset: float) -> None:
    with pytest.raises(RtcanError, match="cannot be dropped"):
        cut(*signals(), 50.0, onset)


@pytest.mark.parametrize("rate", [0.0, -4.0, np.nan])
def test_a_rate_that_makes_no_sense_is_refused(rate: float) -> None:
    with pytest.raises(RtcanError, match="not a sampling rate"):
        cut(*signals(), rate, 0.0)


def test_components_of_another_recording_are_refused() -> None:
    original, phasic, tonic, driver = signals()
    with pytest.raises(RtcanError, match="1000 samples of EDA, 999 of phasic"):
        cut(original, phasic[1:], tonic, driver, 50.0, 0.0)


@pytest.mark.parametrize("which", range(4))
def test_missing_samples_are_refused(which: int) -> None:
    damaged = signals()
    damaged[which][7] = np.nan
    with pytest.raises(RtcanError, match="missing samples"):
        cut(*damaged, 50.0, 0.0)


def test_a_constant_recording_is_refused() -> None:
    _, phasic, tonic, driver = signals()
    with pytest.raises(RtcanError, match="constant"):
        cut(np.full_like(phasic, 4.0), phasic, tonic, driver, 50.0, 0.0)

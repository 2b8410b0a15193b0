from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.preprocess import network_input
from rtcan_cli.eda.window import Window, seen_samples
from rtcan_cli.errors import RtcanError

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("text", ["first:30", "last:2.5", "middle:30", "10:40", "first:shortest"])
def test_a_window_is_written_as_it_is_read(text: str) -> None:
    assert str(Window.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "30", "first", "first:", "first:1.9", "second:30", "40:10", "10:11", "-5:30"]
)
def test_what_is_no_window_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a window, such as|window of at least 2 s"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("text", "first"), [("first:10", 3), ("last:10", 20), ("middle:10", 11.5), ("5:15", 5)]
)
@pytest.mark.parametrize("rate", [4.0, 50.0])
def test_where_a_window_lies_after_the_onset(text: str, first: float, rate: float) -> None:
    seen = seen_samples(int(30 * rate), rate, 3.0, Window.parse(text))
    assert len(seen) == 10 * rate
    assert seen.start == pytest.approx(first * rate, abs=0.5)


def test_a_recording_may_be_as_long_as_the_window_and_no_shorter() -> None:
    window = Window.parse("middle:10")
    assert seen_samples(52, 4.0, 3.0, window) == range(12, 52)
    with pytest.raises(RtcanError, match="too short for the window middle:10"):
        seen_samples(51, 4.0, 3.0, window)
    assert seen_samples(52, 4.0, 3.0, None) == range(12, 52)


def test_the_shortest_recording_fills_its_window() -> None:
    rate, n = 3.9, 100
    window = Window.parse("last:shortest").of((n - round(3 * rate)) / rate)
    assert seen_samples(n, rate, 3.0, window) == range(12, 100)
    assert Window.parse(str(window)) == window


def test_a_window_before_the_onset_names_both_ways_out() -> None:
    with pytest.raises(RtcanError, match="begins before the onset of 3 s") as caught:
        seen_samples(400, 4.0, 3.0, Window.parse("1:20"))
    assert caught.value.hint == "--onset 1, or a window that begins at 3 or later"


def test_a_network_sees_the_window_in_its_own_units() -> None:
    signals = RNG.standard_normal((3, 400)).cumsum(axis=1)
    found = network_input(*signals, 4.0, 3.0, 160, Window.parse("20:60"))
    np.testing.assert_allclose(found, stats.zscore(signals[:, 80:240], axis=1), atol=1e-5)


def test_what_lies_outside_a_window_makes_no_difference() -> None:
    """Else a model could tell from it how long the recording was."""
    signals = RNG.standard_normal((3, 800)).cumsum(axis=1)
    window = Window.parse("first:30")
    short, long = (network_input(*signals[:, :n], 8.0, 3.0, 99, window) for n in (264, 800))
    np.testing.assert_array_equal(short, long)


def test_features_describe_the_window_in_its_own_units() -> None:
    original, phasic = RNG.standard_normal((2, 800)).cumsum(axis=1)
    driver = np.zeros(800)  # averaged over a second, it sees a little beyond the window
    driver[60:240:20] = RNG.random(9)
    window, found = Window.parse("first:30"), []
    for n in (264, 800):
        scaled = (original[:n] - original[:n].mean()) / (whole := original[:n].std())
        parts = phasic[:n] / whole, scaled - phasic[:n] / whole, driver[:n] / whole
        found.append(eda_features(original[:n], *parts, 8.0, 3.0, window))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-6)


def test_a_recording_that_is_still_in_the_window_is_refused() -> None:
    original = np.concatenate([RNG.standard_normal(100), np.ones(300)])
    moving = RNG.standard_normal(400)
    with pytest.raises(RtcanError, match="constant in the window last:30"):
        network_input(original, moving, moving, 8.0, 0.0, 64, Window.parse("last:30"))
    with pytest.raises(RtcanError, match="constant in the window last:30"):
        eda_features(original, moving, moving, moving, 8.0, 0.0, Window.parse("last:30"))

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import make_interp_spline

from rtcan_cli.eda.stretches import CLIP_RUN, FLAT_RUN, find_stuck, repair

NAN = np.nan

# Whole numbers, so that adding and scaling is exact; few, so that runs are common.
LEVELS = st.sampled_from([-3.0, -1.0, 0.0, 0.0, 2.0, 5.0])
GAPS = st.sampled_from([NAN, NAN, np.inf, -np.inf])
SIGNALS = arrays(np.float64, st.integers(0, 60), elements=st.one_of(LEVELS, GAPS))
GAP_LENGTHS = st.integers(0, 12)


def gaps(eda):
    """Start and length of each run of missing samples, counted one by one."""
    place = 0
    for missing, group in itertools.groupby(~np.isfinite(np.asarray(eda, float))):
        length = len(list(group))
        if missing:
            yield place, length
        place += length


def test_a_line_inside_and_the_nearest_value_at_the_ends():
    eda = [NAN, np.inf, 1.0, NAN, NAN, NAN, 3.0, 7.0, NAN, NAN]
    mended, repaired = repair(eda, sampling_rate=10, max_gap=0.3)
    assert mended.tolist() == [1, 1, 1, 1.5, 2, 2.5, 3, 7, 7, 7]
    assert repaired.tolist() == [True, True, False, True, True, True, False, False, True, True]


def test_longer_gaps_stay():
    eda = [0.0, NAN, 4.0, -np.inf, NAN, 6.0]
    mended, repaired = repair(eda, sampling_rate=4, max_gap=0.25)
    np.testing.assert_array_equal(mended, [0, 2, 4, NAN, NAN, 6])
    assert repaired.tolist() == [False, True, False, False, False, False]


def test_the_raw_signal_is_left_alone():
    eda = np.array([1.0, NAN, 3.0])
    repair(eda, 1, 5)
    assert np.isnan(eda[1])


@pytest.mark.parametrize("rate", [49.999, 50, 128, 0.1 + 0.2, 1 / 0.0866])
@pytest.mark.parametrize("length", [1, 7, 14, 50])
def test_a_gap_just_as_long_as_allowed_is_filled(rate, length):
    eda = np.concatenate([[1.0], np.full(length, NAN), [2.0]])
    assert repair(eda, rate, length / rate)[1].sum() == length
    assert repair(eda, rate, (length - 0.5) / rate)[1].sum() == 0


def test_a_rate_from_time_stamps_may_be_off_a_little():
    eda = np.concatenate([[1.0], np.full(50, NAN), [2.0]])
    assert repair(eda, 49.99998, max_gap=1)[1].sum() == 50
    assert repair(eda, 49.9, max_gap=1)[1].sum() == 0


@pytest.mark.parametrize("eda", [[], [NAN, np.inf], [1.0, NAN]])
@pytest.mark.parametrize("rate", [10, 0, -10, NAN, np.inf])
def test_nothing_to_go_on(eda, rate):
    mended, repaired = repair(eda, rate, max_gap=1)
    possible = rate == 10 and len(eda) and np.isfinite(eda[0])
    assert repaired.sum() == (1 if possible else 0)
    assert len(mended) == len(repaired) == len(eda)


@given(SIGNALS, GAP_LENGTHS)
def test_repair_fills_short_gaps_and_nothing_else(eda, longest):
    mended, repaired = repair(eda, 8, longest / 8)
    known = np.isfinite(eda)
    np.testing.assert_array_equal(mended[known], eda[known])
    short = np.zeros(len(eda), bool)
    if known.any():
        for start, length in gaps(eda):
            short[start : start + length] = length <= longest
    np.testing.assert_array_equal(repaired, short)
    np.testing.assert_array_equal(np.isfinite(mended), known | short)
    assert not np.isinf(mended).any()
    if known.sum() > 1:
        line = make_interp_spline(np.flatnonzero(known), eda[known], k=1)
        inside = np.flatnonzero(short)
        inside = inside[(inside > np.flatnonzero(known)[0]) & (inside < np.flatnonzero(known)[-1])]
        np.testing.assert_allclose(mended[inside], line(inside), atol=1e-12)


@given(SIGNALS, GAP_LENGTHS)
def test_repairing_twice_changes_nothing(eda, longest):
    once, _ = repair(eda, 8, longest / 8)
    twice, repaired = repair(once, 8, longest / 8)
    np.testing.assert_array_equal(twice, once)
    assert not repaired.any()


RATE = 8.0
CALM = 1 + 0.01 * np.random.default_rng(0).standard_normal(800)


def held(seconds, value=1.5, start=100):
    eda = CALM.copy()
    eda[start : start + round(seconds * RATE)] = value
    return eda


@pytest.mark.parametrize(("seconds", "found"), [(FLAT_RUN - 0.125, 0), (FLAT_RUN, 160), (60, 480)])
def test_flat_are_runs_from_the_limit_on(seconds, found):
    # In between the highest and the lowest value, so that nothing is clipped.
    stuck = find_stuck(np.concatenate([[-9.0, 9.0], held(seconds)]), RATE)
    assert stuck.flat.sum() == found
    assert not stuck.clipped.any()
    assert stuck.flat[102 : 102 + found].all()


def test_half_of_a_short_recording_is_flat():
    eda = np.concatenate([[-9.0, 9.0], CALM[:40], np.full(42, 1.0)])  # 10.5 s
    assert find_stuck(eda, RATE).flat.sum() == 42
    assert find_stuck(eda[:-1], RATE).flat.sum() == 0


@pytest.mark.parametrize("value", [1.5, 0.2])
@pytest.mark.parametrize(("seconds", "found"), [(CLIP_RUN - 0.125, 0), (CLIP_RUN, 16), (9, 72)])
def test_clipped_are_runs_at_either_end_of_the_range(value, seconds, found):
    stuck = find_stuck(held(seconds, value), RATE)
    assert stuck.clipped.sum() == found
    assert stuck.clipped[100 : 100 + found].all()
    assert not stuck.flat.any()


def test_few_samples_are_no_clipped_run():
    eda = np.random.default_rng(1).standard_normal(60)
    for n_samples, found in ((2, 0), (8, 0), (9, 9)):  # the next value has one sample
        eda[20 : 20 + n_samples] = 9.0
        assert find_stuck(eda, 1).clipped.sum() == found


def test_a_gap_does_not_hide_a_dead_sensor():
    eda = np.concatenate([CALM, np.full(170, 1.0), CALM])
    eda[850:852] = NAN
    mended, repaired = repair(eda, RATE, 1)
    for stuck in (find_stuck(eda, RATE), find_stuck(mended, RATE, repaired)):
        assert stuck.flat.sum() == 168
        assert not stuck.flat[850:852].any()


@pytest.mark.parametrize(
    "eda", [np.full(30, 2.5), np.zeros(30), 0.1 * np.arange(1, 31) / np.arange(1, 31)]
)
def test_a_recording_that_never_changes_is_flat_and_not_clipped(eda):
    stuck = find_stuck(eda, 50)
    assert stuck.flat.all()
    assert not stuck.clipped.any()


@pytest.mark.parametrize("step", [0.00128, 0.01, 0.05, 0.1])
@pytest.mark.parametrize("phase", [0, 0.3, 0.5])
def test_slow_turns_of_a_coarse_sensor_are_not_clipped(step, phase):
    # 20 s a turn, amplitude 0.2: with the coarsest steps there are five values in all.
    time = np.arange(0, 60, 1 / RATE)
    eda = step * np.round((0.2 * np.sin(2 * np.pi * time / 20) + phase * step) / step)
    top = eda == eda.max()
    if step >= 0.05:  # long enough at the top to be taken for clipped
        assert max(len(list(g)) for at, g in itertools.groupby(top) if at) > CLIP_RUN * RATE
    stuck = find_stuck(eda, RATE)
    assert not stuck.clipped.any()
    assert not stuck.flat.any()


def test_a_slow_decline_in_steps_is_neither():
    # Each stair lasts 7.5 s, so the first and last one hold a quarter of the samples.
    eda = 0.3 - 0.00128 * (np.arange(480) // 60)
    stuck = find_stuck(eda, RATE)
    assert not stuck.clipped.any()
    assert not stuck.flat.any()


@pytest.mark.parametrize("step", [0.0001, 0.01])
@pytest.mark.parametrize("noise", [0, 0.005])
def test_a_signal_that_left_the_range_is_clipped(step, noise):
    time = np.arange(0, 60, 1 / 50)
    clean = np.sin(2 * np.pi * time / 20) + noise * np.random.default_rng(2).standard_normal(3000)
    cut = step * np.round(np.minimum(clean, 0.8) / step)
    away = clean > 0.8 + 4 * noise
    stuck = find_stuck(cut, 50)
    assert stuck.clipped[away].all()
    assert not stuck.clipped[clean < 0.8 - 4 * noise - step].any()


@given(
    SIGNALS,
    st.sampled_from([0.25, 0.5, 4.0]),
    st.integers(-100, 100),
    st.sampled_from([-4.0, -1.0, 0.5, 3.0]),
)
def test_offset_unit_and_sign_make_no_difference(eda, rate, offset, scale):
    one, other = find_stuck(eda, rate), find_stuck(scale * eda + offset, rate)
    np.testing.assert_array_equal(one.flat, other.flat)
    np.testing.assert_array_equal(one.clipped, other.clipped)
    assert not (one.flat | one.clipped)[~np.isfinite(eda)].any()


@given(SIGNALS, st.sampled_from([0.25, 0.5, 4.0]))
def test_flat_agrees_with_counting(eda, rate):
    expected = np.zeros(len(eda), bool)
    known = np.flatnonzero(np.isfinite(eda))
    place = 0
    for _, group in itertools.groupby(eda[known]):
        length = len(list(group))
        expected[known[place : place + length]] = length / rate >= FLAT_RUN or 2 * length >= len(
            known
        )
        place += length
    np.testing.assert_array_equal(find_stuck(eda, rate).flat, expected)

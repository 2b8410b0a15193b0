from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcan_cli import choices
from rtcan_cli.eda.artefacts import KINDS, Artefacts
from rtcan_cli.eda.preprocess import MIN_SECONDS, find_problem
from rtcan_cli.eda.quality import (
    Quality,
    Rules,
    find_fault,
    inspect,
    measure,
    severity,
    worst_first,
)
from rtcan_cli.eda.stretches import repair
from rtcan_cli.errors import RtcanError

NAN = np.nan
RNG = np.random.default_rng(7)
SOUND = 2 + RNG.standard_normal(2000).cumsum() / 50  # 40 s at 50 Hz
SIGNALS = arrays(
    np.float64,
    st.integers(0, 80),
    elements=st.sampled_from([-3.0, -1.0, 0.0, 0.0, 2.0, 5.0, NAN, NAN, np.inf]),
)


def damaged(**stretches):
    """A sound recording with {name: (start, stop, value)} written over it, in samples."""
    eda = SOUND.copy()
    for start, stop, value in stretches.values():
        eda[start:stop] = value
    return eda


def quality(**changes):
    best = Quality(40.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0, NAN, 0.0)
    return dataclasses.replace(best, **changes)


def test_measures_in_closed_form():
    high = SOUND.max() + 1
    eda = damaged(
        a=(10, 20, NAN), b=(100, 160, np.inf), flat=(200, 1200, 2.0), top=(1300, 1450, high)
    )
    found = measure(eda, 50, jitter=0.25)
    assert found.duration == 40
    assert found.missing == pytest.approx(70 / 2000)
    assert found.longest_gap == pytest.approx(60 / 50)
    assert found.flat == pytest.approx(1000 / 1930)
    assert found.clipped == pytest.approx(150 / 1930)
    assert found.highest == high
    assert found.lowest == np.nanmin(eda)
    assert found.jitter == 0.25
    assert found.repaired == 0


def test_what_was_repaired_counts_as_missing():
    raw = damaged(a=(10, 20, NAN), b=(100, 160, NAN), start=(0, 3, NAN))
    mended, repaired = repair(raw, 50, max_gap=1)
    assert np.isfinite(mended).sum() == 1940
    found = measure(mended, 50, repaired=repaired)
    assert found.repaired == pytest.approx(13 / 2000)
    assert dataclasses.replace(found, repaired=0.0, jitter=0.0) == measure(raw, 50, jitter=0.0)


def test_inspect_does_all_three():
    eda = damaged(short=(10, 20, NAN), long=(100, 260, NAN))
    found = inspect(eda, 50, jitter=0.1)
    mended, repaired = repair(eda, 50, choices.MAX_GAP)
    np.testing.assert_array_equal(found.eda, mended)
    np.testing.assert_array_equal(found.repaired, repaired)
    assert found.quality == measure(mended, 50, 0.1, repaired, Artefacts.none(eda))
    assert found.fault == "a gap of 3.2 s (at most 1 s is repaired)"
    assert inspect(eda, 50, 0.1, Rules(max_gap=3.2)).fault is None


@pytest.mark.parametrize(
    ("eda", "rate", "reason"),
    [
        (SOUND, 50, None),
        (damaged(a=(0, 50, NAN)), 50, None),
        (damaged(a=(1950, 2000, NAN)), 50, None),
        (damaged(a=(0, 51, NAN)), 50, r"a gap of 1\.02 s \(at most 1 s is repaired\)"),
        (damaged(a=(0, 500, np.inf)), 50, r"a gap of 10 s .*; 25 % of the samples are missing"),
        (np.where(np.arange(2000) % 8 < 1, NAN, SOUND), 50, r"12\.5 % .* missing \(at most 10 %\)"),
        (damaged(a=(100, 1101, -9.0)), 50, r"a gap .* missing .*; implausible are 50\.05 % codes"),
        (
            np.minimum(SOUND, np.quantile(SOUND, 0.5)),
            50,
            r"[\d.]+ % of the samples are clipped \(at most 25 %\)$",
        ),
        (SOUND[:299], 50, r"only 6\.0 s long, at least 6 s are needed \(--min-duration\)"),
        (SOUND[:199], 50, r"only 4\.0 s long, at least 6 s are needed$"),
        (SOUND[:300], 50, None),
        (np.array([]), 50, "the recording is empty"),
        (np.full(2000, NAN), 50, "every sample is missing"),
        (np.full(2000, 2.5), 50, "flat: every sample has the same value"),
        (np.full(100, 0.1 + 0.2) - 1e-17, 50, "flat: every sample"),
        (damaged(a=(10, 60, NAN)), 49.99998, None),
        (SOUND, 1.9, r"sampled at 1\.9 Hz, at least 2 Hz"),
        (SOUND, NAN, "sampled at nan Hz"),
        (SOUND, 0, "sampled at 0 Hz"),
        (SOUND, -50, "sampled at -50 Hz"),
        (np.array([]), NAN, "sampled at nan Hz"),
    ],
)
def test_verdict(eda, rate, reason):
    fault = inspect(eda, rate).fault
    assert (fault is None) if reason is None else re.match(reason, fault)


def test_uneven_times():
    assert inspect(SOUND, 50, jitter=0.11).fault is None  # PMEmo: 0.06 and 0.08 s steps
    assert inspect(SOUND, 50, jitter=math.nan).fault is None
    steps = RNG.exponential(size=20_000)  # at random; those beyond three medians are holes
    median = np.median(steps)
    fault = inspect(SOUND, 50, jitter=steps[steps <= 3 * median].std() / median).fault
    assert re.fullmatch(r"uneven sampling .*, steps vary by 7[\d.]+ % \(at most 50 %\)", fault)


@pytest.mark.parametrize("noise", [0, 0.3])
@pytest.mark.parametrize("step", [0.00128, 0.005])
def test_honest_coarse_recordings_pass(step, noise):
    # A dry hand on a wristband: 0.3 uS falling with small responses, read four times a second.
    time = np.arange(0, 300, 0.25)
    eda = 0.2 + 0.1 * np.exp(-time / 60)
    for onset in range(15, 300, 40):
        t = np.clip(time - onset, 0, None)
        eda += 0.08 * (np.exp(-t / 2) - np.exp(-t / 0.7))
    eda += noise * step * RNG.standard_normal(time.size)
    assert inspect(step * np.round(eda / step), 4).fault is None


def test_the_worst_fault_comes_first():
    worse = find_fault(quality(longest_gap=2.0, missing=0.9, duration=5.0), Rules())
    assert re.match(r"90 % .*; a gap of 2 s .*; only 5\.0 s long", worse)
    worse = find_fault(quality(longest_gap=20.0, missing=0.9, flat=0.6), Rules())
    assert re.match(r"a gap of 20 s .*; 90 % .*; 60 % .*flat", worse)


def test_a_limit_of_nothing():
    strict = Rules(max_gap=0, max_missing=0, max_flat=0, max_clipped=0, max_jitter=0)
    assert find_fault(quality(jitter=0.0), strict) is None
    for name in ("missing", "longest_gap", "flat", "clipped", "jitter"):
        assert find_fault(quality(**{name: 1e-6}), strict), name
    lenient = Rules(math.inf, 1, 1, 1, math.inf, MIN_SECONDS)
    all_bad = quality(missing=0.99, longest_gap=39.0, flat=1.0, clipped=1.0, jitter=9.0)
    assert find_fault(all_bad, lenient) is None


@given(SIGNALS, st.integers(0, 8), st.sampled_from([4.0, 8.0]))
def test_shares_and_gaps(eda, longest, rate):
    found = inspect(eda, rate, rules=Rules(max_gap=longest / rate))
    q = found.quality
    assert all(0 <= share <= 1 for share in (q.missing, q.flat, q.clipped, q.repaired))
    assert q.repaired <= q.missing
    lost = 0 if eda.size == 0 else np.mean(~np.isfinite(eda))
    used = np.isfinite(found.eda) & ~found.repaired
    assert q.missing == pytest.approx(0 if eda.size == 0 else 1 - used.mean())
    assert q.missing >= lost + q.implausible - 1e-9
    assert q.implausible == pytest.approx(sum(getattr(q, kind) for kind in KINDS))
    if q.missing < 1:
        assert np.isfinite(found.eda).all() == (q.longest_gap <= longest / rate)
    if found.fault is None:
        assert find_problem(found.eda, rate) is None


@given(
    SIGNALS, st.sampled_from([0.25, 0.5, 4.0]), st.integers(-99, 99), st.sampled_from([-4, -1, 0.5])
)
def test_offset_and_unit_move_only_the_range(eda, rate, offset, scale):
    one, other = measure(eda, rate, 0.0), measure(scale * eda + offset, rate, 0.0)
    blank = dict.fromkeys(("lowest", "highest", "resolution", "noise", "signal_to_noise"), 0.0)
    assert dataclasses.replace(one, **blank) == dataclasses.replace(other, **blank)
    assert other.resolution == pytest.approx(abs(scale) * one.resolution, nan_ok=True)
    assert other.signal_to_noise == pytest.approx(one.signal_to_noise, nan_ok=True)
    if np.isfinite(one.lowest):
        ends = sorted(scale * end + offset for end in (one.lowest, one.highest))
        assert [other.lowest, other.highest] == ends


@given(
    st.lists(
        st.builds(
            quality,
            duration=st.sampled_from([0.0, 5.0, 40.0]),
            missing=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
            longest_gap=st.sampled_from([0.0, 0.5, 1.0, 7.0]),
            flat=st.sampled_from([0.0, 0.4, 0.8]),
            clipped=st.sampled_from([0.0, 0.2, 0.6]),
            lowest=st.sampled_from([1.0, 3.0, NAN]),
            jitter=st.sampled_from([NAN, 0.1, 2.0]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_severity_is_above_one_where_there_is_a_fault(measured):
    table = pd.DataFrame([dataclasses.asdict(each) for each in measured])
    score = severity(table, Rules())
    faults = [find_fault(each, Rules()) for each in measured]
    assert (score > 1).tolist() == [fault is not None for fault in faults]
    order = worst_first(table, Rules())
    assert sorted(order) == list(range(len(measured)))
    assert score[order].tolist() == sorted(score, reverse=True)


def test_order():
    rows = [
        quality(),
        quality(flat=0.25),  # half of what is allowed
        quality(longest_gap=0.75, missing=0.01),
        quality(clipped=0.5),  # twice
        quality(longest_gap=5.0),
        quality(lowest=3.0),  # flat as a whole
        quality(),
    ]
    table = pd.DataFrame([dataclasses.asdict(each) for each in rows])
    assert severity(table, Rules()) == pytest.approx([0, 0.5, 0.75, 2, 5, np.inf, 0])
    assert worst_first(table, Rules()).tolist() == [5, 4, 3, 2, 1, 0, 6]
    refused = np.isin(np.arange(7), [3, 4, 5, 6])  # the last one for another reason
    assert worst_first(table, Rules(), refused).tolist() == [5, 4, 3, 6, 2, 1, 0]


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("max_gap", -0.1, "use a --max-gap of 0 s or more"),
        ("max_gap", NAN, "use a --max-gap of 0 s or more"),
        ("max_missing", 1.01, "use a --max-missing from 0 to 1"),
        ("max_flat", -1, "use a --max-flat from 0 to 1"),
        ("max_clipped", 50, "use a --max-clipped from 0 to 1"),
        ("max_jitter", -1, "use a --max-jitter of 0 or more"),
        ("min_duration", 3.9, "use a --min-duration of 4 s or more"),
        ("min_duration", math.inf, "use a --min-duration of 4 s or more"),
        ("max_eda", 0.01, "use a --max-eda of 0.05 uS or more"),
        ("min_eda", NAN, "use a --min-eda that is a number"),
        ("max_slope", -1, "use a --max-slope of 0 uS/s or more"),
        ("min_signal_to_noise", -1, "use a --min-signal-to-noise of 0 or more"),
    ],
)
def test_impossible_rules(name, value, hint):
    with pytest.raises(RtcanError, match="is not a valid limit for") as caught:
        Rules(**{name: value})
    assert caught.value.hint == hint
    assert f"{value:g}" in str(caught.value)


def test_usual_rules_are_those_that_help_shows():
    for rule in dataclasses.fields(Rules):
        if rule.name != "keep_artefacts":
            assert getattr(Rules(), rule.name) == getattr(choices, rule.name.upper())
    assert choices.MIN_DURATION > MIN_SECONDS, "less has to be asked for"


def test_of_recordings_without_a_fault_the_nearest_to_noise_come_first() -> None:
    table = pd.DataFrame({"signal_to_noise": [20.0, 1.6, np.nan, 5.0]})
    assert worst_first(table, Rules(), [False] * 4).tolist() == [1, 3, 0, 2]

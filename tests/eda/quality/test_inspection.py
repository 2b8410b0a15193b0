from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli import choices
from rtcan_cli.eda.artefacts import KINDS, Artefacts
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.eda.quality.inspection import inspect
from rtcan_cli.eda.quality.measures import measure
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.eda.stretches import repair
from tests.eda.quality.signals import NAN, RNG, SIGNALS, SOUND, damaged


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

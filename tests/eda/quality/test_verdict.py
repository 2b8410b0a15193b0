from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.eda.preprocess import MIN_SECONDS
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.eda.quality.verdict import find_fault, severity, worst_first
from tests.eda.quality.signals import NAN, quality


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


def test_of_recordings_without_a_fault_the_nearest_to_noise_come_first() -> None:
    table = pd.DataFrame({"signal_to_noise": [20.0, 1.6, np.nan, 5.0]})
    assert worst_first(table, Rules(), [False] * 4).tolist() == [1, 3, 0, 2]

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.datasets.times.tables import BEGIN, track_of, whole


@pytest.mark.parametrize("size", [2, 3, 5])
def test_packets_that_share_a_time_are_spread_evenly(tmp_path: Path, size: int) -> None:
    # A packet is sent with its last sample.
    rng = np.random.default_rng(size)
    counts = rng.integers(1, size + 1, 200)
    ends = np.cumsum(counts)
    lines = [
        f"{BEGIN + (end - 1) / 15:.6f},{i}"
        for end, n in zip(ends, counts, strict=True)
        for i in range(end - n, end)
    ]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["LocalTimestamp,EA", *lines])))
    assert found.sampling_rate == pytest.approx(15, rel=1e-3)
    assert_allclose(found.eda, np.arange(len(found.eda)), atol=1e-3)
    assert found.jitter < 0.01


def test_whole_seconds_at_a_higher_rate(tmp_path: Path) -> None:
    # It begins within a second, and ten seconds are missing.
    samples = np.r_[2:100, 140:400]
    lines = [f"{BEGIN + i // 4:.0f},{i}" for i in samples]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["timestamp,EDA", *lines])))
    assert found.sampling_rate == pytest.approx(4)
    there = ~np.isnan(found.eda)
    assert_array_equal(np.flatnonzero(there) + 2, samples)
    assert_allclose(found.eda[there], samples, atol=0.01)

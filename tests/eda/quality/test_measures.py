from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.eda.quality.measures import measure
from rtcan_cli.eda.stretches import repair
from tests.eda.quality.signals import NAN, SIGNALS, SOUND, damaged


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

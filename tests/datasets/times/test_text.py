from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rtcan_cli.datasets.times.text import read_times

BEGIN = 1_700_000_000.0  # 2023-11-14 22:13:20


def test_texts_of_times() -> None:
    times = read_times(["2023-11-14T22:13:20Z", "2023-11-14T23:13:21+01:00", ""])
    assert times is not None
    assert_allclose(times[0][:2], [BEGIN, BEGIN + 1])
    assert np.isnan(times[0][2])
    assert not times[1]
    midnight = read_times(["23:59:59.5", "0:00:00.5"])
    assert midnight is not None
    assert np.diff(midnight[0]) == pytest.approx(1)
    # A spreadsheet shows minutes and seconds alone: after the full hour they go on.
    assert np.diff(read_times(["59:59.5", "00:00.5"])[0]) == pytest.approx(1)  # type: ignore[index]
    for half, whole_day in (("12:00:01 AM", "00:00:01"), ("12:59:59 p.m.", "12:59:59")):
        assert read_times([half]) == read_times([whole_day]) is not None
    assert read_times(["2024-05-13 10:00:00.5 GMT"]) == read_times(["2024-05-13T10:00:00.5Z"])
    assert read_times(["1.5", "2"]) is None

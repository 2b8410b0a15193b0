from __future__ import annotations

from rtcan_cli.datasets.times.units import time_unit


def test_units_of_time() -> None:
    assert [time_unit(each) for each in ("mSecs", "s", "min", "EDA")] == ["ms", "s", "min", None]

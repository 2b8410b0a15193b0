from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rtcan_cli.datasets.times.text import read_times
from tests.datasets.times.tables import BEGIN, column_text, track_of, whole


def test_a_date_and_an_hour_are_one_clock(tmp_path: Path) -> None:
    track = track_of(tmp_path / "x.csv", column_text("date,time"))
    assert whole(track).sampling_rate == pytest.approx(4)
    assert track.time is not None
    assert track.time[0] == datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp()
    assert track.zone_unknown


@pytest.mark.parametrize("form", ["IBI [ms]", "response_time", "hr"])
def test_durations_are_not_clocks(tmp_path: Path, form: str) -> None:
    track = track_of(tmp_path / "x.csv", column_text(form), 4, "EDA")
    assert track.time is None


def test_unix_times_are_a_clock_whatever_their_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    time = BEGIN + np.arange(400) / 4 + 0.03 * rng.standard_normal(400)
    kept = np.r_[0:150, 270:400]
    rows = [f"{time[i]:.4f},{2 + i / 1000}" for i in kept]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["start,EDA", *rows]), 4.0), 4.0)
    assert 110 <= np.isnan(found.eda).sum() <= 122


def test_a_column_of_dates_and_one_of_hours(tmp_path: Path) -> None:
    rows = [
        f"2024-05-01,{9 + i // 14400}:{i // 240 % 60:02d}:{i / 4 % 60:05.2f},{2 + i / 1000}"
        for i in range(16000)
        if not 100 <= i < 220
    ]
    track = track_of(tmp_path / "x.csv", "\n".join(["Date,Time,EDA", *rows]))
    found = whole(track)
    assert (len(found.eda), int(np.isnan(found.eda).sum())) == (16000, 120)
    assert track.time is not None
    assert track.time[0] == read_times(["2024-05-01T09:00:00"])[0][0]  # type: ignore[index]


@pytest.mark.parametrize("name", ["µS", "us", "uS"])
def test_a_column_named_by_microsiemens_is_no_clock(tmp_path: Path, name: str) -> None:
    rows = [f"{i / 4},{2 + np.sin(i / 9):.4f}" for i in range(200)]
    track = track_of(tmp_path / "x.csv", "\n".join([f"time,{name}", *rows]))
    assert_allclose(track.eda[:3], [2, 2.1109, 2.2204])
    assert track.unit == name

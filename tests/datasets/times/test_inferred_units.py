from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rtcan_cli.errors import RtcanError
from tests.datasets.times.tables import BEGIN, NAN, clock_text, track_of, whole


@pytest.mark.parametrize(("unit", "length"), [("s", 1), ("ms", 1e-3), ("min", 60), ("us", 1e-6)])
def test_a_stated_rate_tells_the_unit(tmp_path: Path, unit: str, length: float) -> None:
    text = "time,eda\n" + "\n".join(f"{i / 4 / length:.6f},{i}" for i in range(400))
    found = whole(track_of(tmp_path / "x.csv", text, 4), 4)
    assert found.sampling_rate == pytest.approx(4, rel=1e-3)
    assert len(found.eda) == 400


def test_minutes_are_not_taken_for_seconds(tmp_path: Path) -> None:
    text = "time,EDA\n" + "\n".join(f"{i / 240:.6f},{i}" for i in range(2400))
    with pytest.raises(RtcanError, match="240 Hz if they are seconds, or 4 Hz if they are minutes"):
        track_of(tmp_path / "x.csv", text)
    for name, stated, rate in (("time_min", NAN, 4), ("time_s", NAN, 240), ("time", 240, 240)):
        track = track_of(tmp_path / "x.csv", text.replace("time", name), stated)
        assert whole(track, stated).sampling_rate == pytest.approx(rate, rel=1e-4)
    with pytest.raises(RtcanError, match="sampled at 240 Hz, not at 16 Hz"):
        whole(track_of(tmp_path / "x.csv", text.replace("time", "time_s"), 16), 16)


@pytest.mark.parametrize("rate", [100.0, 128.0, 256.0, 512.0, 1000.0])
def test_seconds_at_usual_rates_are_seconds(tmp_path: Path, rate: float) -> None:
    text = "time,EDA\n" + "\n".join(f"{i / rate:.6f},{i}" for i in range(500))
    assert whole(track_of(tmp_path / "x.csv", text)).sampling_rate == pytest.approx(rate, rel=1e-3)


def test_days_of_a_spreadsheet_are_dates(tmp_path: Path) -> None:
    lines = [clock_text(i / 4, "ts") + f",{i}" for i in range(40)]
    track = track_of(tmp_path / "x.csv", "\n".join(["ts,EDA", *lines]))
    assert track.zone_unknown
    assert track.time is not None
    assert_allclose(track.time, BEGIN + np.arange(40) / 4, atol=1e-5)

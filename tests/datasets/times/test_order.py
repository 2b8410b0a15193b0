from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.errors import RtcanError
from tests.datasets.times.tables import BEGIN, NAN, track_of, whole


def edited(edit: str) -> str:
    lines = [f"{BEGIN + i / 4:.2f},{i}" for i in range(2000)]
    if edit == "twice":
        lines.insert(1501, lines[1500])
    elif edit == "same time":
        lines[1500] = f"{BEGIN + 1499 / 4:.2f},7"
    elif edit == "back":
        lines[1500] = f"{BEGIN:.2f},7"
    elif edit == "ahead":
        lines[1500] = f"{BEGIN + 1e6:.2f},7"
    elif edit == "broken":
        lines[1500] = lines[1500][:7]
    elif edit == "text":
        lines[1500] = lines[1500].split(",")[0] + ",ERR"
    elif edit == "no time":
        lines[1500] = ",1500"
    elif edit == "put back":
        lines[1500:] = [f"{BEGIN + (i - 100) / 4:.2f},{i}" for i in range(1500, 2000)]
    return "\n".join(["timestamp,EDA", *lines])


@pytest.mark.parametrize(
    "edit", ["twice", "same time", "back", "ahead", "broken", "text", "no time", "put back"]
)
def test_one_bad_row_does_not_reach_other_trials(tmp_path: Path, edit: str) -> None:
    if edit == "put back":
        with pytest.raises(RtcanError, match="not later than the line above it"):
            track_of(tmp_path / "x.csv", edited(edit))
        return
    track = track_of(tmp_path / "x.csv", edited(edit))
    assert track.notes
    row = Row(2, "s", "m", 5, 5, "x.csv", NAN, 20, 60, "", "both", "", "", "")
    found = cut(track, row)
    assert isinstance(found, Cut)
    assert_array_equal(found.eda, np.arange(80, 320))
    everything = whole(track).eda
    there = ~np.isnan(everything)
    assert len(everything) == 2000
    assert (~there).sum() <= 2
    assert_array_equal(everything[there], np.arange(2000)[there])

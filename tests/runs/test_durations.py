from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs import durations
from rtcan_cli.runs.durations import FACTOR, common_window, unlike


def test_lengths_are_unlike_where_the_long_ones_are_longer_by_more_than_the_factor() -> None:
    assert unlike(np.linspace(40, 40 * FACTOR, 100)) is None
    assert unlike(np.full(10, 60.0)) is None
    assert unlike(np.empty(0)) is None
    found = unlike(np.array([20.0] * 3 + [30.5] * 47 + [60.0] * 47 + [300.0] * 3))
    assert found is not None
    assert (found.short, found.long, found.n_shorter) == (30, 60, 3)
    assert "20 to 300 s after the onset (9 of 10 between 30 and 60 s)" in found.description
    assert found.window == "first:30"
    assert found.first_part == "the first 30 s of all, without the 3 that are shorter"
    for n_shorter, others in ((1, ", without the one that is shorter"), (0, "")):
        found = unlike(np.array([20.0] * n_shorter + [30.5] * 49 + [60.0] * 50))
        assert found is not None
        assert found.first_part == "the first 30 s of all" + others


def test_lengths_are_most_unlike_where_no_window_fits() -> None:
    for short in (1.5, 0.0, -1.0):
        found = unlike(np.array([short] * 10 + [60.0] * 90))
        assert found is not None
        assert found.window is None
        assert f"last {max(short, 0):g} to 60 s" in found.description
    assert unlike(np.zeros(9)) is None


def test_a_window_for_all_is_as_long_as_the_shortest_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths = np.array([30.256, 24.0, 90.0])
    monkeypatch.setattr(durations, "lengths_of", lambda components, onset: lengths - onset)
    found = common_window(Window.parse("last:shortest"), Path("c.h5"), 3.0)
    assert str(found) == "last:21"
    given = Window.parse("first:50")
    assert common_window(given, Path("c.h5"), 3.0) == given
    with pytest.raises(RtcanError, match=r"the shortest recording has 1\.0 s after its onset"):
        common_window(Window.parse("last:shortest"), Path("c.h5"), 23.0)

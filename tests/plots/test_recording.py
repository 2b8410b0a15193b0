from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.look import Look
from rtcan_cli.plots.recording import Parts, recording_figure

RESPONSES = pd.DataFrame(
    {
        "onset": [2.0, 6.0],
        "peak": [3.0, 7.0],
        "amplitude": [1.0, 0.5],
        "rise_time": [1.0, 1.0],
        "recovery_time": [1.0, np.nan],
    }
)


def draw(parts: Parts | None, **options: object):
    n = 100
    eda = 5 + np.sin(np.arange(n) / 9)
    eda[40:44] = np.nan
    repaired, implausible = np.zeros(n, bool), np.zeros(n, bool)
    repaired[[20, 70, 71]], implausible[70] = True, True
    return recording_figure(
        *(eda, repaired, implausible, 10.0, parts, RESPONSES), title="one", onset=1.0, **options
    )


def parts(driver: bool = True) -> Parts:
    time = np.arange(50) / 5
    phasic = np.interp(time, [0, 2, 3, 4, 6, 7, 9], [0, 0, 1, 0.5, 0.2, 0.7, 0.6])
    return Parts(np.zeros(50), phasic, phasic if driver else None, 5.0, level=5.0, spread=0.5)


def test_marks_stand_where_the_responses_are() -> None:
    raw, phasic, driver = draw(parts()).axes
    lines = {line.get_label(): line for line in phasic.lines}
    np.testing.assert_allclose(lines["SCR onset"].get_xdata(), [2, 6])
    np.testing.assert_allclose(lines["SCR peak"].get_xydata(), [[3, 1], [7, 0.7]])
    np.testing.assert_allclose(lines["half recovery"].get_xydata(), [[4, 0.5]])
    tonic = next(line for line in raw.lines if line.get_label() == "tonic")
    np.testing.assert_allclose(tonic.get_ydata(), 5.0)  # in the unit of the recording
    assert "driver" in driver.get_ylabel()


def test_single_repaired_samples_are_seen() -> None:
    raw = draw(None).axes[0]
    by_label = {text.get_text(): None for text in raw.figure.legends[0].get_texts()}
    assert {"repaired", "missing", "implausible"} <= by_label.keys()
    spans = [
        tuple(np.round((path.vertices[:, 0].min(), path.vertices[:, 0].max()), 3))
        for path in raw.collections[0].get_paths()
    ]
    assert spans == [(2.0, 2.1), (7.0, 7.2)]


@pytest.mark.parametrize(("given", "rows"), [(None, 1), (parts(False), 2), (parts(), 3)])
def test_only_what_is_known_is_drawn(given: Parts | None, rows: int) -> None:
    figure = draw(given, look=Look(width=85 / 25.4), simulated=True)
    assert len(figure.axes) == rows
    assert figure.get_figwidth() == pytest.approx(85 / 25.4)

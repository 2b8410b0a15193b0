from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.comparison import comparison

RUNS = pd.DataFrame(
    {
        "run": ["Rf, EDA + music", "Rf, EDA", "SVM"],
        "accuracy": [71.2, 64.1, 60.1],
        "accuracy_sd": [2.1, 3.0, np.nan],
        "majority": [58.8, 58.8, 58.1],
        "paper_accuracy": [83.76, 65.19, np.nan],
    }
)


@pytest.mark.parametrize(("n", "simulated"), [(1, True), (3, False)])
def test_says_what_it_shows(read, n, simulated):
    text = read(comparison(RUNS[:n], title="PMEmo, arousal", simulated=simulated))
    paper = "published, real data" if simulated else "paper"
    assert {"PMEmo, arousal", "accuracy [%]", "majority class", paper} <= set(text)
    assert "accuracy (mean, SD over folds)" in text
    assert [each for each in text if each in set(RUNS["run"])] == RUNS["run"][:n].tolist()
    assert ("simulated data" in text) == simulated


@pytest.mark.parametrize("runs", [RUNS[2:], RUNS.drop(columns="paper_accuracy")])
def test_the_paper_is_left_out_where_it_has_no_figure(read, runs):
    assert "paper" not in read(comparison(runs, title="PMEmo, arousal"))


def test_bars_marks_and_lines_stand_where_the_table_says():
    (axes,) = comparison(RUNS, title="PMEmo, arousal").axes
    bars = next(each for each in axes.containers if hasattr(each, "patches"))
    assert [bar.get_width() for bar in bars] == RUNS["accuracy"].tolist()
    segments = [each.get_segments() for each in axes.collections if hasattr(each, "get_segments")]
    drawn = {round(float(line[0, 0]), 2) for group in segments for line in group if len(line)}
    assert {58.8, 58.1} <= drawn
    assert {round(71.2 - 2.1, 2), round(64.1 - 3.0, 2)} <= drawn
    paper = axes.collections[-1].get_offsets()
    np.testing.assert_array_equal(np.asarray(paper)[:2], [[83.76, 0], [65.19, 1]])
    assert axes.get_xlim() == (0, 100)

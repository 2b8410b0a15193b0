from __future__ import annotations

import pytest

from rtcan_cli.plots.confusion import confusion


@pytest.mark.parametrize("simulated", [False, True])
def test_says_what_it_shows(read, simulated):
    text = read(confusion([[2011, 1159], [905, 3615]], title="PMEmo", simulated=simulated))
    assert {"PMEmo", "predicted (%: share of the row)", "own rating"} <= set(text)
    cells = {"2011\n63.4 %", "1159\n36.6 %", "905\n20.0 %", "3615\n80.0 %"}
    assert cells | {"low\n(n = 3170)", "high\n(n = 4520)"} <= set(text)
    assert ("simulated data" in text) == simulated


def test_rows_are_true_and_columns_are_predicted():
    axes = confusion([[10, 0], [5, 5]], title="a run").axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[(0, 1)] == "5\n50.0 %"  # one row down: truly high, called low
    assert cells[(1, 0)] == "0\n0.0 %"
    assert axes.images[0].get_array().tolist() == [[100, 0], [50, 50]]


def test_a_class_without_trials(read):
    assert "0\n0.0 %" in read(confusion([[4, 1], [0, 0]], title="a run"))

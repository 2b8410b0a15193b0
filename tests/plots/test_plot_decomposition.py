from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.plots import style
from rtcan_cli.plots.decomposition import decomposition

PARTS = np.random.default_rng(0).standard_normal((5, 1900))


@pytest.mark.parametrize(("onset", "simulated"), [(0, False), (3, True)])
def test_says_what_it_shows(read, simulated, onset):
    text = read(decomposition(*PARTS, 50, title="song 1", onset=onset, simulated=simulated))
    assert {"song 1", "original", "tonic", "phasic", "time [s]"} <= set(text)
    assert {"EDA [z]", "phasic [z]", "driver [z/s]", "residual [z]"} <= set(text)
    assert ("onset, not seen by the network" in text) == (onset > 0)
    assert ("simulated data" in text) == simulated


def test_draws_every_part_over_seconds():
    figure = decomposition(*PARTS, 50, title="song 1")
    lines = [line for axes in figure.axes for line in axes.lines]
    for line, part in zip(lines, PARTS, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), part)
        assert line.get_xdata()[-1] == pytest.approx(1899 / 50)
    assert [line.get_color() for line in lines[:3]] == [style.ORIGINAL, style.TONIC, style.PHASIC]


def test_without_a_driver_its_row_is_left_out(read):
    signal, tonic, phasic, _, residual = PARTS
    figure = decomposition(signal, tonic, phasic, None, residual, 50, title="song 1")
    assert [axes.get_ylabel() for axes in figure.axes] == ["EDA [z]", "phasic [z]", "residual [z]"]
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_ydata(), residual)
    assert "driver [z/s]" not in read(figure)

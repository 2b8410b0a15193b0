from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from rtcan_cli.plots import style
from rtcan_cli.plots.attention.columns import AttentionPanel, to_columns
from rtcan_cli.plots.attention.heat import attention_heat

TRIAL = {"target": "valence", "subject": "100184", "music": "song 1", "true_class": 0}


def panels(n, length):
    rng = np.random.default_rng(0)
    return [AttentionPanel(f"R{k}", rng.random(length), 0, 0.6) for k in "bdf"[:n]]


@pytest.mark.parametrize(("n", "simulated"), [(1, True), (2, False), (3, True)])
def test_says_what_it_shows(trial, read, n, simulated):
    text = read(attention_heat(*trial, panels(n, 500), **TRIAL, simulated=simulated))
    assert "Valence of subject 100184, song 1: low by own rating" in text
    assert {"original", "phasic", "tonic", "time [s]"} <= set(text)
    assert text.count("attention weight") == 1
    assert text.count("EDA\neach z-scored") == n
    assert "Rb, predicted low (P = 0.60, correct)" in text
    assert ("simulated data" in text) == simulated


def test_strips_show_the_weights_on_one_scale(trial):
    shown = panels(3, 500)
    figure = attention_heat(*trial, shown, **TRIAL)
    strips = [
        mesh for axes in figure.axes[:6] for mesh in axes.collections if isinstance(mesh, QuadMesh)
    ]
    assert len(strips) == 3
    for panel, strip in zip(shown, strips, strict=True):
        np.testing.assert_array_equal(strip.get_array()[0], to_columns(trial[0], panel.weight)[1])
        assert strip.get_clim() == (0, 1)
        assert strip.get_cmap().name == style.COLD_TO_WARM.name


def test_an_empty_map_is_flagged(trial, read):
    empty = AttentionPanel("Rb", np.zeros(500), 1, 0.93)
    text = read(attention_heat(*trial, [empty], **TRIAL))
    assert any("attention is zero everywhere" in each for each in text)

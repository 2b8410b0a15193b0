from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from rtcan_cli.plots import style
from rtcan_cli.plots.attention.columns import (
    N_COLUMNS,
    AttentionPanel,
    attention_columns,
    to_columns,
)

TRIAL = {"target": "arousal", "subject": "100184", "music": "song 1", "true_class": 1}


def panels(n, length):
    weight = np.exp(-((np.arange(length) / length - 0.5) ** 2) * 100)
    made = [
        AttentionPanel("Rb: channel attention", weight, 1, 0.71),
        AttentionPanel("Rd: temporal attention", weight, 0, 0.58),
        AttentionPanel("Rf: channel and temporal attention", weight, 1, 0.93),
    ]
    return made[:n]


@pytest.mark.parametrize(("n", "simulated"), [(1, True), (2, False), (3, True)])
def test_says_what_it_shows(trial, read, n, simulated):
    figure = attention_columns(*trial, panels(n, 500), **TRIAL, simulated=simulated)
    text = read(figure)
    assert "Arousal of subject 100184, song 1: high by own rating" in text
    assert {"original", "phasic", "tonic", "attention weight", "time [s]"} <= set(text)
    assert text.count("EDA\neach z-scored") == text.count("attention") == n
    assert "Rb: channel attention, predicted high (P = 0.71, correct)" in text
    assert ("Rd: temporal attention, predicted low (P = 0.58, wrong)" in text) == (n > 1)
    assert ("simulated data" in text) == simulated


def test_draws_signals_in_their_colours_and_attention_in_pale_grey(trial):
    time, signals = trial
    figure = attention_columns(*trial, panels(3, 500), **TRIAL)
    assert len(figure.axes) == 6
    for axes in figure.axes[:3]:
        assert [line.get_color() for line in axes.lines] == [
            style.ORIGINAL,
            style.PHASIC,
            style.TONIC,
        ]
        for line, signal in zip(axes.lines, signals, strict=True):
            np.testing.assert_array_equal(line.get_data(), [time, signal])
    for curves, columns in zip(figure.axes[:3], figure.axes[3:], strict=True):
        (bars,) = columns.containers
        assert isinstance(bars, BarContainer)
        assert {to_hex(bar.get_facecolor()) for bar in bars} == {to_hex(style.COLUMNS)}
        assert columns.get_ylim() == (0, 1)
        assert curves.get_zorder() > columns.get_zorder()


def test_an_empty_map_is_flagged(trial, read):
    empty = AttentionPanel("Rf: channel and temporal attention", np.zeros(500), 1, 0.93)
    text = read(attention_columns(*trial, [*panels(1, 500), empty], **TRIAL))
    assert sum("attention is zero everywhere" in each for each in text) == 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=700))
def test_columns_keep_peaks_and_cover_the_time(weight):
    time = 3 + 0.1 * np.arange(len(weight))
    edges, height = to_columns(time, np.array(weight))
    assert len(height) == min(N_COLUMNS, len(weight))
    assert edges[0] == time[0]
    assert edges[-1] == pytest.approx(time[-1] + 0.1)
    assert (np.diff(edges) > 0).all()
    assert height.max() == max(weight)
    for left, right, top in zip(edges[:-1], edges[1:], height, strict=True):
        inside = (time > left - 0.05) & (time < right - 0.05)
        assert top == np.max(np.array(weight)[inside])

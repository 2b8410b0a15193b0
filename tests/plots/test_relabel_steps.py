from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.relabel_steps import relabel_steps

CENTRES = np.array([[0.25, 0.25], [0.75, 0.75]])
VALENCE = np.array([0.125, 0.25, 0.5, 0.75, 0.875, 0.875, np.nan])
AROUSAL = np.array([0.25, 0.75, 0.5, 0.75, 0.625, 0.625, 0.5])


def draw(**changes):
    given = {"scale": (0.0, 1.0), "subject": "100184"} | changes
    return relabel_steps(VALENCE, AROUSAL, CENTRES, (0.5, 0.5), **given)


def points(axes):
    return [np.asarray(each.get_offsets()) for each in axes.collections if len(each.get_offsets())]


@pytest.mark.parametrize("simulated", [False, True])
def test_says_what_it_shows(read, simulated):
    text = read(draw(simulated=simulated))
    assert "Labels of subject 100184 from 6 rated trials" in text
    assert [each[:3] for each in text if each.startswith("(")] == ["(a)", "(b)", "(c)", "(d)"]
    legend = {"trial", "2 trials", "cluster 1", "cluster 2", "centre", "midpoint", "low", "high"}
    assert legend <= set(text)
    assert text.count("valence") == 4
    assert ("simulated data" in text) == simulated


def test_the_nine_point_scale_fits_too(read):
    rng = np.random.default_rng(0)
    valence, arousal = rng.uniform(1, 9, (2, 40))
    centres = np.array([[3.0, 3.0], [7.0, 7.0]])
    text = read(relabel_steps(valence, arousal, centres, (5, 5), scale=(1, 9), subject="s01"))
    assert {"1", "3", "5", "7", "9"} <= set(text)
    assert "2 trials" not in text


def test_no_trial_is_hidden_by_a_centre_or_the_midpoint():
    clusters = draw().axes[1]
    drawn = [each for each in clusters.collections if len(each.get_offsets())]
    *trials, centres, midpoint = drawn
    (line,) = clusters.lines
    for mark in (line, centres, midpoint):
        assert mark.get_zorder() < min(each.get_zorder() for each in trials)
    assert centres.get_sizes()[0] > 2 * max(each.get_sizes().max() for each in trials)


def test_each_panel_holds_its_step():
    ratings, clusters, arousal, valence = draw().axes
    (every,) = points(ratings)
    assert len(every) == 5  # six rated trials, two of them in one place
    first, second, centres, midpoint = points(clusters)
    assert first.tolist() == [[0.125, 0.25], [0.25, 0.75], [0.5, 0.5]]  # a tie goes to the first
    assert len(second) == 2
    assert centres.tolist() == CENTRES.tolist()
    assert midpoint.tolist() == [[0.5, 0.5]]
    low, high = points(arousal)
    assert (low[:, 1] <= 0.5).all()  # a rating on the threshold is low
    assert (high[:, 1] > 0.5).all()
    assert len(low) == 2
    low, high = points(valence)
    assert (low[:, 0] <= 0.5).all()
    assert (high[:, 0] > 0.5).all()
    assert len(low) == 3


def test_labels_without_centres_are_refused():
    with pytest.raises(RtcanError, match="subject 100184 have no cluster centres"):
        relabel_steps(
            VALENCE, AROUSAL, np.full((2, 2), np.nan), (0.5, 0.5), scale=(0, 1), subject="100184"
        )

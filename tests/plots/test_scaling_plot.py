from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.scaling import ScalingCurve, scaling

NOTHING = pd.DataFrame(columns=["n", "score", "low", "high"], dtype=float)
PRINTED = pd.DataFrame({"n": [46, 128, 319, 457], "score": [72.1, 66.2, 65.8, 64.5]})


def curve(
    model: str, target: str, shift: float = 0, law: bool = True, paper: bool = True
) -> ScalingCurve:
    points = pd.DataFrame(
        {"n": [46, 183, 320, 457], "score": np.array([70, 66, 65.5, 65.0]) + shift}
    )
    points = points.assign(low=points["score"] - 3, high=points["score"] + 3)
    n = np.geomspace(46, 914, 30)
    along = pd.DataFrame({"n": n, "score": 64 + 60 / n + shift})
    along = along.assign(low=along["score"] - 2, high=along["score"] + 2)
    return ScalingCurve(
        model, target, points, along if law else NOTHING, PRINTED if paper else NOTHING
    )


def marked(axes):
    """Lines with markers, not the caps of whiskers."""
    return [line for line in axes.lines if line.get_marker() in list("os^D")]


MODELS = ("RTCAG", "CNN-3", "SVM", "Rf, EDA and music")
CURVES = [curve(m, t, -3.0 * k) for k, m in enumerate(MODELS) for t in ("valence", "arousal")]


@pytest.mark.parametrize("simulated", [True, False])
def test_says_what_it_shows(read, simulated):
    text = read(scaling(CURVES, title="PMEmo: accuracy", simulated=simulated))
    assert {"PMEmo: accuracy", "valence", "arousal", "accuracy [%]"} <= set(text)
    assert text.count("subjects (log scale)") == 2
    assert {*MODELS, *(f"{model}, paper" for model in MODELS)} <= set(text)
    assert {"extrapolated", "95 % over subjects", "457", "46", "128"} <= set(text)
    assert ("simulated data" in text) == simulated


def test_what_is_not_there_has_no_place_in_the_legend(read):
    text = read(scaling([curve("RTCAG", "arousal", law=False, paper=False)], title="PMEmo"))
    assert "RTCAG" in text
    assert not {"RTCAG, paper", "extrapolated", "95 % over subjects", "valence"} & set(text)


def test_points_stand_where_the_table_says_and_the_paper_beside_them():
    figure = scaling([curve("RTCAG", "valence")], title="PMEmo")
    axes = figure.axes[0]
    own, printed = marked(axes)
    np.testing.assert_allclose(own.get_xydata()[:, 1], [70, 66, 65.5, 65.0])
    np.testing.assert_allclose(printed.get_xydata(), PRINTED)
    assert (own.get_markerfacecolor(), printed.get_markerfacecolor()) == ("black", "white")
    (law,) = (line for line in axes.lines if len(line.get_xdata()) == 30)
    assert law.get_xdata()[-1] == pytest.approx(914)
    assert axes.get_xscale() == "log"
    (ground,) = (patch for patch in axes.patches if patch.get_width() > 1)
    assert (ground.get_x(), ground.get_x() + ground.get_width()) == pytest.approx((457, 914))


def test_panels_share_their_scale_and_hide_nothing():
    low, high = curve("RTCAG", "valence", shift=-30), curve("RTCAG", "arousal", shift=20)
    first, second, _ = scaling([low, high], title="PMEmo").axes
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[0] < 32
    assert first.get_ylim()[1] > 93


def test_models_differ_in_more_than_colour():
    figure = scaling([c for c in CURVES if c.target == "valence"], title="PMEmo")
    markers = [line.get_marker() for line in marked(figure.axes[0])]
    assert markers[::2] == markers[1::2]  # one's own, and the paper's
    assert len(set(markers)) == len(MODELS)

"""The figures of `gradcam --all` and `gradcam --check`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rtcan_cli.plots import style
from rtcan_cli.plots.attention.average import attention_average
from rtcan_cli.plots.attention.check import attention_check
from rtcan_cli.plots.attention.responses import attention_responses

ABOUT = {"title": "PMEmo, arousal, Rf, EDA and music", "method": "guided-gradcam"}
STAGES = ["linear 3", "linear 2", "linear 1", "tail", *(f"stage {k}" for k in (4, 3, 2, 1))]
STAGES += ["RNTA", "SCA", "SFE"]


def interval(mean):
    mean = np.asarray(mean, dtype=float)
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}


def averages():
    time = np.linspace(3, 38, 100)
    groups = [(g, n, 1.0) for g in ("predicted", "true") for n in ("low", "high")]
    groups += [("channel", n, 0.3) for n in ("original", "phasic", "tonic")] + [("all", "all", 1.0)]
    return pd.concat(
        pd.DataFrame(
            {"group": g, "curve": n, "time": time, "n_trials": 7690, **interval(level + 0 * time)}
        )
        for g, n, level in groups
    )


def around():
    seconds = np.arange(-5, 10.1, 0.25)
    nulls = {
        f"{n}_{side}": x
        for n in ("random_times", "other_trials")
        for side, x in (("low", 0.9), ("high", 1.1), ("p", 0.002))
    }
    return pd.concat(
        pd.DataFrame(
            {
                "event": name,
                "seconds": seconds,
                "n_events": 42_880,
                "window_from": -1.0,
                "window_to": 1.0,
                **nulls,
                **interval(1 + np.exp(-(seconds**2))),
            }
        )
        for name in ("onset", "peak")
    )


def checks(similarity=0.9):
    measures = ("rank_correlation", "top_overlap")
    share = np.linspace(0, 1, 21)
    parts = [
        ("similarity", n, {"stage": STAGES}, np.full(len(STAGES), similarity)) for n in measures
    ]
    parts += [("other_subject", n, {}, [0.1]) for n in measures]
    parts += [
        (test, order, {"share": share}, 0.9 - 0.4 * share)
        for test in ("deletion", "insertion")
        for order in ("map", "input_size", "random")
    ]
    return pd.concat(
        pd.DataFrame({"test": t, "curve": n, **at, **interval(mean)}) for t, n, at, mean in parts
    )


@pytest.mark.parametrize("unit", ["s", "% of the trial"])
def test_averages_say_what_they_show(read, unit):
    text = read(attention_average(averages(), unit=unit, simulated=True, **ABOUT))
    assert {"by predicted class", "by true class", "by channel", f"time [{unit}]"} <= set(text)
    assert {"original", "phasic", "tonic", "simulated data"} <= set(text)
    assert text.count("low (7690 trials)") == text.count("high (7690 trials)") == 2
    assert any("guided-gradcam" in each and "95 %" in each for each in text)


def test_panels_hold_their_bands_whichever_is_the_higher():
    """Panels by class share an axis; the second was cut off where it was the higher one."""
    curves = averages()
    high = (curves["group"] == "true") & (curves["curve"] == "high")
    curves.loc[high, "high"] = 7.0
    first, second, _ = attention_average(curves, unit="s", **ABOUT).axes
    assert first.get_ylim() == second.get_ylim()
    assert first.get_ylim()[0] == 0
    assert first.get_ylim()[1] > 7


def test_a_map_without_channels_has_no_panel_for_them(read):
    table = averages()
    figure = attention_average(table[table["group"] != "channel"], unit="s", **ABOUT)
    assert len(figure.axes) == 2
    assert "by channel" not in read(figure)


def test_colours_are_the_papers_or_safe_ones():
    for paper_colours, expected in (
        (False, [style.ORIGINAL, style.PHASIC, style.TONIC]),
        (True, ["#d62728", "#1f5fd0", "#1f8a3b"]),
    ):
        look = style.Look(paper_colours=paper_colours, size=(6, 5))
        figure = attention_average(averages(), unit="s", look=look, **ABOUT)
        assert [to_hex(line.get_color()) for line in figure.axes[2].lines] == expected
        assert len({str(line.get_linestyle()) for line in figure.axes[2].lines}) > 1
        assert tuple(figure.get_size_inches()) == (6, 5)


def test_responses_say_what_they_show(read):
    figure = attention_responses(around(), simulated=True, **ABOUT)
    text = read(figure)
    assert {"time from the onset [s]", "time from the peak [s]", "simulated data"} <= set(text)
    assert sum("p = 0.002 (random times), 0.002 (other trials)" in each for each in text) == 2
    assert {"95 % of random times", "95 % of other trials", "seconds tested"} <= set(text)
    line = max(
        figure.axes[0].lines,
        key=lambda each: np.ptp(each.get_ydata()) if len(each.get_ydata()) > 2 else 0,
    )
    assert line.get_xdata()[np.argmax(line.get_ydata())] == 0


@pytest.mark.parametrize("similarity", [0.05, 0.95])
def test_checks_say_what_they_show(read, similarity):
    text = read(attention_check(checks(similarity), simulated=True, **ABOUT))
    assert set(STAGES) <= set(text)
    assert {"deletion", "insertion", "map", "size of the input", "random"} <= set(text)
    assert {"rank correlation, other trial", "simulated data"} <= set(text)

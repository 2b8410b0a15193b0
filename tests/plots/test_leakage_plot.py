from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.leakage import leakage

KNOWN = ["subject and song known", "subject known", "song known", "both new"]
PROTOCOLS = ["trial", "stimulus", "subject", "subject+stimulus"]


def scores(*targets: str, keep: int = 4, width: float = 4.0) -> pd.DataFrame:
    parts = []
    for k, target in enumerate(targets):
        accuracy = np.array([81.0, 74.5, 70.0, 62.0]) - 2 * k
        part = {
            "target": target,
            "protocol": PROTOCOLS,
            "known": KNOWN,
            "accuracy": accuracy,
            "low": accuracy - width,
            "high": accuracy + width,
            "majority": [51.0, 50.0, 49.0, 52.0],
            "difference": [15.0, 9.0, -2.5, np.nan],
            "difference_low": np.array([15.0, 9.0, -2.5, np.nan]) - width,
            "difference_high": np.array([15.0, 9.0, -2.5, np.nan]) + width,
        }
        parts.append(pd.DataFrame(part)[-keep:])
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("keep", "targets", "width"),
    [  # each pair of values
        (2, ("arousal",), 0.5),
        (4, ("valence", "arousal"), 0.5),
        (2, ("valence", "arousal"), 30.0),
        (4, ("arousal",), 30.0),
        (2, ("arousal",), np.nan),
        (4, ("valence", "arousal"), np.nan),
    ],
)
def test_says_what_it_shows(read, keep, targets, width):
    text = read(
        leakage(scores(*targets, keep=keep, width=width), title="PMEmo: Rf", simulated=True)
    )
    assert {"PMEmo: Rf", "simulated data", "majority class", *targets} <= set(text)
    assert {
        "'subject+stimulus', compared with",
        "95 % over subjects",
        "accuracy [%]",
        "-2.5",
    } <= set(text)
    assert "difference [points],\ncommon trials" in text
    named = [f"{known}\n({name})" for known, name in zip(KNOWN, PROTOCOLS, strict=True)][-keep:]
    assert [each for each in text if each in named] == named * len(targets)
    assert {"62.0", "70.0"} & set(text)


def test_recorded_data_are_not_called_simulated(read):
    assert "simulated data" not in read(leakage(scores("valence"), title="PMEmo: Rf"))


def test_dots_and_whiskers_stand_where_the_table_says():
    table = scores("valence", "arousal")
    panels = leakage(table, title="a run").axes
    assert len(panels) == 4
    for k, (_, rows) in enumerate(table.groupby("target", sort=False)):
        left, right = panels[2 * k : 2 * k + 2]
        np.testing.assert_allclose(left.lines[0].get_xydata(), np.c_[rows["accuracy"], range(4)])
        apart = rows["difference"][:3]
        np.testing.assert_allclose(right.lines[0].get_xydata(), np.c_[apart, range(3)])
        for axes, expected in (
            (left, {51.0, 50.0, 49.0, 52.0, *rows["low"], *rows["high"]}),
            (right, {*rows["difference_low"][:3], *rows["difference_high"][:3]}),
        ):
            segments = [line for group in axes.collections for line in group.get_segments()]
            drawn = {round(float(x), 2) for line in segments for x in line[:, 0]}
            assert expected <= drawn
            low, high = axes.get_xlim()
            assert low < min(drawn)
            assert max(drawn) < high
            assert axes.yaxis_inverted()
        assert right.lines[-1].get_xydata().tolist() == [[0, 3]]  # the reference itself

"""The figure of `rtcan contributions`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from rtcan_cli.plots.attention.contributions import contributions
from rtcan_cli.plots.look import Look

CLASSES = [(group, name) for group in ("true", "called") for name in ("low", "high")]


def around(name: str, mean: float, reach: float = 0.03) -> dict[str, float]:
    return {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach}


def parts(eda: float = 0.05, music: float = 0.213) -> pd.DataFrame:
    rows = [{"part": "EDA", **around("size", eda)}, {"part": "music", **around("size", music)}]
    return pd.DataFrame(rows)


def groups() -> pd.DataFrame:
    names = ("energy", "spectral", "mfcc", "voicing", "timing")
    return pd.DataFrame(
        [{"features": name, **around("size", 0.02 * k, 0.01)} for k, name in enumerate(names, 1)]
    )


def averages(n_listeners: int = 30, size: float = 0.1) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [{"group": "all", "name": "all", "eda_share": 0.19}]
    for group, name in CLASSES:
        sign = 1 if name == "high" else -1
        own = around("eda", sign * size / 3) | around("music", sign * size)
        rows.append({"group": group, "name": name, **own})
    shares = np.linspace(0.02, 0.6, n_listeners)[::-1]
    rows += [
        {"group": "subject", "name": f"s{k}", "eda_share": share} for k, share in enumerate(shares)
    ]
    return pd.DataFrame(rows)


def draw(music: pd.DataFrame | None = None, scale: str = "probability", **about: Any) -> Figure:
    music = groups() if music is None else music
    title = "PMEmo, arousal, RTCAN-1D (Rf), EDA and music"
    return contributions(parts(), averages(), music, scale=scale, title=title, **about)


@pytest.mark.parametrize("millimetres", [85, 178])
def test_every_bar_has_its_number_and_nobody_is_named(read: Any, millimetres: float) -> None:
    text = read(draw(simulated=True, look=Look(width=millimetres / 25.4)))
    assert {"EDA", "music", "music: MFCC", "true low", "called high", "simulated data"} <= {*text}
    assert {"0.050", "0.213", "0.100", "-0.033"} <= {*text}
    assert not any(each.startswith("s1") for each in text)


def test_without_groups_only_the_parts_are_drawn(read: Any) -> None:
    text = read(draw(groups().iloc[:0], scale="logit"))
    assert not any(each.startswith("music:") for each in text)
    assert "mean contribution to the logit of P(high)" in text


def test_one_listener_has_no_whiskers(read: Any) -> None:
    table = averages(1)
    table.loc[:, [name for name in table if name.endswith(("_low", "_high"))]] = np.nan
    table["eda_share"] = np.nan  # its model always says the same
    figure = contributions(
        parts(0.0, 0.0), table, groups(), scale="probability", title="a listener"
    )
    text = read(figure)
    assert "0.000" in text  # and no "-0.000"
    assert "-0.000" not in text


def test_a_mean_that_rounding_put_outside_its_interval_is_drawn(read: Any) -> None:
    rounded = parts().assign(size_low=parts()["size"] + 1e-17, size_high=parts()["size"] - 1e-9)
    title = "PMEmo, arousal"
    figure = contributions(rounded, averages(), groups(), scale="probability", title=title)
    assert "0.050" in read(figure)

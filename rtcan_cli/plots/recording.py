"""One recording: raw EDA, its tonic and phasic part, the driver, and every response.

What users of NeuroKit2 know as `eda_plot`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from rtcan_cli.plots import style
from rtcan_cli.plots.quality_page import envelope

_BINS = 1500  # of a curve: more than a page has pixels that can be told apart
_RAW: dict[str, Any] = {"color": "black", "linewidth": 0.9}
_REPAIRED: dict[str, Any] = {"color": style.REPAIRED, "linewidth": 0, "alpha": 0.5}
_IMPLAUSIBLE: dict[str, Any] = {"color": style.IMPLAUSIBLE, "linewidth": 0}
_MISSING: dict[str, Any] = {
    "facecolor": "0.93",
    "edgecolor": "0.6",
    "hatch": "/////",
    "linewidth": 0,
}
_RISE: dict[str, Any] = {"color": style.GREY, "linewidth": 0.8}
_MARK: dict[str, Any] = {"linestyle": "", "markeredgecolor": "black", "markeredgewidth": 0.7}
_ONSET: dict[str, Any] = {**_MARK, "marker": "o", "markersize": 3.6, "markerfacecolor": "white"}
_PEAK: dict[str, Any] = {**_MARK, "marker": "^", "markersize": 4.6, "markerfacecolor": style.HIGH}
_HALF: dict[str, Any] = {**_MARK, "marker": "D", "markersize": 3, "markerfacecolor": "0.75"}


@dataclass(frozen=True)
class Parts:
    """What a recording was decomposed into.

    Attributes
    ----------
    tonic, phasic : ndarray, shape (n,)
        In z.
    driver : ndarray, shape (n,), optional
        In z/s; None where the method has none.
    sampling_rate : float
        In Hz; may be lower than that of the recording.
    level, spread : float
        Mean and standard deviation of the recording in its unit: what 0 and 1 z are.
    """

    tonic: NDArray[np.float64]
    phasic: NDArray[np.float64]
    driver: NDArray[np.float64] | None
    sampling_rate: float
    level: float
    spread: float


@style.styled
def recording_figure(
    eda: NDArray[np.float64],
    repaired: NDArray[np.bool_],
    implausible: NDArray[np.bool_],
    sampling_rate: float,
    parts: Parts | None,
    responses: pd.DataFrame,
    *,
    title: str,
    name: str = "EDA",
    unit: str = "uS",
    onset: float = 0.0,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw a recording, its parts and its responses over time.

    Parameters
    ----------
    eda : array, shape (n,)
        As recorded; NaN where samples are lost.
    repaired, implausible : array of bool, shape (n,)
        Samples that were interpolated, and that were there but cannot come from skin.
    sampling_rate : float
        In Hz.
    parts : Parts, optional
        What it was decomposed into; only the recording is drawn without.
    responses : DataFrame
        With ``onset``, ``peak``, ``rise_time`` and ``recovery_time`` [s] and ``amplitude`` [z].
    title : str
        What was recorded.
    name, unit : str
        Of the recorded signal.
    onset : float
        Seconds that networks and features leave out; shaded if there are any.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    _, sparse, slow = look.signals
    sparse = {**sparse, "linestyle": "-"}  # alone in its panel: nothing to be told from
    heights = [2.0]
    if parts is not None:
        heights += [2.0] if parts.driver is None else [2.0, 1.1]
    figure = style.new_figure(0.6 + sum(heights), title, simulated, look=look, rows=True)
    grid = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    raw = grid[0]
    handles: list[Any] = [_curve(raw, eda, sampling_rate, label=name, zorder=3, **_RAW)]
    for mask, mark, label, extent in (
        (repaired, look.of(_REPAIRED), "repaired", (0, 1)),
        (~np.isfinite(eda), _MISSING, "missing", (0, 1)),
        # A strip at the top: below it one sees whether these samples were repaired.
        (implausible, look.of(_IMPLAUSIBLE), "implausible", (0.94, 1)),
    ):
        if mask.any():
            _stretches(raw, mask, sampling_rate, extent, mark)
            handles.append(Patch(label=label, **mark))
    raw.set_ylabel(f"{name} [{unit}]")
    raw.set_xlim(0, len(eda) / sampling_rate)
    if parts is not None:
        tonic = parts.level + parts.spread * parts.tonic
        handles.append(_curve(raw, tonic, parts.sampling_rate, **{**slow, "zorder": 4}))
        handles.append(_curve(grid[1], parts.phasic, parts.sampling_rate, **sparse))
        handles += _responses(grid[1], parts, responses, look)
        grid[1].set_ylabel("phasic [z]")
        if not look.is_narrow:
            recorded = grid[1].secondary_yaxis(
                "right", functions=(lambda z: z * parts.spread, lambda x: x / parts.spread)
            )
            recorded.set_ylabel(f"phasic [{unit}]")
            recorded.tick_params(labelsize=style.SMALL, width=0.7, length=3)
        if parts.driver is not None:
            _curve(grid[2], parts.driver, parts.sampling_rate, **_RAW)
            grid[2].set_ylabel("driver [z/s]")
    for axes in grid:
        if onset > 0:
            shade = axes.axvspan(0, onset, color="0.88", zorder=0, linewidth=0)
        style.dress(axes)
    if onset > 0:
        shade.set_label(f"first {onset:g} s, left out later")
        handles.append(shade)
    grid[-1].set_xlabel("time [s]")
    figure.align_ylabels(grid)
    style.add_legend(figure, handles, look)
    return figure


def _curve(axes: Axes, signal: NDArray[np.float64], rate: float, **line: Any) -> Line2D:
    """A line over time, of not more points than can be seen."""
    place, value = envelope(signal, _BINS)
    (drawn,) = axes.plot(place / rate, value, **line)
    return drawn


def _stretches(
    axes: Axes,
    mask: NDArray[np.bool_],
    rate: float,
    extent: tuple[float, float],
    mark: dict[str, Any],
) -> None:
    """Fill the time of these samples; each stands for the time until the next one."""
    edges = np.append(mask, False)
    edges[1:] |= mask
    axes.fill_between(
        np.arange(len(edges)) / rate,
        *extent,
        where=edges,
        transform=axes.get_xaxis_transform(),
        zorder=1,
        **mark,
    )


def _responses(axes: Axes, parts: Parts, responses: pd.DataFrame, look: style.Look) -> list[Line2D]:
    """Mark onset, peak and half recovery; lines show rise time and amplitude."""
    time = np.arange(len(parts.phasic)) / parts.sampling_rate
    onset, peak = responses["onset"].to_numpy(float), responses["peak"].to_numpy(float)
    half = (responses["peak"] + responses["recovery_time"]).dropna().to_numpy(float)
    top = np.interp(peak, time, parts.phasic)
    foot = top - responses["amplitude"].to_numpy(float)
    axes.vlines(peak, foot, top, zorder=1, **_RISE)
    axes.hlines(foot, onset, peak, zorder=1, **_RISE)
    drawn = []
    for where, mark, label in (
        (onset, _ONSET, "SCR onset"),
        (peak, look.of(_PEAK), "SCR peak"),
        (half, _HALF, "half recovery"),
    ):
        height = np.interp(where, time, parts.phasic)
        drawn += axes.plot(where, height, label=label, zorder=5, **mark)
    return drawn

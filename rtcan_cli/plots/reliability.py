"""Whether the probabilities of a network come true: reliability diagram and histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from rtcan_cli.plots import style

N_COLUMNS = 20  # of the histogram: 0.05 wide each
_POINT: dict[str, Any] = {
    "color": "black",
    "marker": "o",
    "markersize": 4.5,
    "linewidth": 1.1,
    "label": "a bin of trials",
}
_IDEAL: dict[str, Any] = {
    "color": style.HIGH,
    "linestyle": (0, (4, 2)),
    "linewidth": 1.3,
    "label": "calibrated",
}


@style.styled
def reliability(
    bins: pd.DataFrame,
    label: ArrayLike,
    probability: ArrayLike,
    *,
    ece: float,
    calibrated_ece: float,
    brier: float,
    title: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the share of high over the predicted probability, and how often each is predicted.

    Parameters
    ----------
    bins : DataFrame
        From `rtcan_cli.evaluation.calibration.reliability`; its range of calibrated shares is the
        grey band.
    label : array of int, shape (n,)
        0 low, 1 high.
    probability : array of float, shape (n,)
        Predicted probability of high; NaN is left out.
    ece, calibrated_ece, brier : float
        Expected calibration error, that of a calibrated network with the same probabilities, and
        Brier score; named above the diagram.
    title : str
        Dataset, target and network of the run.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure
    """
    truth, predicted = np.asarray(label), np.asarray(probability, dtype=float)
    tested = ~np.isnan(predicted)
    truth, predicted = truth[tested], predicted[tested]
    figure = style.new_figure(4.9, title, simulated, look=look, width=4.2)
    diagram, histogram = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])

    # Bars rather than one band: with a single bin a band would have no width.
    band = diagram.vlines(
        bins["probability"],
        bins["calibrated_low"],
        bins["calibrated_high"],
        color="0.8",
        linewidth=6,
        label="95 % if calibrated",
    )
    ideal = diagram.plot((0, 1), (0, 1), **look.of(_IDEAL))
    points = diagram.plot(bins["probability"], bins["high"], **_POINT)
    heading = f"ECE {ece:.3f} (calibrated: {calibrated_ece:.3f}), Brier score {brier:.3f}"
    diagram.set(title=heading, ylabel="share of trials that are high")
    diagram.set(xlim=(0, 1), ylim=(0, 1))

    edges = np.linspace(0, 1, N_COLUMNS + 1)
    looks = (
        {"color": style.LOW, "label": "low"},
        {"color": "white", "edgecolor": style.HIGH, "hatch": "////", "label": "high"},
    )
    below = np.zeros(N_COLUMNS)
    columns = []
    for side, bar in enumerate(looks):
        n, _ = np.histogram(predicted[truth == side], edges)
        columns.append(
            histogram.bar(
                edges[:-1],
                n,
                width=1 / N_COLUMNS,
                align="edge",
                bottom=below,
                linewidth=0.5,
                **look.of(bar),
            )
        )
        below = below + n
    histogram.set_ylim(0, 1.5 * max(below.max(), 1))  # room for the legend above the columns
    histogram.set(xlabel="predicted probability of high", ylabel="trials")
    histogram.yaxis.set_major_locator(MaxNLocator(3, integer=True, min_n_ticks=1))
    for axes in (diagram, histogram):
        style.dress(axes)
    figure.align_ylabels([diagram, histogram])
    histogram.legend(handles=columns, loc="upper left", ncols=2, borderpad=0, handlelength=1.5)
    style.add_legend(figure, [*points, *ideal, band], look)
    return figure

"""The four steps that turn one subject's ratings into high and low (paper, fig. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots import style

_TITLES = ("(a) ratings", "(b) two clusters", "(c) arousal split", "(d) valence split")
_CLUSTERS: tuple[dict[str, Any], ...] = (
    {"label": "cluster 1", "color": "#999999", "marker": "o"},
    {"label": "cluster 2", "color": "#333333", "marker": "D"},
)
_CENTRE: dict[str, Any] = {"label": "centre", "c": "#f2b134", "marker": "P"}
_MIDPOINT: dict[str, Any] = {"label": "midpoint", "c": "white", "marker": "*"}


@style.styled
def relabel_steps(
    valence: ArrayLike,
    arousal: ArrayLike,
    centres: ArrayLike,
    thresholds: tuple[float, float],
    *,
    scale: tuple[float, float],
    subject: str,
    simulated: bool = False,
    look: style.Look = style.PAPER,
) -> Figure:
    """Draw the annotation re-creation of one subject as four panels.

    (a) the ratings, (b) the two clusters, their centres and the midpoint, (c) arousal and (d)
    valence split at the midpoint. A rating on the threshold is low.

    Parameters
    ----------
    valence, arousal : array, shape (n,)
        Ratings of the subject's trials; trials without a rating (NaN) are not drawn.
    centres : array, shape (2, 2)
        Cluster centres, one a row: (valence, arousal).
    thresholds : tuple of float
        Midpoint: (valence, arousal).
    scale : tuple of float
        Lowest and highest possible rating.
    subject : str
        Named in the title.
    simulated : bool
        Whether the figure has to say that the data are simulated.
    look : Look
        Size and colours.

    Returns
    -------
    Figure

    Raises
    ------
    RtcanError
        If there are no centres (NaN): the labels were made in another way.
    """
    points = np.column_stack([np.asarray(valence, float), np.asarray(arousal, float)])
    points = points[~np.isnan(points).any(axis=1)]
    centres, midpoint = np.asarray(centres, float), np.asarray(thresholds, float)
    if np.isnan(centres).any():
        raise RtcanError(
            f"the labels of subject {subject} have no cluster centres to draw",
            "choose a subject whose labels were made by k-means, without fallback",
        )
    # Ratings come in steps, so trials lie on top of each other: area says how many.
    place, count = np.unique(points, axis=0, return_counts=True)

    title = f"Labels of subject {subject} from {len(points)} rated trials"
    if look.is_narrow:
        figure = style.new_figure(4.6, title, simulated, look=look, width=0.5 * style.WIDTH)
        grid = figure.subplots(2, 2, sharey=True).ravel()
    else:
        figure = style.new_figure(2.75, title, simulated, look=look)
        grid = figure.subplots(1, 4, sharey=True)
    ratings, clusters, arousal_split, valence_split = grid
    trial = _scatter(ratings, place, count, color="black", marker="o", label="trial")
    handles = [trial]
    if (most := count.max(initial=1)) > 1:
        handles.append(ratings.scatter([], [], s=_area(most), c="black", label=f"{most} trials"))

    nearest = np.linalg.norm(place[:, None] - centres[None], axis=-1).argmin(axis=1)
    for cluster, mark in enumerate(_CLUSTERS):
        mine = nearest == cluster
        handles.append(_scatter(clusters, place[mine], count[mine], **mark))
    # Below the trials, and larger than any of them: neither hides the other.
    clusters.plot(*centres.T, color=style.GREY, linewidth=1, zorder=0.4)
    larger = 60 + 2 * _area(most)
    for spots, mark, area in ((centres.T, _CENTRE, larger), (midpoint[:, None], _MIDPOINT, 120)):
        drawn: dict[str, Any] = {"edgecolors": "black", "zorder": 0.5, **mark}
        clusters.scatter(*spots, s=area, **drawn)
        handles.append(clusters.scatter([], [], s=min(area, 120), **drawn))

    for axes, dimension in ((arousal_split, 1), (valence_split, 0)):
        high = place[:, dimension] > midpoint[dimension]
        sides = [
            _scatter(axes, place[side], count[side], **look.of(mark))
            for side, mark in zip((~high, high), style.CLASSES, strict=True)
        ]
        line = axes.axhline if dimension == 1 else axes.axvline
        line(midpoint[dimension], color=style.GREY, linestyle="--", linewidth=1)

    room = 0.07 * (scale[1] - scale[0])
    view, ticks = (
        (scale[0] - room, scale[1] + room),
        np.linspace(*scale, 5 if figure.get_figwidth() > 3 else 3),
    )
    for axes, heading in zip(grid, _TITLES, strict=True):
        style.dress(axes)
        axes.set(title=heading, xlabel="valence", xticks=ticks, yticks=ticks)
        axes.set(xlim=view, ylim=view)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
    ratings.set_ylabel("arousal")
    style.add_legend(figure, handles + sides, look, handletextpad=0.1, columnspacing=1.2)
    return figure


def _scatter(
    axes: Axes,
    place: NDArray[np.floating],
    count: NDArray[np.integer],
    color: str,
    marker: str,
    label: str,
) -> PathCollection:
    look: dict[str, Any] = {
        "c": color,
        "marker": marker,
        "label": label,
        "linewidth": 0,
        "alpha": 0.8,
    }
    axes.scatter(place[:, 0], place[:, 1], s=_area(count), **look)
    return axes.scatter([], [], s=_area(1), **look)


def _area(count: ArrayLike) -> NDArray[np.floating]:
    return 14.0 * np.asarray(count)

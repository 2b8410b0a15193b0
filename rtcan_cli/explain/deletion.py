"""Whether a decision depends on what a map marks.

A trial is cut into segments of equal length. Deletion takes the segments out, those with the most
weight first; insertion starts from an empty trial and brings them in. If the map is right, the
probability of the explained class falls soon in the one and rises soon in the other (Petsiuk, Das,
Saenko, RISE, BMVC 2018). Single samples would not do: electrodermal activity is so smooth that one
sample can be read from its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid

from rtcan_cli.choices import Fill
from rtcan_cli.explain.maps import BATCH, probability_of
from rtcan_cli.models.rtcan.network import RTCAN

N_SEGMENTS = 40
STEP = 2  # segments between two points of a curve


def segments(length: int) -> NDArray[np.int64]:
    """Segment of each of `length` samples, from 0."""
    n = min(N_SEGMENTS, length)
    return np.arange(length) * n // length


def order_by(weight: ArrayLike) -> NDArray[np.int64]:
    """Segments of each trial, that with the highest mean weight first.

    Parameters
    ----------
    weight : array (n, L)

    Returns
    -------
    array of int (n, S)
    """
    weight = np.asarray(weight, dtype=float)
    own = segments(weight.shape[1])
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    mean = np.add.reduceat(weight, starts, axis=1) / np.bincount(own)
    return np.argsort(-mean, axis=1, kind="stable")


def random_order(n: int, length: int, seed: int | Sequence[int]) -> NDArray[np.int64]:
    """Segments of n trials in random order (n, S)."""
    n_segments = int(segments(length)[-1]) + 1
    return np.random.default_rng(seed).permuted(np.tile(np.arange(n_segments), (n, 1)), axis=1)


def deletion_curve(
    model: RTCAN,
    eda: NDArray[np.float32],
    music: NDArray[np.float32] | None,
    class_index: NDArray[np.int64],
    order: NDArray[np.int64],
    fill: Fill,
) -> NDArray[np.float64]:
    """Probability of a class while segments are taken out in the given order.

    Parameters
    ----------
    model : RTCAN
    eda : array (n, 3, L)
    music : array (n, n_music), optional
        As the network takes it.
    class_index : array of int (n,)
        The class of each trial.
    order : array of int (n, S)
        Segments in the order in which they are taken out.
    fill : {"interpolate", "mean"}
        What stands in their place: a straight line between what is left, or the mean of the
        channel over the trial.

    Returns
    -------
    array (n, points)
        At the shares `shares` of the trial taken out.
    """
    place = np.argsort(order, axis=1)[:, segments(eda.shape[2])]  # when each sample goes
    counts = _counts(order.shape[1])
    points = []
    # Several points in a batch: a network has few trials here, and small batches take as long.
    for some in np.array_split(counts, -(-len(counts) * len(eda) // BATCH)):
        eda_left = np.concatenate([_without(eda, place < gone, fill) for gone in some])
        songs = None if music is None else np.tile(music, (len(some), 1))
        found = probability_of(model, eda_left, songs, np.tile(class_index, len(some)))
        points.append(found.reshape(len(some), -1))
    return np.concatenate(points).T.astype(float)


def insertion_curve(
    model: RTCAN,
    eda: NDArray[np.float32],
    music: NDArray[np.float32] | None,
    class_index: NDArray[np.int64],
    order: NDArray[np.int64],
    fill: Fill,
) -> NDArray[np.float64]:
    """Probability of a class while segments come back into an empty trial, in the given order.

    Parameters and result are those of `deletion_curve`; points are at the shares brought in.
    """
    # The trial with the first k back is the trial from which the others were taken out, last first.
    return deletion_curve(model, eda, music, class_index, order[:, ::-1], fill)[:, ::-1]


def shares(length: int) -> NDArray[np.float64]:
    """Shares of a trial that are taken out, or brought in, at the points of a curve."""
    n_segments = int(segments(length)[-1]) + 1
    return np.array(_counts(n_segments)) / n_segments


def area(curve: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """Area under each curve (n, points), a mean probability."""
    return trapezoid(curve, share, axis=1)


def _counts(n_segments: int) -> list[int]:
    return sorted(
        {*range(0, n_segments, STEP), *(n_segments - k for k in range(0, n_segments, STEP))}
    )


def _without(eda: NDArray[np.float32], gone: NDArray[np.bool_], fill: Fill) -> NDArray[np.float32]:
    mean = eda.mean(axis=2, keepdims=True)
    filled = np.where(gone[:, None], mean, eda).astype(np.float32)
    if fill == "mean":
        return filled
    every = np.arange(eda.shape[2])
    for trial, signal, out in zip(filled, eda, gone, strict=True):
        if out.any() and not out.all():
            left = np.flatnonzero(~out)
            for channel, values in zip(trial, signal, strict=True):
                channel[out] = np.interp(every[out], left, values[left])
    return filled

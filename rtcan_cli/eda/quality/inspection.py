"""A raw recording, repaired, measured and judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import maximum_filter1d

from rtcan_cli.eda.artefacts import Artefacts, find_artefacts
from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.eda.quality.measures import Quality, measure
from rtcan_cli.eda.quality.rules import EDGE_SECONDS, Rules
from rtcan_cli.eda.quality.verdict import find_fault
from rtcan_cli.eda.stretches import repair


@dataclass(frozen=True)
class Inspected:
    """A recording after repair, with what was found.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        Short gaps are filled; NaN in longer ones.
    repaired : ndarray of bool, shape (n_samples,)
        The samples that were filled.
    artefacts : dict of ndarray of bool, shape (n_samples,)
        Where implausible samples were, by `artefacts.KINDS`.
    quality : Quality
        What was measured.
    fault : str or None
        Why the recording cannot be used, in words; None for a sound one.
    """

    eda: NDArray[np.float64]
    repaired: NDArray[np.bool_]
    artefacts: dict[str, NDArray[np.bool_]]
    quality: Quality
    fault: str | None


def inspect(
    eda: ArrayLike,
    sampling_rate: float,
    jitter: float = math.nan,
    rules: Rules | None = None,
    *,
    absolute: bool = False,
    rises: bool = True,
) -> Inspected:
    """Repair, measure and judge a recording.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The raw signal, in any unit; NaN or infinite where samples are missing.
    sampling_rate : float
        In Hz.
    jitter : float
        See `Quality`.
    rules : Rules, optional
        The usual ones if left out.
    absolute : bool
        Whether it is skin conductance in microsiemens, with its offset: its range and slope are
        looked at, too.
    rises : bool
        Whether a response is known to make the signal rise.

    Returns
    -------
    Inspected
        Without a fault only if `preprocess.find_problem` finds none either.
    """
    rules = rules or Rules()
    if rules.keep_artefacts:
        found = Artefacts.none(eda)
    else:
        found = find_artefacts(eda, sampling_rate, rules.limits, absolute=absolute, rises=rises)
    mended, repaired = repair(found.eda, sampling_rate, rules.max_gap)
    edges = _edges(mended, repaired, found, sampling_rate)
    filled = repaired | edges
    known = np.isfinite(mended) & ~filled
    if edges.any() and known.any():
        mended[filled] = np.interp(np.flatnonzero(filled), np.flatnonzero(known), mended[known])
    quality = measure(mended, sampling_rate, jitter, filled, found, edges)
    fault = find_fault(quality, rules) or find_problem(mended, sampling_rate)
    return Inspected(mended, filled, found.kinds, quality, fault)


def _edges(
    eda: NDArray[np.float64],
    repaired: NDArray[np.bool_],
    artefacts: Artefacts,
    sampling_rate: float,
) -> NDArray[np.bool_]:
    """Plausible samples that are bridged because a repaired artefact is within `EDGE_SECONDS`."""
    where = np.any(list(artefacts.kinds.values()), axis=0) & repaired
    if not where.any():
        return where
    wide: NDArray[np.bool_] = maximum_filter1d(where, 2 * round(EDGE_SECONDS * sampling_rate) + 1)
    return wide & np.isfinite(eda) & ~repaired

"""The filter and the spline of the cvxEDA model, for one sampling rate and one length."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg.blas import dtbsv

from rtcan_cli.eda.compiled import IS_COMPILED, compiled

# A bump is not zero on at most this many knot intervals.
BUMP_INTERVALS = 4
# Whitened columns come in multiples of twice this number: so many fit into registers.
COLUMNS = 4


class ResponseFilter(NamedTuple):
    """The filter from driver to phasic part: gain (1 + B)^2 / ((1 - slow B)(1 - fast B)).

    B delays by one sample. This form, unlike the taps of the expanded polynomials, keeps the time
    constants to the last digit at any sampling rate.

    Attributes
    ----------
    slow, fast : float
        The poles: what is left of each exponential after one sample.
    gain : float
        Phasic part at the sample of a unit driver.
    """

    slow: float
    fast: float
    gain: float


class Tonic(NamedTuple):
    """The columns of the tonic part: bumps, offset and drift.

    Attributes
    ----------
    table : ndarray, shape (spacing, 4)
        In any knot interval, the values of the four bumps that are not zero there: of the knot
        before the interval, of the knots at its two ends and of the knot after it.
    n_knots : int
        Number of bumps; of recordings in lockstep, that of the longest.
    samples, knots : ndarray of float64, shape (1,) or (1, recordings)
        Length of the recording, and number of its bumps; of each, in lockstep.
    """

    table: NDArray[np.float64]
    n_knots: int
    samples: NDArray[np.float64]
    knots: NDArray[np.float64]


def response_filter(sampling_rate: float, tau0: float, tau1: float) -> ResponseFilter:
    """Discretise the Bateman response by the bilinear transform, as `arma_taps`, in factors."""
    step = 1 / sampling_rate
    fast, slow = 1 / min(tau0, tau1), 1 / max(tau0, tau1)
    return ResponseFilter(
        slow=(2 - slow * step) / (2 + slow * step),
        fast=(2 - fast * step) / (2 + fast * step),
        gain=(fast - slow) * step**2 / ((2 + fast * step) * (2 + slow * step)),
    )


def respond(driver: NDArray[np.float64], response: ResponseFilter) -> NDArray[np.float64]:
    """Phasic part of a driver."""
    if IS_COMPILED:
        return _respond(driver, response)
    slow = _faded(_with_before(driver), response.slow)
    return _faded(response.gain * _with_before(slow), response.fast)


@compiled()
def _respond(driver: NDArray[np.float64], response: ResponseFilter) -> NDArray[np.float64]:
    phasic = np.empty_like(driver)
    before = slow_before = slow = fast = 0.0
    for t in range(driver.size):
        slow = driver[t] + before + response.slow * slow
        fast = response.gain * (slow + slow_before) + response.fast * fast
        phasic[t] = fast
        before, slow_before = driver[t], slow
    return phasic


def _with_before(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x + np.concatenate([[0.0], x[:-1]])


def _faded(x: NDArray[np.float64], pole: float) -> NDArray[np.float64]:
    """One pole of the filter: y[t] = x[t] + pole y[t - 1], by the solver of banded systems."""
    bands = np.full((2, x.size), -pole)  # the diagonal, which is 1, is not read
    faded: NDArray[np.float64] = dtbsv(1, bands, x, lower=1, diag=1)
    return faded


def respond_transposed(x: NDArray[np.float64], response: ResponseFilter) -> NDArray[np.float64]:
    """The transposed map: sum over all later samples of x, weighted by the response."""
    return respond(x[::-1], response)[::-1]


def arma_taps(
    sampling_rate: float, tau0: float, tau1: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Discretise the Bateman response by the bilinear transform.

    Parameters
    ----------
    sampling_rate : float
        In Hz.
    tau0, tau1 : float
        Time constants in seconds, in either order.

    Returns
    -------
    ar, ma : ndarray, shape (3,)
        Denominator and numerator of the filter from driver to phasic part.
    """
    step = 1 / sampling_rate
    fast, slow = 1 / min(tau0, tau1), 1 / max(tau0, tau1)
    ar = np.array(
        [
            (fast * step + 2) * (slow * step + 2),
            2 * fast * slow * step**2 - 8,
            (fast * step - 2) * (slow * step - 2),
        ]
    )
    return ar / ((fast - slow) * step**2), np.array([1.0, 2.0, 1.0])


def count_knots(n_samples: int, spacing: int) -> int:
    """Number of knots: on the first sample and every `spacing` samples after it.

    The last is the one nearest to the end of the recording, so that the curve is as free there as
    at the beginning.
    """
    return len(range(0, n_samples + spacing // 2, spacing))


def spline_bumps(n_samples: int, spacing: int) -> sparse.csc_array:
    """Cubic B-spline bumps, one on every knot (see `count_knots`).

    Parameters
    ----------
    n_samples : int
        Length of the recording.
    spacing : int
        Samples between two knots.

    Returns
    -------
    sparse array, shape (n_samples, n_knots)
    """
    bump = _bump(spacing)
    offsets = np.arange(bump.size) - bump.size // 2
    knots = np.arange(count_knots(n_samples, spacing)) * spacing
    rows = knots[:, None] + offsets
    inside = (rows >= 0) & (rows < n_samples)
    columns, places = np.nonzero(inside)
    return sparse.csc_array((bump[places], (rows[inside], columns)), shape=(n_samples, knots.size))


def tonic_columns(n_samples: int | Sequence[int], spacing: int) -> Tonic:
    """The columns of `spline_bumps` and `drift_columns`, as a table of what is not zero.

    Parameters
    ----------
    n_samples : int or sequence of int
        Length of a recording; of each, for recordings in lockstep.
    spacing : int
        Samples between two knots.
    """
    samples = np.array([n_samples], dtype=np.float64)
    knots = np.vectorize(count_knots, otypes=[np.float64])(samples.astype(int), spacing)
    return Tonic(_table(spacing), int(knots.max()), samples, knots)


@lru_cache(maxsize=8)
def _table(spacing: int) -> NDArray[np.float64]:
    bump = _bump(spacing)
    reach = BUMP_INTERVALS // 2 * spacing
    around = np.zeros(2 * reach + 1)
    around[reach - bump.size // 2 : reach + bump.size // 2 + 1] = bump
    # Sample j of an interval lies j samples after the knot at its beginning.
    table = [around[reach - k * spacing :][:spacing] for k in range(-1, BUMP_INTERVALS - 1)]
    return np.ascontiguousarray(np.stack(table, axis=1))


def spline_curve(coefficients: NDArray[np.float64], n: int, spacing: int) -> NDArray[np.float64]:
    """Sum of the bumps of `spline_bumps`, each times its coefficient, without that large matrix."""
    table = _table(spacing)
    intervals = -(-n // spacing)
    padded = np.zeros(intervals + BUMP_INTERVALS - 1)
    padded[1 : 1 + coefficients.size] = coefficients[: padded.size - 1]
    return (sliding_window_view(padded, BUMP_INTERVALS) @ table.T).ravel()[:n]


def spline_products(x: NDArray[np.float64], spacing: int) -> NDArray[np.float64]:
    """Scalar product of each bump of `spline_bumps` with `x`."""
    table, whole = _table(spacing), x.size - x.size % spacing
    products = [x[:whole].reshape(-1, spacing) @ table]
    if whole < x.size:
        products.append(x[None, whole:] @ table[: x.size - whole])
    each = np.concatenate(products)
    padded = np.zeros(len(each) + BUMP_INTERVALS - 1)
    for k in range(BUMP_INTERVALS):
        padded[k : k + len(each)] += each[:, k]
    return padded[1 : 1 + count_knots(x.size, spacing)]


def drift_columns(n_samples: int) -> NDArray[np.float64]:
    """Offset and linear drift.

    Returns
    -------
    ndarray, shape (n_samples, 2)
    """
    return np.column_stack([np.ones(n_samples), np.arange(1, n_samples + 1) / n_samples])


def _bump(spacing: int) -> NDArray[np.float64]:
    # A box as long as the knot interval, convolved with itself four times over; peak 1. Running
    # sums of integers do it without rounding errors, and in time that grows with the length only.
    bump = np.ones(spacing, dtype=np.int64)
    for _ in range(BUMP_INTERVALS - 1):
        sums = np.cumsum(np.concatenate([bump, np.zeros(spacing - 1, dtype=np.int64)]))
        bump = sums - np.concatenate([np.zeros(spacing, dtype=np.int64), sums[:-spacing]])
    return bump / bump.max()

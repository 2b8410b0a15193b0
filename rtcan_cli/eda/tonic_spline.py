"""The tonic part of a deconvolution: a spline that keeps within its recording.

A response of 20 s has hardly begun to fade when a short recording ends. So the driver says little
about the level of the tonic part: any multiple of a fading response can be added to it without a
change of its driver. And where the skin recovers faster than the assumed response, the driver
between responses says that the level falls, each time. To convolve a tonic driver with the
response, from some state before the first sample, adds such errors up; the phasic part must then
cancel them. So the tonic part itself is what is fitted here: a cubic spline

- whose driver is that of the recording where there is no response (least squares),
- that does not rise above the recording, but for noise, and stays near the recording's range.

What the driver leaves open, the distance from the recording decides, with a small weight. All this
is least squares with one weight for samples below and one for samples above, and banded.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import IS_COMPILED, compiled

Array = NDArray[np.float64]

# Weights of squared distances from the recording, beside 1 for those from its driver: where the
# curve is above the recording, and where it is below.
_ABOVE, _BELOW = 1e3, 0.05
# How far the coefficients may be outside of the recording's range, as a share of it. Where
# responses overlap all the time, a recording never comes down to its tonic part.
_BEYOND = 0.25
# Weight of a coefficient's distance from these limits, if it is outside, beside all else that
# concerns the coefficient.
_OUTSIDE = 1e3
# The least squares are solved again until the samples with each weight stay the same.
_MAX_ROUNDS = 50


class Basis:
    """Uniform cubic B-splines over a recording, seen at some of its samples and their neighbours.

    Parameters
    ----------
    times : ndarray, shape (n_seen,)
        Of the samples that the fit sees, in seconds, from 0 on.
    step : float
        Between neighbouring samples of the recording, in seconds.
    seconds : float
        From its first sample to its last.
    grid : float
        Wanted distance of the knots, in seconds. The pieces get the nearest length of which a whole
        number fits, so that the curve is as free at the end as at the beginning.
    """

    def __init__(self, times: Array, step: float, seconds: float, grid: float) -> None:
        self._pieces = max(1, round(seconds / grid))
        self._length = seconds / self._pieces
        self._first, place = self._places(times)
        shift = step / self._length
        self.around = tuple(_blend(place + by) for by in (-shift, 0.0, shift))

    @property
    def size(self) -> int:
        """How many coefficients there are."""
        return self._pieces + 3

    def curve(self, coefficients: Array, times: Array) -> Array:
        """Values at any times; beyond its ends the curve goes on as it is there."""
        first, place = self._places(times)
        return np.asarray(
            sum(each * coefficients[first + i] for i, each in enumerate(_blend(place)))
        )

    def fit(
        self,
        recording: Array,
        driver: Array,
        driver_basis: Array,
        between: NDArray[np.bool_],
    ) -> Array:
        """Coefficients of the tonic part.

        Parameters
        ----------
        recording, driver : ndarray, shape (n_seen,)
            In the same unit.
        driver_basis : ndarray, shape (4, n_seen)
            The driver of the four splines that are not zero at each sample, made from `around`.
        between : ndarray of bool, shape (n_seen,)
            Where there is no response.

        Returns
        -------
        ndarray, shape (size,)
            All within the range of the recording, widened by `_BEYOND`; so is the curve.
        """
        here = self.around[1]
        beyond = _BEYOND * np.ptp(recording)
        lowest, highest = recording.min() - beyond, recording.max() + beyond
        from_driver = self._normal(driver_basis, driver, between.astype(float))
        above, outside = np.zeros(recording.size, dtype=bool), np.zeros(self.size, dtype=bool)
        found = np.full(self.size, lowest)
        for _ in range(_MAX_ROUNDS):
            level = self._normal(here, recording, np.where(above, _ABOVE, _BELOW))
            bands, right = from_driver[0] + level[0], from_driver[1] + level[1]
            held = _OUTSIDE * bands[0] * outside
            bands[0] += held
            right += held * np.clip(found, lowest, highest)
            found = scipy.linalg.solveh_banded(bands, right, lower=True)
            before = above, outside
            above = self.seen(found, here) > recording
            outside = (found < lowest) | (found > highest)
            if np.array_equal(above, before[0]) and np.array_equal(outside, before[1]):
                break
        return np.clip(found, lowest, highest)

    def seen(self, coefficients: Array, basis: Array) -> Array:
        """What the coefficients make of a basis, of shape (4, n_seen), at the samples seen."""
        return np.asarray(sum(each * coefficients[self._first + i] for i, each in enumerate(basis)))

    def _places(self, times: Array) -> tuple[NDArray[np.intp], Array]:
        position = times / self._length
        first = np.clip(position.astype(np.intp), 0, self._pieces - 1)
        return first, position - first

    def _normal(self, basis: Array, values: Array, weights: Array) -> tuple[Array, Array]:
        """Normal equations of weighted least squares: the lower bands, and the right side."""
        bands, right = np.zeros((4, self.size)), np.zeros(self.size)
        accumulate = _accumulate if IS_COMPILED else _accumulate_in_bins
        accumulate(self._first, basis, values, weights, bands, right)
        return bands, right


@compiled()
def _accumulate(
    first: NDArray[np.intp],
    basis: Array,
    values: Array,
    weights: Array,
    bands: Array,
    right: Array,
) -> None:
    for k in range(values.size):
        for i in range(4):
            weighted = weights[k] * basis[i, k]
            right[first[k] + i] += weighted * values[k]
            for j in range(i, 4):
                bands[j - i, first[k] + i] += weighted * basis[j, k]


def _accumulate_in_bins(
    first: NDArray[np.intp],
    basis: Array,
    values: Array,
    weights: Array,
    bands: Array,
    right: Array,
) -> None:
    """As `_accumulate`, which the interpreter would take a hundred times as long for."""
    for i in range(4):
        weighted = weights * basis[i]
        right += np.bincount(first + i, weighted * values, right.size)
        for j in range(i, 4):
            bands[j - i] += np.bincount(first + i, weighted * basis[j], right.size)


def _blend(place: Array) -> Array:
    """The four B-splines that overlap in a piece, from 0 at its beginning to 1 at its end."""
    left = 1 - place
    return (
        np.stack(
            [left**3, 3 * place**3 - 6 * place**2 + 4, 3 * left**3 - 6 * left**2 + 4, place**3]
        )
        / 6
    )

"""Passes over a recording from which the structured solver of cvxEDA is made.

Each costs a fixed number of operations a sample. The response filter has two states (c, s)::

    phasic[t] = gain (p[t] + c[t])
    c[t + 1]  = fast c[t] + (1 + slow) s[t] + (2 + slow + fast) p[t]
    s[t + 1]  =             slow s[t]       + (1 + slow) p[t]

with driver p and c = s = 0 at the beginning. H is the matrix of this map from p to phasic part.

A step of the solver asks for S^-1 x with S = I + H V H' and V a diagonal of variances. That is the
covariance of a recording whose driver is white noise with variance V and whose residual is white
noise with variance 1, so a Kalman filter followed by a smoother computes it (Durbin & Koopman,
*Time Series Analysis by State Space Methods*, 2nd ed., 2012, ch. 4). Nothing here subtracts what is
nearly equal: the covariance of the state is carried with its determinant. So the variances may
span more than twenty orders of magnitude, as they do near the optimum.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.cvxeda.matrices import ResponseFilter, Tonic

Array = NDArray[np.float64]

# Whitened columns come in multiples of this number, so that they fill vector registers.
LANES = 8

# A product of two arrays with so few rows is not worth a second thread to BLAS.
_ROWS = 512


@compiled()
def subtract_model(
    y: Array, driver: Array, coefficients: Array, response: ResponseFilter, tonic: Tonic, out: Array
) -> None:
    """Recording less phasic part of `driver` less tonic part of `coefficients`."""
    slow, fast, gain = response
    n, spacing, knots = y.size, tonic.table.shape[0], tonic.n_knots
    c = s = 0.0
    local = np.empty(4)
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        for k in range(4):
            knot = interval - 1 + k
            local[k] = coefficients[knot] if 0 <= knot < knots else 0.0
        for t in range(start, min(start + spacing, n)):
            level = coefficients[knots] + coefficients[knots + 1] * ((t + 1) / n)
            for k in range(4):
                level += local[k] * tonic.table[t - start, k]
            out[t] = y[t] - level - gain * (driver[t] + c)
            c = fast * c + (1 + slow) * s + (2 + slow + fast) * driver[t]
            s = slow * s + (1 + slow) * driver[t]


@compiled("reassoc")
def tonic_transposed(x: Array, tonic: Tonic, out: Array) -> None:
    """Scalar product of every tonic column with `x`: bumps, offset, drift."""
    n, spacing, knots = x.size, tonic.table.shape[0], tonic.n_knots
    out[:] = 0.0
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        b0 = b1 = b2 = b3 = offset = drift = 0.0
        for t in range(start, min(start + spacing, n)):
            row = t - start
            b0 += x[t] * tonic.table[row, 0]
            b1 += x[t] * tonic.table[row, 1]
            b2 += x[t] * tonic.table[row, 2]
            b3 += x[t] * tonic.table[row, 3]
            offset += x[t]
            drift += x[t] * (t + 1)
        for k, value in enumerate((b0, b1, b2, b3)):
            knot = interval - 1 + k
            if 0 <= knot < knots:
                out[knot] += value
        out[knots] += offset
        out[knots + 1] += drift / n


@compiled("reassoc")
def whiten_tonic(
    variance: Array,
    response: ResponseFilter,
    tonic: Tonic,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    white: Array,
    band: Array,
    arrow: Array,
    corner: Array,
) -> None:
    """Kalman filter of S = I + H V H', and what it makes of the tonic columns T.

    A whitened column goes on after its bump has ended, but fades like the response. `white` has
    room for some bumps that have ended (the oldest first), for the four of the interval, for
    offset and for drift, in this order.

    Parameters
    ----------
    variance : ndarray, shape (n_samples,)
        Diagonal of V.
    response, tonic
        The model.
    scale : ndarray, shape (n_samples,)
        Receives one over the standard deviation of the innovations.
    gain_c, gain_s : ndarray, shape (n_samples,)
        Receive the Kalman gains of the two states.
    white : ndarray, shape (n_samples, width)
        Receives the whitened columns, shifted by one place after every knot interval.
    band : ndarray, shape (n_knots, width - 2)
        Receives the product T' S^-1 T of the bumps: [i, j] is that of bumps i and i - j.
    arrow : ndarray, shape (n_knots, 2)
        Receives the product of bumps with offset and drift.
    corner : ndarray, shape (3,)
        Receives offset with offset, offset with drift, drift with drift.
    """
    slow, fast, gain = response
    n, spacing, knots = variance.size, tonic.table.shape[0], tonic.n_knots
    width = white.shape[1]
    bumps = band.shape[1]
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    m1, m2 = slow * fast - 1, fast * (1 + slow)
    power = gain * gain
    p11 = p12 = p22 = determinant = 0.0
    column_c, column_s = np.zeros(width), np.zeros(width)
    current = np.zeros((spacing, width))
    current[:, bumps] = 1.0
    band[:], arrow[:], corner[:] = 0.0, 0.0, 0.0
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        stop = min(start + spacing, n)
        for k in range(4):
            knot = interval - 1 + k
            if 0 <= knot < knots:
                current[:, bumps - 4 + k] = tonic.table[:, k]
            else:
                current[:, bumps - 4 + k] = 0.0
        for t in range(start, stop):
            # The driver of this sample is part of the observation: given the observation, its
            # variance falls from v to v / noise, and the state moves with the closed matrix F.
            v = variance[t]
            noise = 1 + power * v
            rest = v / noise
            total = noise + power * p11
            precision = 1 / total
            kc = gain * (p11 * fast + p12 * mix + g1 * v) * precision
            ks = gain * (p12 * slow + g2 * v) * precision
            gain_c[t], gain_s[t] = kc, ks
            root = math.sqrt(precision)
            scale[t] = root

            kept = noise * precision
            a11, a12 = p11 * kept, p12 * kept
            a22 = (p22 * noise + power * determinant) * precision
            f11, f21 = fast - power * rest * g1, -power * rest * g2
            turn = f11 * slow - mix * f21
            b11, b12 = f11 * a11 + mix * a12, f11 * a12 + mix * a22
            b21, b22 = f21 * a11 + slow * a12, f21 * a12 + slow * a22
            p11 = f11 * b11 + mix * b12 + rest * g1 * g1
            p12 = f21 * b11 + slow * b12 + rest * g1 * g2
            p22 = f21 * b21 + slow * b22 + rest * g2 * g2
            determinant = turn * turn * determinant * kept + rest * (
                m1 * m1 * a22 - 2 * m1 * m2 * a12 + m2 * m2 * a11
            )

            current[t - start, bumps + 1] = (t + 1) / n
            for first in range(0, width, LANES):
                for k in range(first, first + LANES):
                    innovation = current[t - start, k] - gain * column_c[k]
                    white[t, k] = innovation * root
                    moved = fast * column_c[k] + mix * column_s[k] + kc * innovation
                    column_s[k] = slow * column_s[k] + ks * innovation
                    column_c[k] = moved

        product = np.zeros((width, width))
        for low in range(start, stop, _ROWS):
            rows = white[low : min(low + _ROWS, stop)]
            product += np.dot(rows.T, rows)
        for i in range(bumps):
            knot = interval + 3 - bumps + i
            if 0 <= knot < knots:
                for j in range(min(i, knot) + 1):
                    band[knot, j] += product[i, i - j]
                arrow[knot, 0] += product[i, bumps]
                arrow[knot, 1] += product[i, bumps + 1]
        corner[0] += product[bumps, bumps]
        corner[1] += product[bumps, bumps + 1]
        corner[2] += product[bumps + 1, bumps + 1]
        # The oldest bump has faded; the bump of the next knot takes the last place.
        for k in range(bumps - 1):
            column_c[k], column_s[k] = column_c[k + 1], column_s[k + 1]
        column_c[bumps - 1] = column_s[bumps - 1] = 0.0


@compiled("reassoc")
def whiten_difference(
    driver: Array,
    x: Array,
    white: Array,
    response: ResponseFilter,
    tonic: Tonic,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    innovations: Array,
    projection: Array,
) -> None:
    """Whitened innovations of H `driver` - `x`, and T' S^-1 of it from the whitened T."""
    slow, fast, gain = response
    n, spacing, knots = x.size, tonic.table.shape[0], tonic.n_knots
    width, bumps = white.shape[1], white.shape[1] - 2
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    c = s = filtered_c = filtered_s = 0.0
    local = np.empty(width)
    projection[:] = 0.0
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        local[:] = 0.0
        for t in range(start, min(start + spacing, n)):
            innovation = gain * (driver[t] + c) - x[t] - gain * filtered_c
            c = fast * c + mix * s + g1 * driver[t]
            s = slow * s + g2 * driver[t]
            moved = fast * filtered_c + mix * filtered_s + gain_c[t] * innovation
            filtered_s = slow * filtered_s + gain_s[t] * innovation
            filtered_c = moved
            value = innovation * scale[t]
            innovations[t] = value
            for first in range(0, width, LANES):
                for k in range(first, first + LANES):
                    local[k] += value * white[t, k]
        for k in range(bumps):
            knot = interval + 3 - bumps + k
            if 0 <= knot < knots:
                projection[knot] += local[k]
        projection[knots] += local[bumps]
        projection[knots + 1] += local[bumps + 1]


@compiled("reassoc")
def smooth_sum(
    innovations: Array,
    white: Array,
    coefficients: Array,
    response: ResponseFilter,
    tonic: Tonic,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    solution: Array,
    transposed: Array,
) -> None:
    """S^-1 (x + T `coefficients`) and H' of it, from whitened x and whitened T."""
    slow, fast, gain = response
    n, spacing, knots = innovations.size, tonic.table.shape[0], tonic.n_knots
    width, bumps = white.shape[1], white.shape[1] - 2
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    local = np.empty(width)
    local[bumps], local[bumps + 1] = coefficients[knots], coefficients[knots + 1]
    c = s = 0.0
    for interval in range((n + spacing - 1) // spacing - 1, -1, -1):
        start = interval * spacing
        for k in range(bumps):
            knot = interval + 3 - bumps + k
            local[k] = coefficients[knot] if 0 <= knot < knots else 0.0
        for t in range(min(start + spacing, n) - 1, start - 1, -1):
            innovation = innovations[t]
            for first in range(0, width, LANES):
                for k in range(first, first + LANES):
                    innovation += local[k] * white[t, k]
            value = innovation * scale[t] - gain_c[t] * c - gain_s[t] * s
            solution[t] = value
            transposed[t] = gain * value + g1 * c + g2 * s
            s = mix * c + slow * s
            c = fast * c + gain * value

"""Passes over a recording from which the structured solver of cvxEDA is made.

Each costs a fixed number of operations a sample. The response filter has two states (c, s)::

    phasic[t] = gain (p[t] + c[t])
    c[t + 1]  = fast c[t] + (1 + slow) s[t] + (2 + slow + fast) p[t]
    s[t + 1]  =             slow s[t]       + (1 + slow) p[t]

with driver p and c = s = 0 at the beginning. H is the matrix of this map from p to phasic part. In
the code, c and s are multiplied by the gain, which spares many products.

A step of the solver asks for S^-1 x with S = I + H V H' and V a diagonal of variances. That is the
covariance of a recording whose driver is white noise with variance V and whose residual is white
noise with variance 1, so a Kalman filter followed by a smoother computes it (Durbin & Koopman,
*Time Series Analysis by State Space Methods*, 2nd ed., 2012, ch. 4). Nothing here subtracts what is
nearly equal: the covariance of the state is carried with its determinant. So the variances may
span more than twenty orders of magnitude, as they do near the optimum.

Everything here works on one recording or on several in lockstep (see `rtcan_cli.eda.lockstep`):
arrays of shape (n, ...) are then of shape (n, recordings). Matrices lie in such arrays row by row.
What is done with all whitened columns is written twice, for registers in
`rtcan_cli.eda.cvxeda.columns` and for NumPy in `rtcan_cli.eda.cvxeda.columns_in_rows`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import IS_COMPILED, compiled
from rtcan_cli.eda.cvxeda.matrices import ResponseFilter, Tonic
from rtcan_cli.eda.lockstep import at, each, entry, inside, like, place, put, root, total, zeros

if IS_COMPILED:
    from rtcan_cli.eda.cvxeda.columns import (
        add_products,
        add_projection,
        smooth_columns,
        whiten_columns,
    )
else:
    from rtcan_cli.eda.cvxeda.columns_in_rows import (
        add_products,
        add_projection,
        smooth_columns,
        whiten_columns,
    )

Array = NDArray[np.float64]

# Samples that are worked on column by column, so that what they need stays close to the processor.
_ROWS = 32


@compiled()
def _coefficient(coefficients: Array, knot: int, n_knots: int) -> float:
    return at(coefficients, knot) if 0 <= knot < n_knots else like(coefficients, 0.0)


@compiled()
def _add(array: Array, index: int, value: float) -> None:
    put(array, index, at(array, index) + value)


@compiled("reassoc")
def subtract_model(
    y: Array, driver: Array, coefficients: Array, response: ResponseFilter, tonic: Tonic, out: Array
) -> None:
    """Recording less phasic part of `driver` less tonic part of `coefficients`; 0 after its end."""
    slow, fast, gain = response
    n, spacing, knots = len(y), tonic.table.shape[0], tonic.n_knots
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    end = at(tonic.samples, 0)
    offset, drift = at(coefficients, knots), at(coefficients, knots + 1) / end
    c = s = like(y, 0.0)
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        b0 = _coefficient(coefficients, interval - 1, knots)
        b1 = _coefficient(coefficients, interval, knots)
        b2 = _coefficient(coefficients, interval + 1, knots)
        b3 = _coefficient(coefficients, interval + 2, knots)
        stop = min(start + spacing, n)
        for t in each(start, stop):
            near = b0 * entry(tonic.table, t, start, 0) + b1 * entry(tonic.table, t, start, 1)
            far = b2 * entry(tonic.table, t, start, 2) + b3 * entry(tonic.table, t, start, 3)
            level = offset + drift * (place(t) + 1.0) + near + far
            put(out, t, at(y, t) - level)
        for t in range(start, stop):
            p = gain * at(driver, t)
            put(out, t, (at(out, t) - p - c) * inside(t, end))
            c = fast * c + mix * s + g1 * p
            s = slow * s + g2 * p


@compiled("reassoc")
def tonic_transposed(x: Array, tonic: Tonic, out: Array) -> None:
    """Scalar product of every tonic column with `x`: bumps, offset, drift."""
    n, spacing, knots = len(x), tonic.table.shape[0], tonic.n_knots
    all_offset = all_drift = like(x, 0.0)
    for k in range(knots):
        put(out, k, 0.0)
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        b0 = b1 = b2 = b3 = offset = drift = like(x, 0.0)
        for t in each(start, min(start + spacing, n)):
            value = at(x, t)
            b0 += total(value * entry(tonic.table, t, start, 0))
            b1 += total(value * entry(tonic.table, t, start, 1))
            b2 += total(value * entry(tonic.table, t, start, 2))
            b3 += total(value * entry(tonic.table, t, start, 3))
            offset += total(value)
            drift += total(value * (place(t) + 1.0))
        for k, value in enumerate((b0, b1, b2, b3)):
            knot = interval - 1 + k
            if 0 <= knot < knots:
                _add(out, knot, value * inside(knot, at(tonic.knots, 0)))
        all_offset += offset
        all_drift += drift
    put(out, knots, all_offset)
    put(out, knots + 1, all_drift / at(tonic.samples, 0))


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
        Receives one over the standard deviation of the innovations; 0 after a recording's end.
    gain_c, gain_s : ndarray, shape (n_samples,)
        Receive the Kalman gains of the two states; 0 after a recording's end.
    white : ndarray, shape (n_samples * width,)
        Receives the whitened columns, shifted by one place after every knot interval.
    band : ndarray, shape (n_knots * (width - 2),)
        Receives the product T' S^-1 T of the bumps: [i, j] is that of bumps i and i - j.
    arrow : ndarray, shape (n_knots * 2,)
        Receives the product of bumps with offset and drift.
    corner : ndarray, shape (3,)
        Receives offset with offset, offset with drift, drift with drift.
    """
    slow, fast, gain = response
    n, spacing, knots = len(variance), tonic.table.shape[0], tonic.n_knots
    width = len(white) // n
    bumps = width - 2
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    m1, m2 = slow * fast - 1, fast * (1 + slow)
    power = gain * gain
    end = at(tonic.samples, 0)
    zero = like(variance, 0.0)
    p11 = p12 = p22 = determinant = zero
    # The columns in this interval, and what each is to be multiplied by.
    current = np.zeros((spacing, width))
    current[:, bumps - 4 : bumps] = tonic.table
    current[:, bumps] = 1.0
    factor, product = zeros(variance, width), zeros(variance, width * width)
    column_c, column_s = zeros(variance, width), zeros(variance, width)
    put(factor, bumps, 1.0)
    put(factor, bumps + 1, 1.0 / end)
    band[:], arrow[:], corner[:] = 0.0, 0.0, 0.0
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        stop = min(start + spacing, n)
        for k in range(4):
            knot = interval - 1 + k
            there = inside(knot, at(tonic.knots, 0)) if knot >= 0 else zero
            put(factor, bumps - 4 + k, there)
        current[:, bumps + 1] = np.arange(start + 1, start + spacing + 1)
        product[:] = 0.0
        for low in range(start, stop, _ROWS):
            high = min(low + _ROWS, stop)
            for t in range(low, high):
                # The driver of this sample is part of the observation: given the observation, its
                # variance falls from v to rest, and the state moves with the closed matrix F. What
                # does not need `precision`, which takes long, comes before it.
                v = power * at(variance, t)
                noise = 1 + v
                rest = v / noise
                precision = inside(t, end) / (noise + p11)
                kc = (fast * p11 + mix * p12 + g1 * v) * precision
                ks = (slow * p12 + g2 * v) * precision
                put(gain_c, t, kc)
                put(gain_s, t, ks)
                put(scale, t, root(precision))

                f11, f21 = fast - g1 * rest, -g2 * rest
                turn = f11 * slow - mix * f21
                a22 = p22 * noise + determinant
                b11, b12 = noise * (f11 * p11 + mix * p12), f11 * noise * p12 + mix * a22
                b21, b22 = noise * (f21 * p11 + slow * p12), f21 * noise * p12 + slow * a22
                lost = m1 * m1 * a22 + noise * (m2 * m2 * p11 - 2 * m1 * m2 * p12)
                p11 = (f11 * b11 + mix * b12) * precision + rest * (g1 * g1)
                p12 = (f21 * b11 + slow * b12) * precision + rest * (g1 * g2)
                p22 = (f21 * b21 + slow * b22) * precision + rest * (g2 * g2)
                determinant = (turn * turn * noise * determinant + rest * lost) * precision
            whiten_columns(
                current, factor, column_c, column_s, response, scale, gain_c, gain_s, white,
                start, low, high,
            )  # fmt: skip
            add_products(white, product, width, low, high)

        for i in range(bumps):
            knot = interval + 3 - bumps + i
            if 0 <= knot < knots:
                for j in range(min(i, knot) + 1):
                    _add(band, knot * bumps + j, at(product, i * width + i - j))
                _add(arrow, 2 * knot, at(product, bumps * width + i))
                _add(arrow, 2 * knot + 1, at(product, (bumps + 1) * width + i))
        _add(corner, 0, at(product, bumps * width + bumps))
        _add(corner, 1, at(product, (bumps + 1) * width + bumps))
        _add(corner, 2, at(product, (bumps + 1) * width + bumps + 1))
        # The oldest bump has faded; the bump of the next knot takes the last place.
        for k in range(bumps - 1):
            put(column_c, k, at(column_c, k + 1))
            put(column_s, k, at(column_s, k + 1))
        put(column_c, bumps - 1, 0.0)
        put(column_s, bumps - 1, 0.0)


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
    n, spacing, knots = len(x), tonic.table.shape[0], tonic.n_knots
    width = len(white) // n
    bumps = width - 2
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    # What is left of the state of the driver's response when the filtered one is subtracted.
    c = s = like(x, 0.0)
    local = zeros(x, width)
    projection[:] = 0.0
    for interval in range((n + spacing - 1) // spacing):
        start = interval * spacing
        stop = min(start + spacing, n)
        local[:] = 0.0
        for low in range(start, stop, _ROWS):
            high = min(low + _ROWS, stop)
            for t in range(low, high):
                p = gain * at(driver, t)
                innovation = p + c - at(x, t)
                c = fast * c + mix * s + g1 * p - at(gain_c, t) * innovation
                s = slow * s + g2 * p - at(gain_s, t) * innovation
                put(innovations, t, innovation * at(scale, t))
            add_projection(innovations, white, local, low, high)
        for k in range(bumps):
            knot = interval + 3 - bumps + k
            if 0 <= knot < knots:
                _add(projection, knot, at(local, k))
        _add(projection, knots, at(local, bumps))
        _add(projection, knots + 1, at(local, bumps + 1))


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
    """S^-1 (x + T `coefficients`) and H' of it, from whitened x and whitened T.

    `solution` may be the same array as `innovations`.
    """
    n, spacing, knots = len(innovations), tonic.table.shape[0], tonic.n_knots
    width = len(white) // n
    bumps = width - 2
    local = zeros(scale, width)
    put(local, bumps, at(coefficients, knots))
    put(local, bumps + 1, at(coefficients, knots + 1))
    c = s = like(scale, 0.0)
    for interval in range((n + spacing - 1) // spacing - 1, -1, -1):
        start = interval * spacing
        for k in range(bumps):
            put(local, k, _coefficient(coefficients, interval + 3 - bumps + k, knots))
        stop = min(start + spacing, n)
        c, s = smooth_columns(
            innovations, white, local, response, scale, gain_c, gain_s, c, s, solution, transposed,
            start, stop,
        )  # fmt: skip

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
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.cvxeda.matrices import ResponseFilter, Tonic
from rtcan_cli.eda.lockstep import at, choose, like, put, root, zeros

Array = NDArray[np.float64]

# Whitened columns come in multiples of twice this number: so many fit into registers.
COLUMNS = 4

# Samples that are worked on column by column, so that what they need stays close to the processor.
_ROWS = 32


@compiled()
def inside(position: float, end: float) -> float:
    """One before the end, else zero: recordings in lockstep end at different samples."""
    return choose(end - position, 1.0, 0.0)


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
        for t in range(start, min(start + spacing, n)):
            row = t - start
            near = b0 * tonic.table[row, 0] + b1 * tonic.table[row, 1]
            far = b2 * tonic.table[row, 2] + b3 * tonic.table[row, 3]
            level = offset + drift * (t + 1.0) + near + far
            p = gain * at(driver, t)
            put(out, t, (at(y, t) - level - p - c) * inside(float(t), end))
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
        for t in range(start, min(start + spacing, n)):
            row, value = t - start, at(x, t)
            b0 += value * tonic.table[row, 0]
            b1 += value * tonic.table[row, 1]
            b2 += value * tonic.table[row, 2]
            b3 += value * tonic.table[row, 3]
            offset += value
            drift += value * (t + 1.0)
        for k, value in enumerate((b0, b1, b2, b3)):
            knot = interval - 1 + k
            if 0 <= knot < knots:
                _add(out, knot, value * inside(float(knot), at(tonic.knots, 0)))
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
            there = inside(float(knot), at(tonic.knots, 0)) if knot >= 0 else zero
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
                precision = inside(float(t), end) / (noise + p11)
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
            for first in range(0, width, COLUMNS):
                _whiten_columns(
                    current, factor, column_c, column_s, response, scale, gain_c, gain_s, white,
                    first, start, low, high,
                )  # fmt: skip
            for i in range(0, width, 2):
                for j in range(0, i + 1, COLUMNS):
                    _add_products(white, product, width, i, j, low, high)

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
def _whiten_columns(
    current: Array,
    factor: Array,
    column_c: Array,
    column_s: Array,
    response: ResponseFilter,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    white: Array,
    first: int,
    start: int,
    low: int,
    high: int,
) -> None:
    """Whiten `COLUMNS` of the columns of an interval, from sample `low` to before `high`."""
    slow, fast, _ = response
    mix, width, a, b, c, d = 1 + slow, len(factor), first, first + 1, first + 2, first + 3
    fa, fb, fc, fd = at(factor, a), at(factor, b), at(factor, c), at(factor, d)
    ca, cb, cc, cd = at(column_c, a), at(column_c, b), at(column_c, c), at(column_c, d)
    sa, sb, sc, sd = at(column_s, a), at(column_s, b), at(column_s, c), at(column_s, d)
    for t in range(low, high):
        row, place = t - start, t * width
        kc, ks, size = at(gain_c, t), at(gain_s, t), at(scale, t)
        ia = fa * current[row, a] - ca
        ib = fb * current[row, b] - cb
        ic = fc * current[row, c] - cc
        id_ = fd * current[row, d] - cd
        put(white, place + a, ia * size)
        put(white, place + b, ib * size)
        put(white, place + c, ic * size)
        put(white, place + d, id_ * size)
        ca = fast * ca + mix * sa + kc * ia
        cb = fast * cb + mix * sb + kc * ib
        cc = fast * cc + mix * sc + kc * ic
        cd = fast * cd + mix * sd + kc * id_
        sa = slow * sa + ks * ia
        sb = slow * sb + ks * ib
        sc = slow * sc + ks * ic
        sd = slow * sd + ks * id_
    put(column_c, a, ca)
    put(column_c, b, cb)
    put(column_c, c, cc)
    put(column_c, d, cd)
    put(column_s, a, sa)
    put(column_s, b, sb)
    put(column_s, c, sc)
    put(column_s, d, sd)


@compiled("reassoc")
def _add_products(
    white: Array, product: Array, width: int, i: int, j: int, low: int, high: int
) -> None:
    """Scalar products of columns i and i + 1 with `COLUMNS` others, from j on."""
    one, two = i * width + j, (i + 1) * width + j
    a0, b0 = at(product, one), at(product, two)
    a1, b1 = at(product, one + 1), at(product, two + 1)
    a2, b2 = at(product, one + 2), at(product, two + 2)
    a3, b3 = at(product, one + 3), at(product, two + 3)
    for t in range(low, high):
        a, b, other = at(white, t * width + i), at(white, t * width + i + 1), t * width + j
        x0, x1, x2, x3 = (
            at(white, other),
            at(white, other + 1),
            at(white, other + 2),
            at(white, other + 3),
        )
        a0 += a * x0
        a1 += a * x1
        a2 += a * x2
        a3 += a * x3
        b0 += b * x0
        b1 += b * x1
        b2 += b * x2
        b3 += b * x3
    put(product, one, a0)
    put(product, one + 1, a1)
    put(product, one + 2, a2)
    put(product, one + 3, a3)
    put(product, two, b0)
    put(product, two + 1, b1)
    put(product, two + 2, b2)
    put(product, two + 3, b3)


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
    c = s = filtered_c = filtered_s = like(x, 0.0)
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
                innovation = p + c - at(x, t) - filtered_c
                c = fast * c + mix * s + g1 * p
                s = slow * s + g2 * p
                moved = fast * filtered_c + mix * filtered_s + at(gain_c, t) * innovation
                filtered_s = slow * filtered_s + at(gain_s, t) * innovation
                filtered_c = moved
                put(innovations, t, innovation * at(scale, t))
            for k in range(0, width, COLUMNS):
                l0, l1, l2, l3 = at(local, k), at(local, k + 1), at(local, k + 2), at(local, k + 3)
                for t in range(low, high):
                    value, place = at(innovations, t), t * width + k
                    l0 += value * at(white, place)
                    l1 += value * at(white, place + 1)
                    l2 += value * at(white, place + 2)
                    l3 += value * at(white, place + 3)
                put(local, k, l0)
                put(local, k + 1, l1)
                put(local, k + 2, l2)
                put(local, k + 3, l3)
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
    slow, fast, gain = response
    n, spacing, knots = len(innovations), tonic.table.shape[0], tonic.n_knots
    width = len(white) // n
    bumps = width - 2
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    local = zeros(scale, width)
    put(local, bumps, at(coefficients, knots))
    put(local, bumps + 1, at(coefficients, knots + 1))
    c = s = like(scale, 0.0)
    for interval in range((n + spacing - 1) // spacing - 1, -1, -1):
        start = interval * spacing
        for k in range(bumps):
            put(local, k, _coefficient(coefficients, interval + 3 - bumps + k, knots))
        for t in range(min(start + spacing, n) - 1, start - 1, -1):
            innovation = at(innovations, t)
            for k in range(0, width, COLUMNS):
                place = t * width + k
                near = at(local, k) * at(white, place) + at(local, k + 1) * at(white, place + 1)
                far = at(local, k + 2) * at(white, place + 2) + at(local, k + 3) * at(
                    white, place + 3
                )
                innovation += near + far
            value = innovation * at(scale, t) - at(gain_c, t) * c - at(gain_s, t) * s
            put(solution, t, value)
            put(transposed, t, gain * (value + g1 * c + g2 * s))
            s = mix * c + slow * s
            c = fast * c + value

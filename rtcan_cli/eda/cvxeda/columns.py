"""What the passes of `rtcan_cli.eda.cvxeda.kernels` do with whitened columns, compiled.

`rtcan_cli.eda.cvxeda.columns_in_rows` does the same where Numba is not installed. A table `white`
has the columns of a sample one after the other, and the samples after each other. Columns are
taken so few at a time that all fits into registers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.compiled import compiled
from rtcan_cli.eda.cvxeda.matrices import COLUMNS, ResponseFilter
from rtcan_cli.eda.lanes import at, put

Array = NDArray[np.float64]


@compiled("reassoc")
def whiten_columns(
    current: Array,
    factor: Array,
    column_c: Array,
    column_s: Array,
    response: ResponseFilter,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    white: Array,
    start: int,
    low: int,
    high: int,
) -> None:
    """Whiten the columns of an interval that begins at `start`, from `low` to before `high`.

    Parameters
    ----------
    current : ndarray, shape (spacing, width)
        The columns in the interval,
    factor : ndarray, shape (width,)
        and what each is to be multiplied by.
    column_c, column_s : ndarray, shape (width,)
        The filtered state of each before `low`, then before `high`.
    response, scale, gain_c, gain_s, white
        As of `rtcan_cli.eda.cvxeda.kernels.whiten_tonic`.
    start, low, high : int
        Samples.
    """
    for first in range(0, len(factor), COLUMNS):
        _whiten_columns(
            current, factor, column_c, column_s, response, scale, gain_c, gain_s, white,
            first, start, low, high,
        )  # fmt: skip


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
def add_products(white: Array, product: Array, width: int, low: int, high: int) -> None:
    """Add the scalar products of whitened columns, from sample `low` to before `high`.

    Those of column i are added to row i of `product`, of shape (width * width,), up to column i at
    least: the matrix is symmetric.
    """
    for i in range(0, width, 2):
        for j in range(0, i + 1, COLUMNS):
            _add_products(white, product, width, i, j, low, high)


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
def add_projection(innovations: Array, white: Array, local: Array, low: int, high: int) -> None:
    """Add to `local` the scalar products of the columns with `innovations`."""
    width = len(local)
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


@compiled("reassoc")
def smooth_columns(
    innovations: Array,
    white: Array,
    local: Array,
    response: ResponseFilter,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    c: float,
    s: float,
    solution: Array,
    transposed: Array,
    low: int,
    high: int,
) -> tuple[float, float]:
    """Smooth innovations and columns, each times its number of `local`, from the last sample on.

    Parameters
    ----------
    innovations, white, response, scale, gain_c, gain_s, solution, transposed
        As of `rtcan_cli.eda.cvxeda.kernels.smooth_sum`.
    local : ndarray, shape (width,)
        What each column is to be multiplied by.
    c, s : float
        State of the smoother, which runs backwards, at `high`.
    low, high : int
        Samples.

    Returns
    -------
    c, s : float
        Its state at `low`.
    """
    slow, fast, gain = response
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    width = len(local)
    for t in range(high - 1, low - 1, -1):
        innovation = at(innovations, t)
        for k in range(0, width, COLUMNS):
            place = t * width + k
            near = at(local, k) * at(white, place) + at(local, k + 1) * at(white, place + 1)
            far = at(local, k + 2) * at(white, place + 2) + at(local, k + 3) * at(white, place + 3)
            innovation += near + far
        value = innovation * at(scale, t) - at(gain_c, t) * c - at(gain_s, t) * s
        put(solution, t, value)
        put(transposed, t, gain * (value + g1 * c + g2 * s))
        s = mix * c + slow * s
        c = fast * c + value
    return c, s

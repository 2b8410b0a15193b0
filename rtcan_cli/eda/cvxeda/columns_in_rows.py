"""What `rtcan_cli.eda.cvxeda.columns` does, by NumPy, for recordings in a row.

All columns of a sample are worked on together and, where samples do not wait for each other, many
samples. Sums are taken sample by sample, whatever the number of recordings. Parameters are those
of the functions of the same names there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.cvxeda.matrices import ResponseFilter
from rtcan_cli.eda.rows import each

Array = NDArray[np.float64]


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
    """Whiten the columns of an interval that begins at `start`, from `low` to before `high`."""
    slow, fast, _ = response
    mix = 1 + slow
    columns = white.reshape(-1, *factor.shape)[low:high]
    np.multiply(current[low - start : high - start, :, None], factor, out=columns)
    c, s = column_c, column_s
    for innovation, kc, ks in zip(columns, gain_c[low:high], gain_s[low:high], strict=True):
        innovation -= c
        c, s = fast * c + mix * s + kc * innovation, slow * s + ks * innovation
    column_c[:], column_s[:] = c, s
    columns *= scale[low:high, None]


def add_products(white: Array, product: Array, width: int, low: int, high: int) -> None:
    """Add the scalar products of whitened columns, from sample `low` to before `high`."""
    columns = white.reshape(-1, width, white.shape[1])[low:high]
    products = product.reshape(width, width, -1)
    for i in range(width):
        products[i, : i + 1] += (columns[:, i, None] * columns[:, : i + 1]).sum(axis=0)


def add_projection(innovations: Array, white: Array, local: Array, low: int, high: int) -> None:
    """Add to `local` the scalar products of the columns with `innovations`."""
    columns = white.reshape(-1, *local.shape)[low:high]
    local += (innovations[low:high, None] * columns).sum(axis=0)


def smooth_columns(
    innovations: Array,
    white: Array,
    local: Array,
    response: ResponseFilter,
    scale: Array,
    gain_c: Array,
    gain_s: Array,
    c: Any,
    s: Any,
    solution: Array,
    transposed: Array,
    low: int,
    high: int,
) -> tuple[Any, Any]:
    """Smooth innovations and columns, each times its number of `local`, from the last sample on."""
    slow, fast, gain = response
    mix, g1, g2 = 1 + slow, 2 + slow + fast, 1 + slow
    columns = white.reshape(-1, *local.shape)
    for t in each(low, high):
        weighted = (columns[t] * local).sum(axis=1)
        np.multiply(innovations[t] + weighted, scale[t], out=solution[t])
    for now in range(high - 1, low - 1, -1):
        value = solution[now]
        value -= gain_c[now] * c + gain_s[now] * s
        transposed[now] = value + (g1 * c + g2 * s)
        s = mix * c + slow * s
        c = fast * c + value
    transposed[low:high] *= gain
    return c, s

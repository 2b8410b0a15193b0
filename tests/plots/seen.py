"""How readers see a colour: with any colour vision, and in grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

#: What is left of a colour, linear RGB, to readers without red and without green cones: Machado,
#: Oliveira and Fernandes, IEEE TVCG 15(6), 2009, table 1, severity 1.
WITHOUT = {
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def seen(colour: Any, matrix: Any) -> np.ndarray:
    """A colour as CIELAB, as such a reader sees it."""
    rgb = np.asarray(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = linear @ np.array(
        [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    )
    ratio = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def lightness(colour: Any) -> float:
    """What is left of a colour in grey: 0 black, 100 white (CIELAB's L*)."""
    return float(seen(colour, np.eye(3))[0])

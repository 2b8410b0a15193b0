"""Signals as images, for networks that look at images.

Nothing here is learnt and no gradient passes: an image is the same whenever its signal is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

#: Standard deviations from the middle of an image to its upper and lower edge.
REACH = 4.0


@torch.no_grad()
def draw(signals: Tensor, size: int) -> Tensor:
    """Draw z-scored signals (batch, channels, L) as curves (batch, channels, size, size).

    Time runs to the right, the signal upwards, from -4 to 4 standard deviations in every image, so
    that heights can be compared; values beyond are drawn at the edge. Each channel has a plane of
    its own: 1 on the curve, 0 off it, and between at its edges, which are one pixel wide. A column
    shows the curve from the least to the greatest sample of its stretch, and is joined to the
    column before, as a plotting program would.
    """
    scale = (size - 1) / (2 * REACH)
    rows = (REACH - signals).mul(scale).clamp(0, size - 1)  # row 0 is at the top
    bottom = F.adaptive_max_pool1d(rows, size)
    top = -F.adaptive_max_pool1d(-rows, size)
    # A column that does not touch the one before is drawn on to where that one ends.
    bottom, top = (
        torch.cat([bottom[..., :1], torch.maximum(bottom[..., 1:], top[..., :-1])], dim=-1),
        torch.cat([top[..., :1], torch.minimum(top[..., 1:], bottom[..., :-1])], dim=-1),
    )
    row = torch.arange(size, device=signals.device, dtype=signals.dtype).unsqueeze(-1)
    inside = torch.minimum(bottom.unsqueeze(-2) - row, row - top.unsqueeze(-2))
    return (1 + inside).clamp(0, 1)


@torch.no_grad()
def fold(signals: Tensor, size: int) -> Tensor:
    """Fold signals (batch, channels, L) to squares, resized to (batch, channels, size, size).

    Rows of the square follow each other in time, ceil(sqrt(L)) samples in each; what the last row
    lacks is 0, the mean of a z-scored signal. The resizing is bilinear.
    """
    length = signals.shape[-1]
    width = math.isqrt(length - 1) + 1
    n_rows = -(-length // width)
    padded = F.pad(signals, (0, n_rows * width - length))
    square = padded.unflatten(-1, (n_rows, width))
    return F.interpolate(square, (size, size), mode="bilinear", align_corners=False)

"""Channel and temporal attention over electrodermal feature maps.

A skin conductance response has a latency, a rise and a recovery. The feature map is therefore
clipped into three equal parts in time, and an attention module runs on each part with the same
weights (Yin et al., ACM TOMM 18(3), 2022, sec. 3.2). When the length is not a multiple of three,
the last part takes the rest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PARTS = 3
REDUCTION = 8
POOL = 2


def clip(x: Tensor, parts: int) -> tuple[Tensor, ...]:
    """Cut a feature map into equal parts in time; the last part takes the rest.

    Parameters
    ----------
    x : Tensor (batch, channels, time)
    parts : int
        Number of parts, at most `time`.

    Returns
    -------
    tuple of Tensor
        Views of `x` along its last axis, in order.
    """
    length = x.shape[-1] // parts
    return x.split([length] * (parts - 1) + [x.shape[-1] - length * (parts - 1)], dim=-1)


class SCA(nn.Module):
    """Signal channel attention: squeeze-and-excitation in one dimension.

    ::

        x ─┬─ mean over time ─ 1x1 conv C→C/8 ─ ReLU ─ 1x1 conv C/8→C ─ sigmoid ─┐
           └───────────────────────────────────────────────────────────────────── × ─ out

    Parameters
    ----------
    channels : int
        Width C of the feature map.
    parts : int
        Parts the map is clipped into; each is pooled and scaled by itself. The convolutions see
        the parts as positions in time, which is what makes their weights shared.

    Notes
    -----
    Maps (batch, C, time) to the same shape; `time` must be at least `parts`.
    Yin et al. 2022, sec. 3.2; Hu et al., Squeeze-and-Excitation Networks, CVPR 2018.
    """

    def __init__(self, channels: int, parts: int = 1) -> None:
        super().__init__()
        self.parts = parts
        squeezed = max(1, channels // REDUCTION)
        self.gate = nn.Sequential(
            nn.Conv1d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv1d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of each part of `x` (batch, C, time)."""
        pieces = clip(x, self.parts)
        gates = self.gate(torch.stack([piece.mean(dim=-1) for piece in pieces], dim=-1))
        if self.parts == 1:
            return x * gates
        return torch.cat([piece * gates[..., i, None] for i, piece in enumerate(pieces)], dim=-1)


class RNTA(nn.Module):
    """Residual non-local temporal attention: an embedded Gaussian non-local block.

    ::

        x ─┬─ theta ──────────────┐
           ├─ phi ─ AvgPool(2) ── softmax(theta' phi) g ─ W: 1x1 conv, BatchNorm ─┐
           ├─ g ─── AvgPool(2) ───┘                                               │
           └───────────────────────────────────────────────────────────────────── + ─ out

    Parameters
    ----------
    channels : int
        Width C of the feature map. The inner width is C/2.
    parts : int
        Parts the map is clipped into. A sample attends only to samples of its own part.

    Notes
    -----
    Maps (batch, C, time) to the same shape; each part needs two samples (`time` >= 2 `parts`).
    theta, phi, g and W act on single samples, so running them on the joined map is the same as
    running them on each part; W's BatchNorm then has one set of batch statistics for all parts,
    as it has one set of running statistics at inference. W's scale starts at 0, so an untrained
    block is the identity (Wang et al., Non-local Neural Networks, CVPR 2018). The pool size is
    not in the paper. Yin et al. 2022, sec. 3.2.
    """

    def __init__(self, channels: int, parts: int = 1) -> None:
        super().__init__()
        self.parts = parts
        inner = max(1, channels // 2)
        self.theta = nn.Conv1d(channels, inner, 1)
        self.phi = nn.Conv1d(channels, inner, 1)
        self.g = nn.Conv1d(channels, inner, 1)
        scale = nn.BatchNorm1d(channels)
        nn.init.zeros_(scale.weight)
        self.W = nn.Sequential(nn.Conv1d(inner, channels, 1), scale)

    def forward(self, x: Tensor) -> Tensor:
        """Add to `x` (batch, C, time) what each sample gathers from its part."""
        theta, phi, g = (clip(conv(x), self.parts) for conv in (self.theta, self.phi, self.g))
        gathered = [
            attend(theta[i], F.avg_pool1d(phi[i], POOL), F.avg_pool1d(g[i], POOL))
            for i in range(self.parts)
        ]
        return x + self.W(torch.cat(gathered, dim=-1))


def attend(theta: Tensor, phi: Tensor, g: Tensor) -> Tensor:
    """Return softmax(theta' phi) g without ever holding the matrix of weights.

    Parameters
    ----------
    theta : Tensor (batch, channels, time)
    phi, g : Tensor (batch, channels, pooled time)

    Returns
    -------
    Tensor (batch, channels, time)
    """
    # The fused kernels want one head and the channels last in memory.
    query, key, value = (x.mT.contiguous().unsqueeze(1) for x in (theta, phi, g))
    return F.scaled_dot_product_attention(query, key, value, scale=1.0).squeeze(1).mT

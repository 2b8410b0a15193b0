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

from rtcan_cli.models.layers.convolution import BatchNorm, Conv, join

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
    if parts == 1:
        return (x,)
    length = x.shape[-1] // parts
    lengths = [length] * (parts - 1) + [x.shape[-1] - length * (parts - 1)]
    # With time in front of the channels, gradients too are joined with their channels last.
    return tuple(piece.mT for piece in x.mT.split(lengths, dim=-2))


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
        gates = self.gate(torch.stack([piece.mT.mean(dim=-2) for piece in pieces], dim=-1))
        if self.parts == 1:
            return x * gates
        # Spread over the whole length they keep the layout of `x`.
        spread = [
            gate.unsqueeze(-1).expand(-1, -1, piece.shape[-1])
            for gate, piece in zip(gates.unbind(dim=-1), pieces, strict=True)
        ]
        return x * join(spread)


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
        self.theta = Conv(channels, inner, 1)
        self.phi = Conv(channels, inner, 1)
        self.g = Conv(channels, inner, 1)
        scale = BatchNorm(channels)
        nn.init.zeros_(scale.weight)
        self.W = nn.Sequential(Conv(inner, channels, 1), scale)

    def forward(self, x: Tensor) -> Tensor:
        """Add to `x` (batch, C, time) what each sample gathers from its part."""
        # phi and g are linear and act on single samples, so pooling may as well come first.
        gathered = [
            attend(theta, self.phi(pooled), self.g(pooled))
            for theta, pooled in zip(
                clip(self.theta(x), self.parts), map(pool, clip(x, self.parts)), strict=True
            )
        ]
        return x + self.W(join(gathered))


def pool(x: Tensor) -> Tensor:
    """Average pairs of samples of a map (batch, channels, time); an odd one at the end is left."""
    return F.avg_pool2d(x.unsqueeze(2), (1, POOL)).squeeze(2)


def attend(theta: Tensor, phi: Tensor, g: Tensor) -> Tensor:
    """Return softmax(theta' phi) g.

    Parameters
    ----------
    theta : Tensor (batch, channels, time)
    phi, g : Tensor (batch, channels, pooled time)

    Returns
    -------
    Tensor (batch, channels, time)
    """
    if theta.dtype == torch.bfloat16 and theta.device.type == "cpu":
        # The fused kernel takes three times as long as this on CPUs that multiply this type.
        return ((theta.mT @ phi).softmax(dim=-1) @ g.mT).mT
    # Never holds the matrix of weights. The kernels want one head and the channels last in memory.
    query, key, value = (x.mT.contiguous().unsqueeze(1) for x in (theta, phi, g))
    return F.scaled_dot_product_attention(query, key, value, scale=1.0).squeeze(1).mT

"""Residual feature extraction (RFE): ResNet-18 in one dimension."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from rtcan_cli.models.layers.attention import SCA
from rtcan_cli.models.layers.convolution import BatchNorm, Conv

BLOCKS_PER_STAGE = 2
POOLED = 14


class ResidualBlock(nn.Module):
    """`depth` times (convolution of 3, BatchNorm, ReLU) beside a shortcut.

    ::

        x ─┬─ [SCA] ─ (conv 3, BatchNorm, ReLU) x depth ─ + ─ ReLU ─ out
           └─ identity, or 1x1 conv and BatchNorm ────────┘

    Parameters
    ----------
    n_in, n_out : int
        Channels before and after.
    stride : int
        Stride of the first convolution and of the projection.
    depth : int
        Convolutions in the block (d in Table 4).
    sca : bool
        Whether channel attention, over the whole length, opens the branch (SCA_Res).

    Notes
    -----
    The shortcut is a projection when the stride or the width changes. Attention and a ReLU stand
    in the branch alone, before the sum, as the paper's Fig. 2 draws them (ResCA1D_Unit). The ReLU
    behind the sum is not in the figure; it is in the published code and in ResNet (He et al., CVPR
    2016).
    """

    def __init__(self, n_in: int, n_out: int, stride: int, depth: int, sca: bool) -> None:
        super().__init__()
        self.sca = SCA(n_in) if sca else None
        layers: list[nn.Module] = []
        for i in range(depth):
            layers += [
                Conv(n_out if i else n_in, n_out, 3, 1 if i else stride, 1, bias=False),
                BatchNorm(n_out),
                nn.ReLU(),
            ]
        self.branch = nn.Sequential(*layers)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                Conv(n_in, n_out, 1, stride, bias=False), BatchNorm(n_out)
            )
        # A module, not a function: guided backpropagation finds modules only.
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, n_in, time) to (batch, n_out, ceil(time / stride))."""
        attended = x if self.sca is None else self.sca(x)
        return self.relu(self.branch(attended) + self.bypass(x, attended))

    def bypass(self, x: Tensor, attended: Tensor) -> Tensor:
        """What the shortcut adds, from the block's input before and after the attention."""
        return self.shortcut(x)


class RFE(nn.Module):
    """Four stages of two residual blocks, then a tail that leaves 14 values per channel.

    Parameters
    ----------
    n_in : int
        Channels of the input.
    channels : sequence of int
        Width of each stage. The first block of a stage halves the length.
    depth : int
        Convolutions per block.
    sca : bool
        Whether the branch of each block starts with channel attention.
    block : type of ResidualBlock
        Kind of the blocks.

    Notes
    -----
    Maps (batch, n_in, time) to (batch, channels[-1], 14). The tail is a 1x1 convolution of
    stride 3 with BatchNorm, and a pooling. Yin et al. 2022, sec. 3.3; see `pool` for lengths
    other than the paper's.
    """

    def __init__(
        self,
        n_in: int,
        channels: Sequence[int],
        depth: int,
        sca: bool,
        block: type[ResidualBlock] = ResidualBlock,
    ) -> None:
        super().__init__()
        blocks = []
        for width in channels:
            for i in range(BLOCKS_PER_STAGE):
                blocks.append(block(n_in, width, 1 if i else 2, depth, sca))
                n_in = width
        self.blocks = nn.Sequential(*blocks)
        self.tail = nn.Sequential(Conv(n_in, n_in, 1, 3, bias=False), BatchNorm(n_in))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, n_in, time) to (batch, channels[-1], 14)."""
        return pool(self.tail(self.blocks(x)))


def pool(x: Tensor) -> Tensor:
    """Average (batch, channels, time) in time down (or, below 14 samples, up) to 14 values.

    From 14 samples on this is a sliding average of width `time` - 13 and stride 1. An input of
    2500 samples after the shallow feature extraction arrives here with 27, for which it is the
    paper's AvgPool1d(14, stride 1). Shorter maps are spread over 14 adaptive bins.
    """
    if x.shape[-1] >= POOLED:
        return F.avg_pool1d(x, x.shape[-1] - POOLED + 1, stride=1)
    return F.adaptive_avg_pool1d(x, POOLED)

"""InceptionTime: convolutions of three lengths side by side, a strong network for time series.

::

    original, phasic, tonic EDA (3, L)                             music (6373)
     │ mean of 5 samples                          (3, 500)          │
     │ 3 inception modules, shortcut around them  (128, 500)        │
     │ 3 inception modules, shortcut around them  (128, 500)        │
     │ mean over time                             (128)             │
     └──────────────────────── concatenate ─────────────────────────┘
                               RTCAN-1D's classifier ── low, high

    An inception module:
                           ┌─ conv 40 (32) ─┐
     x ─ bottleneck (32) ──┼─ conv 20 (32) ─┼─ BatchNorm, ReLU ── (128)
     │                     └─ conv 10 (32) ─┤
     └── max pool 3, stride 1 ─ conv 1 (32) ┘

Source: Ismail Fawaz, Lucas, Forestier, Pelletier, Schmidt, Weber, Webb, Idoumghar, Muller,
Petitjean: InceptionTime: Finding AlexNet for Time Series Classification, Data Mining and Knowledge
Discovery 34, 2020, arXiv 1909.04939; points that the text leaves open are as in the authors' code
(github.com/hfawaz/InceptionTime): no biases, a projected shortcut around every three modules.

Inputs: original, phasic and tonic EDA, z-scored and interpolated to L samples; with `--fusion
music` the openSMILE features of the song.

Defaults: the published ones: six modules, 32 filters of each length, bottlenecks of 32. Trained by
the same `--recipe` as RTCAN-1D. 556 226 weights on EDA alone.

Different from the original: one network, not the ensemble of five. Signals of more than 500 samples
are first averaged down to 500: the network was designed for series of about this length, its
receptive field is 235 samples, and 2500 samples would take five times as long for a signal with
little content above 0.5 Hz (500 samples of a 60 s recording represent up to 4 Hz). RTCAN-1D's
classifier replaces its single linear layer, so that music can be added, and the two networks differ
only in how they process the EDA. The source trains with Adam, a learning rate of 0.001 that is
reduced when the loss does not fall, and 1500 epochs with batches of 64.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcan_cli.models.layers.convolution import BatchNorm, Conv, MaxPool, channels_last
from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.spec import ModelSpec

MODULES = 6
PER_SHORTCUT = 3
FILTERS = 32
KERNELS = (40, 20, 10)
WIDTH = FILTERS * (len(KERNELS) + 1)
LONGEST = 500


class InceptionModule(nn.Module):
    """Convolutions of three lengths and a maximum, side by side.

    Parameters
    ----------
    n_in : int
        Channels of the input.
    """

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.bottleneck = Conv(n_in, FILTERS, 1, bias=False)
        self.convolutions = nn.ModuleList(
            Conv(FILTERS, FILTERS, kernel, padding=kernel // 2, bias=False) for kernel in KERNELS
        )
        self.maximum = nn.Sequential(MaxPool(3, 1, 1), Conv(n_in, FILTERS, 1, bias=False))
        self.norm = BatchNorm(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, n_in, time) to (batch, 128, time)."""
        narrow = self.bottleneck(x)
        # An even kernel has no middle: it reaches one sample further ahead than back.
        pieces = [conv(narrow)[..., 1:] for conv in self.convolutions]
        pieces.append(self.maximum(x))
        return F.relu(self.norm(torch.cat([piece.mT for piece in pieces], dim=2).mT))


class InceptionNetwork(nn.Module):
    """Six modules with a shortcut around every three; maps EDA (batch, 3, L) to (batch, 128).

    Parameters
    ----------
    n_in : int
        Channels of the EDA.
    """

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.blocks, self.shortcuts = nn.ModuleList(), nn.ModuleList()
        for first in range(0, MODULES, PER_SHORTCUT):
            inputs = [WIDTH if i else n_in for i in range(first, first + PER_SHORTCUT)]
            self.blocks.append(nn.Sequential(*map(InceptionModule, inputs)))
            self.shortcuts.append(
                nn.Sequential(Conv(inputs[0], WIDTH, 1, bias=False), BatchNorm(WIDTH))
            )

    def forward(self, eda: Tensor) -> Tensor:
        """Return the mean of 128 channels over time."""
        if eda.shape[-1] > LONGEST:
            eda = F.adaptive_avg_pool1d(eda, LONGEST)
        x = channels_last(eda)
        for block, shortcut in zip(self.blocks, self.shortcuts, strict=True):
            x = F.relu(block(x) + shortcut(x))
        return x.mean(dim=2)


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    return Headed(InceptionNetwork(3), WIDTH, spec, dropout)

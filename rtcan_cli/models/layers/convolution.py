"""Convolution and batch normalisation in one dimension, fast where channels lie last in memory.

A feature map (batch, channels, time) can lie in memory with either of its last two axes last. On a
CPU everything but a convolution along a single channel is faster with the channels last: they are
what convolutions, normalisation and attention sum over. PyTorch knows this layout for images only.
So the maps are shown to it as images of height 1, which copies nothing. Names, shapes and
initialisation of the weights are those of PyTorch's own layers in one dimension.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Channels from which on oneDNN's strided convolution of width 1 is used.
_MANY = 32


def channels_last(x: Tensor) -> Tensor:
    """Lay a map (batch, channels, time) out with its channels last, if it is on the CPU."""
    return x.mT.contiguous().mT if x.device.type == "cpu" else x


def join(pieces: list[Tensor]) -> Tensor:
    """Join maps (batch, channels, time) in time, with their channels last in memory."""
    return torch.cat([piece.mT for piece in pieces], dim=1).mT


class Conv(nn.Conv1d):
    """Convolution over time; maps (batch, n_in, time) to (batch, n_out, new time)."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; the result has its channels last in memory if `x` has."""
        # With steps of more than one sample, the backward pass of oneDNN's own convolution ends the
        # process for some few channels (3 to 8, 8 to 16; PyTorch 2.13), but is faster for many.
        few = min(self.in_channels, self.out_channels) < _MANY
        if self.kernel_size == (1,) and self.padding == (0,) and (self.stride == (1,) or few):
            return F.linear(x.mT[:, :: self.stride[0]], self.weight[..., 0], self.bias).mT
        stride, padding = (1, *self.stride), (0, int(self.padding[0]))
        weight = self.weight.unsqueeze(2)
        return F.conv2d(x.unsqueeze(2), weight, self.bias, stride, padding).squeeze(2)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of the channels of a map (batch, channels, time)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, and keep the layout of `x` in memory."""
        return super().forward(x.unsqueeze(2)).squeeze(2)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() != 4:
            raise ValueError(f"a map (batch, channels, time) is needed, not {input.dim() - 1} axes")


class MaxPool(nn.Module):
    """Largest value of every `size` samples; what is left over at the end is pooled too.

    Parameters
    ----------
    size : int
        Samples that are looked at.
    stride : int, optional
        Samples from one to the next, `size` by default.
    padding : int
        Samples added at both ends, which are never the largest.
    """

    def __init__(self, size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride or size, padding

    def forward(self, x: Tensor) -> Tensor:
        """Pool, and keep the layout of `x` in memory."""
        size, stride, padding = (1, self.size), (1, self.stride), (0, self.padding)
        return F.max_pool2d(x.unsqueeze(2), size, stride, padding, ceil_mode=True).squeeze(2)


class Channels(nn.Module):
    """The first channels of the EDA, laid out as the layers here want them.

    Parameters
    ----------
    n : int
        1 for the original EDA alone, 3 for the phasic and the tonic part as well.
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, time) to (batch, n, time)."""
        return channels_last(x[:, : self.n])


def basic(n_in: int, n_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return the basic layer of the paper: convolution, BatchNorm, ReLU.

    Maps (batch, n_in, time) to (batch, n_out, ceil(time / stride)) for an odd kernel; an even one
    leaves one sample more. The convolution has no bias, which BatchNorm would take away again.
    """
    return nn.Sequential(
        Conv(n_in, n_out, kernel, stride, kernel // 2, bias=False), BatchNorm(n_out), nn.ReLU()
    )

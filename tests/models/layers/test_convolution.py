from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rtcan_cli.models.layers.convolution import (
    BatchNorm,
    Channels,
    Conv,
    MaxPool,
    basic,
    channels_last,
    join,
)


def layouts(x: torch.Tensor) -> list[torch.Tensor]:
    """The same map with time last in memory, and with its channels last."""
    return [x.contiguous(), x.mT.contiguous().mT]


@settings(max_examples=30, deadline=None)
@given(
    n_in=st.integers(1, 6),
    n_out=st.integers(1, 6),
    kernel=st.sampled_from([1, 3, 7]),
    stride=st.sampled_from([1, 2, 3]),
    padding=st.integers(0, 3),
    time=st.integers(7, 40),
    bias=st.booleans(),
)
def test_convolution_is_pytorchs(
    n_in: int, n_out: int, kernel: int, stride: int, padding: int, time: int, bias: bool
) -> None:
    theirs = nn.Conv1d(n_in, n_out, kernel, stride, padding, bias=bias).double()
    ours = Conv(n_in, n_out, kernel, stride, padding, bias=bias).double()
    ours.load_state_dict(theirs.state_dict())
    for x in layouts(torch.randn(3, n_in, time, dtype=torch.float64)):
        torch.testing.assert_close(ours(x), theirs(x))
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)


@pytest.mark.parametrize(
    ("n_in", "n_out"), [(3, 8), (3, 16), (4, 8), (8, 16), (16, 32), (32, 32), (64, 64)]
)
@pytest.mark.parametrize("kernel", [1, 3])
def test_gradients_of_single_precision_are_those_of_double(
    n_in: int, n_out: int, kernel: int
) -> None:
    # oneDNN has kernels of its own for single precision, by the number of channels. With a kernel
    # of 1 and a stride of 2, some of them end the process in the backward pass.
    layer = Conv(n_in, n_out, kernel, 2, kernel // 2, bias=False)
    exact = nn.Conv1d(n_in, n_out, kernel, 2, kernel // 2, bias=False).double()
    exact.load_state_dict(layer.state_dict())
    x = torch.randn(32, n_in, 2500)
    for _ in range(3):
        ours, theirs = x.clone().requires_grad_(), x.double().requires_grad_()
        layer.zero_grad()
        exact.zero_grad()
        layer(channels_last(ours)).square().mean().backward()
        exact(theirs).square().mean().backward()
        for got, wanted in ((ours, theirs), (layer.weight, exact.weight)):
            torch.testing.assert_close(got.grad, wanted.grad.float(), rtol=1e-3, atol=1e-6)


def test_normalisation_is_pytorchs() -> None:
    theirs, ours = nn.BatchNorm1d(4), BatchNorm(4)
    for x in layouts(torch.randn(5, 4, 30) * 3 + 1):
        for mode in (True, False):
            torch.testing.assert_close(ours.train(mode)(x), theirs.train(mode)(x))
    assert ours.num_batches_tracked == 2
    for name, tensor in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], tensor)
    with pytest.raises(ValueError, match="not 2 axes"):
        ours(torch.randn(5, 4))


def test_weights_start_as_pytorchs() -> None:
    torch.manual_seed(3)
    theirs = nn.Conv1d(4, 6, 7).state_dict()
    torch.manual_seed(3)
    ours = Conv(4, 6, 7).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_channels_stay_last_in_memory() -> None:
    x = channels_last(torch.randn(2, 4, 31))
    for layer in (Conv(4, 8, 7, 2, 3), Conv(4, 8, 1), Conv(4, 8, 1, 3), BatchNorm(4)):
        assert layer(x).mT.is_contiguous()
    pieces = [torch.randn(2, 4, n) for n in (3, 5)]
    assert join(pieces).mT.is_contiguous()
    assert torch.equal(join(pieces), torch.cat(pieces, dim=-1))


@pytest.mark.parametrize(("size", "stride", "padding"), [(4, None, 0), (3, 1, 1), (2, 2, 0)])
@pytest.mark.parametrize("time", [1, 7, 40])
def test_maximum_is_pytorchs(size: int, stride: int | None, padding: int, time: int) -> None:
    x = torch.randn(3, 5, time)
    expected = F.max_pool1d(x, size, stride, padding, ceil_mode=True)
    for own in layouts(x):
        assert torch.equal(MaxPool(size, stride, padding)(own), expected)


@pytest.mark.parametrize(("kernel", "stride", "time"), [(3, 2, 64), (7, 1, 128), (10, 1, 129)])
def test_the_basic_layer_is_pytorchs(kernel: int, stride: int, time: int) -> None:
    ours = basic(2, 6, kernel, stride)
    theirs = nn.Sequential(
        nn.Conv1d(2, 6, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(6), nn.ReLU()
    )
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(4, 2, 128)
    assert ours(x).shape == (4, 6, time)
    for own in layouts(x):
        torch.testing.assert_close(ours(own), theirs(x))


def test_channels_are_the_first_and_lie_last() -> None:
    x = torch.randn(4, 3, 20)
    assert torch.equal(Channels(1)(x), x[:, :1])
    assert Channels(3)(x).mT.is_contiguous()

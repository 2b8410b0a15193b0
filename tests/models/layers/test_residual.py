from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rtcan_cli.models.layers.residual import RFE, ResidualBlock, pool
from rtcan_cli.models.rtcan.released import ReleasedBlock


def n_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_pooling_at_the_papers_length_is_average_pooling_of_14() -> None:
    x = torch.randn(2, 5, 27)
    assert torch.equal(pool(x), nn.AvgPool1d(14, stride=1)(x))


@given(st.integers(1, 120))
def test_pooling_always_leaves_14_averages(time: int) -> None:
    x = torch.arange(time, dtype=torch.float64).reshape(1, 1, time)
    out = pool(x)[0, 0]
    assert out.shape == (14,)
    # On a ramp any average over windows that are placed symmetrically keeps the mean.
    assert out.mean().item() == pytest.approx((time - 1) / 2)
    assert torch.all(out.diff() >= 0)


@pytest.mark.parametrize("depth", [1, 2])
def test_block_without_branch_is_a_rectifier(depth: int) -> None:
    block = ResidualBlock(8, 8, stride=1, depth=depth, sca=False).eval()
    nn.init.zeros_(block.branch[-2].weight)
    x = torch.randn(3, 8, 20)
    assert torch.equal(block(x), x.clamp(min=0))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("sca", [True, False])
@pytest.mark.parametrize("kind", [ResidualBlock, ReleasedBlock])
def test_block_is_what_the_figure_draws(kind: type[ResidualBlock], sca: bool, stride: int) -> None:
    """Yin et al. 2022, Fig. 2: SCA, convolution, BatchNorm, ReLU, and then the sum."""
    block = kind(8, 8, stride, depth=1, sca=sca).double().eval()
    conv, norm = block.branch[0], block.branch[1]
    x = torch.randn(3, 8, 20, dtype=torch.float64)
    with torch.no_grad():
        norm.bias.copy_(torch.randn(8))  # so that some of the branch is negative
        norm.running_mean.copy_(torch.randn(8))
        attended = x
        if block.sca is not None:
            hidden, gate = block.sca.gate[0], block.sca.gate[2]
            squeezed = F.linear(x.mean(dim=2), hidden.weight[..., 0], hidden.bias).clamp(min=0)
            gates = F.linear(squeezed, gate.weight[..., 0], gate.bias).sigmoid()
            attended = x * gates[:, :, None]
        z = F.conv1d(attended, conv.weight, stride=stride, padding=1)
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        z = (z - norm.running_mean[:, None]) * scale[:, None] + norm.bias[:, None]
        assert (z < 0).any()
        assert (z > 0).any()
        shortcut = x
        if stride != 1:
            # The published code projects what the attention gives.
            seen = attended if kind is ReleasedBlock else x
            project, after = block.shortcut
            shortcut = after(F.conv1d(seen, project.weight, stride=2).contiguous())
        expected = (z.clamp(min=0) + shortcut).clamp(min=0)
        torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(
    ("n_in", "n_out", "stride", "projects"),
    [(8, 8, 1, False), (8, 8, 2, True), (8, 16, 1, True), (3, 8, 2, True)],
)
def test_shortcut_projects_when_stride_or_width_change(
    n_in: int, n_out: int, stride: int, projects: bool
) -> None:
    block = ResidualBlock(n_in, n_out, stride, depth=1, sca=False)
    assert isinstance(block.shortcut, nn.Identity) is not projects
    assert block(torch.randn(2, n_in, 21)).shape == (2, n_out, 21 if stride == 1 else 11)


def test_depth_stacks_convolutions() -> None:
    # Convolution of 3 without bias, and scale and shift of its BatchNorm.
    one, two = (ResidualBlock(8, 8, 1, depth=d, sca=False) for d in (1, 2))
    assert n_parameters(one) == 8 * 8 * 3 + 16
    assert n_parameters(two) == 2 * (8 * 8 * 3 + 16)
    kinds = 2 * [nn.Conv1d, nn.BatchNorm1d, nn.ReLU]
    assert len(two.branch) == len(kinds)
    assert all(isinstance(layer, kind) for layer, kind in zip(two.branch, kinds, strict=True))


@settings(max_examples=20, deadline=None)
@given(time=st.integers(1, 700), n_in=st.sampled_from([3, 8]))
def test_rfe_shape(time: int, n_in: int) -> None:
    rfe = RFE(n_in, (8, 8, 16, 16), depth=1, sca=False).eval()
    assert rfe(torch.randn(1, n_in, time)).shape == (1, 16, 14)


def test_rfe_halves_four_times_then_strides_three() -> None:
    rfe = RFE(4, (4, 4, 4, 4), depth=1, sca=False).eval()
    assert len(rfe.blocks) == 8
    assert rfe.blocks(torch.randn(1, 4, 1250)).shape[-1] == 79
    assert rfe.tail(torch.randn(1, 4, 79)).shape[-1] == 27

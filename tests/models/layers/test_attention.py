from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.models.layers.attention import RNTA, SCA, attend, clip


def trained(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Give a module weights and statistics as if it had been trained, in double precision."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    return module.double().eval()


def signal(batch: int, channels: int, time: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, channels, time, generator=generator, dtype=torch.float64)


def bounds(time: int) -> list[tuple[int, int]]:
    third = time // 3
    return [(0, third), (third, 2 * third), (2 * third, time)]


@given(st.integers(3, 200))
def test_clip_gives_two_equal_parts_and_the_rest(time: int) -> None:
    x = torch.arange(time).reshape(1, 1, time)
    pieces = clip(x, 3)
    assert [piece.shape[-1] for piece in pieces] == [time // 3, time // 3, time - 2 * (time // 3)]
    assert torch.equal(torch.cat(pieces, dim=-1), x)


@pytest.mark.parametrize("time", [12, 13, 14])
def test_sca_against_loops(time: int) -> None:
    module = trained(SCA(16, parts=3))
    x = signal(2, 16, time)
    squeeze, excite = module.gate[0], module.gate[2]
    assert squeeze.weight.shape == (2, 16, 1)  # C / 8
    w1, b1 = squeeze.weight[..., 0].detach().numpy(), squeeze.bias.detach().numpy()
    w2, b2 = excite.weight[..., 0].detach().numpy(), excite.bias.detach().numpy()
    expected = np.empty(x.shape)
    for b in range(2):
        for start, stop in bounds(time):
            part = x[b, :, start:stop].numpy()
            hidden = np.maximum(w1 @ part.mean(axis=1) + b1, 0)
            gate = 1 / (1 + np.exp(-(w2 @ hidden + b2)))
            for t in range(start, stop):
                expected[b, :, t] = x[b, :, t].numpy() * gate
    np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("time", [12, 16, 20])
def test_rnta_against_loops(time: int) -> None:
    module = trained(RNTA(8, parts=3))
    x = signal(2, 8, time)
    assert module.theta.weight.shape == (4, 8, 1)  # C / 2

    def weights(conv: torch.nn.Conv1d) -> tuple[np.ndarray, np.ndarray]:
        return conv.weight[..., 0].detach().numpy(), conv.bias.detach().numpy()

    (wt, bt), (wp, bp), (wg, bg) = (weights(c) for c in (module.theta, module.phi, module.g))
    (ww, bw), norm = weights(module.W[0]), module.W[1]
    scale = norm.weight.detach().numpy() / np.sqrt(norm.running_var.numpy() + norm.eps)
    shift = norm.bias.detach().numpy() - scale * norm.running_mean.numpy()
    expected = np.empty(x.shape)
    for b in range(2):
        for start, stop in bounds(time):
            part = x[b, :, start:stop].numpy()
            keys, values = [], []
            for j in range((stop - start) // 2):  # an odd sample at the end has no pair
                pair = part[:, 2 * j : 2 * j + 2]
                keys.append(np.mean([wp @ sample + bp for sample in pair.T], axis=0))
                values.append(np.mean([wg @ sample + bg for sample in pair.T], axis=0))
            for t in range(stop - start):
                query = wt @ part[:, t] + bt
                similarity = np.array([query @ key for key in keys])
                attention = np.exp(similarity - similarity.max())
                attention /= attention.sum()
                gathered = sum(a * value for a, value in zip(attention, values, strict=True))
                expected[b, :, start + t] = part[:, t] + scale * (ww @ gathered + bw) + shift
    np.testing.assert_allclose(module(x).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", [SCA, RNTA])
def test_parts_share_weights_and_do_not_see_each_other(kind: type[SCA] | type[RNTA]) -> None:
    module = trained(kind(16, parts=3))
    part = signal(2, 16, 10)
    out = module(part.repeat(1, 1, 3))
    torch.testing.assert_close(out, out[..., :10].repeat(1, 1, 3))
    # The same weights on an unclipped map of one part do the same.
    whole = kind(16, parts=1).double().eval()
    whole.load_state_dict(module.state_dict())
    torch.testing.assert_close(whole(part), out[..., :10])

    x = signal(2, 16, 30)
    other = x.clone()
    other[..., 20:] += 1
    before, after = module(x), module(other)
    torch.testing.assert_close(before[..., :20], after[..., :20])
    assert not torch.allclose(before[..., 20:] + 1, after[..., 20:])


def test_untrained_rnta_is_the_identity() -> None:
    module = RNTA(16, parts=3)
    x = signal(4, 16, 31).float()
    assert torch.equal(module.train()(x), x)
    assert torch.equal(module.eval()(x), x)


def test_bfloat16_attends_like_single_precision() -> None:
    theta, phi, g = signal(2, 8, 40), signal(2, 8, 20, seed=2), signal(2, 8, 20, seed=3)
    exact = attend(theta, phi, g)
    rounded = attend(*(x.bfloat16() for x in (theta, phi, g)))
    assert rounded.dtype == torch.bfloat16
    assert exact.abs().mean() > 0.3
    # Eight bits behind the point, of similarities that are some ten at most.
    torch.testing.assert_close(rounded.double(), exact, rtol=0, atol=0.1)


@pytest.mark.parametrize("parts", [1, 3])
def test_channel_attention_keeps_the_layout_in_memory(parts: int) -> None:
    module = trained(SCA(16, parts))
    x = signal(2, 16, 31)
    for layout in (x, x.mT.contiguous().mT):
        assert module(layout).stride() == layout.stride()

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from torch import nn

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.registry import new_network
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, rebuild, to_arrays

SPEC = ModelSpec("Rf", (16, 16, 16, 16), n_music=100, length=100)


def test_normal_initialisation() -> None:
    model = build(SPEC, "normal", seed=1)
    weights = torch.cat(
        [
            module.weight.detach().flatten()
            for module in model.modules()
            if isinstance(module, (nn.Conv1d, nn.Linear))
        ]
    )
    n = len(weights)
    assert abs(weights.mean().item()) < 5 * 0.01 / n**0.5
    assert weights.std().item() == pytest.approx(0.01, rel=5 / (2 * n) ** 0.5)
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    assert all(not bias.any() for bias in biases)
    assert model.rnta is not None
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            assert torch.all(module.weight == (0 if module is model.rnta.W[1] else 1))


def test_default_initialisation_is_pytorchs() -> None:
    torch.manual_seed(5)
    expected = new_network(SPEC).state_dict()
    built = build(SPEC, "default", seed=5).state_dict()
    assert all(torch.equal(built[name], expected[name]) for name in expected)


@pytest.mark.parametrize("initialisation", ["normal", "default"])
def test_seed_decides_and_global_state_stays(initialisation: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (
        to_arrays(build(SPEC, initialisation, seed))["classifier.1.weight"] for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unknown_initialisation_is_refused() -> None:
    with pytest.raises(ValueError, match="xavier"):
        build(SPEC, "xavier", seed=0)


def test_weights_survive_as_plain_arrays() -> None:
    model = build(SPEC, "default", seed=0)
    model.train()(torch.randn(4, 3, 100), torch.randn(4, 100))  # BatchNorm statistics move
    model.eval()
    buffer = io.BytesIO()
    np.savez(buffer, **to_arrays(model))
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as stored:
        again = rebuild(dict(stored), SPEC)
    assert not again.training
    x, music = torch.randn(4, 3, 100), torch.randn(4, 100)
    assert torch.equal(again(x, music), model(x, music))


def test_arrays_are_copies() -> None:
    model = build(SPEC, "default", seed=0)
    arrays = to_arrays(model)
    before = arrays["classifier.6.bias"].copy()
    with torch.no_grad():
        model.classifier[6].bias += 1
    assert np.array_equal(arrays["classifier.6.bias"], before)


def test_weights_of_another_network_are_refused() -> None:
    arrays = to_arrays(build(SPEC, "default", seed=0))
    with pytest.raises(RtcanError, match="another network"):
        rebuild(arrays, ModelSpec("Re", (16, 16, 16, 16), n_music=100, length=100))

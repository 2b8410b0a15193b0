from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, to_arrays
from rtcan_cli.training.recipes import RECIPES, Recipe
from rtcan_cli.training.stacked.weights import WeightLayout, new_moments, update

CPU = torch.device("cpu")
SGD = replace(RECIPES["paper"], weight_decay=0.1)


@pytest.mark.parametrize(
    "recipe",
    [
        SGD,
        replace(SGD, momentum=0.0, weight_decay=0.0),
        replace(SGD, clip_norm=0.3),
        RECIPES["tuned"],
        replace(RECIPES["tuned"], clip_norm=2.0),
    ],
)
def test_each_row_is_updated_as_pytorch_would(recipe: Recipe) -> None:
    torch.manual_seed(0)
    start, rates = torch.randn(3, 50), [0.1, 0.01, 0.003]
    gradients = torch.randn(4, 3, 50) * torch.tensor([[0.01], [1.0], [30.0]])
    rows = {"weights": start.clone()}
    rows |= new_moments(recipe, rows["weights"])
    for gradient in gradients:
        update(recipe, rows, gradient.clone(), torch.tensor(rates).unsqueeze(1))
    for k in range(3):
        weights = start[k].clone().requires_grad_()
        optimizer = recipe.new_optimizer([weights])  # type: ignore[list-item]
        for gradient in gradients:
            optimizer.param_groups[0]["lr"] = rates[k]
            weights.grad = gradient[k].clone()
            if recipe.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_([weights], recipe.clip_norm)
            optimizer.step()
        torch.testing.assert_close(rows["weights"][k], weights.detach(), rtol=1e-5, atol=1e-6)


def test_rows_hold_all_of_a_network() -> None:
    networks = [build(ModelSpec("Rf", (8, 8, 8, 8), length=60), "default", k) for k in range(2)]
    layout = WeightLayout(networks[0])
    both = [layout.read(network, CPU) for network in networks]
    rows = {name: torch.cat([each[name] for each in both]) for name in both[0]}
    for i, network in enumerate(networks):
        arrays = layout.to_arrays(rows, i)
        expected = to_arrays(network)
        assert list(arrays) == list(expected)
        for name in expected:
            np.testing.assert_array_equal(arrays[name], expected[name])
    # A row is aligned, and its views are the weights themselves.
    assert rows["weights"].shape[1] % 64 == 0
    views = layout.views(rows["weights"])
    views["classifier.6.bias"][1] = 5.0
    assert (rows["weights"][1] == 5.0).sum() == 2
    torch.testing.assert_close(layout.join(list(views.values())), rows["weights"])


@pytest.mark.parametrize("recipe", [SGD, replace(SGD, momentum=0.0), RECIPES["tuned"]])
def test_moments_are_those_of_pytorch(recipe: Recipe) -> None:
    network = build(ModelSpec("base", (8, 8, 8, 8), length=60), "default", 0)
    layout = WeightLayout(network)
    rows = layout.read(network, CPU)
    rows |= new_moments(recipe, rows["weights"])
    gradients = [torch.full_like(p, 0.5) for p in network.parameters()]
    update(
        recipe, rows, layout.join([g.unsqueeze(0) for g in gradients]), torch.tensor([[recipe.lr]])
    )
    optimizer = recipe.new_optimizer(network.parameters())
    for weights, gradient in zip(network.parameters(), gradients, strict=True):
        weights.grad = gradient
    optimizer.step()
    moments = layout.moments_to_arrays(rows, 0)
    expected = {
        i: {name: value for name, value in state.items() if value is not None}
        for i, state in optimizer.state_dict()["state"].items()
    }
    assert moments.keys() == {i for i, entries in expected.items() if entries}
    for i, entries in moments.items():
        assert entries.keys() == expected[i].keys()
        for name, array in entries.items():
            assert array.shape == tuple(expected[i][name].shape)
            np.testing.assert_allclose(array, expected[i][name].numpy(), rtol=1e-5, atol=1e-7)
    back = layout.moments_from_arrays(moments, CPU)
    assert back.keys() == rows.keys() & {"momentum_buffer", "exp_avg", "exp_avg_sq", "step"}
    for name, row in back.items():
        torch.testing.assert_close(row, rows[name], rtol=0, atol=0)

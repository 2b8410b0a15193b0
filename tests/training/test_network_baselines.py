"""Every network trains as RTCAN-1D does, and answers the same when it is built again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training import fit as fitting
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.fit import FoldResult
from rtcan_cli.training.folds.splits import Roles, group_folds, rotated
from rtcan_cli.training.recipes import RECIPES, Recipe
from rtcan_cli.training.run import fit
from rtcan_cli.training.trained import TrainedModel

NETWORKS = [model for model in every() if model.is_network and model.name != "rtcan"]
FUSED = [(model, fusion) for model in NETWORKS for fusion in model.fusion]
TUNED = replace(RECIPES["tuned"], epochs=1, batch_size=16)
PAPER = replace(RECIPES["paper"], epochs=1, batch_size=16)


def name_of(case: object) -> str | None:
    return case.name if isinstance(case, Model) else None


def seen_by(model: Model, fusion: str, toy: TrainingData) -> tuple[TrainingData, ModelSpec]:
    """Some of the toy's trials as a model sees them, and the model in these sizes."""
    data = toy.take(np.arange(0, len(toy.label), 3))
    n_features = (len(model.features) or 128) * (model.sees(fusion) == "features")
    if model.sees(fusion) != "signals":
        eda = np.random.default_rng(0).normal(5, 3, (len(data.label), n_features))
        eda[:, :1] += 4 * data.label[:, None]
        data = replace(data, eda=eda.astype(np.float32), row=np.arange(len(eda)))
    if fusion == "none":
        data = replace(data, music=None, song=None)
    spec = ModelSpec(n_music=data.n_music, length=60, model=model.name, n_features=n_features)
    return data, spec


def roles(data: TrainingData) -> Roles:
    return rotated(group_folds(data.subject, data.label, 4, seed=0), 4).roles(1)


def train(data: TrainingData, spec: ModelSpec, recipe: Recipe = TUNED) -> FoldResult:
    return fit(data, roles(data), spec, recipe, fold=1, seed=0)


@pytest.mark.parametrize(("model", "fusion"), FUSED, ids=name_of)
def test_a_network_built_again_answers_as_the_one_that_was_trained(
    model: Model, fusion: str, toy: TrainingData
) -> None:
    data, spec = seen_by(model, fusion, toy)
    result = train(data, spec)
    sees = {"eda": model.sees(fusion) == "features", "music": fusion != "none"}
    wanted = {f"{what}_{kind}" for what, there in sees.items() if there for kind in ("mean", "sd")}
    assert result.scales.keys() == wanted
    again = TrainedModel(spec, result.weights, result.scales, result.temperature)
    tested = data.take(roles(data).test)
    np.testing.assert_allclose(again.probability(tested), result.test_probability, atol=1e-6)
    # It does not look at labels, and does not depend on who else is asked about.
    flipped = replace(tested, label=1 - tested.label).take(np.array([2]))
    np.testing.assert_allclose(again.probability(flipped), result.test_probability[[2]], atol=1e-5)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: model.name)
def test_recipes_reach_every_network(
    model: Model, toy: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, spec = seen_by(model, model.fusion[0], toy)
    built: list[nn.Module] = []
    started: list[list[torch.Tensor]] = []
    real = fitting.build

    def caught(*arguments: object) -> nn.Module:
        built.append(real(*arguments))  # type: ignore[arg-type]
        kinds = (nn.Conv1d, nn.Conv2d, nn.Linear)
        weights = [m.weight.detach().clone() for m in built[-1].modules() if isinstance(m, kinds)]
        started.append(weights)
        return built[-1]

    monkeypatch.setattr(fitting, "build", caught)
    train(data, spec, replace(PAPER, norm_momentum=0.4, dropout=0.2))
    (network,), (weights,) = built, started
    drawn = torch.cat([weight.flatten() for weight in weights])
    assert drawn.std().item() == pytest.approx(0.01, rel=0.03)
    norms = [m for m in network.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert {norm.momentum for norm in norms} <= {0.4}
    assert len(norms) > 0 or model.name in ("mlp", "music-mlp")
    assert {m.p for m in network.modules() if isinstance(m, nn.Dropout)} == {0.2}


def test_test_labels_change_nothing_for_any_candidate(toy: TrainingData) -> None:
    (model,) = (each for each in NETWORKS if each.name == "cnn3-raw")
    data, spec = seen_by(model, "none", toy)
    test = roles(data).test
    label = data.label.copy()
    label[test] = 1 - label[test]
    for candidate in range(len(model.grid)):
        own = replace(spec, candidate=candidate)
        one = train(data, own)
        other = fit(replace(data, label=label), roles(data), own, TUNED, fold=1, seed=0)
        for name, values in one.weights.items():
            np.testing.assert_array_equal(values, other.weights[name])
        for name, history in one.history.items():
            np.testing.assert_array_equal(history, other.history[name])


@pytest.mark.parametrize("name", ["cnn3-eda", "mlp", "cnn3-raw", "dcnn", "inceptiontime"])
def test_networks_learn_what_is_there(name: str, toy: TrainingData) -> None:
    (model,) = (each for each in NETWORKS if each.name == name)
    data, spec = seen_by(model, "none", toy)
    result = train(data, spec, replace(TUNED, epochs=12, lr=0.002, dropout=0.0))
    loss = result.history["train_loss"]
    assert loss[-1] < 0.75 * loss[0]

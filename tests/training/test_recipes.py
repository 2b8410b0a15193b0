from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn, optim

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.recipes import RECIPES


def test_paper_recipe_is_the_papers() -> None:
    paper = RECIPES["paper"]
    assert (paper.lr, paper.batch_size, paper.initialisation) == (0.001, 256, "normal")
    optimizer = paper.new_optimizer(nn.Linear(2, 2).parameters())
    assert isinstance(optimizer, optim.SGD)
    assert optimizer.defaults["momentum"] == 0.9
    assert optimizer.defaults["weight_decay"] == 0
    assert (paper.dropout, paper.label_smoothing) == (0, 0)


def test_step_schedule_against_pytorch() -> None:
    paper = RECIPES["paper"]
    optimizer = paper.new_optimizer(nn.Linear(2, 2).parameters())
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.9)
    for epoch in range(paper.epochs):
        assert paper.learning_rate(epoch) == pytest.approx(scheduler.get_last_lr()[0])
        assert paper.learning_rate(epoch + 0.99) == paper.learning_rate(epoch)
        optimizer.step()
        scheduler.step()


def test_cosine_schedule_against_pytorch() -> None:
    tuned = replace(RECIPES["tuned"], epochs=7)
    optimizer = tuned.new_optimizer(nn.Linear(2, 2).parameters())
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=7 * 10)
    for step in range(7 * 10):
        assert tuned.learning_rate(step / 10) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_adamw_decays_weights() -> None:
    weight = nn.Parameter(torch.ones(1))
    optimizer = replace(RECIPES["tuned"], lr=0.1, weight_decay=0.5).new_optimizer([weight])
    weight.grad = torch.zeros(1)
    optimizer.step()
    assert weight.item() == pytest.approx(1 - 0.1 * 0.5)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("optimizer", "adam"),
        ("schedule", "linear"),
        ("initialisation", "zeros"),
        ("lr", 0.0),
        ("lr", float("nan")),
        ("weight_decay", -1.0),
        ("batch_size", 1),
        ("epochs", 0),
        ("momentum", 1.0),
        ("label_smoothing", 1.0),
        ("dropout", 1.0),
        ("norm_momentum", 0.0),
        ("class_weights", "auto"),
        ("clip_norm", 0.0),
        ("clip_norm", float("nan")),
        ("patience", 0),
        ("precision", "fp16"),
    ],
)
def test_nonsense_is_refused(entry: str, value: object) -> None:
    with pytest.raises(RtcanError, match=entry):
        replace(RECIPES["tuned"], **{entry: value})

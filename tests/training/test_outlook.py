from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch.nn import functional as F

from rtcan_cli.models.registry import find
from rtcan_cli.training.fit import class_weight, fit_fold
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.outlook import Outlook, guessing_loss, left_guessing
from rtcan_cli.training.recipes import RECIPES, Recipe
from tests.training.simulated import spec_of, trials

PAPER, TUNED = RECIPES["paper"], RECIPES["tuned"]


@pytest.mark.parametrize(
    ("dataset", "n", "steps", "enough"),
    [("PMEmo", 7690, 2500, True), ("DEAP", 1280, 400, False), ("AMIGOS", 788, 300, False)],
)
def test_the_papers_recipe_makes_these_steps_on_the_papers_datasets(
    dataset: str, n: int, steps: int, enough: bool
) -> None:
    outlook = Outlook.of(PAPER, [round(0.8 * n)] * 10)
    assert outlook.steps == steps
    assert (outlook.warning() is None) is enough
    assert Outlook.of(TUNED, [round(0.8 * n)]).warning() is None


def test_the_line_has_the_numbers_of_the_smallest_fold() -> None:
    assert Outlook.of(PAPER, [630, 624, 640]).describe() == (
        "624 to 640 training trials a fold in batches of 256: 3 steps an epoch, 300 in 100 epochs"
    )


def test_the_warning_names_options_that_are_enough() -> None:
    outlook = Outlook.of(PAPER, [630])
    warning = outlook.warning()
    assert warning is not None
    assert "--recipe tuned" in warning
    words = warning.rstrip(")").split()
    epochs, size = (int(words[words.index(f"{o}") + 1]) for o in ("(--epochs", "--batch-size"))
    for changed in (replace(PAPER, epochs=epochs), replace(PAPER, batch_size=size)):
        assert Outlook.of(changed, [630]).warning() is None
    few = Outlook.of(TUNED, [100]).warning()
    assert few is not None
    assert "--recipe" not in few


def test_a_higher_learning_rate_needs_fewer_steps() -> None:
    assert Outlook.of(replace(PAPER, lr=0.01), [630]).warning() is None
    slow = Outlook.of(replace(PAPER, lr=0.0001), [6150]).warning()
    assert slow is not None
    # The reason was measured at the recipe's own rate.
    assert "needs about 5000 at a learning rate of 0.0001. Try" in slow
    usual = Outlook.of(PAPER, [630]).warning()
    assert usual is not None
    assert "needs about 500, as its weights start so small" in usual


@pytest.mark.parametrize("n_high", [5, 10, 16])
@pytest.mark.parametrize(
    "recipe",
    [PAPER, replace(PAPER, class_weights="balanced"), replace(PAPER, label_smoothing=0.2)],
)
def test_guessing_is_the_best_constant_answer(n_high: int, recipe: Recipe) -> None:
    label = np.repeat([1, 0], [n_high, 20 - n_high])

    def loss(score: float) -> float:
        return F.cross_entropy(
            torch.tensor([[0.0, score]], dtype=torch.float32).expand(20, 2),
            torch.from_numpy(label),
            class_weight(label, recipe, torch.device("cpu")),
            label_smoothing=recipe.label_smoothing,
        ).item()

    best = minimize_scalar(loss, bounds=(-5, 5), method="bounded").fun
    assert guessing_loss(label, recipe) == pytest.approx(best, abs=1e-4)


def test_a_loss_that_only_knows_the_shares_of_the_classes_has_not_left_guessing() -> None:
    label = np.repeat([1, 0], [80, 20])
    assert not left_guessing(np.array([0.69, 0.52, 0.501]), label, PAPER)  # below ln 2, but 80:20
    assert left_guessing(np.array([0.69, 0.45]), label, PAPER)


def test_the_papers_recipe_is_stuck_at_few_steps_and_not_at_enough() -> None:
    data = trials(find("rtcan"), "none", "EDA", n_subjects=4, n_songs=10, length=60)
    parts = Roles(np.arange(0, 24), np.arange(24, 32), np.arange(32, 40))
    spec = replace(spec_of("rtcan", data), variant="base", channels=(64,) * 4)
    few = replace(PAPER, lr=0.01, batch_size=24, epochs=6)  # a step an epoch, worth ten
    many = replace(few, epochs=50)
    assert Outlook.of(few, [24]).warning() is not None
    assert Outlook.of(many, [24]).warning() is None
    left = []
    for recipe in (few, many):
        result = fit_fold(data, parts, spec, recipe, fold=0, seed=0)
        left.append(left_guessing(result.history["train_loss"], data.label[parts.train], recipe))
    assert left == [False, True]

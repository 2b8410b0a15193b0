"""What to expect of a recipe: how many steps a fold makes, and what its loss says afterwards.

The numbers here were measured with RTCAN-1D (docs/method.md, "Training").
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from rtcan_cli.training.recipes import RECIPES, Recipe, batch_sizes

#: Steps that a recipe needs, at its own learning rate. "paper" starts with weights so small that
#: the training loss leaves ln 2 after some 200 to 300 steps, and the validation loss is lowest
#: after 350 to 500. "tuned" was chosen on runs of 66 steps and more, and 54 were seen to be enough
#: on simulated data.
ENOUGH_STEPS = {"paper": 500, "tuned": 50}
#: A training loss within this of the loss of guessing has not left it, in nat.
MARGIN = 0.01
SMALLEST_BATCH = 8


@dataclass(frozen=True)
class Outlook:
    """How many steps the folds of a run make.

    Parameters
    ----------
    recipe : Recipe
        How they are trained.
    fewest, most : int
        Training trials of the fold that has fewest, and of the one that has most.
    """

    recipe: Recipe
    fewest: int
    most: int

    @classmethod
    def of(cls, recipe: Recipe, n_train: Iterable[int]) -> Outlook:
        """The outlook of folds with this many training trials each."""
        sizes = list(n_train)
        return cls(recipe, min(sizes), max(sizes))

    @property
    def steps_an_epoch(self) -> int:
        """Steps of an epoch, of the fold with fewest trials."""
        return len(batch_sizes(self.fewest, self.recipe.batch_size))

    @property
    def steps(self) -> int:
        """Steps of the whole training of that fold."""
        return self.steps_an_epoch * self.recipe.epochs

    @property
    def enough(self) -> int | None:
        """Steps that the recipe needs at the learning rate given; None if not known."""
        usual = RECIPES.get(self.recipe.name)
        if usual is None or self.recipe.name not in ENOUGH_STEPS:
            return None
        # Half the learning rate goes half as far.
        return math.ceil(ENOUGH_STEPS[self.recipe.name] * usual.lr / self.recipe.lr)

    def describe(self) -> str:
        """The numbers in a line."""
        trials = f"{self.fewest}" if self.fewest == self.most else f"{self.fewest} to {self.most}"
        size, epochs = self.recipe.batch_size, self.recipe.epochs
        return (
            f"{trials} training trials a fold in batches of {size}: {_count(self.steps_an_epoch)} "
            f"an epoch, {self.steps} in {epochs} epoch{'s' * (epochs > 1)}"
        )

    def warning(self) -> str | None:
        """What to say before training if the steps are too few; None if they are not."""
        if self.enough is None or self.steps >= self.enough:
            return None
        why = (
            "its weights start so small that the loss hardly moves for 200 to 300 steps"
            if self.recipe.initialisation == "normal"
            else "it was not tried with fewer"
        )
        # Both reasons were measured at the recipe's own learning rate.
        usual = self.recipe.lr == RECIPES[self.recipe.name].lr
        reason = f", as {why}" if usual else f" at a learning rate of {self.recipe.lr:g}"
        return (
            f"{_count(self.steps)} may be too few: the recipe {self.recipe.name} needs about "
            f"{self.enough}{reason}. {self.remedies()}"
        )

    def remedies(self) -> str:
        """Options that train longer, or otherwise."""
        longer = [f"--epochs {self._enough_epochs()}"]
        if (batch := self._enough_batch()) is not None:
            longer.append(f"--batch-size {batch}")
        other = "--recipe tuned, or " if self.recipe.name == "paper" else ""
        return f"Try {other}more steps ({' or '.join(longer)})"

    def _enough_epochs(self) -> int:
        """Enough epochs, and at least twice as many as now."""
        needed = math.ceil((self.enough or 0) / self.steps_an_epoch)
        return max(needed, 2 * self.recipe.epochs)

    def _enough_batch(self) -> int | None:
        """The largest power of two below the present size that makes enough steps."""
        size = 2 ** math.ceil(math.log2(self.recipe.batch_size) - 1)
        while size >= SMALLEST_BATCH:
            steps = len(batch_sizes(self.fewest, size)) * self.recipe.epochs
            if steps >= max(self.enough or 0, 2 * self.steps):
                return size
            size //= 2
        return None


def _count(steps: int) -> str:
    return f"{steps} step{'s' * (steps != 1)}"


def guessing_loss(label: NDArray[np.integer], recipe: Recipe) -> float:
    """Least training loss of a network that answers the same to all trials, in nat.

    Parameters
    ----------
    label : NDArray of int (n,)
        Of the training trials, 1 for high, 0 for low.
    recipe : Recipe
        Whether classes are weighed and labels smoothed.

    Returns
    -------
    float
        Entropy of the classes' shares: ln 2 where they are equal.
    """
    high = 0.5 if recipe.class_weights == "balanced" else float(np.mean(label))
    high = (1 - recipe.label_smoothing) * high + recipe.label_smoothing / 2
    return float(entr(high) + entr(1 - high))


def left_guessing(
    train_loss: NDArray[np.float64], label: NDArray[np.integer], recipe: Recipe
) -> bool:
    """Whether the training loss of a fold was ever clearly below that of guessing.

    Parameters
    ----------
    train_loss : NDArray of float64 (epochs,)
    label, recipe
        As of `guessing_loss`.
    """
    return bool(np.min(train_loss) < guessing_loss(label, recipe) - MARGIN)

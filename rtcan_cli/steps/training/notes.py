"""What a user should know of the training of networks: before it starts, and when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rtcan_cli import console
from rtcan_cli.results.base import Note
from rtcan_cli.runs.run import Run
from rtcan_cli.training.folds.splits import TRAIN
from rtcan_cli.training.outlook import Outlook, left_guessing

if TYPE_CHECKING:
    from rtcan_cli.steps.training.plan import RunPlan


def say_steps(plans: Sequence[RunPlan]) -> None:
    """Say how many steps the networks of some runs make; warn if they are too few.

    Runs that are alike in this are named once.
    """
    outlooks = Counter(outlook for plan in plans if (outlook := _planned(plan)) is not None)
    n_planned = sum(outlooks.values())
    warnings: Counter[str] = Counter()

    def which(n_runs: int) -> str:
        return f"{n_runs} of {len(plans)} runs: " if n_runs < n_planned else ""

    for outlook, n_runs in outlooks.items():
        console.say(which(n_runs) + outlook.describe())
        if (warning := outlook.warning()) is not None:
            warnings[warning] += n_runs
    # Outlooks may differ in the number of trials alone, which no warning is about.
    for warning, n_runs in warnings.items():
        console.warn(which(n_runs) + warning)


def _planned(plan: RunPlan) -> Outlook | None:
    """The outlook of a run; None if it trains no network."""
    recipe = plan.settings.recipe
    sizes = [
        int(np.count_nonzero(target.splits.role[:, k] == TRAIN))
        for target in plan.targets
        for k in target.folds
    ]
    return Outlook.of(recipe, sizes) if recipe is not None and sizes else None


def training_notes(run: Run) -> list[Note]:
    """Say of which folds the loss shows that nothing was learned, or that training ended too early.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    list of Note
        Empty if there is nothing to say, or the model is not a network that was trained here.
    """
    recipe = run.settings.recipe
    if recipe is None or run.is_imported:
        return []
    notes = []
    for target in run.settings.targets:
        losses = run.epochs[run.epochs["target"] == target].groupby("fold")["train_loss"]
        labels = {fold: run.train_label(target, fold) for fold in run.trained_folds(target)}
        outlook = Outlook.of(recipe, map(len, labels.values()))
        stuck = [
            fold
            for fold, label in labels.items()
            if not left_guessing(losses.get_group(fold).to_numpy(), label, recipe)
        ]
        if stuck:
            text = (
                f"nothing was learned in {len(stuck)} of {len(labels)} folds: their training loss "
                "stayed at that of guessing (ln 2 where classes are equal). "
                f"{outlook.remedies()}; if that changes nothing, the inputs may say nothing"
            )
            notes.append(Note("nothing_learnt", f"{target}: {text}"))
        best = run.models.loc[run.models["target"] == target, "best_epoch"]
        last = int((best == recipe.epochs).sum())
        # In one epoch, or in a fold or two, that does not mean anything.
        if recipe.epochs > 1 and 2 * last >= len(best):
            text = (
                f"the last epoch was the best one in {last} of {len(best)} folds, so the "
                f"validation loss was still falling. {outlook.remedies()}"
            )
            notes.append(Note("ended_early", f"{target}: {text}"))
    return notes

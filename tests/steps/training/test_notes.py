"""What `train` says before it starts, and what it and `evaluate` say of a training that failed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.runs.run import Run
from rtcan_cli.steps.training import notes as training_notes_module
from rtcan_cli.steps.training.notes import training_notes
from rtcan_cli.training.outlook import Outlook
from rtcan_cli.training.recipes import RECIPES, batch_sizes
from tests.conftest import must, rtcan
from tests.runs.finished_runs import finish_run

SMALL = (
    *("--dataset", "pmemo", "--target", "arousal", "--folds", "3", "-j", "1"),
    *("--length", "96", "--channels", "8,8,8,8"),
)

pytestmark = pytest.mark.usefixtures("undrawn")


def notes(printed: str) -> list[str]:
    return [note["text"] for note in json.loads(printed)["notes"]]


def test_the_default_recipe_says_that_it_makes_too_few_steps_and_that_nothing_was_learnt(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    run = (*SMALL, "-w", workspace, "--epochs", "2", "--name", "short", "--json")
    outcome = rtcan("train", *run)
    assert outcome.exit_code == 0
    said = outcome.stderr.splitlines()
    assert sum("training trials a fold in batches of 256: 1 step an epoch" in x for x in said) == 1
    (warned,) = [line for line in said if line.startswith("warning")]
    assert "2 steps may be too few" in warned
    assert "--recipe tuned" in warned
    assert "--epochs 500" in warned
    figures = ("-o", workspace / "figures")
    evaluated = must("evaluate", "short", "-w", workspace, *figures, "--json").stdout
    for shown in (notes(outcome.stdout), notes(evaluated)):
        assert any("nothing was learned in 3 of 3 folds" in note for note in shown)


@pytest.mark.parametrize(("n_last", "said"), [(5, True), (3, True), (2, False)])
def test_a_best_epoch_at_the_end_of_most_folds_asks_for_more_epochs(
    tmp_path: Path, n_last: int, said: bool
) -> None:
    run = Run.load(finish_run(tmp_path, "run", targets=("arousal",)))
    assert run.settings.recipe is not None
    end = run.settings.recipe.epochs
    best = np.where(np.arange(5) < n_last, end, end - 1)
    found = training_notes(replace(run, models=run.models.assign(best_epoch=best)))
    notes = [note.text for note in found if "the last epoch was the best one" in note.text]
    assert len(notes) == said
    if said:
        assert f"in {n_last} of 5 folds" in notes[0]
        # 50 steps: few trials are one batch or two.
        fewest = min(len(run.train_label("arousal", fold)) for fold in range(1, 6))
        epochs = math.ceil(50 / len(batch_sizes(fewest, run.settings.recipe.batch_size)))
        assert f"--epochs {epochs} or" in notes[0] or f"--epochs {epochs})" in notes[0]


@pytest.mark.long
def test_what_learns_is_not_warned_about(prepared: Path, copy_of: Callable[[Path], Path]) -> None:
    how = ("--recipe", "tuned", "--batch-size", "4", "--epochs", "8", "--lr", "0.002", "--json")
    outcome = rtcan("train", *SMALL, "-w", copy_of(prepared), *how)
    assert outcome.exit_code == 0
    assert "warning" not in outcome.stderr
    assert not any("nothing was learned" in note for note in notes(outcome.stdout))


@pytest.mark.long
@pytest.mark.parametrize("quiet", [True, False])
def test_a_sweep_names_the_runs_and_says_equal_things_once(
    prepared: Path, copy_of: Callable[[Path], Path], quiet: bool
) -> None:
    sweep = ("--epochs", "1", "--recipe", "paper,tuned", "--variant", "base,Ra", "--json")
    options = ["--quiet"] if quiet else []
    outcome = rtcan("train", *SMALL, "-w", copy_of(prepared), *sweep, *options)
    assert outcome.exit_code == 0
    warned = [line for line in outcome.stderr.splitlines() if "may be too few" in line]
    said = [] if quiet else [True, True]
    assert [line.startswith("warning: 2 of 4 runs: ") for line in warned] == said
    assert ("training trials a fold" in outcome.stderr) is not quiet
    if not quiet:
        stuck = [note for note in notes(outcome.stdout) if "nothing was learned" in note]
        assert len(stuck) >= 2
        assert all(note.startswith(("base-", "Ra-")) for note in stuck)


def test_runs_that_differ_in_the_number_of_trials_alone_are_warned_about_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warnings(outlooks: list[Any]) -> list[str]:
        training_notes_module.say_steps(outlooks)
        said = capsys.readouterr().err.splitlines()
        return [line for line in said if line.startswith("warning: ")]

    outlooks: list[Any] = [Outlook(RECIPES["paper"], n, n) for n in (600, 620)]
    monkeypatch.setattr(training_notes_module, "_planned", lambda outlook: outlook)
    (warned,) = warnings(outlooks)
    assert "of 2 runs" not in warned
    first, second = warnings([*outlooks, Outlook(RECIPES["tuned"], 100, 100)])
    assert "2 of 3 runs: " in first
    assert " of 3 runs: " in second

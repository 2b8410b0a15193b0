"""What came out of training: finished runs by their validation folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.results.base import Note
from rtcan_cli.results.training.runs import SETTING_COLUMNS, SETTINGS, VALIDATION_COLUMNS, Training
from rtcan_cli.runs.run import Run, about, describe_choices
from rtcan_cli.steps.training.notes import training_notes
from rtcan_cli.stores.lines import line_on_runs
from rtcan_cli.training.folds.splits import VALIDATION

#: Settings that only RTCAN-1D has, or models of signals: others have none, which does not make a
#: difference.
_OF_SOME = ("variant", "layout", "depth", "channels", "window")
#: What options of `train` change in a recipe: with its name, all there is to know of it.
_OF_RECIPE = ("epochs", "batch_size", "lr", "class_weights", "clip_norm", "patience", "precision")


def training_result(paths: Sequence[Path], more: Sequence[Note] = ()) -> Training:
    """Describe finished runs by their validation folds; the test folds are for other commands.

    Parameters
    ----------
    paths : sequence of Path
        Run stores of one dataset.
    more : sequence of Note
        Further notes, on what they were trained on.
    """
    runs = [Run.load(path) for path in paths]
    settings = pd.DataFrame(map(_settings, runs), columns=list(SETTING_COLUMNS), dtype=object)
    rows = [row for run in runs for row in _validation(run)]
    rows.sort(key=lambda row: TARGETS.index(str(row["target"])))  # runs keep their order within
    notes = [] if len(runs) > 1 else describe_choices(runs[0].models)
    for run in runs:
        which = f"{run.name}, " if len(runs) > 1 else ""
        notes += [replace(each, text=which + each.text) for each in training_notes(run)]
    line = line_on_runs("compare" if len(runs) > 1 else "evaluate", paths)
    return Training(
        runs=tuple(map(about, runs)),
        settings=settings,
        varied=varied(settings),
        validation=pd.DataFrame(rows, columns=list(VALIDATION_COLUMNS)),
        notes=(*notes, *more, Note("next_step", "next", line)),
        files=tuple(paths),
    )


def varied(settings: pd.DataFrame) -> tuple[str, ...]:
    """Name the settings that are not the same in all runs.

    Parameters
    ----------
    settings : DataFrame
        With the columns of `rtcan_cli.results.training.runs.SETTING_COLUMNS`.
    """
    found = []
    for name in SETTINGS:
        values = set(settings[name]) - ({None} if name in _OF_SOME else set())
        if len(values) > 1:
            found.append(name)
    return tuple(found)


def _settings(run: Run) -> dict[str, object]:
    settings, models = run.settings, run.models
    spec, recipe = settings.spec, settings.recipe
    found: dict[str, object] = {
        "run": run.name,
        "model": spec.model,
        "fusion": settings.fusion,
        "protocol": settings.protocol,
        "subjects": settings.subjects,
        "seed": settings.seed,
        "n_subjects": run.predictions["subject"].nunique(),
        "device": ", ".join(sorted(set(models["device"]))),
        "training_seconds": float(models["seconds"].sum()),
    }
    if spec.model == choices.MODEL:
        channels = ",".join(map(str, spec.channels))
        found |= {"variant": spec.variant, "layout": spec.layout, "depth": spec.depth}
        found["channels"] = channels
    if settings.model.sees(settings.fusion) == "signals":
        found["window"] = str(settings.window or "all")
    if recipe is not None:
        found |= {"recipe": recipe.name} | {name: getattr(recipe, name) for name in _OF_RECIPE}
    return dict.fromkeys(SETTING_COLUMNS) | found


def _validation(run: Run) -> list[dict[str, object]]:
    """The validation folds of a run at the steps that were chosen: a row a target."""
    step = run.settings.model.step
    chosen = run.models.merge(
        run.epochs, left_on=["target", "fold", "best_epoch"], right_on=["target", "fold", "epoch"]
    )
    rows: list[dict[str, object]] = []
    for target, part in chosen.groupby("target", sort=False):
        role = run.splits(str(target)).role[:, part["fold"].to_numpy() - 1]
        rows.append(
            {
                "run": run.name,
                "target": target,
                "n_trials": int((role == VALIDATION).sum()),
                "n_folds": len(part),
                "step": step or None,
                "chosen_step": float(part["best_epoch"].median()) if step else None,
                "loss": float(part["validation_loss"].mean()),
                "accuracy": float(part["validation_accuracy"].mean()),
            }
        )
    return rows

"""Run store -> what a model card says of its exported models."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

from rtcan_cli import __version__
from rtcan_cli.datasets.terms import terms_of
from rtcan_cli.export.graph import describe_inputs, input_shapes
from rtcan_cli.models.registry import find
from rtcan_cli.results.deployment.card import ModelCard
from rtcan_cli.runs.music_fit import trained_set
from rtcan_cli.runs.origin import trained_on
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.export import PLACES, chosen_folds, chosen_target
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.stores import Workspace

#: Settings of recordings that are said with the terms of the data.
_CREDIT = {"licence", "authors"}


def collect_card(
    run_path: Path,
    workspace: Workspace,
    target: str | None = None,
    fold: int | None = None,
    calibrated: bool = True,
) -> ModelCard:
    """Collect what a model card says; the scores are those of `evaluate`.

    Parameters
    ----------
    run_path, workspace, target, fold, calibrated
        As of `rtcan_cli.steps.deployment.export.export_run`.

    Raises
    ------
    RtcanError
        If the run has no such model, or its folds break the promise of its protocol: then it has no
        scores, and a card without them would not say so.
    """
    run = Run.load(run_path)
    target = chosen_target(run, target)
    folds = chosen_folds(run, target, fold)
    models = [run.model_of_fold(target, each) for each in folds]
    settings, trials = run.settings, run.trials(target)
    trained = trained_on(run, workspace)
    return ModelCard(
        version=__version__,
        target=target,
        folds=tuple(folds),
        n_trained=len(run.trained_folds(target)),
        evaluation=evaluate_run(run_path),
        n_subjects=trials["subject"].nunique(),
        n_stimuli=trials["stimulus"].nunique(),
        n_trials=len(trials),
        high_share=float((trials["label"] == 1).mean()),
        is_network=find(settings.spec.model).is_network,
        recipe={} if settings.recipe is None else asdict(settings.recipe),
        temperatures=tuple(
            model.temperature if calibrated and math.isfinite(model.temperature) else None
            for model in models
        ),
        stores={
            kind: {name: value for name, value in made.items() if name not in PLACES | _CREDIT}
            for kind, made in trained.items()
        },
        inputs=describe_inputs(input_shapes(models[0].spec, settings.model.sees(settings.fusion))),
        music=(trained_set(run, trained) or "") if settings.fusion != "none" else "",
        terms=terms_of(run.dataset.name, run.simulated, trained.get("recordings", {})),
        content_id=run.content_id,
    )

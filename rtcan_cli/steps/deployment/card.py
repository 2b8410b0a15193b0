"""Run store -> what a model card says of its exported models."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

from rtcan_cli import __version__, choices
from rtcan_cli.datasets.terms import PAPERS, terms_of
from rtcan_cli.export.graph import describe_inputs, input_shapes
from rtcan_cli.models.registry import find
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.deployment.card import ModelCard
from rtcan_cli.runs.music_fit import trained_set
from rtcan_cli.runs.origin import trained_on
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.export import PLACES, chosen_folds, chosen_target, preparation
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.stores import Workspace

#: Settings of recordings that are said with the terms of the data.
_CREDIT = {"licence", "authors"}


_METHOD = (
    "Yin, Sun, Yu, Li, Zhang: A Multimodal Framework for Large-Scale Emotion Recognition by Fusing "
    "Music and Electrodermal Activity Signals. ACM Transactions on Multimedia Computing, "
    "Communications, and Applications 18(3), 2022, doi 10.1145/3490686"
)
_ATTENTION = {
    "sca": "channel attention after the first convolutions (SCA)",
    "sca_res": "channel attention in each residual block (SCA_Res)",
    "rnta": "temporal attention (RNTA)",
}


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
    models = run.models_of_folds(target, folds)
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
        is_network=settings.model.is_network,
        architecture=_architecture(settings.spec),
        source=settings.model.source,
        papers=tuple(filter(None, (_METHOD, PAPERS.get(run.dataset.name)))),
        preparation=preparation(settings),
        recipe={} if settings.recipe is None else asdict(settings.recipe),
        labels=str(trained.get("labels", {}).get("method", "")),
        held_out=() if run.is_imported else tuple(run.protocol.disjoint),
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


def _architecture(spec: ModelSpec) -> str:
    """The model, and of RTCAN-1D what its variant is."""
    model = find(spec.model)
    if spec.model != choices.MODEL:
        return model.title
    modules = VARIANTS[spec.variant]
    has = [words for name, words in _ATTENTION.items() if getattr(modules, name)]
    return (
        f"{model.title}, a 1D residual network; its variant {spec.variant} has "
        f"{', '.join(has) or 'no attention'}"
    )

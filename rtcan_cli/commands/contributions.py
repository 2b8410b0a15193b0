"""`rtcan contributions`: contribution of EDA and music."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.extras import require

if TYPE_CHECKING:
    from rtcan_cli.results.attention.contributions import PartContributions


def contributions(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="Name or path of a run of EDA and music. Default: the newest with all folds; one "
            "of RTCAN-1D before other models.",
            autocompletion=complete.runs,
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        choices.Target | None, typer.Option(help="Default: those of the run.", show_default=False)
    ] = None,
    scale: Annotated[
        choices.Scale, typer.Option(help="What contributions sum to: P(high), or its logit.")
    ] = "probability",
    background: Annotated[
        int,
        typer.Option(min=1, help="Training trials of each fold that stand in for a part, at most."),
    ] = choices.BACKGROUND,
    no_groups: Annotated[
        bool,
        typer.Option(
            "--no-groups",
            help="Do not share the contribution of the music among groups of its features, which "
            "takes most of the time.",
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Also compare with networks whose weights have been randomised."
        ),
    ] = False,
    max_trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Select this many test trials of each target at random. Default: all.",
            show_default=False,
        ),
    ] = None,
    dataset: options.Dataset = None,
    components: options.ComponentsStore = None,
    features: options.FeaturesStore = None,
    labels: options.LabelsStore = None,
    music_store: options.MusicStore = None,
    seed: options.Seed = choices.SEED,
    jobs: options.Jobs = -1,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.Figures = options.NO_FIGURE_OPTIONS,
) -> PartContributions:
    """Show what EDA and music each contributed to the answers of a run.

    Each test trial is explained by the model of the fold that tests it. The contributions of EDA
    and music are exact Shapley values: with the mean answer to training trials of the fold, they
    sum to the probability of high that the run stored. They are averaged by class, subject and
    song, and the contribution of the music is shared among groups of openSMILE features.

    Reports when EDA is ignored, that is, when scores do not change if EDA is swapped between
    subjects.

    \b
    Examples:
      rtcan contributions
      rtcan contributions --dataset pmemo --target arousal --column-width single
      rtcan contributions RUN --scale logit --check --max-trials 500
    """
    from rtcan_cli.datasets.profiles import TARGETS, profile
    from rtcan_cli.steps.attention.contributions import (
        explain_contributions,
        fused_sources,
        newest_fused,
    )
    from rtcan_cli.stores import Workspace

    require("contributions", "torch", "captum", "matplotlib")
    look, stores = figures.look(), Workspace(workspace)
    name = profile(dataset).name if dataset else None
    targets = None if target is None else TARGETS if target == "both" else (target,)
    path = stores.find_run(run, name) if run else newest_fused(stores, name, targets)
    given = {"components": components, "features": features, "labels": labels, "music": music_store}
    return explain_contributions(
        path,
        fused_sources(path, stores, given),
        figures.folder,
        targets=targets,
        scale=scale,
        n_background=background,
        split_music=not no_groups,
        max_trials=max_trials,
        check=check,
        seed=seed,
        jobs=jobs,
        look=look,
    )

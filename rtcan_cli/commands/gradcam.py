"""`rtcan gradcam`: where in time the networks looked, and whether to believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.extras import require

if TYPE_CHECKING:
    from rtcan_cli.results.attention.average import AverageAttention
    from rtcan_cli.results.attention.check import AttentionCheck
    from rtcan_cli.results.attention.trial import TrialAttention


def gradcam(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=complete.runs,
            help="Name or path of a run. Default: the newest that tests this trial (with "
            "--all and --check: that can be explained); one with all folds before others.",
            show_default=False,
        ),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Subject of the trial.", show_default=False)
    ] = None,
    music: Annotated[
        str | None, typer.Option("--music", "--stimulus", help="Song or video.", show_default=False)
    ] = None,
    repetition: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Which hearing, if the subject heard the song or saw the video more than "
            "once. Default: the first one that is tested.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Instead of one trial, average over all test trials of a run, by class and by "
            "channel, and around skin conductance responses.",
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Instead, test the maps themselves: does the map change when the weights are "
            "randomised, and the decision when the marked moments are removed?",
        ),
    ] = False,
    target: Annotated[
        choices.Target | None, typer.Option(help="Default: those of the run.", show_default=False)
    ] = None,
    map_name: Annotated[
        choices.MapName,
        typer.Option("--map", help="Method of explanation; the first is the paper's."),
    ] = choices.MAP,
    explained: Annotated[
        choices.Explained,
        typer.Option("--class", help="Class whose score is explained."),
    ] = "predicted",
    relative: Annotated[
        bool,
        typer.Option(
            "--relative",
            help="Divide maps by those of untrained networks, which have high weights at "
            "the ends of a trial, for example. Not with --check.",
        ),
    ] = False,
    max_trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Select this many test trials of each target at random. Default: all; "
            "with --check 100.",
            show_default=False,
        ),
    ] = None,
    fill: Annotated[
        choices.Fill | None,
        typer.Option(
            help="With --check, what replaces the removed parts of a trial: a straight "
            f"line or the trial's mean. Default: {choices.FILL}",
            show_default=False,
        ),
    ] = None,
    dataset: options.Dataset = None,
    components: options.ComponentsStore = None,
    labels: options.LabelsStore = None,
    music_store: options.MusicStore = None,
    seed: options.Seed = choices.SEED,
    jobs: options.Jobs = -1,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.Figures = options.NO_FIGURE_OPTIONS,
) -> TrialAttention | AverageAttention | AttentionCheck:
    """Draw which moments mattered for a decision.

    Uses guided Grad-CAM, from the attention modules back to the EDA.

    For one trial, the network is one that was not trained on this subject. Draws attention as grey
    columns over the three signals and as a heat strip (the paper's Figs. 5 to 8), and writes the
    numbers as CSV. Runs of the variants Rb, Rd and Rf with otherwise equal settings are shown side
    by side.

    With --all or --check, each test trial of one run is explained by the network of the fold that
    tests it.

    \b
    Examples:
      rtcan gradcam --subject 100184 --music 1
      rtcan gradcam --subject 07 --stimulus 12 --dataset deap --size 18,12cm
      rtcan gradcam --all --relative
      rtcan gradcam --check --map integrated-gradients
    """
    from rtcan_cli.datasets.profiles import TARGETS, profile
    from rtcan_cli.runs.inputs import Sources
    from rtcan_cli.steps.attention import networks as explain_runs
    from rtcan_cli.steps.following import after_attention
    from rtcan_cli.stores import Workspace

    if every and check:
        raise typer.BadParameter("--all and --check are different questions: give only one of them")
    one = not (every or check)
    if one and (subject is None or music is None):
        raise typer.BadParameter("a trial is --subject and --music; or give --all or --check")
    if not one and (subject is not None or music is not None or repetition is not None):
        raise typer.BadParameter("--subject and --music name one trial: leave --all, --check out")
    if one and max_trials is not None:
        raise typer.BadParameter("--max-trials is for --all and --check")
    if check and relative:
        raise typer.BadParameter("--check tests the maps themselves: leave --relative out")
    if fill is not None and not check:
        raise typer.BadParameter("--fill is for --check")
    if one and options.was_typed(context, "jobs"):
        raise typer.BadParameter("--jobs is for --all and --check: one trial is explained at once")
    if one and not relative and options.was_typed(context, "seed"):
        raise typer.BadParameter("--seed draws untrained networks: give it with --relative")
    require("gradcam", "torch", "captum", "matplotlib")
    look, folder = figures.look(), figures.folder
    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    targets = None if target is None else TARGETS if target == "both" else (target,)
    if run:
        path = stores.find_run(run, name)
    elif subject is not None and music is not None:
        path = explain_runs.choose_run(stores, name, subject, music, repetition, targets)
    else:
        path = explain_runs.newest_run(stores, name, targets)
    usual = explain_runs.sources_of(stores, path)
    if music_store is not None and not usual.music:
        raise typer.BadParameter("--music-store: the network of this run hears no music")
    sources = Sources(
        components or usual.components,
        labels or usual.labels,
        (music_store or usual.music) if usual.music else None,
        recordings=usual.recordings,
    )
    if subject is not None and music is not None:
        from rtcan_cli.steps.attention.one_trial import explain_trial

        one_map = explain_trial(
            path,
            sources,
            subject,
            music,
            folder,
            stores.preferred_runs(name),
            targets=targets,
            repetition=repetition,
            method=map_name,
            explained=explained,
            relative_to_untrained=relative,
            seed=seed,
            look=look,
        )
        return after_attention(one_map, path, every=False)
    if check:
        from rtcan_cli.steps.attention.checks import N_CHECKED, check_explanation

        return check_explanation(
            path,
            sources,
            folder,
            targets=targets,
            method=map_name,
            explained=explained,
            fill=fill or choices.FILL,
            max_trials=max_trials or N_CHECKED,
            seed=seed,
            jobs=jobs,
            look=look,
        )
    from rtcan_cli.steps.attention.all_trials import explain_all

    average = explain_all(
        path,
        sources,
        folder,
        targets=targets,
        method=map_name,
        explained=explained,
        relative_to_untrained=relative,
        max_trials=max_trials,
        seed=seed,
        jobs=jobs,
        look=look,
    )
    return after_attention(average, path, every=True)

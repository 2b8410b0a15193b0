"""`rtcan gradcam`: where in time the networks looked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli.commands import options
from rtcan_cli.report import Report


def gradcam(
    subject: Annotated[str, typer.Option(help="Subject of the trial.", show_default=False)],
    music: Annotated[
        str, typer.Option("--music", "--stimulus", help="Song or video.", show_default=False)
    ],
    run: Annotated[
        str | None,
        typer.Option(
            help="Name or path of a run; the newest one that tests this trial if left out.",
            show_default=False,
        ),
    ] = None,
    dataset: options.Dataset = None,
    components: options.OtherStore = None,
    labels: options.OtherStore = None,
    features: Annotated[
        Path | None,
        typer.Option(help="Music store, instead of the workspace's.", show_default=False),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Figures = options.DEFAULT_FIGURES,
) -> Report:
    """Draw which moments decided.

    Guided Grad-CAM from the attention modules back to the EDA.

    The network shown is the one that never saw this subject. Attention as black columns over the
    three curves and as a heat strip (the paper's Figs. 5 to 8), and the numbers as CSV. Runs of the
    variants Rb, Rd and Rf that are alike in everything else are shown side by side.

    \b
    Examples:
      rtcan gradcam --subject 100184 --music 1
      rtcan gradcam --subject 07 --stimulus 12 --dataset deap
    """
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.steps.assemble import Sources
    from rtcan_cli.steps.gradcam import choose_run, explain_trial, sources_of
    from rtcan_cli.stores import Workspace

    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    runs = stores.runs(name)
    path = stores.find_run(run, name) if run else choose_run(stores, name, subject, music)
    usual = sources_of(stores, path)
    sources = Sources(
        components or usual.components,
        labels or usual.labels,
        (features or usual.music) if usual.music else None,
    )
    return explain_trial(path, sources, subject, music, output, runs)

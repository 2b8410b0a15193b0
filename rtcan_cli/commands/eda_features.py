"""`rtcan eda-features`: raw and decomposed EDA -> features.h5, 128 numbers for each recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import options
from rtcan_cli.commands.shell.lists import entries

if TYPE_CHECKING:
    from rtcan_cli.results.signals.eda_features import EdaFeatures


def eda_features(
    context: typer.Context,
    dataset: options.Dataset = None,
    onset: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Seconds to leave out at the beginning. Default: those of the dataset, "
            "as for train.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(metavar="PART", help=f"{options.WINDOW_HELP}.", show_default=False),
    ] = None,
    within_subject: Annotated[
        bool,
        typer.Option(
            "--within-subject",
            help="Bring each feature to mean 0 and standard deviation 1 over the recordings of "
            "each subject. Needs no labels. A trained model then answers to datasets, not to "
            "single files.",
        ),
    ] = False,
    jobs: options.Jobs = -1,
    cluster: options.ClusterAddress = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    input: options.RecordingsStore = None,
    components: options.ComponentsStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> EdaFeatures:
    """Describe EDA by 128 hand-crafted features.

    The features are properties of skin conductance responses, statistics of the signals and their
    derivatives, band powers, wavelet energies and mel-frequency cepstral coefficients, following
    Shukla et al. (2021). Needs the components of rtcan decompose. If interrupted, the same command
    continues where it stopped.

    \b
    Examples:
      rtcan eda-features --dataset pmemo
      rtcan eda-features --dataset deap --onset 0 --jobs 4
      rtcan eda-features --dataset pmemo --window first:30
      rtcan eda-features --dataset pmemo --within-subject
    """
    workers = options.workers(context, jobs, cluster)
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.eda.window import Window
    from rtcan_cli.steps.following import after_step
    from rtcan_cli.steps.signals.eda_features import describe_recordings

    name = options.dataset_of(workspace, dataset, input, "recordings")
    target = options.store_path(workspace, output, name, "features")
    done = describe_recordings(
        options.store_path(workspace, input, name, "recordings"),
        options.store_path(workspace, components, name, "components"),
        target,
        profile(name).onset if onset is None else onset,
        workers,
        force,
        entries("--window", None if window is None else [window], Window.parse, None)[0],
        within_subject,
    )
    return after_step(done, target, features=True)

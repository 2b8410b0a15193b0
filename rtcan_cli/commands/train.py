"""`rtcan train`: components, labels and music -> a run store with a trained network per fold."""

from __future__ import annotations

from typing import Annotated

import typer

from rtcan_cli import choices, console
from rtcan_cli.commands import options
from rtcan_cli.datasets.profiles import PROFILES, TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report

_VARIANT_HELP = "Attention modules, as in the paper's Table 5. Default: " + ", ".join(
    f"{p.variant} on {p.title}" for p in PROFILES.values()
)
_ONSET_HELP = "Seconds dropped at the start of a recording. Default: " + ", ".join(
    f"{p.onset:g} on {p.title}" for p in PROFILES.values()
)


def train(
    dataset: options.Dataset = None,
    fusion: Annotated[
        choices.Fusion, typer.Option(help="Use EDA alone (none), or fuse it with the music.")
    ] = "none",
    target: Annotated[
        choices.Target, typer.Option(help="What to predict; a network is trained for each.")
    ] = "both",
    variant: Annotated[
        choices.Variant | None, typer.Option(help=_VARIANT_HELP, show_default=False)
    ] = None,
    depth: Annotated[
        int, typer.Option(min=1, help="Convolutions in a residual block.")
    ] = choices.DEPTH,
    channels: Annotated[str, typer.Option(help="Widths of the four residual stages.")] = ",".join(
        map(str, choices.CHANNELS)
    ),
    length: Annotated[
        int, typer.Option(min=1, help="Samples each EDA channel is interpolated to.")
    ] = choices.LENGTH,
    onset: Annotated[
        float | None, typer.Option(min=0.0, help=_ONSET_HELP, show_default=False)
    ] = None,
    folds: Annotated[
        int, typer.Option(min=3, help="Folds of the cross-validation; subjects are disjoint.")
    ] = choices.FOLDS,
    test_subject: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT",
            help="Train only the fold that tests this subject (for a quick look, or for gradcam).",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        choices.RecipeName,
        typer.Option(
            help="How to train: the paper's SGD, which needs thousands of steps, or AdamW, which "
            "learns from few subjects."
        ),
    ] = "paper",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Instead of the recipe's.", show_default=False)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=2, help="Instead of the recipe's.", show_default=False)
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(help="Learning rate, instead of the recipe's.", show_default=False),
    ] = None,
    seed: options.Seed = choices.SEED,
    gpu: Annotated[
        int | None,
        typer.Option(
            min=0, help="Number of the GPU; the CPU is used if it is not there.", show_default=False
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Device as PyTorch names it: cpu, cuda:1, mps.", show_default=False),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            help="Folds to train at the same time on the CPU, at most one on each core, -1 for as "
            "many; results do not depend on it. A fold of the default network takes about 2 GB.",
        ),
    ] = 4,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the run; made from its options if left out.", show_default=False
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    components: options.OtherStore = None,
    labels: options.OtherStore = None,
    music: options.OtherStore = None,
    output: options.Output = None,
    force: options.Force = False,
) -> Report:
    """Train RTCAN-1D by cross-validation.

    The subjects that test a network are never those that trained it.

    One fold tests, the next one validates (it picks the epoch), the others train; rotated. The run
    store keeps curves, test probabilities, fold membership and weights. Interrupted, it goes on
    from the last finished epoch when run again.

    \b
    Examples:
      rtcan train --dataset pmemo --fusion music --gpu 0
      rtcan train --dataset deap --target arousal --recipe tuned
      rtcan train --dataset pmemo --variant Rb --fusion music --test-subject 100184
    """
    from dataclasses import replace

    from rtcan_cli.models.rtcan import ModelSpec
    from rtcan_cli.steps.assemble import Sources
    from rtcan_cli.steps.run_settings import RunSettings
    from rtcan_cli.steps.train import train_run
    from rtcan_cli.stores import Workspace
    from rtcan_cli.training.device import pick_device
    from rtcan_cli.training.recipes import RECIPES

    known = profile(options.dataset_of(workspace, dataset, components, "components"))
    where, message = pick_device(gpu, device)
    if message:
        console.warn(message)
    base = RECIPES[recipe]
    settings = RunSettings(
        spec=ModelSpec(variant or known.variant, _widths(channels), depth, 0, length),
        recipe=replace(
            base,
            epochs=epochs or base.epochs,
            batch_size=batch_size or base.batch_size,
            lr=base.lr if lr is None else lr,
        ),
        fusion=fusion,
        targets=TARGETS if target == "both" else (target,),
        onset=known.onset if onset is None else onset,
        n_folds=folds,
        seed=seed,
        test_subject=test_subject,
    )
    stores = Workspace(workspace)
    sources = Sources(
        components or stores.store(known.name, "components"),
        labels or stores.store(known.name, "labels"),
        (music or stores.store(known.name, "music")) if fusion == "music" else None,
    )
    path = output or stores.run(known.name, (name or settings.name()).removesuffix(".h5"))
    return train_run(sources, path, settings, where, jobs, force)


def _widths(text: str) -> tuple[int, ...]:
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError:
        widths = ()
    if len(widths) != len(choices.CHANNELS) or min(widths) < 1:
        raise RtcanError(
            f"--channels {text}: {len(choices.CHANNELS)} widths are needed",
            "--channels 64,64,64,64",
        )
    return widths

"""`rtcan train`: components, labels and music -> run stores with a trained network per fold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from rtcan_cli import choices, console
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.commands.shell.config import read_config, save_config
from rtcan_cli.commands.shell.lists import entries, one_of, whole_number
from rtcan_cli.commands.shell.usage import DATA, GENERAL, MACHINE, MODEL, TRAINING
from rtcan_cli.datasets.profiles import PROFILES, TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require

if TYPE_CHECKING:
    from rtcan_cli.results.training.runs import Training

_VARIANT_HELP = "Attention modules, as in the paper's Table 5, or base-stem. Default: " + ", ".join(
    f"{p.variant} on {p.title}" for p in PROFILES.values()
)
_ONSET_HELP = "Seconds to leave out at the start of a recording. Default: " + ", ".join(
    f"{p.onset:g} on {p.title}" for p in PROFILES.values()
)


def _names(choice: object) -> str:
    return "|".join(get_args(choice)) + ",..."


def train(
    context: typer.Context,
    dataset: options.Dataset = None,
    target: Annotated[
        choices.Target,
        typer.Option(
            help="What to predict; one model is trained for each target.", rich_help_panel=DATA
        ),
    ] = "both",
    length: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of samples that each EDA channel is interpolated to. Default: "
            f"{choices.LENGTH}",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    onset: Annotated[
        float | None,
        typer.Option(min=0.0, help=_ONSET_HELP, show_default=False, rich_help_panel=DATA),
    ] = None,
    window: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART,...",
            help=f"{options.WINDOW_HELP}, stretched to one length. Models of EDA features see "
            "what eda-features --window described",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    thresholds: Annotated[
        choices.Thresholds | None,
        typer.Option(
            help="Ratings that the thresholds between low and high come from: all of a subject, or "
            "those of the training trials of each fold (for stimulus and trial), see above. "
            f"Default: {choices.THRESHOLDS}, or those of the run whose folds are taken",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    subjects: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE,...",
            help="Use only some subjects, 40% or 183, selected by the seed; smaller sets "
            "are contained in larger ones (the paper's Fig. 4).",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    components: options.ComponentsStore = None,
    labels: options.LabelsStore = None,
    music: options.MusicStore = None,
    features: options.FeaturesStore = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Output = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the run. Default: made from its options.",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            autocompletion=complete.models,
            help=f"What to train; rtcan models lists them. Default: {choices.MODEL}",
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    fusion: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_names(choices.Fusion),
            autocompletion=complete.names(choices.Fusion),
            help="Use EDA alone (none), fuse it with music, or use music alone, depending "
            "on the model. Default: the first in rtcan models, none for RTCAN-1D",
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_names(choices.Variant),
            autocompletion=complete.names(choices.Variant),
            help=_VARIANT_HELP,
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    layout: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_names(choices.Layout),
            autocompletion=complete.names(choices.Layout),
            help="The network of the paper, or that of the authors' code. "
            f"Default: {choices.LAYOUT}",
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    depth: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N,...",
            help=f"Convolutions in a residual block. Default: {choices.DEPTH}",
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,C,D",
            help="Widths of the four residual stages; repeat the option for more runs. Default: "
            + ",".join(map(str, choices.CHANNELS)),
            show_default=False,
            rich_help_panel=MODEL,
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_names(choices.Protocol),
            autocompletion=complete.names(choices.Protocol),
            help=f"What a fold holds out, see above. Default: {choices.PROTOCOL}",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=3,
            help="Folds of the cross-validation; with loso, the groups that validate in turn. "
            f"Default: {choices.FOLDS}",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    splits_from: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            autocompletion=complete.runs,
            help="Use the folds of another run, with its protocol, subjects and "
            "thresholds, so that both test the same trials. With --seed, weights and "
            "shuffling differ.",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    test_subject: Annotated[
        str | None,
        typer.Option(
            metavar="SUBJECT",
            help="Train only the folds that test this subject (for a quick look, or for gradcam).",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_names(choices.RecipeName),
            autocompletion=complete.names(choices.RecipeName),
            help="How to train: the paper's SGD, which needs 500 steps or more (as on "
            "PMEmo), or AdamW, which learns from few subjects (tuned). train prints "
            "the number of steps. Default: paper",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Instead of the recipe's.", show_default=False, rich_help_panel=TRAINING
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=2, help="Instead of the recipe's.", show_default=False, rich_help_panel=TRAINING
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            help="Learning rate, instead of the recipe's.",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    class_weights: Annotated[
        choices.ClassWeights | None,
        typer.Option(
            help="Weight training trials so that high and low count equally (balanced). "
            "Default: none",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    clip_norm: Annotated[
        float | None,
        typer.Option(
            help="Scale gradients down to this norm if they are larger.",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Stop a fold after this many epochs without a lower validation loss.",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    precision: Annotated[
        choices.Precision | None,
        typer.Option(
            help="Number format of training passes; tf32 and bf16 are for the tensor "
            "cores of GPUs. Predictions are always made in fp32. Default: fp32",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N,...",
            help="Seed of all random numbers; with --splits-from, of all but the folds. "
            f"Default: {choices.SEED}, or that of the run whose folds are used",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    gpu: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Number of the GPU; the CPU is used if there is none. With --cluster, "
            "its number on workers that were started with --resources GPU=1.",
            show_default=False,
            rich_help_panel=MACHINE,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Device as PyTorch names it: cpu, cuda:1, mps.",
            show_default=False,
            rich_help_panel=MACHINE,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            help="Number of folds to train at the same time, at most one per core; -1 for as "
            "many as possible. On a GPU: one, unless this is given. Results do not depend on it. "
            "A fold of the default network takes about 2.5 GB.",
            rich_help_panel=MACHINE,
        ),
    ] = 4,
    cluster: options.ClusterAddress = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Write the learning curves of networks to this file while they train, a row for "
            "each epoch.",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write them as event files for TensorBoard, too. Needs: pip install "
            "'rtcan-cli[tensorboard]'",
            show_default=False,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    force: options.Force = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Read options from this file, such as epochs = 60. Options on the line win.",
            show_default=False,
            callback=read_config,
            is_eager=True,
            rich_help_panel=GENERAL,
        ),
    ] = None,
    save_as: Annotated[
        Path | None,
        typer.Option(
            "--save-config",
            metavar="FILE.toml",
            help="Write the options that were given to a file for --config, and train.",
            show_default=False,
            rich_help_panel=GENERAL,
        ),
    ] = None,
) -> Training:
    """Train RTCAN-1D, or a baseline, by cross-validation.

    No subject is both in training and in test, unless --protocol allows it.

    One fold is for testing, the next one for validation (it selects the epoch), the others for
    training; the roles rotate. The run store contains curves, test probabilities, fold membership
    and weights. If interrupted, the same command continues from the last finished epoch.

    Options with ,... accept a list, or can be repeated: one run is trained for each combination,
    with its own name. Existing runs are not trained again. A model of a list that is not possible
    (rtcan models shows what each needs) does not stop the others: they are trained, it is named
    with the reason, and the exit code is 1.

    \b
    Protocols: what a fold holds out, and what this measures:
      subject           whole subjects: scores for new listeners (the paper's)
      stimulus          whole songs or videos: scores for new songs or videos
      subject+stimulus  both: the hardest; tests about a fifth of the trials
      loso              one subject at a time: like subject, for small studies
      trial             single trials, shuffled, as in the paper's released code: leaks
                        subjects and songs; only to measure the effect of this

    A subject's threshold between low and high comes from all of the subject's ratings (rtcan
    relabel). With stimulus and trial, labels of training trials therefore depend on ratings of test
    trials; --thresholds training uses only the training trials of each fold.

    \b
    Examples:
      rtcan train --dataset pmemo --fusion music --gpu 0
      rtcan train --dataset deap --target arousal --recipe tuned
      rtcan train --dataset pmemo --variant Rb --fusion music --test-subject 100184
      rtcan train --dataset pmemo --fusion music --protocol subject+stimulus
      rtcan train --dataset pmemo --protocol stimulus --thresholds training
      rtcan train --dataset pmemo --window first:30
      rtcan train --dataset pmemo --splits-from Rf-eda+music-both-1a2b3c
      rtcan train --dataset pmemo --splits-from Rf-eda-both-1a2b3c --seed 1,2
      rtcan train --dataset pmemo --subjects 10%,40%,70%,100%
      rtcan train --dataset pmemo --variant base,Ra,Rb,Rc,Rd,Re,Rf
      rtcan train --dataset pmemo --model svm-eda,svm-music,song-prior,majority
      rtcan train --dataset pmemo --log curves.csv --tensorboard events
      rtcan train --dataset pmemo --gpu 0 --cluster tcp://10.0.0.5:8786
      rtcan train --dataset pmemo --fusion music --recipe tuned --save-config fused.toml
      rtcan train --config fused.toml --seed 1,2
    """
    if save_as is not None:
        save_config(context, save_as)
    borrowed = {"protocol": protocol, "folds": folds, "subjects": subjects}
    given = [f"--{name}" for name, value in borrowed.items() if value is not None]
    if splits_from is not None and given:
        raise typer.BadParameter(
            f"--splits-from takes this from the other run: leave out {', '.join(given)}"
        )

    if name is not None and output is not None:
        raise typer.BadParameter("--output names the run, too: leave --name out")

    from dataclasses import replace

    from rtcan_cli.eda.window import Window
    from rtcan_cli.models.registry import find
    from rtcan_cli.runs.durations import common_window
    from rtcan_cli.steps.training.combinations import Wanted, combinations
    from rtcan_cli.steps.training.requests import requests_for
    from rtcan_cli.steps.training.train import train_runs
    from rtcan_cli.stores import Workspace
    from rtcan_cli.training.folds.subsets import parse_share
    from rtcan_cli.training.recipes import RECIPES

    changes: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "class_weights": class_weights,
        "clip_norm": clip_norm,
        "patience": patience,
        "precision": precision,
    }
    changed = {name: value for name, value in changes.items() if value is not None}
    hows = entries("--recipe", recipe, one_of(get_args(choices.RecipeName)), "paper")
    models = entries("--model", model, one_of(get_args(choices.ModelName)), choices.MODEL)
    wanted = Wanted(
        models=[find(each) for each in models],
        fusions=entries("--fusion", fusion, one_of(get_args(choices.Fusion)), None),
        layouts=entries("--layout", layout, one_of(get_args(choices.Layout)), choices.LAYOUT),
        variants=entries("--variant", variant, one_of(get_args(choices.Variant)), None),
        depths=entries("--depth", depth, whole_number(1), choices.DEPTH),
        channels=entries("--channels", channels, _widths, choices.CHANNELS, separator=None),
        recipes=[replace(RECIPES[each], **changed) for each in hows],
        protocols=entries(
            "--protocol", protocol, one_of(get_args(choices.Protocol)), choices.PROTOCOL
        ),
        subjects=entries("--subjects", subjects, parse_share, None),
        seeds=entries("--seed", seed, whole_number(0, 2**32 - 1), choices.SEED),
        length=length or choices.LENGTH,
        onset=onset,
        n_folds=choices.FOLDS if folds is None else folds,
        targets=TARGETS if target == "both" else (target,),
        test_subject=test_subject,
        thresholds=thresholds or choices.THRESHOLDS,
        windows=entries("--window", window, Window.parse, None),
    )
    # Models that are not networks need scikit-learn, which comes with the same extra. No model of a
    # list is trained before the whole list is possible.
    networks = ["torch"] if any(each.is_network for each in wanted.models) else []
    events = ["tensorboard"] if networks and tensorboard is not None else []
    require("train", *networks, *events, "sklearn")
    shapes = {"variant": variant, "layout": layout, "depth": depth, "channels": channels}
    if choices.MODEL not in models:
        _refuse(shapes, f"only {choices.MODEL} knows them")
    if not any(each.is_network for each in wanted.models):
        machine = {"gpu": gpu, "device": device}
        _refuse({"recipe": recipe} | changes | machine, "none of these models is a network")
        _refuse({"log": log, "tensorboard": tensorboard}, "none of these models has epochs")
    if not wanted.sees_signals():
        _refuse({"length": length, "onset": onset}, "none of these models sees signals")
        _refuse({"window": window}, "none of these models sees signals; eda-features has it, too")

    stored = {"components": components, "features": features, "labels": labels, "music": music}
    kind, store = next(
        ((kind, path) for kind, path in stored.items() if path is not None), ("components", None)
    )
    known = profile(options.dataset_of(workspace, dataset, store, kind))
    stores = Workspace(workspace)
    parts = components or stores.store(known.name, "components")
    start = known.onset if onset is None else onset
    wanted = replace(
        wanted,
        windows=[None if w is None else common_window(w, parts, start) for w in wanted.windows],
    )
    runs = combinations(wanted, known)
    if len(runs) > 1 and (name is not None or output is not None):
        raise typer.BadParameter(
            f"{'--name' if output is None else '--output'} is for one run, and these options ask "
            f"for {len(runs)}: leave it out, they get names of their own"
        )
    where = None
    if any(each.is_network for each in wanted.models):
        from rtcan_cli.training.device import named_device, pick_device

        if cluster is None:
            where, message = pick_device(gpu, device)
            if message:
                console.warn(message)
        else:
            where = named_device(gpu, device)  # that of a worker
    on_gpu = where is not None and where.type != "cpu"
    if on_gpu and not options.was_typed(context, "jobs"):
        jobs = 1  # several share its memory, which may be too small for them
    workers = options.workers(context, jobs, cluster, gpu=on_gpu)
    source = None if splits_from is None else options.find_run(workspace, splits_from, known.name)
    if name is not None:
        output = stores.run(known.name, name.removesuffix(".h5"))
    requests, refused = requests_for(
        runs,
        stores,
        known.name,
        stored,
        output,
        source,
        own_seed=seed is not None,
        own_thresholds=thresholds is not None,
    )
    unread = {
        f"{kind}-store": path
        for kind, path in stored.items()
        if path is not None and all(getattr(each.sources, kind) != path for each in requests)
    }
    _refuse(unread, "none of these runs reads it")
    return train_runs(requests, where, workers, force, log, tensorboard, refused)


def _refuse(given: dict[str, Any], why: str) -> None:
    """Refuse options that would change nothing."""
    names = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if names:
        raise typer.BadParameter(f"leave out {', '.join(names)}: {why}")


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

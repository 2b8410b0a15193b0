"""A checkpoint of the authors' published code -> run store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from rtcan_cli import choices, console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import told
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import COUNTS, confusion, fold_scores
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.links import folder_below
from rtcan_cli.models.rtcan.network import VARIANTS
from rtcan_cli.models.rtcan.released import (
    CHANNEL_ORDER,
    OWN_ORDER,
    WIDTHS,
    ReleasedRTCAN,
    built_for,
    from_released_state_dict,
)
from rtcan_cli.models.rtcan.released_file import read_state_dict
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import to_arrays
from rtcan_cli.plots import confusion as confusion_plot
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.run import THRESHOLD_COLUMNS, Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.stores import Provenance, create
from rtcan_cli.stores.lines import line_on_runs, line_that_makes
from rtcan_cli.training.data import TrainingData, scale_of, songs_of, standardise
from rtcan_cli.training.folds.splits import UNUSED
from rtcan_cli.training.predict import predict

#: Command in the provenance of a run store whose network comes from elsewhere.
COMMAND = "import-checkpoint"
#: Protocol of such a run.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Checkpoint:
    """A published network, read from a file.

    Parameters
    ----------
    path : Path
        The file.
    sha256 : str
        SHA-256 of its bytes, hexadecimal.
    target : str
        ``valence`` or ``arousal``.
    trained_on : str
        Dataset it was trained on, a key of `rtcan_cli.models.rtcan.released.CHANNEL_ORDER`.
    model : ReleasedRTCAN
        The network; takes its channels in the order of rtcan.
    """

    path: Path
    sha256: str
    target: str
    trained_on: str
    model: ReleasedRTCAN

    def run_name(self, onset: float) -> str:
        """A name for its run, different for whatever makes its answers different."""
        signals = "eda+music" if self.model.n_music else "eda"
        words = ["released", self.trained_on, self.model.variant, signals, self.target]
        digest = hashlib.blake2b(f"{self.sha256} {onset:g}".encode(), digest_size=3).hexdigest()
        return "-".join([*words, digest])


def read_checkpoint(
    path: Path, dataset: str, target: str | None = None, trained_on: str | None = None
) -> Checkpoint:
    """Read a checkpoint of the published code.

    Parameters
    ----------
    path : Path
        What their training program saved. Nothing in it is run.
    dataset : str
        Name of the dataset it shall be used on.
    target : str, optional
        What it was trained to tell. By default the one that the file's name holds, else valence.
    trained_on : str, optional
        Dataset it was trained on, which decides the order of its EDA channels; by default that
        which the weights tell, or among several the one it shall be used on.

    Raises
    ------
    RtcanError
        If the file is not a checkpoint of the published network, or of another dataset than said,
        or if it does not tell the dataset.
    """
    state = read_state_dict(path)
    try:
        from_released_state_dict(state, OWN_ORDER)  # whether it is such a network at all
    except RtcanError as error:
        raise RtcanError(
            f"{path}: {error}", "a checkpoint of the published code, with widths of 64"
        ) from None
    known = trained_on or _trained_on(state, path, dataset)
    model = from_released_state_dict(state, CHANNEL_ORDER[known])
    if model.n_classes != 2:
        raise RtcanError(
            f"{path}: distinguishes {model.n_classes} classes; rtcan uses low and high"
        )
    _check_dataset(model, state, path, known)
    return Checkpoint(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        target=target or _target_of(path),
        trained_on=known,
        model=model,
    )


def _trained_on(state: Mapping[str, Tensor], path: Path, dataset: str) -> str:
    """Dataset that a checkpoint was trained on, as far as weights and the file's name tell."""
    possible = built_for(state)
    named = [name for name in possible if name in path.name.lower()]
    for choice in ([dataset] if dataset in possible else [], possible, named):
        if len(choice) == 1:
            if len(possible) == len(CHANNEL_ORDER):
                console.warn(
                    f"{path.name}: does not show which dataset it was trained on; "
                    f"{profile(choice[0]).title} is assumed (--trained-on overrides this)"
                )
            return choice[0]
    titles = " or ".join(profile(name).title for name in possible)
    raise RtcanError(
        f"{path}: the order of its EDA channels depends on the dataset it was trained on; its "
        f"weights are those of a network for {titles}",
        f"--trained-on {' or '.join(possible)}, whichever it is",
    )


def _check_dataset(
    model: ReleasedRTCAN, state: Mapping[str, Tensor], path: Path, known: str
) -> None:
    """Refuse a network that no published script builds for a dataset; warn of what is odd."""
    possible = built_for(state)
    if known in possible:
        return
    parts, title = VARIANTS[model.variant], profile(known).title
    other = " or ".join(profile(name).title for name in possible)
    hint = f"--trained-on {' or '.join(possible)}"
    if parts.sca_res:
        raise RtcanError(
            f"{path}: has channel attention in its residual blocks, which only the published "
            f"network for {other} has; it was not trained on {title}",
            hint,
        )
    if parts.stem:
        raise RtcanError(
            f"{path}: has no attention and takes 896 values of the EDA, as only the published "
            f"networks for {other} do; it was not trained on {title}",
            hint,
        )
    console.warn(
        f"{path.name}: looks like a published network for {other}, not for {title}; if it is one, "
        f"its EDA channels are in another order ({hint})"
    )


def _target_of(path: Path) -> str:
    named = [target for target in TARGETS if target in path.name.lower()]
    if len(named) == 1:
        return named[0]
    console.warn(
        f"{path.name}: does not say what it predicts; {TARGETS[0]} is assumed (--target "
        f"{TARGETS[1]})"
    )
    return TARGETS[0]


def import_checkpoint(
    checkpoint: Checkpoint,
    sources: Sources,
    output: Path,
    onset: float,
    force: bool = False,
) -> Report:
    """Put a published network into a run store, with its answers to all trials.

    It is not known which trials it was trained on. So no fold tests any trial: all are stored as
    not used, and the probabilities are not held-out predictions.

    Parameters
    ----------
    checkpoint : Checkpoint
        The network.
    sources : Sources
        Stores to predict on. Music is needed if the network fuses it; its features are
        standardised with all songs that were heard, because the statistics of its training songs
        are unknown as well.
    output : Path
        Run store to write.
    onset : float
        Seconds dropped at the start of each recording.
    force : bool
        Do it again even if the same is there.

    Raises
    ------
    RtcanError
        If the stores do not belong together, or the music features are not as many as it takes.
    """
    inputs, made = sources.check()
    settings = _settings(checkpoint, onset)
    parameters = settings.parameters() | {
        "checkpoint": {
            "file": checkpoint.path.name,
            "sha256": checkpoint.sha256,
            "trained_on": checkpoint.trained_on,
        }
    }
    provenance = Provenance(
        COMMAND, made.dataset, parameters, inputs, made.simulated, told(made.parameters)
    )
    if not is_current(output, "run", provenance, force):
        data, left_out = training_data(sources, checkpoint.target, onset, choices.LENGTH)
        for reason, count in left_out.items():
            console.say(f"{checkpoint.target}: left out {count} recordings: {reason}")
        if data.n_music != checkpoint.model.n_music:
            assert sources.music is not None, "a network with music was given a music store"
            raise RtcanError(
                f"{checkpoint.path}: takes {checkpoint.model.n_music} music features, "
                f"{sources.music} has {data.n_music}",
                line_that_makes(sources.music, "music", **{"import": "CSV"})
                + ", with the features it was trained with",
            )
        _write(checkpoint, data, output, provenance)
    return summarise(output)


def _settings(checkpoint: Checkpoint, onset: float) -> RunSettings:
    spec = ModelSpec(
        checkpoint.model.variant, WIDTHS, n_music=0, length=choices.LENGTH, layout="released"
    )
    return RunSettings(
        spec=spec,
        recipe=None,  # not known
        fusion="music" if checkpoint.model.n_music else "none",
        targets=(checkpoint.target,),
        onset=onset,
        n_folds=1,
        seed=choices.SEED,
        protocol=UNKNOWN,
    )


def _write(
    checkpoint: Checkpoint, data: TrainingData, output: Path, provenance: Provenance
) -> None:
    weights: dict[str, NDArray[Any]] = dict(to_arrays(checkpoint.model))
    music = None
    if data.music is not None and data.song is not None:
        mean, sd = scale_of(data.music, songs_of(data, np.arange(len(data.label))))
        weights |= {"music_mean": mean, "music_sd": sd}
        music = standardise(data.music, mean, sd)[data.song]
    n, target = len(data.label), checkpoint.target
    # As in training: the number of threads decides the order of sums, and so the last bits.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        probability = predict(checkpoint.model, data.eda, music)
    finally:
        torch.set_num_threads(threads)
    with create(output, "run", provenance) as store:
        store.write_table(
            "predictions",
            pd.DataFrame(
                {
                    "target": np.full(n, target, object),
                    "subject": data.subject.astype(object),
                    "stimulus": data.stimulus.astype(object),
                    "repetition": data.repetition,
                    "song": data.piece.astype(object),
                    "label": data.label,
                    "fold": np.zeros(n, np.int64),
                    "probability": probability,
                }
            ),
        )
        store.write("membership/role", np.full((n, 1), UNUSED, np.int8))
        store.write("membership/label", data.label[:, None].astype(np.int8))
        store.write_table("thresholds", pd.DataFrame(columns=THRESHOLD_COLUMNS))
        columns = ("target", "fold", "epoch", "train_loss", "validation_loss")
        store.write_table("epochs", pd.DataFrame(columns=[*columns, "validation_accuracy"]))
        store.write_table(
            "models",
            pd.DataFrame(
                {
                    "target": [target],
                    "fold": [1],
                    "best_epoch": [0],
                    "candidate": [1],
                    "setting": [""],
                    "n_parameters": [sum(w.numel() for w in checkpoint.model.parameters())],
                    "temperature": [np.nan],
                    "seconds": [0.0],
                    "cpu_seconds": [0.0],
                    "threads": [0],
                    "device": ["elsewhere"],
                    "hardware": [""],
                    "software": [""],
                }
            ),
        )
        for name, values in weights.items():
            store.write_slice(f"weights/{target}/{name}", 0, 1, values)


def summarise(path: Path) -> Report:
    """Describe an imported network by what it says of all trials, and what that is worth."""
    run = Run.load(path)
    report = _about(run, COMMAND)
    report.files = [path]
    report.notes.append(f"next: {line_on_runs('evaluate', [path])}")
    return report


def import_line(run: Run) -> str:
    """The line that imports the network of a run again, as a user types it."""
    dataset, trained_on = run.dataset, run.provenance.parameters["checkpoint"]["trained_on"]
    return command_line(
        COMMAND,
        "CHECKPOINT",
        dataset=dataset.name,
        target=run.settings.targets[0],
        trained_on=trained_on if trained_on != dataset.name else None,
        onset=run.settings.onset if run.settings.onset != dataset.onset else None,
        name=run.name,
        workspace=run.workspace,
    )


def evaluate_imported(run: Run, figures: Path | None = None) -> Report:
    """Score an imported network on all trials, marked as not held out.

    Parameters
    ----------
    run : Run
        A run that `import_checkpoint` wrote.
    figures : Path, optional
        Folder for the scores (CSV) and the confusion matrix; none are made if not given.
    """
    report = _about(run, "evaluate")
    if figures is None:
        return report
    folder = folder_below(figures, run.dataset.name, run.name)
    folder.mkdir(parents=True, exist_ok=True)
    (target,) = run.settings.targets
    scores = _scores(run).assign(target=target, held_out=False, simulated=run.simulated)
    csv = folder / "scores.csv"
    write_whole(csv, scores.drop(columns=["fold", "n_untested"]).to_csv(index=False))
    title = f"{run.dataset.title}, {target}: {run.network}, not held out"
    figure = confusion_plot.confusion(confusion(scores), title=title, simulated=run.simulated)
    report.files = [csv, *save(figure, folder / f"confusion_{target}")]
    return report


def _scores(run: Run) -> pd.DataFrame:
    """One row over all trials, with the majority class of these trials."""
    label = run.predictions["label"].to_numpy()
    everywhere = np.ones(len(label), np.int64)
    return fold_scores(label, run.predictions["probability"], everywhere)


#: What the probabilities are, by what the network sees.
_PROBABILITY = {
    "none": "softmax of its two outputs behind their ReLU; 0.5, and so low, where both are 0",
    "music": "the output of its softmax",
}


def _about(run: Run, command: str) -> Report:
    origin = run.provenance.parameters["checkpoint"]
    (target,) = run.settings.targets
    order = ", ".join(CHANNEL_ORDER[origin["trained_on"]])
    report = Report(command)
    report.facts = {
        "run": run.name,
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "checkpoint": f"{origin['file']}, SHA-256 {origin['sha256'][:12]}...",
        "network": f"{run.network}, as published",
        "trained on": f"{profile(origin['trained_on']).title} (its channels: {order})",
        "P(high)": _PROBABILITY[run.settings.fusion],
        "target": target,
    }
    scores = _scores(run)
    row = scores.iloc[0]
    percent = [100 * float(row[name]) for name in ("accuracy", "f1", "majority_accuracy")]
    counts = [int(row[name]) for name in COUNTS]
    columns = ["trials", "accuracy [%]", "F1 high [%]", "majority [%]"]
    columns += [name.replace("_", " ") for name in COUNTS]
    mark = ", simulated data" if run.simulated else ""
    title = f"{target}: all trials, NOT held out{mark}"
    report.tables.append(Table(title, columns, [[int(row["n"]), *percent, *counts]]))
    report.notes.append(
        "not held out: it is not known which trials it was trained on; if they are among "
        "these, the scores are those of a network on its own training trials"
    )
    return report

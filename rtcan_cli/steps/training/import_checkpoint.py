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
from rtcan_cli.models.rtcan.facts import CHANNEL_ORDER, VARIANTS
from rtcan_cli.models.rtcan.released import (
    OWN_ORDER,
    WIDTHS,
    ReleasedRTCAN,
    built_for,
    from_released_state_dict,
)
from rtcan_cli.models.rtcan.released_file import read_state_dict
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import to_arrays
from rtcan_cli.results.base import Note
from rtcan_cli.results.training.imported import ImportedNetwork
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.present import refuse_changed, refuse_outdated
from rtcan_cli.runs.run import THRESHOLD_COLUMNS, Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.reasons import grouped
from rtcan_cli.steps.training.imported import imported_network
from rtcan_cli.stores import Provenance, Store, create, music_set
from rtcan_cli.stores.lines import line_that_makes
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
        Dataset it was trained on, a key of `rtcan_cli.models.rtcan.facts.CHANNEL_ORDER`.
    model : ReleasedRTCAN
        The network; takes its channels in the order of rtcan.
    notes : tuple of Note
        What the file does not say and was assumed, and what looks odd.
    """

    path: Path
    sha256: str
    target: str
    trained_on: str
    model: ReleasedRTCAN
    notes: tuple[Note, ...] = ()

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
    notes: list[Note] = []
    known = trained_on or _trained_on(state, path, dataset, notes)
    model = from_released_state_dict(state, CHANNEL_ORDER[known])
    if model.n_classes != 2:
        raise RtcanError(
            f"{path}: distinguishes {model.n_classes} classes; rtcan only low and high"
        )
    _check_dataset(model, state, path, known, notes)
    return Checkpoint(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        target=target or _target_of(path, notes),
        trained_on=known,
        model=model,
        notes=tuple(notes),
    )


def _trained_on(state: Mapping[str, Tensor], path: Path, dataset: str, notes: list[Note]) -> str:
    """Dataset that a checkpoint was trained on, as far as weights and the file's name tell."""
    possible = built_for(state)
    named = [name for name in possible if name in path.name.lower()]
    for choice in ([dataset] if dataset in possible else [], possible, named):
        if len(choice) == 1:
            if len(possible) == len(CHANNEL_ORDER):
                text = (
                    f"{path.name}: does not tell which dataset it was trained on; taken for "
                    f"{profile(choice[0]).title} (--trained-on says otherwise)"
                )
                notes.append(Note("assumed_dataset", text))
            return choice[0]
    titles = " or ".join(profile(name).title for name in possible)
    raise RtcanError(
        f"{path}: the order of its EDA channels depends on the dataset it was trained on; its "
        f"weights are those of a network for {titles}",
        f"--trained-on {' or '.join(possible)}, whichever it is",
    )


def _check_dataset(
    model: ReleasedRTCAN, state: Mapping[str, Tensor], path: Path, known: str, notes: list[Note]
) -> None:
    """Refuse a network that no published script builds for a dataset; note what is odd."""
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
    text = (
        f"{path.name}: looks like a published network for {other}, not for {title}; if it is one, "
        f"its EDA channels are in another order ({hint})"
    )
    notes.append(Note("unlike_dataset", text))


def _target_of(path: Path, notes: list[Note]) -> str:
    named = [target for target in TARGETS if target in path.name.lower()]
    if len(named) == 1:
        return named[0]
    text = f"does not say what it tells; taken for {TARGETS[0]} (--target {TARGETS[1]})"
    notes.append(Note("assumed_target", f"{path.name}: {text}"))
    return TARGETS[0]


def import_checkpoint(
    checkpoint: Checkpoint,
    sources: Sources,
    output: Path,
    onset: float,
    force: bool = False,
) -> ImportedNetwork:
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
    refuse_outdated(sources)
    settings = _settings(checkpoint, onset)
    parameters = settings.parameters() | {
        "checkpoint": {
            "file": checkpoint.path.name,
            "sha256": checkpoint.sha256,
            "trained_on": checkpoint.trained_on,
        }
    }
    provenance = Provenance(
        *(COMMAND, made.dataset, parameters, inputs, made.simulated, told(made.parameters)),
        choices.FEATURE_SET if checkpoint.model.n_music else "",
    )
    if not is_current(output, "run", provenance, force):
        data, left_out = training_data(sources, checkpoint.target, onset, choices.LENGTH)
        refuse_changed(sources, inputs)
        for reason, count in grouped(left_out):
            what = f"{count} recording{'s' * (count != 1)}"
            console.say(f"{checkpoint.target}: left out {what}: {reason}")
        _check_music(checkpoint, sources)
        if data.n_music != checkpoint.model.n_music:
            assert sources.music is not None, "a network with music was given a music store"
            raise RtcanError(
                f"{checkpoint.path}: takes {checkpoint.model.n_music} music features, "
                f"{sources.music} has {data.n_music}",
                line_that_makes(sources.music, "music", **{"import": "CSV"})
                + ", with the features it was trained with",
            )
        _write(checkpoint, data, output, provenance)
    return imported_network(output, checkpoint.notes)


def _check_music(checkpoint: Checkpoint, sources: Sources) -> None:
    """Refuse music features of a set that the published code does not know."""
    if not checkpoint.model.n_music or sources.music is None:
        return
    with Store(sources.music, "music") as store:
        found = music_set(store.provenance.parameters)
    if found != choices.FEATURE_SET:
        raise RtcanError(
            f"{checkpoint.path}: takes music features of {choices.FEATURE_SET}, those of "
            f"{sources.music} are of {found}",
            line_that_makes(sources.music, "music"),
        )


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
        music = standardise(data.music, mean, sd)
    n, target = len(data.label), checkpoint.target
    # As in training: the number of threads decides the order of sums, and so the last bits.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        probability = predict(checkpoint.model, data.eda, music, data.row, data.song)
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

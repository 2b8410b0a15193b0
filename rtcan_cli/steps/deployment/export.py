"""Run store -> a model of it, or those of all folds, as ONNX, TorchScript or safetensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli import __version__, console
from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError
from rtcan_cli.export import weights
from rtcan_cli.export.formats import FORMATS, Format
from rtcan_cli.export.graph import (
    Graph,
    describe_inputs,
    input_shapes,
    random_inputs,
    trials_of,
)
from rtcan_cli.files.atomic import new_file
from rtcan_cli.results.base import Note
from rtcan_cli.results.deployment.export import FILE_COLUMNS, Export
from rtcan_cli.runs.origin import Settings, trained_on
from rtcan_cli.runs.run import Run, about
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.stores import Workspace
from rtcan_cli.training.ensemble import Ensemble
from rtcan_cli.training.trained import TrainedModel

#: Largest difference between what a file and rtcan say that is put down to rounding.
TOLERANCE = 1e-4
#: Sizes of the batches of the check.
_BATCHES = (1, 3, 8)
#: Of the file of weights; it is not among the formats of graphs.
SAFETENSORS = "safetensors"
#: Settings that name folders of the machine, which tell nobody else anything.
PLACES = {"raw", "audio", "audio_folder"}


def export_run(
    run_path: Path,
    workspace: Workspace,
    files: Mapping[str, Path],
    target: str | None = None,
    fold: int | None = None,
    calibrated: bool = True,
) -> Export:
    """Export networks of a run, and check that the files say what rtcan says.

    Parameters
    ----------
    run_path : Path
        Run store.
    workspace : Workspace
        Where the stores that it was trained on are: they tell how its EDA was decomposed.
    files : mapping of str to Path
        A file to write for each of some formats: ``safetensors``, and names of
        `rtcan_cli.export.formats.FORMATS`.
    target : str, optional
        May be left out if the run has only one.
    fold : int, optional
        From 1; by default all trained folds, whose mean the graph returns.
    calibrated : bool
        Whether the temperatures of the folds are part of the graph.

    Raises
    ------
    RtcanError
        If the run has no such network, it is not a network, a package is missing, or a file says
        something else than rtcan; then the file is not left behind.
    """
    run = Run.load(run_path)
    target = chosen_target(run, target)
    folds = chosen_folds(run, target, fold)
    models = run.models_of_folds(target, folds)
    if not calibrated:
        models = [replace(model, temperature=math.nan) for model in models]
    sees = run.settings.model.sees(run.settings.fusion)
    shapes = input_shapes(models[0].spec, sees)
    graph = Graph(models, sees, calibrated) if FORMATS.keys() & files.keys() else None
    for name in files:
        FORMATS[name].require() if name in FORMATS else weights.require()
    is_calibrated = calibrated and all(model.is_calibrated for model in models)
    facts = describe(run, target, folds, shapes, is_calibrated, trained_on(run, workspace))
    rows = []
    for name, path in files.items():
        console.say(f"writing {path} ...")
        with new_file(path) as place:
            if name == SAFETENSORS:
                by_fold = dict(zip(folds, models, strict=True))
                weights.write_weights(place, by_fold, sees, facts)
                check_weights(place, path, by_fold)
                largest = 0.0
            else:
                assert graph is not None
                FORMATS[name].write(graph, facts, place)
                largest = largest_difference(FORMATS[name], place, graph, models, is_calibrated)
            if not largest <= TOLERANCE:  # NaN is too large, too
                raise RtcanError(
                    f"{path}: the exported graph gives other probabilities than rtcan (they differ "
                    f"by up to {largest:.2g}); it was not kept",
                    "report it, with the versions of torch and onnxruntime",
                )
        rows.append([name, str(path), path.stat().st_size, sum(_BATCHES), largest])
    notes = []
    if calibrated and not is_calibrated:
        text = "the run has no temperatures: probabilities are not calibrated"
        notes.append(Note("not_calibrated", text))
    if run.simulated:
        text = "it was trained on simulated data, which the file says too"
        notes.append(Note("simulated", text))
    return Export(
        run=about(run),
        target=target,
        folds=tuple(folds),
        calibrated=is_calibrated,
        inputs=describe_inputs(shapes),
        exports=pd.DataFrame(rows, columns=list(FILE_COLUMNS)),
        notes=tuple(notes),
        files=tuple(files.values()),
    )


def chosen_folds(run: Run, target: str, fold: int | None) -> list[int]:
    """The fold that was asked for, or all trained ones.

    Raises
    ------
    RtcanError
        If it was not trained.
    """
    trained = run.trained_folds(target)
    if fold is not None and fold not in trained:
        known = ", ".join(map(str, trained))
        raise RtcanError(f"{run.name}: fold {fold} of {target} was not trained", f"one of {known}")
    return trained if fold is None else [fold]


def check_weights(place: Path, path: Path, models: Mapping[int, TrainedModel]) -> None:
    """Read a safetensors file again, and compare it with what was written.

    Every number has to be the same, bit for bit, and so has what the models answer to random
    trials.

    Raises
    ------
    RtcanError
        If something differs.
    """
    found = weights.read_weights(place)
    same = found.models.keys() == models.keys() and all(
        _same_model(models[fold], found.models[fold]) for fold in models
    )
    for seed, size in enumerate(_BATCHES):
        drawn = random_inputs(found.shapes, next(iter(models.values())).scales, size, seed + 1)
        inputs = dict(zip(found.shapes, drawn, strict=True))
        said = np.column_stack([m.calibrated(trials_of(inputs)) for m in models.values()])
        same = same and bool((Ensemble.of(said).probability == found.probability(**inputs)).all())
    if not same:
        raise RtcanError(
            f"{path}: does not hold what was written; it was not kept",
            "report it, with the version of safetensors",
        )


def _same_model(one: TrainedModel, other: TrainedModel) -> bool:
    if one.spec != other.spec or not np.array_equal(one.temperature, other.temperature, True):
        return False
    for mine, theirs in ((one.weights, other.weights), (one.scales, other.scales)):
        if mine.keys() != theirs.keys() or not all(
            (values.dtype, values.shape, values.tobytes())
            == (theirs[name].dtype, theirs[name].shape, theirs[name].tobytes())
            for name, values in mine.items()
        ):
            return False
    return True


def chosen_target(run: Run, target: str | None) -> str:
    """The target that was asked for, or the only one.

    Raises
    ------
    RtcanError
        If the run has no model for it, or it has to be named.
    """
    known = run.settings.targets
    if target is None and len(known) > 1:
        raise RtcanError(
            f"{run.name} has a model for {' and '.join(known)}", f"--target {known[0]}"
        )
    if target is not None and target not in known:
        raise RtcanError(f"{run.name} has no model for {target}", f"--target {known[0]}")
    return target or known[0]


def largest_difference(
    kind: Format, path: Path, graph: Graph, models: list[TrainedModel], calibrated: bool
) -> float:
    """Ask a file and rtcan about the same random inputs, in batches of several sizes."""
    differences = []
    for seed, size in enumerate(_BATCHES):
        inputs = graph.examples(size, seed + 1)
        trials = graph.trials(inputs)
        said = [
            model.calibrated(trials) if calibrated else model.probability(trials)
            for model in models
        ]
        expected = Ensemble.of(np.column_stack(said)).probability
        answer = kind.answer(path, inputs)
        if answer.shape != expected.shape:
            return float("nan")
        differences.append(np.abs(answer - expected).max())
    return float(np.max(differences))  # NaN if one of them is


def preparation(settings: RunSettings) -> dict[str, str]:
    """How a recording becomes the samples that a network sees; empty if it sees no signals."""
    if settings.model.sees(settings.fusion) != "signals":
        return {}
    return {
        "channels": ",".join(CHANNELS),
        "length": str(settings.spec.length),
        "onset_seconds": f"{settings.onset:g}",
        "window": str(settings.window or "all after the onset"),
        "sampling": "each channel z-scored over the whole recording, its onset dropped, the "
        "rest interpolated linearly to the length; first and last sample stay"
        if settings.window is None
        else "the window of the recording after its onset, each channel z-scored over the "
        "window and interpolated linearly to the length; first and last sample stay",
    }


def describe(
    run: Run,
    target: str,
    folds: list[int],
    shapes: Mapping[str, tuple[int, ...]],
    calibrated: bool,
    trained: Settings,
) -> dict[str, str]:
    """What a file says of itself."""
    settings = run.settings
    mark = ", trained on simulated data" if run.simulated else ""
    facts = {
        "about": f"P(high {target}) of {run.network}{mark}, by rtcan {__version__}",
        "rtcan_version": __version__,
        "run": run.name,
        "dataset": run.dataset.name,
        "simulated": str(run.simulated).lower(),
        "model": run.network,
        "target": target,
        "folds": ",".join(map(str, folds)),
        "calibrated": str(calibrated).lower(),
        "output": "probability of high (batch,)",
    }
    facts |= {f"input_{name}": words for name, words in describe_inputs(shapes).items()}
    if run.provenance.music:
        facts["music_features"] = run.provenance.music
    facts |= preparation(settings)
    for kind, parameters in trained.items():
        said = ", ".join(
            f"{name}={value}" for name, value in sorted(parameters.items()) if name not in PLACES
        )
        facts[f"{kind}_settings"] = said
    return facts

"""Trained models as safetensors: their numbers, and what is needed to use them again.

A file holds the arrays of one model or of several folds, under names such as
``fold_1.weights.sfe.0.weight`` and ``fold_1.scales.music_mean``. Its metadata are text: how the
model is built (``spec``, JSON), the temperature of each fold (``temperatures``, JSON), and facts
about the run. A safetensors file holds numbers only: nothing in it can be executed.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import extras
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError, permission_hint
from rtcan_cli.export.graph import describe_inputs, input_shapes, trials_of
from rtcan_cli.models.learner import WHOLE_NUMBERS
from rtcan_cli.models.limits import is_whole, wrong_spec
from rtcan_cli.models.model import Eda
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.calibrate import LIMITS
from rtcan_cli.training.data import SCALES
from rtcan_cli.training.trained import TrainedModel

#: Version of the layout of these files.
LAYOUT = "1"
_PREFIX = "fold_"
_WRONG = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True)
class ExportedModels:
    """The models of a safetensors file.

    Parameters
    ----------
    models : dict of int to TrainedModel
        By fold, from 1.
    facts : dict of str to str
        What the file says of the run: dataset, target, inputs, settings of the stores, ...
    """

    models: dict[int, TrainedModel]
    facts: dict[str, str]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input, without the batch, by its name."""
        return input_shapes(next(iter(self.models.values())).spec, _sees(self.facts))

    def probability(
        self, eda: NDArray[np.float32] | None = None, music: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Probability of high, the mean over the models.

        A model that has a temperature is calibrated by it; files that were exported with
        ``--uncalibrated`` have none.

        Parameters
        ----------
        eda : ndarray of float32, shape (n, 3, length) or (n, n_features), optional
            What `facts["input_eda"]` says; must be given if the models see EDA.
        music : ndarray of float32, shape (n, n_music), optional
            What `facts["input_music"]` says; must be given if the models hear music.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        RtcanError
            If an input is missing, of another shape, or more than the models see.
        """
        given = {
            name: np.asarray(x, np.float32)
            for name, x in (("eda", eda), ("music", music))
            if x is not None
        }
        if given.keys() != self.shapes.keys():
            raise RtcanError(f"the models take {' and '.join(self.shapes)}")
        for name, shape in self.shapes.items():
            if given[name].shape[1:] != shape or len({len(x) for x in given.values()}) > 1:
                raise RtcanError(
                    f"{name} has the shape {given[name].shape}, the models take (n, "
                    f"{', '.join(map(str, shape))}): {describe_inputs(self.shapes)[name]}"
                )
        trials = trials_of(given)
        return np.mean([model.calibrated(trials) for model in self.models.values()], axis=0)


def require() -> None:
    """Raise RtcanError if the library is missing."""
    extras.require("a safetensors file", "safetensors")


def write_weights(
    path: Path, models: Mapping[int, TrainedModel], sees: Eda, facts: Mapping[str, str]
) -> None:
    """Write models of one run and target as safetensors.

    Parameters
    ----------
    path : Path
        File to write.
    models : mapping of int to TrainedModel
        By fold, from 1.
    sees : str
        What they see of the EDA.
    facts : mapping of str to str
        What the file says of the run.

    Raises
    ------
    RtcanError
        If the models know something else than numbers of EDA or music, or the library is missing.
    """
    require()
    from safetensors.numpy import save_file

    spec = next(iter(models.values())).spec
    if not input_shapes(spec, sees):
        raise RtcanError(
            f"{find(spec.model).title} has no weights of EDA or music: there is nothing to export",
            "predict, which asks every model",
        )
    arrays = {}
    for fold, model in models.items():
        for part, named in (("weights", model.weights), ("scales", model.scales)):
            for name, values in named.items():
                if values.dtype.kind not in "fiub":
                    raise RtcanError(f"{find(spec.model).title}: '{name}' is not made of numbers")
                native = np.asarray(values).astype(values.dtype.newbyteorder("="))
                arrays[f"{_PREFIX}{fold}.{part}.{name}"] = np.array(native, order="C")
    temperatures = {
        str(fold): model.temperature if model.is_calibrated else None
        for fold, model in models.items()
    }
    own = {
        "rtcan_weights": LAYOUT,
        "sees": sees,
        # Each fold chose its candidate: all else is the same.
        "spec": json.dumps({str(fold): asdict(model.spec) for fold, model in models.items()}),
        "temperatures": json.dumps(temperatures),
    }
    save_file(arrays, path, metadata={**facts, **own})


def read_weights(path: str | Path) -> ExportedModels:
    """Read models that `rtcan export --safetensors` wrote.

    Parameters
    ----------
    path : str or Path
        The file. Nothing in it is executed.

    Returns
    -------
    ExportedModels

    Raises
    ------
    RtcanError
        If it is not there, damaged, not such a file, or its numbers are not those of its model; or
        if the library is missing.
    """
    require()
    path = Path(path)
    metadata, arrays = _read(path)
    if metadata.get("rtcan_weights") != LAYOUT:
        raise RtcanError(
            f"{path} was not written by rtcan's export, or by another version of it",
            f"{command_line('export', safetensors='FILE')}, with this version",
        )
    try:
        specs = {_fold(fold): _spec(one) for fold, one in _of_folds(metadata["spec"])}
        temperatures = {
            _fold(fold): _temperature(one) for fold, one in _of_folds(metadata["temperatures"])
        }
        if not specs or specs.keys() != temperatures.keys():
            raise ValueError("its folds are not the same everywhere")
        parts: dict[int, dict[str, dict[str, NDArray[Any]]]] = {
            fold: {"weights": {}, "scales": {}} for fold in specs
        }
        for name, values in arrays.items():
            member, part, own = name.split(".", 2)
            if not member.startswith(_PREFIX):
                raise ValueError("an array is of no fold")
            parts[_fold(member.removeprefix(_PREFIX))][part][own] = values
    except (*_WRONG, RtcanError) as error:
        raise RtcanError(f"{path} is damaged: its metadata do not describe its models") from error
    facts = {
        name: text
        for name, text in metadata.items()
        if name not in ("rtcan_weights", "spec", "temperatures")
    }
    models = {
        fold: TrainedModel(spec, parts[fold]["weights"], parts[fold]["scales"], temperatures[fold])
        for fold, spec in specs.items()
    }
    for fold, model in models.items():
        _check(model, fold, path)
    _sees(facts)
    return ExportedModels(models, facts)


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise RtcanError(f"{path}: this file does not exist")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            return dict(metadata), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RtcanError(f"{path}: cannot be read: {error}", permission_hint(error)) from error
    except (SafetensorError, TypeError, ValueError, KeyError) as error:
        raise RtcanError(f"{path}: not a readable safetensors file (damaged or cut short?)") from (
            error
        )


def _of_folds(text: str) -> Iterable[tuple[str, Any]]:
    """Each fold with what is said of it; a fold that is there twice stays there twice."""
    found = json.loads(text, object_pairs_hook=_Pairs)
    if not isinstance(found, _Pairs) or len(dict(found)) < len(found):
        raise ValueError("it is not one entry a fold")
    return [(fold, dict(one) if isinstance(one, _Pairs) else one) for fold, one in found]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it is written."""


def _fold(text: str) -> int:
    fold = int(text)
    if fold < 1 or str(fold) != text:
        raise ValueError("a fold is not numbered 1, 2, ...")
    return fold


def _temperature(found: object) -> float:
    """A temperature as `rtcan_cli.training.calibrate` finds it; NaN if there is none."""
    if found is None:
        return math.nan
    low, high = LIMITS
    if (
        isinstance(found, bool)
        or not isinstance(found, int | float)
        # The inverse of a number within limits may be one bit beyond them.
        or not low * (1 - 1e-9) <= found <= high * (1 + 1e-9)
    ):
        raise ValueError("a temperature is not possible")
    return float(found)


def _sees(facts: Mapping[str, str]) -> Eda:
    found = facts.get("sees", "")
    for each in get_args(Eda):
        if each == found:
            return cast("Eda", each)
    raise RtcanError("the file does not say what its models see of the EDA")


def _spec(found: Mapping[str, Any]) -> ModelSpec:
    fields = {each.name for each in dataclasses.fields(ModelSpec)}
    if found.keys() != fields:
        raise ValueError("the model is described by other fields")
    spec = ModelSpec(**{**found, "channels": tuple(found["channels"])})
    if not all(is_whole(n, 0, 1 << 31) for n in (spec.n_music, spec.n_features, spec.candidate)):
        raise ValueError("a size of the model is not possible")
    if spec.candidate >= len(find(spec.model).grid):
        raise ValueError("the model has no such candidate")
    for wrong in wrong_spec(spec):
        raise ValueError(wrong)
    return spec


def _check(model: TrainedModel, fold: int, path: Path) -> None:
    sizes = {"music": model.spec.n_music, "eda": model.spec.n_features}
    for name, values in model.scales.items():
        if name not in SCALES or values.shape != (sizes[name.split("_")[0]],):
            raise RtcanError(f"{path}: fold {fold}: '{name}' does not belong to its model")
        if values.dtype.kind != "f":
            raise _not_floating(path, fold, name, values)
        if not np.isfinite(values).all():
            raise RtcanError(f"{path}: fold {fold}: the numbers '{name}' are not all finite")
    if model.is_network:
        from rtcan_cli.models.weights import check  # waits for PyTorch

        try:
            check(model.weights, model.spec)
        except RtcanError as error:
            raise RtcanError(f"{path}: fold {fold}: {error}") from error
        return
    for name, learnt in model.weights.items():
        if name not in WHOLE_NUMBERS and learnt.dtype.kind != "f":
            raise _not_floating(path, fold, name, learnt)


def _not_floating(path: Path, fold: int, name: str, values: NDArray[Any]) -> RtcanError:
    return RtcanError(
        f"{path}: fold {fold}: the numbers '{name}' are {values.dtype}, not floating-point"
    )

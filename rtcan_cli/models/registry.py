"""The models that `rtcan train --model` knows: each is one file, found by its name.

A file of a model has a docstring (architecture, source, inputs, what differs from the original and
why) and a `MODEL`. `rtcan models` is made from them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, get_args

from torch import nn

from rtcan_cli import choices
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.learner import Learner
from rtcan_cli.models.spec import ModelSpec

#: What a model sees of the EDA: three channels of samples, hand-crafted features, how long it was
#: recorded, or nothing.
Eda = Literal["signals", "features", "duration", "none"]

#: What a model sees, by its EDA and fusion, for summaries.
_INPUTS = {
    ("eda", "none"): "EDA alone",
    ("eda", "music"): "EDA and music",
    ("eda", "music-only"): "music alone",
    ("duration", "none"): "the length of the recording alone",
    ("none", "none"): "neither EDA nor music",
    ("none", "music-only"): "music alone",
}


@dataclass(frozen=True)
class Model:
    """One model.

    It is either a network, which is trained by a recipe, or a learner, which fits itself.

    Parameters
    ----------
    name : str
        As ``--model`` takes it.
    title : str
        What it is, in few words, for tables.
    source : str
        Where it comes from.
    eda : {"signals", "features", "duration", "none"}
        What it sees of the EDA.
    fusion : tuple of str
        Values of ``--fusion`` that it allows, the default first.
    network : callable, optional
        Makes a network from a `ModelSpec`, a dropout and the entries of a candidate. The network
        maps EDA (batch, 3, L) or (batch, n_features), and music (batch, n_music) or None, to
        logits (batch, 2).
    learner : callable, optional
        Makes a `Learner` from the entries of a candidate.
    grid : tuple of mapping
        Candidates, each a set of keyword arguments of `network` or `learner`. Each is trained, the
        one with the smallest validation loss is kept.
    features : tuple of str
        Names of the EDA features it sees; all if empty.
    protocols : tuple of str
        Protocols it makes sense with.
    step : str
        What a history has a row for: an ``epoch`` of networks; a learner's own, such as ``tree``,
        or empty if it has no steps.
    """

    name: str
    title: str
    source: str
    eda: Eda
    fusion: tuple[choices.Fusion, ...]
    network: Callable[..., nn.Module] | None = None
    learner: Callable[..., Learner] | None = None
    grid: tuple[Mapping[str, Any], ...] = field(default=({},))
    features: tuple[str, ...] = ()
    protocols: tuple[str, ...] = get_args(choices.Protocol)
    step: str = ""

    def __post_init__(self) -> None:
        if (self.network is None) == (self.learner is None):
            raise ValueError(f"{self.name}: a model is either a network or a learner")
        if self.learner is not None and self.eda == "signals":
            raise ValueError(f"{self.name}: a learner sees features of the EDA, no signals")
        if self.network is not None:
            object.__setattr__(self, "step", "epoch")

    def build(self, spec: ModelSpec, dropout: float = 0.0) -> nn.Module:
        """Return a new network.

        Raises
        ------
        ValueError
            If the model is a learner.
        """
        if self.network is None:
            raise ValueError(f"{self.name} is not a network")
        return self.network(spec, dropout, **self.grid[spec.candidate])

    def make_learner(self, spec: ModelSpec) -> Learner:
        """Return a new learner.

        Raises
        ------
        ValueError
            If the model is a network.
        """
        if self.learner is None:
            raise ValueError(f"{self.name} is not a learner")
        return self.learner(**self.grid[spec.candidate])

    def sees(self, fusion: str) -> Eda:
        """What it sees of the EDA with this fusion."""
        return "none" if fusion == "music-only" else self.eda

    def inputs(self, fusion: str) -> str:
        """What it sees with this fusion, in words."""
        return _INPUTS[self.eda if self.eda in ("duration", "none") else "eda", fusion]

    def setting(self, candidate: int) -> str:
        """A candidate in words, such as ``C=0.25``; empty if there is nothing to choose."""
        if len(self.grid) == 1:
            return ""
        return ", ".join(f"{name}={value}" for name, value in self.grid[candidate].items())

    def check(self, fusion: str, protocol: str) -> None:
        """Raise RtcanError if the model cannot be used with a fusion or a protocol."""
        if fusion not in self.fusion:
            allowed = " or ".join(self.fusion)
            raise RtcanError(
                f"model {self.name} cannot be used with the fusion '{fusion}'",
                f"--fusion {allowed} for it",
            )
        if protocol not in self.protocols:
            raise RtcanError(
                f"model {self.name} cannot be used with the protocol '{protocol}'",
                f"--protocol {' or '.join(self.protocols)} for it",
            )

    @property
    def doc(self) -> str:
        """The docstring of its file."""
        return inspect.cleandoc(import_module(_module(self.name)).__doc__ or "")


def _module(name: str) -> str:
    if name == choices.MODEL:
        return "rtcan_cli.models.rtcan.model"
    return f"rtcan_cli.models.baselines.{name.replace('-', '_')}"


def find(name: str) -> Model:
    """The model of this name.

    Raises
    ------
    RtcanError
        If there is none.
    """
    if name not in get_args(choices.ModelName):
        raise RtcanError(
            f"there is no model {name!r}", f"{command_line('models')}, which lists them"
        )
    model: Model = import_module(_module(name)).MODEL
    return model


def new_network(spec: ModelSpec, dropout: float = 0.0) -> nn.Module:
    """Return a new network with PyTorch's default initialisation.

    Parameters
    ----------
    spec : ModelSpec
        Which model, and in which sizes.
    dropout : float
        Probability of dropping an input of a linear layer before the last, in training.

    Raises
    ------
    RtcanError
        If there is no such model, or it cannot be built in these sizes.
    """
    return find(spec.model).build(spec, dropout)


def every() -> list[Model]:
    """All models, in the order of `rtcan_cli.choices.ModelName`."""
    return [find(name) for name in get_args(choices.ModelName)]

"""What is known of a model without building it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rtcan_cli import choices
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:  # PyTorch takes a second to import
    from torch import nn

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

    It is either a network, which is trained by a recipe, or a learner, which fits itself. Its file
    has a docstring (architecture, source, inputs, what differs from the original and why) and
    ``build``, which makes it. Only building it imports the file, which may need PyTorch or
    scikit-learn.

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
    kind : {"network", "learner"}
        ``build(spec, dropout, **candidate)`` of a network's file returns a network. It maps EDA
        (batch, 3, L) or (batch, n_features), and music (batch, n_music) or None, to logits
        (batch, 2). ``build(**candidate)`` of a learner's file returns a
        `rtcan_cli.models.learner.Learner`.
    grid : tuple of mapping
        Candidates, each a set of keyword arguments of ``build``. Each is trained, the one with the
        smallest validation loss is kept.
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
    kind: Literal["network", "learner"]
    grid: tuple[Mapping[str, Any], ...] = field(default=({},))
    features: tuple[str, ...] = ()
    protocols: tuple[str, ...] = get_args(choices.Protocol)
    step: str = ""

    def __post_init__(self) -> None:
        if not self.is_network and self.eda == "signals":
            raise ValueError(f"{self.name}: a learner sees features of the EDA, no signals")
        if self.is_network:
            object.__setattr__(self, "step", "epoch")

    @property
    def is_network(self) -> bool:
        """Whether it is trained by a recipe, and does not fit itself."""
        return self.kind == "network"

    def build(self, spec: ModelSpec, dropout: float = 0.0) -> nn.Module:
        """Return a new network.

        Raises
        ------
        ValueError
            If the model is a learner.
        """
        if not self.is_network:
            raise ValueError(f"{self.name} is not a network")
        network: nn.Module = import_module(self._module).build(
            spec, dropout, **self.grid[spec.candidate]
        )
        return network

    def load(self) -> None:
        """Import what it is made of, so that limits on threads reach the libraries behind it."""
        import_module(self._module)

    def make_learner(self, spec: ModelSpec) -> Learner:
        """Return a new learner.

        Raises
        ------
        ValueError
            If the model is a network.
        """
        if self.is_network:
            raise ValueError(f"{self.name} is not a learner")
        learner: Learner = import_module(self._module).build(**self.grid[spec.candidate])
        return learner

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
        found = find_spec(self._module)
        assert found is not None
        assert found.origin is not None
        text = Path(found.origin).read_text(encoding="utf-8")
        return ast.get_docstring(ast.parse(text)) or ""

    @property
    def _module(self) -> str:
        if self.name == choices.MODEL:
            return "rtcan_cli.models.rtcan.model"
        return f"rtcan_cli.models.baselines.{self.name.replace('-', '_')}"

"""Where a store came from, and whether a step would make the same store again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rtcan_cli import __version__, choices
from rtcan_cli.stores.schema import SCHEMA_VERSION

#: Levels of lists and objects in the JSON of a store; settings have three or four.
_DEEPEST = 100


@dataclass(frozen=True)
class Provenance:
    """The step that makes a store, and what it makes it from.

    Parameters
    ----------
    command : str
        Subcommand.
    dataset : str
        Name of the dataset.
    parameters : dict
        Every option that shapes the content (not ``--jobs`` and the like). JSON types.
    inputs : dict
        Kind of input to its content id.
    simulated : bool
        Whether the data come from the simulator; every score made from them says so.
    eda : dict
        Unit and polarity of the EDA behind the inputs, as `rtcan_cli.datasets.polarity` has them,
        and ``within_subject`` where features are relative to those of the same subject; empty
        where there is none, or it is a parameter. A run states it in case its inputs are gone. It
        is not a setting: it takes no part in `changes` and `digest`.
    music : str
        What songs are described by, of a run that hears music: a set of openSMILE, or the model
        that made embeddings. Like `eda`, it is not a setting.
    """

    command: str
    dataset: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    simulated: bool = False
    eda: dict[str, str] = field(default_factory=dict)
    music: str = ""

    def changes(self, made: Provenance) -> list[str]:
        """What differs from the step that made an existing store; empty if nothing does."""
        differences = []
        for kind in sorted(self.inputs.keys() | made.inputs.keys()):
            if self.inputs.get(kind) != made.inputs.get(kind):
                differences.append(f"input '{kind}' changed")
        for name in sorted(self.parameters.keys() | made.parameters.keys()):
            new, old = self.parameters.get(name), made.parameters.get(name)
            if new != old:
                differences.append(f"{name}: {_short(old)} -> {_short(new)}")
        if self.simulated != made.simulated:
            differences.append(f"simulated: {_short(made.simulated)} -> {_short(self.simulated)}")
        return differences

    def digest(self) -> str:
        """Fingerprint of the step: equal for equal command, dataset, parameters and inputs."""
        text = json.dumps(
            [SCHEMA_VERSION, self.command, self.dataset, self.parameters, self.inputs],
            sort_keys=True,
        )
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def attributes(self) -> dict[str, Any]:
        """Root attributes of the store, as HDF5 keeps them."""
        said = {"eda": json.dumps(self.eda, sort_keys=True)} if self.eda else {}
        said |= {"music": self.music} if self.music else {}
        return said | {
            "schema_version": SCHEMA_VERSION,
            "package_version": __version__,
            "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "command": self.command,
            "dataset": self.dataset,
            "parameters": json.dumps(self.parameters, sort_keys=True),
            "inputs": json.dumps(self.inputs, sort_keys=True),
            "simulated": self.simulated,
        }

    @classmethod
    def from_attributes(cls, attributes: dict[str, Any]) -> Provenance:
        """Read back what :meth:`attributes` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If an attribute is missing or is not what it should be.
        """
        parameters, inputs = _parsed(attributes["parameters"]), _parsed(attributes["inputs"])
        eda = _parsed(attributes.get("eda") or "{}")
        if not all(isinstance(each, dict) for each in (parameters, inputs, eda)):
            raise ValueError("parameters, inputs or eda are not objects")
        return cls(
            command=str(attributes["command"]),
            dataset=str(attributes["dataset"]),
            parameters=parameters,
            inputs=inputs,
            simulated=bool(attributes["simulated"]),
            eda={name: str(value) for name, value in eda.items()},
            music=str(attributes.get("music") or ""),
        )


def music_set(parameters: Mapping[str, Any]) -> str:
    """What a music store says that its features are.

    Parameters
    ----------
    parameters : mapping
        Of the step that made it.

    Returns
    -------
    str
        A set of openSMILE, or the model that made embeddings. Published tables are of the ComParE
        set, the only one that is read without the name of a model.
    """
    return str(parameters.get("model") or parameters.get("feature_set") or choices.FEATURE_SET)


def _parsed(text: str) -> Any:
    """Read JSON that is nested no deeper than what is written here.

    How deep Python itself reads depends on its version. From 3.14 on, it reads tens of thousands
    of levels, which would end whatever walks through them later.
    """
    content = json.loads(text)
    level = [content]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    if level:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    return content


def _short(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else text[:57] + "..."

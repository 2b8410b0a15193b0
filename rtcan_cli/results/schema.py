"""All results there are, and the keys of each: what ``--json`` and the CSV files hold."""

from __future__ import annotations

import hashlib
import json
import pkgutil
from importlib import import_module
from typing import Any

import rtcan_cli.results
from rtcan_cli.results.base import Result, describe


def every() -> list[type[Result]]:
    """All results, by command and name."""
    for module in pkgutil.walk_packages(rtcan_cli.results.__path__, "rtcan_cli.results."):
        import_module(module.name)
    return sorted(_own(Result), key=lambda kind: (kind.command, kind.__name__))


def _own(kind: type[Result]) -> list[type[Result]]:
    """All kinds of a result that rtcan itself defines."""
    below = [each for child in kind.__subclasses__() for each in (child, *_own(child))]
    return [each for each in below if each.__module__.startswith(rtcan_cli.results.__name__)]


def schema() -> dict[str, Any]:
    """The keys of each result, by its name."""
    return {kind.__name__: {"command": kind.command, "fields": describe(kind)} for kind in every()}


def digest() -> str:
    """A fingerprint of all keys, types, units and columns; meanings may be reworded."""
    text = json.dumps(_without_meanings(schema()), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_meanings(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    return {
        name: _without_meanings(each)
        for name, each in found.items()
        if not (name == "meaning" and isinstance(each, str))
    }

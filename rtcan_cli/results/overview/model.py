"""The result of `models NAME`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rtcan_cli.results.base import Result, value


@dataclass(frozen=True, kw_only=True)
class ModelDescription(Result):
    """What one model is, what it sees, and what there is to choose."""

    command: ClassVar[str] = "models"

    model: str = value("Name, as --model takes it")
    title: str = value("What it is")
    source: str = value("Where it comes from")
    eda: str = value("What it sees of the EDA: signals, features, duration or none")
    features: tuple[str, ...] = value("EDA features that it sees; empty if all, or none")
    fusion: tuple[str, ...] = value("Values of --fusion that it takes, the default first")
    protocols: tuple[str, ...] = value("Values of --protocol that it takes")
    needs_recipe: bool = value("Whether a recipe trains it; if not, it fits itself")
    candidates: tuple[dict[str, Any], ...] = value(
        "Settings that the validation fold chooses from; empty if there is nothing to choose"
    )
    text: str = value("Architecture, source, inputs and defaults in words")

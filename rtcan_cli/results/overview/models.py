"""The result of `models` without a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rtcan_cli.results.base import Column, Result, table

if TYPE_CHECKING:
    import pandas as pd

MODEL_COLUMNS = {
    "model": Column("text", "Name, as --model takes it"),
    "title": Column("text", "What it is"),
    "source": Column("text", "Where it comes from"),
    "eda": Column("text", "What it sees of the EDA: signals, features or none"),
    "fusion": Column("text", "Values of --fusion that it takes, the default first, with commas"),
    "needs": Column("text", "Stores that it needs beside labels, as its first fusion, with commas"),
    "needs_for_music": Column("text", "Stores that it needs to see music, too, with commas"),
    "protocols": Column("text", "Values of --protocol that it can be used with, with commas"),
    "needs_recipe": Column("boolean", "Whether a recipe trains it; else it fits itself"),
    "n_candidates": Column("integer", "Settings that the validation fold chooses from"),
}


@dataclass(frozen=True, kw_only=True)
class ModelList(Result):
    """The models that can be trained."""

    command: ClassVar[str] = "models"

    models: pd.DataFrame = table("The models", MODEL_COLUMNS)

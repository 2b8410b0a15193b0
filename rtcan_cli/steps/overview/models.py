"""What the registry of models says of them."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.command_line import command_line
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every, find
from rtcan_cli.results.base import Note
from rtcan_cli.results.overview.model import ModelDescription
from rtcan_cli.results.overview.models import MODEL_COLUMNS, ModelList

#: Kinds of stores that hold what a model sees of the EDA.
STORES_SEEN: dict[str, list[str]] = {
    "signals": ["components"],
    "features": ["features"],
    "duration": ["recordings"],
    "none": [],
}


def list_models() -> ModelList:
    """One row for each model."""
    rows = [
        (
            *(each.name, each.title, each.source, each.eda, ",".join(each.fusion)),
            *(",".join(needs(each, each.fusion[0])), ",".join(_needs_for_music(each))),
            *(",".join(each.protocols), each.is_network, len(each.grid)),
        )
        for each in every()
    ]
    return ModelList(
        models=pd.DataFrame(rows, columns=list(MODEL_COLUMNS)),
        notes=(Note("one_model", "all about one of them", command_line("models", "NAME")),),
    )


def needs(model: Model, fusion: str) -> list[str]:
    """Kinds of stores that a model is trained on, beside labels."""
    return [*STORES_SEEN[model.sees(fusion)], *(["music"] if fusion != "none" else [])]


def _needs_for_music(model: Model) -> list[str]:
    fused = [fusion for fusion in model.fusion if fusion != "none"]
    return needs(model, fused[0]) if fused else []


def describe_model(name: str) -> ModelDescription:
    """What one model is, what it sees, and what there is to choose.

    Raises
    ------
    RtcanError
        If there is no such model.
    """
    model = find(name)
    return ModelDescription(
        model=model.name,
        title=model.title,
        source=model.source,
        eda=model.eda,
        features=model.features,
        fusion=model.fusion,
        protocols=model.protocols,
        needs_recipe=model.is_network,
        candidates=tuple(map(dict, model.grid)) if len(model.grid) > 1 else (),
        text=model.doc,
    )

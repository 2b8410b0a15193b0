"""`rtcan models`: what `train --model` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import choices

if TYPE_CHECKING:
    from rtcan_cli.results.overview.model import ModelDescription
    from rtcan_cli.results.overview.models import ModelList


def models(
    name: Annotated[
        choices.ModelName | None,
        typer.Argument(
            metavar="[MODEL]", help="Show everything about this model.", show_default=False
        ),
    ] = None,
) -> ModelDescription | ModelList:
    """List the models that train accepts, or show everything about one.

    \b
    Examples:
      rtcan models
      rtcan models svm-eda
    """
    from rtcan_cli.steps.overview.models import describe_model, list_models

    return list_models() if name is None else describe_model(name)

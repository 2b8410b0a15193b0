"""A result for tests of the command line that need one, whatever it is."""

from __future__ import annotations

from rtcan_cli.results.base import Note
from rtcan_cli.results.overview.model import ModelDescription


def any_result(text: str = "", n_lines: int = 1) -> ModelDescription:
    """A result whose page and JSON hold a text, on as many lines."""
    return ModelDescription(
        model=text,
        title=text,
        source=text,
        eda="none",
        features=(),
        fusion=(),
        protocols=(),
        needs_recipe=False,
        candidates=(),
        text="\n".join([text] * n_lines),
        notes=(Note("text", text),),
    )

"""How results are shown to a person: in a terminal, as JSON, Markdown, LaTeX or HTML."""

from __future__ import annotations

from importlib import import_module

from rtcan_cli.results.base import Result
from rtcan_cli.views.parts import Page


def page(result: Result) -> Page:
    """What a person reads of a result.

    A result of ``results/<name>.py`` is shown by the function ``page`` of ``views/<name>.py``.
    """
    name = type(result).__module__.removeprefix("rtcan_cli.results.")
    shown: Page = import_module(f"rtcan_cli.views.{name}").page(result)
    return shown

"""What a shell offers when Tab is pressed: names of datasets, models, recipes and runs.

It is asked for each Tab, so it looks at names of files alone and loads no numerical library. The
workspace may be a stranger's, and a shell puts names on the line as they are: only names that mean
nothing else to a shell are offered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import typer

from rtcan_cli import choices
from rtcan_cli.command_line import usual_workspace
from rtcan_cli.datasets.profiles import PROFILES

_HARMLESS = re.compile(r"[\w.+%@-]+")

#: Offers words for what is typed so far.
Completer = Callable[[typer.Context, str], list[str]]


def ingested(context: typer.Context, incomplete: str) -> list[str]:
    """Datasets of the workspace; all that rtcan knows where there is none."""
    found = [name for name in PROFILES if (_workspace(context) / name / "recordings.h5").is_file()]
    return _beginning(incomplete, found or PROFILES)


def known(context: typer.Context, incomplete: str) -> list[str]:
    """All datasets that rtcan knows."""
    return _beginning(incomplete, PROFILES)


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Finished runs of the workspace, but those that are on the line already.

    Where a path is typed, the shell offers files.
    """
    if "/" in incomplete or os.sep in incomplete:
        return []
    dataset = context.params.get("dataset") or "*"
    if dataset != "*" and dataset not in PROFILES:
        return []
    found = {path.stem for path in _workspace(context).glob(f"{dataset}/runs/*.h5")}
    typed = context.params.get("runs") or []
    return _beginning(incomplete, sorted(found - set(typed)))


def names(choice: object) -> Completer:
    """Offers names of a `Literal`; of a list with commas the one that is being typed."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        left = [name for name in get_args(choice) if name not in before.split(",")]
        return [before + comma + name for name in _beginning(last, left)]

    return complete


models = names(choices.ModelName)


def _workspace(context: typer.Context) -> Path:
    given = context.params.get("workspace")
    return Path(given) if given else usual_workspace()


def _beginning(incomplete: str, found: Iterable[str]) -> list[str]:
    return [name for name in found if name.startswith(incomplete) and _HARMLESS.fullmatch(name)]

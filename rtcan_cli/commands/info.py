"""`rtcan info`: what a store holds and where it came from, or the state of the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcan_cli.commands import options
from rtcan_cli.report import Report


def info(
    store: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STORE]", help="A store; the whole workspace if left out.", show_default=False
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Report:
    """Show a store, or the state of the workspace.

    A store: what it holds and where it came from. The workspace: which steps are done, which are
    stale, and what to run next.

    \b
    Examples:
      rtcan info
      rtcan info rtcan-stores/pmemo/components.h5
    """
    from rtcan_cli.steps.info import describe_store, describe_workspace

    return describe_workspace(workspace) if store is None else describe_store(store)

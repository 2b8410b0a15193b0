"""`rtcan info`: what a store holds and where it came from, or the state of the workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.data.quality import Quality
    from rtcan_cli.results.overview.store import StoreContent
    from rtcan_cli.results.overview.verification import Verification
    from rtcan_cli.results.overview.workspace import WorkspaceState

DEFAULT_ROWS = 20


def info(
    store: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STORE]", help="A store. Default: the whole workspace.", show_default=False
        ),
    ] = None,
    quality: Annotated[
        bool,
        typer.Option(
            "--quality",
            help="The signal quality of every recording in a recordings store, worst first.",
        ),
    ] = False,
    rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Number of recordings that --quality lists. Default: {DEFAULT_ROWS}",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="With --quality: also draw a page of the worst traces.")
    ] = False,
    figures: options.PlotFigures = options.NO_FIGURE_OPTIONS,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Instead, read the whole store, or every store of the workspace, and "
            "check that its content is what was written.",
        ),
    ] = False,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Quality | StoreContent | Verification | WorkspaceState:
    """Show a store, or the state of the workspace.

    For a store: its contents and its origin; for recordings, also their quality. For the workspace:
    which steps are done, which are stale, and what to run next.

    \b
    Examples:
      rtcan info
      rtcan info rtcan-stores/pmemo/components.h5
      rtcan info rtcan-stores/pmemo/recordings.h5 --quality --plot
      rtcan info --verify
    """
    if not plot:
        figures.refuse("without --quality and --plot, nothing is drawn")
    if verify:
        if quality or plot or rows is not None:
            raise typer.BadParameter(
                "--verify and --quality are different questions: give only one of them"
            )
        from rtcan_cli.steps.overview.info import stores_of, verify_stores

        return verify_stores(stores_of(workspace) if store is None else [store])
    if not quality:
        for option, given in (("--plot", plot), ("--rows", rows is not None)):
            if given:
                raise typer.BadParameter(f"{option} changes what --quality shows: give both")
    if quality:
        if store is None:
            raise typer.BadParameter("--quality needs a recordings store as STORE")
        from rtcan_cli.steps.data.quality import plot_quality, quality_of

        look = figures.look() if plot else None
        found = quality_of(store, DEFAULT_ROWS if rows is None else rows)
        if look is None:
            return found
        return replace(found, files=tuple(plot_quality(store, figures.folder, look)))
    if store is not None:
        from rtcan_cli.steps.overview.info import store_content

        return store_content(store)
    from rtcan_cli.steps.overview.workspace import workspace_state

    return workspace_state(workspace)

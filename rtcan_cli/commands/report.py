"""`rtcan report`: one page that answers the question, and everything behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import console
from rtcan_cli.commands.shell import options
from rtcan_cli.commands.shell.usage import DATA

if TYPE_CHECKING:
    from rtcan_cli.results.report import WorkspaceReport

DEFAULT_OUTPUT = Path("report.html")


def report(
    runs: options.RunNames = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            "-d",
            help=f"{options.DATASETS}. Default: all that the workspace contains.",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: HTML, or Markdown if it ends in .md.",
        ),
    ] = DEFAULT_OUTPUT,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.PlotFigures = options.NO_FIGURE_OPTIONS,
) -> WorkspaceReport:
    """Write a report on whether EDA and music predict emotion in unseen subjects.

    The first page says in plain sentences whether EDA, music, or both predict valence and arousal
    in subjects that the models have not seen: how much and how sure, compared with no skill and
    with the best simple model that sees no more, what a study of this size could have shown, what
    is memory of songs or people, and what was not tried. Recorded and simulated data are never
    mixed.

    Then follow the data and their quality, the scores, all runs side by side, what the networks
    looked at, the contribution of EDA and music, the paper's tables and figures where they apply,
    and the commands that make all of it again. The HTML file needs no other file and no network,
    is made for screens and phones, and prints as a PDF from any browser. Tables and figures are
    also written one by one.

    \b
    Examples:
      rtcan report
      rtcan report --dataset pmemo --output pmemo.html
      rtcan report Rf-eda-both-1a2b3c logistic-eda-both-4d5e6f
      rtcan report --output report.md
    """
    if output.suffix.lower() not in (".html", ".htm", ".md"):
        raise typer.BadParameter(f"{output}: ends in neither .html nor .md", param_hint="--output")
    look = figures.look()

    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.steps.report.collect import collect_report
    from rtcan_cli.stores import Workspace
    from rtcan_cli.views.html.document import write_report
    from rtcan_cli.views.report import write_tables

    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    paths = [stores.find_run(run, name) for run in runs] if runs else stores.preferred_runs(name)
    if not runs:
        for damaged in stores.damaged_runs(name):
            console.warn(f"{damaged}; it is left out")
    collected = collect_report(
        # Not among figures of other commands, which may have the size of a journal's column.
        stores,
        paths,
        figures.folder / "report",
        name,
        only_complete=not runs,
        look=look,
    )
    write_tables(collected)
    return write_report(collected, output)

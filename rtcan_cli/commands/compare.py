"""`rtcan compare`: runs side by side, how far they are apart, and beside the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli import console
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.commands.shell.lists import entries, whole_number

if TYPE_CHECKING:
    from rtcan_cli.results.base import Result


def compare(
    runs: options.RunNames = None,
    dataset: options.Dataset = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            autocompletion=complete.runs,
            help="Test all others against this run, whatever their protocol. Default: for "
            "each protocol, the first run that is named, or the newest run of "
            "RTCAN-1D.",
            show_default=False,
        ),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="Add the paper's scores for the same networks.")
    ] = False,
    leakage: Annotated[
        bool,
        typer.Option(
            "--leakage",
            help="Instead, show how much of a score is memory: runs that differ only in their "
            "protocol.",
        ),
    ] = False,
    table: Annotated[
        list[str] | None,
        typer.Option(
            metavar="1|2|3|4|5|6,...",
            help="Instead, show these tables of the paper, with your own numbers beside them.",
            show_default=False,
        ),
    ] = None,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="3|4|5|6|7|8,...",
            help="Instead, draw these figures of the paper.",
            show_default=False,
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            help="Subject of Figs. 3 and 5 to 8. Default: 100184, as in the paper, or the first.",
            show_default=False,
        ),
    ] = None,
    music: Annotated[
        str | None,
        typer.Option(
            "--music",
            "--stimulus",
            help="Song or video of Figs. 5 to 8. Default: 1, or the first.",
            show_default=False,
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.Figures = options.NO_FIGURE_OPTIONS,
) -> Result:
    """Compare runs with each other and with the paper.

    Shows accuracy and F1 on the test folds, and the accuracy of the majority class. Every run is
    tested against one reference: over folds if both runs have the same folds, over subjects and
    seeds if both have several seeds, and over subjects. Runs that differ only in the seed count as
    one. Writes the tables as CSV, Markdown and LaTeX.

    \b
    The paper's tables and figures, from the stores and runs of the workspace:
      Table 1  labels               Fig. 3      from ratings to labels
      Table 2  rating correlation   Fig. 4      accuracy by number of subjects, with a fit
      Table 3  models, subjects     Figs. 5, 6  attention, valence
      Table 4  depth and widths     Figs. 7, 8  attention, arousal
      Table 5  attention modules
      Table 6  previous work

    \b
    Examples:
      rtcan compare
      rtcan compare --dataset pmemo --paper
      rtcan compare --against Rf-eda-both-1a2b3c
      rtcan compare --leakage
      rtcan compare --table 3,5 --figure 4
    """
    tables = entries("--table", table, whole_number(1, 6), None) if table else []
    pictures = entries("--figure", figure, whole_number(3, 8), None) if figure else []
    of_paper = bool(tables or pictures)
    if leakage and (paper or against is not None or of_paper):
        raise typer.BadParameter("--leakage compares protocols: leave all other kinds out")
    if of_paper and (paper or against is not None):
        raise typer.BadParameter(
            "--paper and --against are for the comparison: leave --table and --figure out"
        )
    drawn = set(pictures)
    for option, value, of in (("--subject", subject, {3}), ("--music", music, set())):
        if value is not None and not drawn & (of | {5, 6, 7, 8}):
            which = "Figs. 3 and 5 to 8" if of else "Figs. 5 to 8"
            raise typer.BadParameter(f"{option} chooses what {which} show, and none is asked for")
    if runs and of_paper and not {*tables} - {1, 2} and not drawn - {3}:
        raise typer.BadParameter("Tables 1 and 2 and Fig. 3 are of labels: leave RUN out")
    if tables and not pictures:
        figures.refuse("--table draws nothing", folder=False)
    output = figures.folder
    if pictures:
        figures.look()  # refused before the tables are made
    look = None if of_paper else figures.look_if_possible()

    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace
    from rtcan_cli.views.files import with_tables

    stores = Workspace(workspace)
    name = profile(dataset).name if dataset else None
    paths = [stores.find_run(run, name) for run in runs] if runs else stores.preferred_runs(name)
    if not runs:
        for damaged in stores.damaged_runs(name):
            console.warn(f"{damaged}; it is left out")
    if not paths and not of_paper:
        stores.find_run(None, name)  # says what to train
    if leakage:
        from rtcan_cli.steps.scores.leakage import compare_protocols

        return with_tables(compare_protocols(paths, output, look), output / "leakage")
    if of_paper:
        from rtcan_cli.results.paper import joined
        from rtcan_cli.steps.paper.tables import paper_tables, write_paper_tables
        from rtcan_cli.views.paper import with_tables as with_paper_tables

        # Tables are written when it is known that the figures can be drawn.
        parts = paper_tables(stores, paths, tables, name, None, not pictures) if tables else []
        drawn_figures = []
        if pictures:
            from rtcan_cli.steps.paper.figures import Trial, paper_figures  # needs Matplotlib

            trial, look = Trial(name, subject, music), figures.look()
            drawn_figures = [paper_figures(stores, paths, pictures, output, trial, look)]
        parts = [*write_paper_tables(parts, output), *drawn_figures]
        return joined([with_paper_tables(part, output) for part in parts])
    from rtcan_cli.steps.following import after_comparison
    from rtcan_cli.steps.scores.compare import compare_runs

    other = stores.find_run(against, name) if against is not None else None
    compared = compare_runs(paths, output, paper, only_complete=not runs, against=other, look=look)
    written = with_tables(compared, output / "comparison")
    return after_comparison(written, stores, name, runs or [])

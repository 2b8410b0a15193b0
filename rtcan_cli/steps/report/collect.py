"""Everything that a workspace has to show -> one result, which views make a page of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.style import PAPER, Look
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.results.base import Note, note_of
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.paper import COLUMNS, Paper
from rtcan_cli.results.report import Figure, WorkspaceReport
from rtcan_cli.results.scores.comparison import Comparison
from rtcan_cli.results.scores.leakage import Leakage
from rtcan_cli.results.scores.scaling import SubjectScaling
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.paper.figures import NUMBERS, PaperFigure, Trial, make_figures
from rtcan_cli.steps.paper.tables import make_tables
from rtcan_cli.steps.report.sources import datasets_of, describe_runs, describe_stores
from rtcan_cli.steps.scores.compare import compare_runs
from rtcan_cli.steps.scores.leakage import compare_protocols
from rtcan_cli.stores import Workspace


@dataclass(frozen=True)
class Content:
    """What a report is to hold.

    Parameters
    ----------
    tables, figures : sequence of int
        The paper's; what cannot be made is named.
    trial : Trial
        What the figures are of; its dataset limits the tables as well.
    only_complete : bool
        Leave runs that were not trained on all folds out of the comparison.
    look : Look
        Size, colours and resolution of all figures.
    """

    tables: Sequence[int] = tuple(COLUMNS)
    figures: Sequence[int] = NUMBERS
    trial: Trial = field(default_factory=Trial)
    only_complete: bool = True
    look: Look = PAPER


def collect_report(
    stores: Workspace, paths: Sequence[Path], folder: Path, content: Content
) -> WorkspaceReport:
    """Collect tables, comparisons and figures of a workspace, and where they come from.

    Parameters
    ----------
    stores : Workspace
        Its datasets are described.
    paths : sequence of Path
        Run stores to compare.
    folder : Path
        Where tables (CSV) and figures are written to.
    content : Content
        What it is to hold.

    Raises
    ------
    RtcanError
        If the workspace has neither a dataset nor a run.
    """
    runs = [Run.load(path) for path in paths]
    chosen = content.trial.dataset
    datasets = datasets_of(stores, [chosen] if chosen else list(PROFILES))
    if not datasets and not runs:
        raise RtcanError(
            f"{stores.root}: there is nothing to report on",
            stores.line("ingest", chosen or "pmemo", "RAW"),
        )
    lacking: list[Note] = []
    held, left_out, made, damaged = describe_stores(stores, datasets)
    tables = _tables(stores, runs, folder, content, lacking)
    comparison = _comparison(runs, folder, content, lacking)
    leakage = _leakage(runs, folder, content, lacking)
    made_figures = _figures(stores, runs, folder, content, lacking)
    numbers = [figure.result for figure in made_figures]
    return WorkspaceReport(
        workspace=stores.root,
        folder=folder,
        datasets=held,
        left_out=left_out,
        tables=tuple(tables.values()),
        comparison=comparison,
        leakage=leakage,
        figures=tuple(
            Figure(number=each.number, files=each.files, notes=each.notes) for each in made_figures
        ),
        scaling=next((each for each in numbers if isinstance(each, SubjectScaling)), None),
        attention=next((each for each in numbers if isinstance(each, TrialAttention)), None),
        stores=made,
        runs=describe_runs(runs, _tables_of(runs, tables)),
        notes=tuple(dict.fromkeys([*damaged, *lacking])),
    )


def _tables(
    stores: Workspace, runs: Sequence[Run], folder: Path, content: Content, lacking: list[Note]
) -> dict[int, Paper]:
    """The paper's tables that have a number of your own."""
    found = {}
    chosen = content.trial.dataset
    for number, part in make_tables(stores, runs, content.tables, chosen):
        if part.has_own(number):
            files = tuple(write_csv(part, folder))
            found[number] = replace(part, files=files)
            continue
        if len(part.table(number)):
            text = f"Table {number}: no row has a number of your own"
            lacking.append(Note("no_own_number", text))
        lacking += [note for note in part.notes if note.kind != "paper"]
    return found


def _tables_of(runs: Sequence[Run], tables: dict[int, Paper]) -> dict[str, list[str]]:
    """Content ids of runs, and the tables that they stand in."""
    ids = {(run.dataset.name, run.name): run.content_id for run in runs}
    shown: dict[str, list[str]] = defaultdict(list)
    for number, part in tables.items():
        rows = part.table(number)
        if "run" in rows:
            named = rows.dropna(subset=["run"]).drop_duplicates(["dataset", "run"])
            for key in zip(named["dataset"], named["run"], strict=True):
                shown[ids[key]].append(f"Table {number}")
    return shown


def _comparison(
    runs: Sequence[Run], folder: Path, content: Content, lacking: list[Note]
) -> Comparison | None:
    try:
        return compare_runs(
            [run.path for run in runs],
            folder,
            paper=True,
            only_complete=content.only_complete,
            look=content.look,
        )
    except RtcanError as error:
        lacking.append(note_of(error, "no_comparison", f"The comparison of runs: {error}"))
        return None


def _leakage(
    runs: Sequence[Run], folder: Path, content: Content, lacking: list[Note]
) -> Leakage | None:
    try:
        return compare_protocols([run.path for run in runs], folder, content.look)
    except RtcanError as error:
        lacking.append(note_of(error, "no_protocols", f"Scores by protocol: {error}"))
        return None


def _figures(
    stores: Workspace, runs: Sequence[Run], folder: Path, content: Content, lacking: list[Note]
) -> list[PaperFigure]:
    """The paper's figures that could be made."""
    found = []
    for figure in make_figures(stores, runs, content.figures, folder, content.trial, content.look):
        if figure.note is not None:
            lacking.append(figure.note)
        else:
            found.append(figure)
    return found

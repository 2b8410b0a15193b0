"""A report of a workspace -> one HTML file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd

from rtcan_cli import __version__, views
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.paper import COLUMNS, Paper
from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views import paper
from rtcan_cli.views.cells import column_texts
from rtcan_cli.views.html.render import Grid, HtmlPage, Part, Picture, Section, render
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.scores import comparison, leakage

ALL_SIMULATED = (
    "SIMULATED DATA. Every number and picture here, other than the paper's numbers, comes from "
    "simulated recordings. They say nothing about people, and must not be compared with those "
    "of the paper."
)
SOME_SIMULATED = (
    "SIMULATED DATA in part: {}. Numbers and pictures of these are marked as simulated; they say "
    "nothing about people, and must not be compared with the paper's."
)
PAPER = (
    "Columns headed 'paper' hold the numbers that Yin et al. print (ACM TOMM 18(3), 2022), which "
    "are of the real datasets; differences are from these. All else was made by rtcan."
)
#: What the paper's figures show.
TITLES = {
    3: "the four steps from ratings to labels",
    4: "accuracy against the number of subjects",
    5: "valence, attention over the three signals",
    6: "valence, attention as a heat strip",
    7: "arousal, attention over the three signals",
    8: "arousal, attention as a heat strip",
}
#: What is to be seen in each of the paper's figures.
CAPTIONS = {
    3: "Ratings of one subject in the plane of valence and arousal: as they were given, in two "
    "clusters with the midpoint between their centres, and split there into high and low arousal "
    "and valence. The area of a mark counts trials.",
    4: "Accuracy on held-out subjects against the number of subjects. Filled marks: own runs, with "
    "95 % intervals over subjects; hollow marks: the paper's. Lines: the law through the points; "
    "on grey ground it is extrapolated.",
    5: "Original, phasic and tonic EDA of one trial over time, and as black columns how much each "
    "moment weighed for the called class of valence; a panel for each network.",
    6: "The weights of Fig. 5 from cold (pale) to warm (dark), a strip for each network.",
    7: "Original, phasic and tonic EDA of one trial over time, and as black columns how much each "
    "moment weighed for the called class of arousal; a panel for each network.",
    8: "The weights of Fig. 7 from cold (pale) to warm (dark), a strip for each network.",
}
_SCORES = (
    "Accuracy of each run: mean over the test folds, with the standard deviation; a dashed "
    "line: what saying the majority class gets; a diamond: the paper's number."
)
_LEAKAGE = (
    "Accuracy by what was known in training of the trials that test, with 95 % intervals "
    "over subjects, and its difference from the protocol that knows least."
)


def write_html(result: WorkspaceReport, output: Path) -> WorkspaceReport:
    """Write a report as one HTML file, which appears whole or not at all.

    Returns
    -------
    WorkspaceReport
        The result with the file, and the titles of its chapters.
    """
    titles = dict.fromkeys(
        profile(name).title for name in (*result.datasets["dataset"], *result.runs["dataset"])
    )
    marks = {
        (row.dataset, row.simulated)
        for table in (result.stores, result.runs)
        for row in table.itertuples()
    }
    chapters = sections(result)
    page = HtmlPage(
        title=f"rtcan report: {', '.join(titles)}",
        facts={
            "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "by": f"rtcan {__version__}",
            "workspace": str(result.workspace),
            "runs": str(len(result.runs)),
        },
        alarm=alarm(marks),
        sections=chapters,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, render(page))
    return replace(result, files=(output,), sections=tuple(chapter.title for chapter in chapters))


def sections(result: WorkspaceReport) -> list[Section]:
    """The chapters of a report that have something in them."""
    lacking = [Part("Why", notes=note_lines(result.notes))] if result.notes else []
    every = [
        Section("data", "The data", list(_data(result))),
        Section("tables", "The paper's tables", list(_tables(result)), [PAPER]),
        Section("runs", "Runs side by side", list(_comparison(result))),
        Section("leakage", "How much of a score is memory", list(_leakage(result))),
        Section("figures", "The paper's figures", list(_figures(result))),
        Section("lacking", "What is not here", lacking),
        Section("provenance", "Where it comes from", list(_origin(result))),
    ]
    return [section for section in every if section.parts]


def alarm(marks: Iterable[tuple[str, bool]]) -> str:
    """What has to be said of simulated data before anything else; nothing if there are none.

    Parameters
    ----------
    marks : iterable of (str, bool)
        Dataset of each store and run, and whether its data are simulated.
    """
    known = set(marks)
    simulated = sorted({profile(name).title for name, mark in known if mark})
    if not simulated:
        return ""
    if all(mark for _, mark in known):
        return ALL_SIMULATED
    return SOME_SIMULATED.format(", ".join(simulated))


def grid(table: Table) -> Grid:
    """A table as the terminal shows it."""
    columns = column_texts(table)
    rows = list(zip(*(texts for texts, _ in columns), strict=True))
    return Grid(table.title, table.columns, [numeric for _, numeric in columns], rows)


def _data(result: WorkspaceReport) -> Iterator[Part]:
    """Subjects, trials, labels and what was left out, of each dataset."""
    if result.datasets.empty:
        return
    heads = ["dataset", "subjects", "stimuli", "trials", "EDA recordings", "unusable", "labels by"]
    rows: list[list[object]] = [
        [
            dataset_title(row.dataset, row.simulated),
            *(None if pd.isna(count) else int(count) for count in row[3:8]),
            None if pd.isna(row.label_method) else f"{row.label_method} ({row.n_labelled} trials)",
        ]
        for row in result.datasets.itertuples()
    ]
    notes = [
        f"{profile(row.dataset).title}, left out: {row.reason} ({row.n})"
        for row in result.left_out.itertuples()
    ]
    table = Table("Subjects, trials, EDA recordings and labels", heads, rows)
    yield Part("Datasets", [grid(table)], notes=notes)


def _tables(result: WorkspaceReport) -> Iterator[Part]:
    # What runs do not share is said once, whichever tables they stand in.
    shared = [
        note
        for part in result.tables
        for note in part.notes
        if note.kind in ("different_labels", "different_folds")
    ]
    if shared:
        yield Part("Before reading the tables", notes=note_lines(list(dict.fromkeys(shared))))
    for part in result.tables:
        number = _number(part)
        notes = [note for note in part.notes if note.kind != "paper" and note not in shared]
        title = f"Table {number}: {paper.LAYOUTS[number].title}"
        grids = [grid(each) for each in paper.tables(part, number)]
        yield Part(title, grids, notes=note_lines(notes))


def _number(part: Paper) -> int:
    """Number of the one table that has rows."""
    return next(number for number in COLUMNS if len(part.table(number)))


def _comparison(result: WorkspaceReport) -> Iterator[Part]:
    if result.comparison is None:
        return
    scores = comparison.score_tables(result.comparison)
    apart = comparison.difference_tables(result.comparison)
    notes = note_lines(result.comparison.notes)
    pictures = _pictures(result.comparison.files, _SCORES)
    yield Part("Scores", [*map(grid, scores)], pictures, [] if apart else notes)
    if apart:
        yield Part("Differences", [*map(grid, apart)], notes=notes)


def _leakage(result: WorkspaceReport) -> Iterator[Part]:
    if result.leakage is not None:
        shown = leakage.page(result.leakage)
        pictures = _pictures(shown.files, _LEAKAGE)
        yield Part("Scores by protocol", [*map(grid, shown.tables)], pictures, shown.notes)


def _figures(result: WorkspaceReport) -> Iterator[Part]:
    """The paper's figures; what is said of the trial of several stands below the first."""
    trial = next((figure.number for figure in result.figures if figure.number > 4), None)
    numbers = {4: result.scaling, trial: result.attention}
    for figure in result.figures:
        found = numbers.get(figure.number)
        shown = Page() if found is None else views.page(found)
        notes = [*shown.notes, *note_lines(figure.notes)]
        pictures = _pictures(figure.files, CAPTIONS[figure.number])
        title = f"Fig. {figure.number}: {TITLES[figure.number]}"
        yield Part(title, [*map(grid, shown.tables)], pictures, notes)


def _pictures(files: Sequence[Path], caption: str) -> list[Picture]:
    """Each SVG of a step, with what it shows and what it is of."""
    return [
        Picture(
            path.read_bytes(),
            f"{caption} File: {path.stem}.",
            f"{caption} The numbers are in the tables and in CSV files.",
        )
        for path in files
        if path.suffix == ".svg"
    ]


def _origin(result: WorkspaceReport) -> Iterator[Part]:
    """Which command made each store and run, from what, when and with which version."""
    for row in result.datasets.itertuples():
        stores = result.stores[result.stores["dataset"] == row.dataset]
        grids = [
            _facts(f"{profile(each['dataset']).title}: {each['kind']}", _made(each))
            for _, each in stores.iterrows()
        ]
        yield Part(dataset_title(row.dataset, row.simulated), grids)
    grids = [
        _facts(
            f"{dataset_title(each['dataset'], each['simulated'])}: {each['run']}",
            _made(each)
            | {
                "trained on": each["hardware"],
                "with": each["software"],
                "stands in": each["tables"],
            },
        )
        for _, each in result.runs.iterrows()
    ]
    if grids:
        yield Part("Runs", grids)


def _made(row: pd.Series) -> dict[str, str]:
    inputs = json.loads(row["inputs"])
    return {
        "made by": row["made_by"],
        "settings": row["parameters"],
        "made": f"{row['created'][:16].replace('T', ' ')} UTC by rtcan {row['version']}",
        "content id": row["content_id"],
        "made from": ", ".join(f"{kind} {content}" for kind, content in inputs.items()),
    }


def _facts(title: str, facts: Mapping[str, str]) -> Grid:
    rows = [(name, value) for name, value in facts.items() if value]
    return Grid(title, [], [False, False], rows)

"""Everything that a workspace has to show -> one HTML file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from rtcan_cli import __version__, console
from rtcan_cli.datasets.profiles import PROFILES, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.page.render import Page, Part, Picture, Section, render
from rtcan_cli.report import Report
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.paper.figures import TITLES, Trial, make_figures
from rtcan_cli.steps.paper.tables import (
    LAYOUTS,
    SOURCE,
    PaperTable,
    make_tables,
    no_rows,
    only_own_data,
    write,
)
from rtcan_cli.steps.report.sources import (
    alarm,
    data_section,
    datasets_of,
    grid,
    provenance_section,
)
from rtcan_cli.steps.results.compare import compare_runs
from rtcan_cli.steps.results.leakage import compare_protocols
from rtcan_cli.stores import Workspace
from rtcan_cli.views.comparison import difference_tables, score_tables
from rtcan_cli.views.files import with_tables
from rtcan_cli.views.run import note_lines

PAPER = (
    "Columns headed 'paper' contain the numbers that Yin et al. print (ACM TOMM 18(3), "
    "2022), for the real datasets; differences are from these. Everything else was "
    "made by rtcan."
)
#: What is to be seen in each of the paper's figures.
CAPTIONS = {
    3: "Ratings of one subject in the plane of valence and arousal: as they were given, in two "
    "clusters with the midpoint between their centres, and split there into high and low arousal "
    "and valence. The area of a mark counts trials.",
    4: (
        "Accuracy on held-out subjects against the number of subjects. Filled marks: your "
        "own runs, with 95 % intervals over subjects; hollow marks: the paper's. Lines: "
        "the fitted law; on grey ground it is extrapolated."
    ),
    5: "Original, phasic and tonic EDA of one trial over time, and as black columns how much each "
    "moment weighed for the called class of valence; a panel for each network.",
    6: "The weights of Fig. 5 from cold (pale) to warm (dark), a strip for each network.",
    7: "Original, phasic and tonic EDA of one trial over time, and as black columns how much each "
    "moment weighed for the called class of arousal; a panel for each network.",
    8: "The weights of Fig. 7 from cold (pale) to warm (dark), a strip for each network.",
}


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
    """

    tables: Sequence[int] = tuple(LAYOUTS)
    figures: Sequence[int] = tuple(TITLES)
    trial: Trial = field(default_factory=Trial)
    only_complete: bool = True


def write_report(
    stores: Workspace, paths: Sequence[Path], output: Path, folder: Path, content: Content
) -> Report:
    """Write a self-contained HTML report of a workspace.

    Parameters
    ----------
    stores : Workspace
        Its datasets are described.
    paths : sequence of Path
        Run stores to compare.
    output : Path
        HTML file to write; it appears whole or not at all.
    folder : Path
        Where its tables (CSV, Markdown, LaTeX) and figures are written to as well.
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
    making = _Making(stores, runs, folder, content)
    results = [
        Section("tables", "The paper's tables", list(making.tables()), [PAPER]),
        Section("runs", "Runs side by side", list(making.comparison())),
        Section("leakage", "How much of a score is memory", list(making.leakage())),
        Section("figures", "The paper's figures", list(making.figures())),
    ]
    if making.lacking:
        results.append(Section("lacking", "What is missing", [Part("Why", notes=making.lacking)]))
    sections = [
        data_section(stores, datasets),
        *results,
        provenance_section(stores, datasets, runs, making.shown),
    ]
    titles = dict.fromkeys(profile(name).title for name in datasets)
    titles |= dict.fromkeys(run.dataset.title for run in runs)
    page = Page(
        title=f"rtcan report: {', '.join(titles)}",
        facts={
            "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "by": f"rtcan {__version__}",
            "workspace": str(stores.root),
            "runs": str(len(runs)),
        },
        alarm=alarm(stores, datasets, runs),
        sections=[section for section in sections if section.parts],
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, render(page))
    report = Report("compare", notes=making.lacking, files=[output])
    report.facts = {
        "sections": ", ".join(section.title for section in page.sections),
        "megabytes": round(output.stat().st_size / 1e6, 2),
        "its tables and figures, also one by one": folder,
    }
    return report


@dataclass
class _Making:
    """The parts of a report, made one after the other, and what is found on the way."""

    stores: Workspace
    runs: list[Run]
    folder: Path
    content: Content
    lacking: list[str] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def tables(self) -> Iterator[Part]:
        """The paper's tables, and the runs that stand in them."""
        ids = {(run.dataset.name, run.name): run.content_id for run in self.runs}
        with console.heard() as warnings:
            made = list(
                make_tables(self.stores, self.runs, self.content.tables, self.content.trial.dataset)
            )
        if warnings:
            yield Part("Before reading the tables", notes=[*dict.fromkeys(warnings)])
        without: list[int] = []
        for table in made:
            notes = [note for note in table.notes if not note.startswith(SOURCE)]
            if table.rows.empty:
                without.append(table.number)
                continue
            if table.is_empty:
                self.lacking += [f"Table {table.number}: no row has a number of your own", *notes]
                continue
            for dataset, name in _runs_in(table):
                self.shown[ids[dataset, name]].append(f"Table {table.number}")
            write(table, self.folder)
            title = f"Table {table.number}: {LAYOUTS[table.number].title}"
            yield Part(title, [grid(each) for each in table.tables], notes=notes)
        if without:
            chosen = self.content.trial.dataset or only_own_data(self.stores, self.runs)
            assert chosen is not None, "every table of the paper has rows"
            self.lacking.append(no_rows(without, chosen))

    def comparison(self) -> Iterator[Part]:
        """All runs by accuracy, and how far they are apart."""
        try:
            compared = compare_runs(
                [run.path for run in self.runs],
                self.folder,
                paper=True,
                only_complete=self.content.only_complete,
            )
        except RtcanError as error:
            self._lacks("The comparison of runs", error)
            return
        compared = with_tables(compared, self.folder / "comparison")
        apart, scores = difference_tables(compared), score_tables(compared)
        caption = (
            "Accuracy of each run: mean over the test folds, with the standard deviation; "
            "dashed line: accuracy of the majority class; diamond: the paper's number."
        )
        pictures = _pictures(compared.files, caption)
        notes = note_lines(compared.notes)
        yield Part("Scores", [*map(grid, scores)], pictures, [] if apart else notes)
        if apart:
            yield Part("Differences", [*map(grid, apart)], notes=notes)

    def leakage(self) -> Iterator[Part]:
        """Runs that differ only in their protocol."""
        try:
            report = compare_protocols([run.path for run in self.runs], self.folder)
        except RtcanError as error:
            self._lacks("Scores by protocol", error)
            return
        caption = (
            "Accuracy by what was known about the test trials in training, with 95 % intervals "
            "over subjects, and its difference from the protocol that knows least."
        )
        pictures = _pictures(report.files, caption)
        yield Part("Scores by protocol", [*map(grid, report.tables)], pictures, report.notes)

    def figures(self) -> Iterator[Part]:
        """The paper's figures; tables that several share stand below the first."""
        seen: list[object] = []
        for figure in make_figures(
            self.stores, self.runs, self.content.figures, self.folder, self.content.trial
        ):
            number, report = figure.number, figure.report
            if figure.problem is not None:
                self.lacking.append(figure.what_lacks)
                continue
            tables = [table for table in report.tables if table not in seen]
            notes = [note for note in report.notes if note not in seen]
            seen += [*tables, *notes]
            pictures = _pictures(report.files, CAPTIONS[number])
            yield Part(f"Fig. {number}: {TITLES[number]}", [*map(grid, tables)], pictures, notes)

    def _lacks(self, what: str, error: RtcanError) -> None:
        self.lacking.append(f"{what}: {error}" + (f"; try: {error.hint}" if error.hint else ""))


def _runs_in(table: PaperTable) -> list[tuple[str, str]]:
    if "run" not in table.rows:
        return []
    named = table.rows.dropna(subset=["run"]).drop_duplicates(["dataset", "run"])
    return list(zip(named["dataset"], named["run"], strict=True))


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

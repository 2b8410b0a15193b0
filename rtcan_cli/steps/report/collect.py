"""Everything that a workspace has to show -> one result, which views make a page of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from rtcan_cli import console
from rtcan_cli.datasets.profiles import PROFILES, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.answer import PROTOCOL_COLUMNS, RIVAL_COLUMNS, TEST_COLUMNS, Answer
from rtcan_cli.results.attention.average import AverageAttention
from rtcan_cli.results.attention.contributions import PartContributions
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.results.base import Note, empty, note_of
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.data.quality import Quality
from rtcan_cli.results.paper import COLUMNS, OWN, Paper
from rtcan_cli.results.report import Figure, WorkspaceReport
from rtcan_cli.results.scores.comparison import Comparison
from rtcan_cli.results.scores.evaluation import Evaluation
from rtcan_cli.results.scores.leakage import Leakage
from rtcan_cli.results.scores.scaling import SubjectScaling
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.networks import sources_of
from rtcan_cli.steps.data.quality import quality_of
from rtcan_cli.steps.paper.figures import NUMBERS, PaperFigure, Trial, make_figures
from rtcan_cli.steps.paper.tables import make_tables
from rtcan_cli.steps.repeat import commands_of
from rtcan_cli.steps.report.answer import Chosen, answers
from rtcan_cli.steps.report.missing import missing
from rtcan_cli.steps.report.sources import datasets_of, describe_runs, describe_stores
from rtcan_cli.steps.scores.compare import compare_runs
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.steps.scores.leakage import compare_protocols
from rtcan_cli.stores import Workspace

#: What is drawn: the page takes SVG, Markdown PNG. PDFs, which take longest, are those of the
#: commands that make each figure.
_FORMATS = ("png", "svg")
#: Trials of each target whose attention is averaged: enough for a curve, in seconds.
N_EXPLAINED = 60
#: Recordings that are listed one by one, the worst first.
N_WORST = 5
T = TypeVar("T")
_PARTS = (
    "answers",
    "quality",
    "scores",
    "comparison",
    "attention",
    "contributions",
    "paper's tables",
    "figures",
)


def collect_report(
    stores: Workspace,
    paths: Sequence[Path],
    folder: Path,
    dataset: str | None = None,
    *,
    only_complete: bool = True,
    look: Look = PAPER,
) -> WorkspaceReport:
    """Collect answers, scores, comparisons and figures of a workspace, and where they come from.

    Parameters
    ----------
    stores : Workspace
        Its datasets are described.
    paths : sequence of Path
        Run stores, newest first.
    folder : Path
        Where tables (CSV) and figures are written to.
    dataset : str, optional
        The only one to report on.
    only_complete : bool
        Leave runs that were not trained on all folds out; they are named.
    look : Look
        Size, colours and resolution of all figures.

    Raises
    ------
    RtcanError
        If the workspace has neither a dataset nor a run, or a fold breaks the promise of its
        protocol.
    """
    look = replace(look, formats=_FORMATS)
    runs = [Run.load(path) for path in paths]
    datasets = datasets_of(stores, [dataset] if dataset else list(PROFILES))
    if not datasets and not runs:
        raise RtcanError(
            f"{stores.root}: there is nothing to report on",
            stores.line("ingest", dataset or "pmemo", "RAW"),
        )
    lacking: list[Note] = []
    whole = _complete(runs, only_complete, lacking)
    held, left_out, made, damaged = describe_stores(stores, datasets)
    paper = any(PROFILES[name].published_trials for name in (*datasets, *_names(runs)))
    with _progress() as begin:
        begin("answers")
        leakage = _leakage(whole, folder, look, lacking)
        chosen = list(answers(whole, leakage))
        begin("quality")
        quality = _quality(stores, datasets, lacking)
        begin("scores")
        evaluations = _evaluations(chosen, folder, look)
        begin("comparison")
        comparison = _comparison(whole, folder, look, lacking)
        begin("attention")
        average = _attention(stores, chosen, folder, look, lacking)
        begin("contributions")
        contributions = _contributions(stores, chosen, folder, look, lacking)
        begin("paper's tables")
        tables = _tables(stores, runs, folder, dataset, lacking) if paper else {}
        begin("figures")
        figures = _figures(stores, runs, folder, dataset, look, lacking) if paper else []
    numbers = [figure.result for figure in figures]
    named = () if only_complete else [run.name for run in runs]
    found = _answers(stores, held, chosen, whole, folder, named, contributions)
    return WorkspaceReport(
        workspace=stores.root,
        folder=folder,
        answers=tuple(found),
        datasets=held,
        left_out=left_out,
        quality=tuple(quality),
        evaluations=tuple(evaluations),
        tables=tuple(tables.values()),
        comparison=comparison,
        leakage=leakage,
        figures=tuple(
            Figure(number=each.number, files=each.files, notes=each.notes) for each in figures
        ),
        scaling=next((each for each in numbers if isinstance(each, SubjectScaling)), None),
        attention=next((each for each in numbers if isinstance(each, TrialAttention)), None),
        average_attention=tuple(average),
        contributions=tuple(contributions),
        stores=made,
        runs=describe_runs(runs, _tables_of(runs, tables)),
        commands=(
            *commands_of(stores, datasets, runs),
            stores.line("report", *named, dataset=dataset),
        ),
        notes=tuple(dict.fromkeys([*damaged, *lacking])),
    )


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Name the parts of a report as they begin, and count those that are done."""
    with console.progress(len(_PARTS), "report", "part") as bar:

        def begin(part: str) -> None:
            bar.update(_PARTS.index(part) - bar.n)
            bar.set_postfix_str(part)

        yield begin
        bar.update(len(_PARTS) - bar.n)


def _names(runs: Sequence[Run]) -> set[str]:
    return {run.dataset.name for run in runs}


def _complete(runs: Sequence[Run], only_complete: bool, lacking: list[Note]) -> list[Run]:
    """The runs that are scored: none that is imported, and only complete ones if wanted."""
    own = [run for run in runs if not run.is_imported]
    partial = [run for run in own if only_complete and not run.is_complete]
    if imported := [run.name for run in runs if run.is_imported]:
        text = f"left out, because imported networks are not held out: {', '.join(imported)}"
        lacking.append(Note("imported", text))
    if partial:
        names = ", ".join(run.name for run in partial)
        text = f"left out, because not all of their folds were trained: {names}"
        lacking.append(Note("untrained_folds", text))
    return [run for run in own if run not in partial]


def _answers(
    stores: Workspace,
    datasets: pd.DataFrame,
    chosen: Sequence[Chosen],
    runs: Sequence[Run],
    folder: Path,
    named: Collection[str],
    contributions: Sequence[PartContributions],
) -> Iterator[Answer]:
    """The answers, with what was not tried; datasets without a run have one, too."""
    every = list(chosen)
    there = {(each.answer.dataset, each.answer.simulated) for each in chosen}
    for row in datasets.itertuples():
        if (row.dataset, row.simulated) not in there and row.dataset not in _names(runs):
            every.append(Chosen(_nothing(str(row.dataset), bool(row.simulated)), ()))
    order = list(PROFILES)
    every.sort(key=lambda each: (each.answer.simulated, order.index(each.answer.dataset)))
    for each in every:
        answer = each.answer
        mine = [
            run
            for run in runs
            if (run.dataset.name, run.simulated) == (answer.dataset, answer.simulated)
        ]
        notes = (
            *answer.notes,
            *_uncounted(stores, answer, named),
            *_unused(answer, contributions),
            *missing(stores, answer, mine, each.speaking),
        )
        mark = "_simulated" if answer.simulated else ""
        stems = {name: f"report_{name}_{answer.dataset}{mark}" for name in ("tests", "rivals")}
        files = write_csv(answer, folder, simulated=answer.simulated, stems=stems)
        yield replace(answer, notes=notes, files=tuple(files))


def _uncounted(stores: Workspace, answer: Answer, named: Collection[str]) -> list[Note]:
    """Runs that could have been tested as well, where a user has chosen some."""
    every = [path.stem for path in stores.runs(answer.dataset)]
    others = [name for name in every if name not in named]
    if not named or not others:
        return []
    text = (
        f"The runs of this report were chosen by name. {len(others)} others of this dataset are "
        "in the workspace; they are not shown, and not counted among the tests."
    )
    return [Note("uncounted_runs", text)]


def _unused(answer: Answer, contributions: Sequence[PartContributions]) -> Iterator[Note]:
    """Say which models of EDA and music do not use one of them."""
    for each in contributions:
        if (each.run.dataset, each.run.simulated) == (answer.dataset, answer.simulated):
            parts = each.parts[each.parts["verdict"].isin(["ignored", "hardly_used"])]
            for row in parts.itertuples():
                unused = row.verdict == "ignored"
                how, share = ("ignored", "") if unused else ("hardly used", "mostly ")
                text = (
                    f"EDA and music, {row.target}: {row.part} is {how} by {each.run.name}, so "
                    f"what it predicts comes {share}from the other one (see Contribution of EDA "
                    "and music)."
                )
                yield Note("unused_part", text)


def _nothing(dataset: str, simulated: bool) -> Answer:
    return Answer(
        dataset=dataset,
        simulated=simulated,
        n_tests=0,
        tests=empty(TEST_COLUMNS),
        rivals=empty(RIVAL_COLUMNS),
        protocols=empty(PROTOCOL_COLUMNS),
    )


def _quality(stores: Workspace, datasets: Iterable[str], lacking: list[Note]) -> Iterator[Quality]:
    found = []
    for name in datasets:
        path = stores.store(name, "recordings")
        if path.exists():
            try:
                found.append(quality_of(path, N_WORST))
            except RtcanError as error:
                lacking.append(note_of(error, "no_quality", f"Signal quality: {error}"))
    return iter(found)


def _first_runs(chosen: Iterable[Chosen]) -> list[Run]:
    return [group.first for each in chosen for group in each.speaking]


def _evaluations(chosen: Iterable[Chosen], folder: Path, look: Look) -> list[Evaluation]:
    found = []
    runs = _first_runs(chosen)
    with console.progress(len(runs), "scores", "run") as bar:
        for run in runs:
            result = evaluate_run(run.path, folder, look)
            assert isinstance(result, Evaluation), "imported networks are left out before"
            found.append(result)
            bar.update()
    return found


def _attention(
    stores: Workspace,
    chosen: Iterable[Chosen],
    folder: Path,
    look: Look,
    lacking: list[Note],
) -> list[AverageAttention]:
    """Where the networks look on average that speak for an input, over some of their trials."""

    def explain(run: Run) -> AverageAttention:
        require("attention", "torch", "captum")
        from rtcan_cli.steps.attention.all_trials import explain_all  # waits for PyTorch

        sources = sources_of(stores, run.path)
        return explain_all(run.path, sources, folder, max_trials=N_EXPLAINED, jobs=1, look=look)

    runs = [run for run in _first_runs(chosen) if run.can_be_explained]
    return _each(runs, explain, "no_attention", "Average attention of", lacking)


def _contributions(
    stores: Workspace,
    chosen: Iterable[Chosen],
    folder: Path,
    look: Look,
    lacking: list[Note],
) -> list[PartContributions]:
    """What EDA and music each contributed in the runs that speak for both together."""

    def explain(run: Run) -> PartContributions:
        require("contributions", "torch", "captum")
        from rtcan_cli.steps.attention.contributions import explain_contributions, fused_sources

        sources = fused_sources(run.path, stores)
        # To split the music takes most of the time.
        return explain_contributions(
            run.path, sources, folder, look=look, split_music=False, jobs=1
        )

    runs = [run for run in _first_runs(chosen) if run.is_fused]
    return _each(runs, explain, "no_contributions", "Contributions of EDA and music in", lacking)


def _each(
    runs: Iterable[Run], explain: Callable[[Run], T], kind: str, what: str, lacking: list[Note]
) -> list[T]:
    """Explain each run; one that cannot be explained is named with the reason."""
    found = []
    for run in runs:
        try:
            found.append(explain(run))
        except RtcanError as error:
            lacking.append(note_of(error, kind, f"{what} {run.name}: {error}"))
    return found


def _tables(
    stores: Workspace,
    runs: Sequence[Run],
    folder: Path,
    dataset: str | None,
    lacking: list[Note],
) -> dict[int, Paper]:
    """The paper's tables that have a number of your own."""
    found = {}
    for number, every in make_tables(stores, runs, tuple(COLUMNS), dataset):
        part = _of_the_paper(every, number)
        if part.has_own(number):
            files = tuple(write_csv(part, folder))
            found[number] = replace(part, files=files)
            continue
        if len(every.table(number)):
            text = f"Table {number}: no row has a number of your own"
            lacking.append(Note("no_own_number", text))
        lacking += [note for note in every.notes if note.kind != "paper"]
    return found


def _of_the_paper(part: Paper, number: int) -> Paper:
    """A table without data that are not the paper's; simulated ones without the paper's numbers."""
    rows = part.table(number)
    rows = rows[[profile(name).published_trials is not None for name in rows["dataset"]]]
    simulated = rows["simulated"].astype(bool)
    rows = rows[~simulated | rows[OWN[number]].notna()].copy()
    printed = [name for name in rows if name.startswith("paper") or name.endswith("difference")]
    rows.loc[rows["simulated"].astype(bool), printed] = None
    notes = part.notes
    if rows["simulated"].astype(bool).all():
        notes = tuple(note for note in notes if note.kind != "paper")
    return replace(part, **{f"table{number}": rows.reset_index(drop=True)}, notes=notes)


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
    runs: Sequence[Run], folder: Path, look: Look, lacking: list[Note]
) -> Comparison | None:
    """Runs side by side; the paper's numbers stand in its tables only."""
    try:
        return compare_runs([run.path for run in runs], folder, look=look)
    except RtcanError as error:
        lacking.append(note_of(error, "no_comparison", f"The comparison of runs: {error}"))
        return None


def _leakage(runs: Sequence[Run], folder: Path, look: Look, lacking: list[Note]) -> Leakage | None:
    try:
        return compare_protocols([run.path for run in runs], folder, look)
    except RtcanError as error:
        lacking.append(note_of(error, "no_protocols", f"Scores by protocol: {error}"))
        return None


def _figures(
    stores: Workspace,
    runs: Sequence[Run],
    folder: Path,
    dataset: str | None,
    look: Look,
    lacking: list[Note],
) -> list[PaperFigure]:
    """The paper's figures that could be made; what several lack is said once."""
    found = []
    absent: dict[tuple[str, str | None], list[PaperFigure]] = defaultdict(list)
    for figure in make_figures(stores, runs, NUMBERS, folder, Trial(dataset), look):
        if figure.problem is None:
            found.append(figure)
        else:
            absent[str(figure.problem), figure.problem.hint].append(figure)
    for (problem, _), figures in absent.items():
        numbers = ", ".join(str(each.number) for each in figures)
        which = f"Figs. {numbers} are" if len(figures) > 1 else f"Fig. {numbers} is"
        assert figures[0].problem is not None, "only such figures are absent"
        text = f"{which} not shown: {problem}"
        lacking.append(note_of(figures[0].problem, "not_shown", text))
    return found

"""A report of a workspace -> its chapters, and one file of them: HTML, or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from rtcan_cli import __version__, views
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.answer import Answer
from rtcan_cli.results.attention.average import AverageAttention
from rtcan_cli.results.attention.contributions import PartContributions
from rtcan_cli.results.base import Result
from rtcan_cli.results.paper import COLUMNS, Paper
from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views import answer as answer_view
from rtcan_cli.views import paper
from rtcan_cli.views.cells import column_texts
from rtcan_cli.views.html.markdown import markdown
from rtcan_cli.views.html.origin import origin
from rtcan_cli.views.html.render import (
    Grid,
    HtmlPage,
    Part,
    Picture,
    Section,
    Statement,
    render,
)
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.scores import comparison, leakage

ALL_SIMULATED = (
    "SIMULATED DATA. Every number and picture here comes from simulated recordings, and says "
    "nothing about people."
)
SOME_SIMULATED = (
    "SIMULATED DATA in part: {}. Numbers and pictures of these are marked as simulated, and say "
    "nothing about people."
)
PAPER = (
    "Columns headed 'paper' hold the numbers that Yin et al. print (ACM TOMM 18(3), 2022), which "
    "are of the real datasets; differences are from these. They stand beside recorded data only. "
    "All else was made by rtcan."
)
ONLY_LAYOUT = (
    "These are laid out as in the paper (Yin et al., ACM TOMM 18(3), 2022). The data are "
    "simulated, so the paper's numbers are not shown."
)
QUESTION = (
    "The question: do EDA, music, or both predict high or low valence and arousal in subjects that "
    "the models have not seen?"
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
    "95 % intervals over subjects; hollow marks: the paper's, beside recorded data only. Lines: "
    "the law through the points; on grey ground it is extrapolated.",
    5: "Original, phasic and tonic EDA of one trial over time, and as grey columns how much each "
    "moment weighed for the called class of valence; a panel for each network.",
    6: "The weights of Fig. 5 from cold (pale) to warm (dark), a strip for each network.",
    7: "Original, phasic and tonic EDA of one trial over time, and as grey columns how much each "
    "moment weighed for the called class of arousal; a panel for each network.",
    8: "The weights of Fig. 7 from cold (pale) to warm (dark), a strip for each network.",
}
_COMPARISON = (
    "Accuracy of each run: mean over the test folds, with the standard deviation; a dashed "
    "line: what saying the majority class gets."
)
_LEAKAGE = (
    "Accuracy by what was known in training of the trials that test, with 95 % intervals "
    "over subjects, and its difference from the protocol that knows least."
)
_SINGLE_TESTS = (
    "Verdicts here are of single tests: unlike those of page one, they are not corrected for "
    "several parts, targets and runs."
)
#: What is said of a model without skill, by the mark of its skill.
_UNSKILLED = {
    answer_view.PERHAPS: "This model showed only weak evidence of skill for {}.",
    answer_view.NO: "Page one finds no evidence that this model has skill for {}.",
    answer_view.OPEN: "The skill of this model for {} was not tested on page one.",
}
#: What is said of maps of EDA that is not used, by the verdict on its contribution.
_UNUSED = {
    "ignored": (answer_view.NO, "ignores", "Its maps, and the tests of them, explain nothing."),
    "hardly_used": (
        answer_view.PERHAPS,
        "hardly uses",
        "Its maps, and the tests of them, explain little.",
    ),
}
#: Figures of `evaluate`, `gradcam --all` and `contributions`, by how their names begin.
_OF_RUNS = {
    "roc": "ROC curve on the test trials; the diagonal is chance.",
    "reliability": "Share of high trials against the predicted probability; on the diagonal, "
    "probabilities are right.",
    "confusion": "True and predicted classes of all test trials.",
    "subjects": "Accuracy of each subject; a line: the spread that chance alone makes.",
    "learning_curves": "Loss in training and validation, for each fold.",
    "attention_average": "Mean weight over time, in times the even share, by predicted class, by "
    "true class and by channel, with 95 % intervals over subjects.",
    "attention_responses": "Mean weight around skin conductance responses, beside random times "
    "and the maps of other trials.",
    "contributions": "What EDA and music each contributed to the probability of high (Shapley "
    "values), on average and by class, with 95 % intervals over subjects.",
}


def write_report(result: WorkspaceReport, output: Path) -> WorkspaceReport:
    """Write a report as one file, which appears whole or not at all.

    Parameters
    ----------
    result : WorkspaceReport
    output : Path
        Where to; what ends in ``.md`` is Markdown with links to the figures, all else HTML with
        the figures in it.

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
        title=f"Report on {', '.join(titles)}",
        facts={
            "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "by": f"rtcan {__version__}",
            "workspace": str(result.workspace),
            "runs": str(len(result.runs)),
        },
        alarm=alarm(marks),
        sections=chapters,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    is_markdown = output.suffix.lower() == ".md"
    write_whole(output, markdown(page, output.parent) if is_markdown else render(page))
    return replace(result, files=(output,), sections=tuple(chapter.title for chapter in chapters))


def sections(result: WorkspaceReport) -> list[Section]:
    """The chapters of a report that have something in them."""
    lacking = [Part("Why", notes=note_lines(result.notes))] if result.notes else []
    every = [
        Section("answer", "The answer", [_answer(each) for each in result.answers], [QUESTION]),
        Section("data", "The data and their quality", list(_data(result))),
        Section("scores", "The scores", list(_scores(result))),
        Section("runs", "Runs side by side", list(_comparison(result))),
        Section("leakage", "How much of a score is memory", list(_leakage(result))),
        Section("attention", "What the networks looked at", list(_attention(result))),
        Section(
            "contributions",
            "Contribution of EDA and music",
            list(_contributions(result)),
            [_SINGLE_TESTS],
        ),
        Section("tables", "The paper's tables", list(_tables(result)), [_about_tables(result)]),
        Section("figures", "The paper's figures", list(_figures(result))),
        Section("lacking", "What is not here", lacking),
        Section("provenance", "Where it comes from", list(origin(result))),
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


def grid(table: Table, stacked: bool = False) -> Grid:
    """A table as the terminal shows it."""
    columns = column_texts(table)
    rows = list(zip(*(texts for texts, _ in columns), strict=True))
    return Grid(table.title, table.columns, [numeric for _, numeric in columns], rows, stacked)


def _answer(answer: Answer) -> Part:
    """Page one: what the runs of a dataset say, how sure, and what was not tried."""
    said = answer_view.answers(answer)
    return Part(
        answer_view.size(answer),
        [grid(answer_view.score_table(answer), stacked=True)] if len(answer.tests) else [],
        notes=[*answer_view.how_to_read(answer), *answer_view.memory(answer)],
        statements=[Statement(each.sure, each.headline, each.details) for each in said],
        todo=[(each.text, each.command or "") for each in answer_view.not_answered(answer)],
        notes_title="How to read it",
        todo_title="Not answered yet",
    )


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
    for each in result.quality:
        shown = views.page(each)
        tables = [_not_all_zero(shown.tables[0]), *shown.tables[1:]]
        title = f"Signal quality, {dataset_title(each.dataset, each.simulated)}"
        facts = {
            name: fact for name, fact in shown.facts.items() if name not in ("store", "dataset")
        }
        yield Part(title, [_facts("In short", facts), *map(grid, tables)], notes=shown.notes)


def _not_all_zero(table: Table) -> Table:
    """A table of measures without those that are 0 everywhere, which its title says."""
    rows = [row for row in table.rows if any(row[1:])]
    if len(rows) == len(table.rows):
        return table
    return replace(table, title=f"{table.title}; what is not listed is 0 in all of them", rows=rows)


def _facts(title: str, facts: Mapping[str, object]) -> Grid:
    rows = [(name, str(fact)) for name, fact in facts.items() if fact not in ("", None)]
    return Grid(title, [], [False, False], rows)


def _scores(result: WorkspaceReport) -> Iterator[Part]:
    """What `evaluate` shows of the runs that the answers are of."""
    for each in result.evaluations:
        yield _of_run(
            each, f"{dataset_title(each.run.dataset, each.run.simulated)}: {each.run.name}"
        )


def _attention(result: WorkspaceReport) -> Iterator[Part]:
    """Where the networks looked on average; a chapter that holds for networks with skill only."""
    for each in result.average_attention:
        part = _if_skilled(
            result.answers,
            each,
            each.peaks["target"],
            "If it has none, what it looked at says nothing about how people felt.",
        )
        unused = _unused_eda(result.contributions, each)
        yield replace(part, statements=[*unused, *part.statements])


def _unused_eda(
    contributions: Iterable[PartContributions], each: AverageAttention
) -> Iterator[Statement]:
    """Say that maps explain nothing where the EDA that they are of is not used."""
    run = each.run
    for found in contributions:
        if (found.run.name, found.run.dataset) != (run.name, run.dataset):
            continue
        eda = found.parts[found.parts["part"] == "EDA"]
        for verdict, (sure, words, so) in _UNUSED.items():
            own = eda[(eda["verdict"] == verdict) & eda["target"].isin(each.peaks["target"])]
            if len(own):
                moves = ", ".join(
                    f"{size:.3f} ({target})"
                    for size, target in zip(own["size"], own["target"], strict=True)
                )
                details = (
                    f"{so} On average, EDA moves P(high) by {moves}; see Contribution of EDA and "
                    "music."
                )
                headline = f"This model {words} the EDA for {' and '.join(own['target'])}."
                yield Statement(sure, headline, details)


def _contributions(result: WorkspaceReport) -> Iterator[Part]:
    """What moved the answers of models that see EDA and music; likewise."""
    for each in result.contributions:
        yield _if_skilled(
            result.answers,
            each,
            each.parts["target"],
            "If it has none, what moved its answers says nothing about how people felt.",
        )


def _if_skilled(
    answers: Iterable[Answer],
    each: AverageAttention | PartContributions,
    targets: Iterable[str],
    otherwise: str,
) -> Part:
    """What explains a model, with a warning on each target that page one shows no skill for."""
    part = _of_run(each, f"{dataset_title(each.run.dataset, each.run.simulated)}: {each.run.name}")
    found: dict[str, list[str]] = {}
    for target in dict.fromkeys(targets):
        sure = answer_view.skill(answers, each.run, target)
        found.setdefault(sure, []).append(target)
    said = [
        Statement(sure, headline.format(" or ".join(found[sure])), otherwise)
        for sure, headline in _UNSKILLED.items()
        if sure in found
    ]
    return replace(part, statements=said)


def _of_run(result: Result, title: str) -> Part:
    """Tables, figures and notes of a result of one run."""
    shown = views.page(result)
    pictures = [
        picture
        for start, caption in _OF_RUNS.items()
        for picture in _pictures(
            [f for f in shown.files if f.name.startswith(f"{start}_")], caption
        )
    ]
    return Part(title, [*map(grid, shown.tables)], pictures, shown.notes)


def _about_tables(result: WorkspaceReport) -> str:
    """Whose numbers stand in the paper's tables."""
    simulated = [
        part.table(_number(part))["simulated"].astype(bool).all() for part in result.tables
    ]
    return ONLY_LAYOUT if all(simulated) else PAPER


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
    pictures = _pictures(result.comparison.files, _COMPARISON)
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
            path=path,
        )
        for path in files
        if path.suffix == ".svg"
    ]

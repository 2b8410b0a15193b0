"""Stores and runs -> the paper's tables, with your own numbers next to the published ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.models.rtcan.network import VARIANTS
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.origin import trained_on
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import group_seeds
from rtcan_cli.steps.paper.label_tables import correlation_rows, label_rows
from rtcan_cli.steps.paper.rows import fits, is_eligible, too_few_subjects, training_lines
from rtcan_cli.steps.results.differences import pairing_notes
from rtcan_cli.stores import Workspace
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.views.files import write_tables

#: What is said of the paper's numbers wherever they are shown.
SOURCE = "paper: Yin et al., ACM TOMM 18(3), 2022, on the real datasets; differences are from it"
NOT_COMPARABLE = "these data are simulated, so the two are not comparable"
#: Columns that hold a row's scores and the paper's, and their heads.
SCORES = {
    "accuracy": "acc. [%]",
    "accuracy_sd": "sd",
    "paper_accuracy": "paper acc.",
    "accuracy_difference": "acc. diff.",
    "f1": "F1 [%]",
    "paper_f1": "paper F1",
    "f1_difference": "F1 diff.",
    "majority": "majority",
}
#: What else a CSV has of a run.
MORE = ("n", "f1_sd", "folds", "recipe", "run")
_INPUTS = {
    "eda-features": "EDA features",
    "eda-statistics": "EDA statistics",
    "eda": "EDA",
    "eda+music": "EDA + music",
    "ecg+eda": "ECG + EDA",
    "peripheral": "peripheral signals",
}


@dataclass(frozen=True)
class TableLayout:
    """How one of the paper's tables is laid out.

    Parameters
    ----------
    title : str
        What it shows.
    parts : tuple of str
        Columns whose values part its rows into tables.
    heads : dict
        Column to its head.
    own : str
        The column that is empty in a row without a result of your own.
    """

    title: str
    parts: tuple[str, ...]
    heads: dict[str, str]
    own: str = "accuracy"


LAYOUTS = {
    1: TableLayout(
        "high and low labels",
        (),
        {
            "dataset": "dataset",
            "target": "target",
            "high": "high",
            "paper_high": "paper high",
            "high_difference": "high diff.",
            "low": "low",
            "paper_low": "paper low",
            "low_difference": "low diff.",
        },
        "high",
    ),
    2: TableLayout(
        "correlation of valence and arousal ratings",
        (),
        {
            "dataset": "dataset",
            "trials": "trials",
            "r": "Spearman r",
            "p": "p",
            "paper_r": "paper r",
            "paper_p": "paper p below",
            "r_difference": "r diff.",
        },
        "r",
    ),
    3: TableLayout(
        "models by number of subjects",
        ("target",),
        {
            "label": "model",
            "inputs": "sees",
            "dataset": "dataset",
            "percent": "[%]",
            "n": "n",
            **SCORES,
        },
    ),
    4: TableLayout(
        "depth and widths of the residual part",
        ("target",),
        {"depth": "depth", "channels": "widths", **SCORES},
    ),
    5: TableLayout(
        "attention modules",
        ("dataset", "target"),
        {"variant": "variant", "sca": "SCA", "sca_res": "SCA_Res", "rnta": "RNTA", **SCORES},
    ),
    6: TableLayout(
        "previous work",
        ("target",),
        {"label": "model", "inputs": "sees", "dataset": "dataset", **SCORES},
    ),
}


@dataclass(frozen=True)
class PaperTable:
    """One of the paper's tables.

    Parameters
    ----------
    number : int
        1 to 6.
    rows : DataFrame
        Every row with all that is known of it, for a CSV. Simulated and recorded data have rows of
        their own, told apart by ``simulated``.
    tables : list of Table
        The same to be read.
    notes : list of str
        What has to be known to read it, and what makes the rows that are empty.
    """

    number: int
    rows: pd.DataFrame
    tables: list[Table]
    notes: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether no row has a number of your own."""
        return bool(self.rows[LAYOUTS[self.number].own].isna().all())


def paper_tables(
    stores: Workspace,
    paths: Sequence[Path],
    numbers: Sequence[int],
    dataset: str | None = None,
    figures: Path | None = None,
    required: bool = True,
) -> Report:
    """Lay out the paper's tables, each with your own numbers where there are any.

    Where there are only data that are not the paper's, the rows of the paper's datasets are left
    out, and with them the tables that then have no rows.

    Parameters
    ----------
    stores : Workspace
        Its recordings and labels make Tables 1 and 2.
    paths : sequence of Path
        Run stores for Tables 3 to 6. Of several that fit a row the newest is taken.
    numbers : sequence of int
        Tables, 1 to 6.
    dataset : str, optional
        Only the rows of this dataset.
    figures : Path, optional
        Folder for ``table<number>`` as CSV, Markdown and LaTeX.
    required : bool
        Whether it is an error if none of the tables has a row.

    Raises
    ------
    RtcanError
        If it is, and none has.
    """
    report = Report("compare")
    runs = [Run.load(path) for path in paths]
    dataset = dataset or only_own_data(stores, runs)
    without = []
    for table in make_tables(stores, runs, numbers, dataset):
        if table.rows.empty:
            without.append(table.number)
            continue
        files = write(table, figures) if figures is not None else []
        report = report.joined(
            Report("compare", tables=table.tables, notes=table.notes, files=files)
        )
    if without:
        assert dataset is not None, "every table of the paper has rows"
        if required and not report.tables:
            line = stores.line("compare", dataset=dataset) if runs else None
            raise RtcanError(no_rows(without, dataset), line)
        report.notes.append(no_rows(without, dataset))
    return report


def no_rows(numbers: Sequence[int], dataset: str) -> str:
    """Say that tables of the paper have no rows of a dataset."""
    tables = f"Table{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    return f"{tables}: the paper has no rows for {profile(dataset).title}"


def only_own_data(stores: Workspace, runs: Sequence[Run]) -> str | None:
    """The dataset that is there, if there is only one and the paper has no numbers of it."""
    there = {*stores.datasets(), *(run.dataset.name for run in runs)}
    found = next(iter(there)) if len(there) == 1 else None
    return found if found is not None and profile(found).published_trials is None else None


def make_tables(
    stores: Workspace, runs: Sequence[Run], numbers: Sequence[int], dataset: str | None = None
) -> Iterator[PaperTable]:
    """Yield the paper's tables of these numbers; see `paper_tables`. Some may have no rows."""
    dataset = dataset or only_own_data(stores, runs)
    eligible = sorted(filter(is_eligible, runs), key=lambda run: run.created, reverse=True)
    for number in numbers:
        if number <= 2:
            rows = label_rows(stores) if number == 1 else correlation_rows(stores)
            rows = _of(dataset, rows)
            notes = list(_notes_on_labels(number, rows, stores))
        else:
            rows, notes = _score_rows(number, eligible, dataset, stores)
        if rows.empty:
            yield PaperTable(number, rows, [], [])
            continue
        own = rows[rows[LAYOUTS[number].own].notna()]
        if any(profile(name).published_trials for name in rows["dataset"]):
            source = SOURCE + ("; " + NOT_COMPARABLE if own["simulated"].any() else "")
            notes = [source, *notes]
        yield PaperTable(number, rows, list(_lay_out(number, rows)), notes)


def write(table: PaperTable, folder: Path) -> list[Path]:
    """Write a table as ``table<number>``: CSV with all that is known, Markdown and LaTeX."""
    folder.mkdir(parents=True, exist_ok=True)
    csv = folder / f"table{table.number}.csv"
    write_whole(csv, table.rows.to_csv(index=False))
    alone = Report("compare", tables=table.tables, notes=table.notes)
    return [csv, *write_tables(alone, csv.with_suffix(""))]


def _of(dataset: str | None, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if dataset is None else rows[rows["dataset"] == dataset]


def _score_rows(
    number: int, runs: Sequence[Run], dataset: str | None, stores: Workspace
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of Tables 3 to 6, those of recorded and of simulated runs, and what to know of them."""
    runs = [run for run in runs if dataset in (None, run.dataset.name)]
    paper = _of(dataset, published.conditions(number))
    missing: pd.DataFrame | None = None
    parts: list[pd.DataFrame] = []
    notes: list[str] = []
    for simulated in sorted({run.simulated for run in runs}) or [False]:
        alike = [run for run in runs if run.simulated == simulated]
        rows = paper if number != 6 else pd.concat([paper, _of(dataset, _further(alike))])
        fitting = [[run for run in alike if fits(run, row)] for _, row in rows.iterrows()]
        if missing is None:  # recorded runs come first: a simulated one fills none of their rows
            empty = np.array([not found for found in fitting[: len(paper)]], dtype=bool)
            missing = paper[empty]
            notes += _notes_on_missing(number, missing, alike, stores)
        own = [
            _own(found[0], target) if found else {}
            for found, target in zip(fitting, rows["target"], strict=True)
        ]
        columns = [name for name in (*MORE, *SCORES) if name not in rows and "diff" not in name]
        scores = pd.DataFrame(own, index=rows.index).reindex(columns=columns)
        parts.append(pd.concat([rows, scores], axis=1).assign(simulated=simulated))
        notes += _notes_on_choice(number, rows, fitting, stores)
    every = pd.concat(parts, ignore_index=True).astype({"n": "Int64", "folds": "Int64"})
    for score in ("accuracy", "f1"):
        every[f"{score}_difference"] = every[score] - every[f"paper_{score}"]
    return every, notes


def _further(runs: Sequence[Run]) -> pd.DataFrame:
    """Rows for baselines that neither Table 3 nor Table 6 has, or not with these inputs."""
    printed = pd.concat([published.conditions(3), published.conditions(6)])
    rows = [
        {
            "label": run.model_name,
            "model": run.model_name,
            "inputs": run.settings.model.inputs(run.settings.fusion),
            "fusion": run.settings.fusion,
            "n_classes": published.N_CLASSES,
            "dataset": run.provenance.dataset,
            "target": target,
            "percent": 100,
        }
        for run in runs
        for target in run.settings.targets
        if run.model_name != choices.MODEL
        and run.settings.subjects is None
        and not any(fits(run, row) for _, row in printed.iterrows())
    ]
    columns = ["dataset", "label", "inputs", "target"]
    return pd.DataFrame(rows, columns=[*printed]).drop_duplicates().sort_values(columns)


def _own(run: Run, target: str) -> dict[str, Any]:
    """What a run puts into a row."""
    _, summary = run.scores(target)
    return {
        "accuracy": 100 * summary.accuracy_mean,
        "accuracy_sd": 100 * summary.accuracy_sd,
        "f1": 100 * summary.f1_mean,
        "f1_sd": 100 * summary.f1_sd,
        "majority": 100 * summary.majority_mean,
        "folds": summary.n_folds,
        "n": run.trials(target)["subject"].nunique(),
        "recipe": run.settings.training,
        "run": run.name,
    }


def _lay_out(number: int, rows: pd.DataFrame) -> Iterator[Table]:
    layout = LAYOUTS[number]
    shown = rows.assign(dataset=[profile(name).title for name in rows["dataset"]])
    if "inputs" in rows:
        shown["inputs"] = rows["inputs"].map(lambda text: _INPUTS.get(text, text))
    if number == 6:
        shown["label"] = [
            f"{label}, {classes} classes" if classes != published.N_CLASSES else label
            for label, classes in zip(rows["label"], rows["n_classes"], strict=True)
        ]
    if number == 5:
        for module in ("sca", "sca_res", "rnta"):
            shown[module] = [
                "yes" if getattr(VARIANTS[name], module) else "no" for name in rows["variant"]
            ]
    for (simulated, *part), some in shown.groupby(["simulated", *layout.parts], sort=False):
        about = [f"Table {number}{' (simulated)' if simulated else ''}: {layout.title}", *part]
        cells = some[list(layout.heads)].itertuples(index=False, name=None)
        yield Table(
            ", ".join(about),
            list(layout.heads.values()),
            [[_plain(value) for value in row] for row in cells],
        )


def _plain(value: Any) -> Any:
    """A cell as plain Python has it."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _notes_on_labels(number: int, rows: pd.DataFrame, stores: Workspace) -> Iterator[str]:
    own = rows[rows[LAYOUTS[number].own].notna()]
    for name in rows["dataset"].unique():
        if name not in set(own["dataset"]):
            steps = [stores.line("ingest", name, "RAW"), stores.line("relabel", dataset=name)]
            yield f"Table {number} lacks {profile(name).title}: {'; '.join(steps[: 3 - number])}"
    if number == 1:
        other = own[own["method"] != choices.LABEL_METHOD].drop_duplicates("dataset")
        for name, method in zip(other["dataset"], other["method"], strict=True):
            yield f"{profile(name).title}: labels by {method}, not by the paper's four steps"


def _notes_on_missing(
    number: int, missing: pd.DataFrame, runs: Sequence[Run], stores: Workspace
) -> Iterator[str]:
    """Say what fills the rows that are empty, and which nothing can fill."""
    there = {*stores.datasets(), *(run.dataset.name for run in runs)}
    for name in missing["dataset"].unique():
        if name not in there:
            line = stores.line("ingest", name, "RAW")
            yield f"Table {number} lacks {profile(name).title}: {line}"
    wanted = missing[missing["dataset"].isin(there)]
    for (name, percent), part in wanted[wanted["percent"] < 100].groupby(["dataset", "percent"]):
        found = too_few_subjects(runs, name, percent)
        if found is not None:
            wanted = wanted.drop(part.index)
            yield (
                f"Table {number}: rows of {percent:g} % of the subjects stay empty: this is too "
                f"few of the {found[0]} of {profile(name).title} for {found[1]} folds"
            )
    for line in training_lines(wanted, runs, stores.root):
        yield f"for rows of Table {number} that are empty: {line}"
    others = wanted[wanted["model"].eq("") | wanted["n_classes"].ne(published.N_CLASSES)]
    for _, row in others.drop_duplicates(["dataset", "label", "inputs"]).iterrows():
        what = f"no model of rtcan uses {_INPUTS[row['inputs']]}"
        if row["n_classes"] != published.N_CLASSES:
            what = (
                f"its score is for {row['n_classes']} classes, valence and arousal together, and "
                "cannot be compared with a score for two"
            )
        title = profile(row["dataset"]).title
        yield f"Table {number}, {row['label']} on {title}: no run is shown in this row: {what}"


def _notes_on_choice(
    number: int, rows: pd.DataFrame, fitting: Sequence[Sequence[Run]], stores: Workspace
) -> Iterator[str]:
    """Say which runs were taken where several fit, and in what they are not alike."""
    several = {found[0].path: found for found in fitting if len(found) > 1}
    names = Counter(found[0].name for found in several.values())
    for taken, *others in several.values():
        where = f" ({taken.dataset.title})" if names[taken.name] > 1 else ""
        not_shown = ", ".join(run.name for run in others)
        note = (
            f"Table {number} shows {taken.name}{where}, the newest run that fits; not {not_shown}"
        )
        group = next(g for g in group_seeds([taken, *others]) if g.runs[0] is taken)
        if len(group.runs) > 1:
            note += f"; compare without --table shows the mean over its {len(group.runs)} seeds"
        yield note
    used = list({found[0].path: found[0] for found in fitting if found}.values())
    used = [run for run in used if run.dataset.published_trials is not None]
    unlike = sorted({words for run in used for words in _unlike_paper(run, stores)})
    if unlike:
        yield f"Table {number}: not trained as in the paper: {', '.join(unlike)}"
    for dataset in sorted({run.provenance.dataset for run in used}):
        same = [run for run in used if run.provenance.dataset == dataset]
        settings = [run.settings.parameters() for run in same]
        varying = [
            name
            for name in ("recipe", "folds", "seed", "length", "onset")
            if len({str(each[name]) for each in settings if name in each}) > 1
        ]
        if varying:
            yield (
                f"Table {number}: runs of {profile(dataset).title} also differ in "
                f"{', '.join(varying)}, so the differences have several causes"
            )
    for share in dict.fromkeys(run.settings.subjects for run in used):
        alike = [run for run in used if run.settings.subjects == share]
        yield from (note.text for note in pairing_notes(alike) if note.kind != "same_folds")


def _unlike_paper(run: Run, stores: Workspace) -> Iterator[str]:
    """Settings of a run, and of the stores that it was made from, that are not the paper's."""
    made = trained_on(run, stores)
    method = made.get("labels", {}).get("method", choices.LABEL_METHOD)
    if method != choices.LABEL_METHOD:
        yield f"labels by {method}"
    decomposition = made.get("components", {}).get("decomposition", choices.DECOMPOSITION)
    if decomposition != choices.DECOMPOSITION:
        yield f"EDA decomposed by {decomposition}"
    if run.settings.model.sees(run.settings.fusion) == "signals":
        onset, usual_onset = run.settings.onset, run.dataset.onset
        if onset != usual_onset:
            yield f"onset of {onset:g} s instead of {usual_onset:g} s ({run.dataset.title})"
    recipe, usual = run.settings.recipe, RECIPES["paper"]
    if recipe is not None and recipe.name != usual.name:
        yield f"recipe '{recipe.name}'"
    elif recipe not in (None, usual):
        yield "recipe 'paper' with changes"
    if run.settings.n_folds != choices.FOLDS:
        yield f"{run.settings.n_folds} folds instead of {choices.FOLDS}"

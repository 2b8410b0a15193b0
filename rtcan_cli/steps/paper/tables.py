"""Stores and runs -> the paper's tables, with your own numbers next to the published ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.paper import COLUMNS, OWN, SCORE_COLUMNS, Paper
from rtcan_cli.runs.origin import trained_on
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import group_seeds
from rtcan_cli.steps.paper.label_tables import correlation_rows, label_rows
from rtcan_cli.steps.paper.rows import fits, is_eligible, too_few_subjects, training_lines
from rtcan_cli.steps.scores.differences import pairing_notes
from rtcan_cli.stores import Workspace
from rtcan_cli.training.recipes import RECIPES

#: What is said of the paper's numbers wherever they are shown.
SOURCE = "paper: Yin et al., ACM TOMM 18(3), 2022, on the real datasets; differences are from it"
NOT_COMPARABLE = "the data here are simulated, so the two are not comparable"


def paper_tables(
    stores: Workspace,
    paths: Sequence[Path],
    numbers: Sequence[int],
    dataset: str | None = None,
    folder: Path | None = None,
    required: bool = True,
) -> list[Paper]:
    """Lay out the paper's tables, each with your own numbers where there are any.

    Where there are only data that are not the paper's, the rows of the paper's datasets are left
    out; tables that then have no rows are named in a note.

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
    folder : Path, optional
        Where to write ``table<number>.csv``.
    required : bool
        Whether it is an error if none of the tables has a row.

    Returns
    -------
    list of Paper
        One a table, with what has to be known to read it.

    Raises
    ------
    RtcanError
        If it is, and none has.
    """
    runs = [Run.load(path) for path in paths]
    parts = list(make_tables(stores, runs, numbers, dataset, folder))
    if required and all(part.table(number).empty for number, part in parts):
        dataset = dataset or only_own_data(stores, runs)
        assert dataset is not None, "every table of the paper has rows"
        line = stores.line("compare", dataset=dataset) if runs else None
        raise RtcanError(_no_rows(numbers, dataset), line)
    return [part for _, part in parts]


def make_tables(
    stores: Workspace,
    runs: Sequence[Run],
    numbers: Sequence[int],
    dataset: str | None = None,
    folder: Path | None = None,
) -> Iterator[tuple[int, Paper]]:
    """Yield the paper's tables with their numbers; see `paper_tables`."""
    dataset = dataset or only_own_data(stores, runs)
    eligible = sorted(filter(is_eligible, runs), key=lambda run: run.created, reverse=True)
    for number in console.counted(numbers, "tables", "table"):
        if number <= 2:
            rows_of_labels = label_rows if number == 1 else correlation_rows
            every, notes = rows_of_labels(stores, dataset)
            rows = _of(dataset, every)
            notes += _notes_on_labels(number, rows, stores)
        else:
            rows, notes = _score_rows(number, eligible, dataset, stores)
        if rows.empty:
            assert dataset is not None, "every table of the paper has rows"
            yield number, Paper(notes=(Note("no_rows", _no_rows([number], dataset)),))
            continue
        own = rows[rows[OWN[number]].notna()]
        if any(profile(name).published_trials for name in rows["dataset"]):
            source = SOURCE + ("; " + NOT_COMPARABLE if own["simulated"].any() else "")
            notes = [Note("paper", source), *notes]
        table = rows.reindex(columns=list(COLUMNS[number])).reset_index(drop=True)
        found = Paper(**{f"table{number}": table}, notes=tuple(notes))
        yield number, found if folder is None else write_paper_tables([found], folder)[0]


def write_paper_tables(parts: Sequence[Paper], folder: Path) -> list[Paper]:
    """Write the tables of some parts that have rows as ``table<number>.csv``."""
    return [
        replace(part, files=(*part.files, *write_csv(part, folder)))
        if any(len(part.table(number)) for number in COLUMNS)
        else part
        for part in parts
    ]


def _no_rows(numbers: Sequence[int], dataset: str) -> str:
    """Say that tables of the paper have no rows of a dataset."""
    tables = f"Table{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
    return f"{tables}: the paper has no rows for {profile(dataset).title}"


def only_own_data(stores: Workspace, runs: Sequence[Run]) -> str | None:
    """The dataset that is there, if there is only one and the paper has no numbers of it."""
    there = {*stores.datasets(), *(run.dataset.name for run in runs)}
    found = next(iter(there)) if len(there) == 1 else None
    return found if found is not None and profile(found).published_trials is None else None


def _of(dataset: str | None, rows: pd.DataFrame) -> pd.DataFrame:
    return rows if dataset is None else rows[rows["dataset"] == dataset]


def _score_rows(
    number: int, runs: Sequence[Run], dataset: str | None, stores: Workspace
) -> tuple[pd.DataFrame, list[Note]]:
    """Rows of Tables 3 to 6, those of recorded and of simulated runs, and what to know of them."""
    runs = [run for run in runs if dataset in (None, run.dataset.name)]
    paper = _of(dataset, published.conditions(number))
    missing: pd.DataFrame | None = None
    parts: list[pd.DataFrame] = []
    notes: list[Note] = []
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
        columns = [name for name in SCORE_COLUMNS if name not in rows and "diff" not in name]
        scores = pd.DataFrame(own, index=rows.index).reindex(columns=[*columns, "n"])
        parts.append(pd.concat([rows, scores], axis=1).assign(simulated=simulated))
        notes += _notes_on_choice(number, rows, fitting, stores)
    return _in_result(pd.concat(parts, ignore_index=True)), notes


def _in_result(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `published.conditions` with own numbers, as results have them: fractions."""
    rows = rows.drop(columns="n_subjects").assign(paper_n_subjects=rows["n_subjects"])
    rows = rows.assign(
        n_subjects=rows["n"],
        subject_share=rows["percent"].astype(float) / 100,
        paper_accuracy=rows["paper_accuracy"].astype(float) / 100,
        paper_f1=rows["paper_f1"].astype(float) / 100,
    )
    rows["accuracy_difference"] = rows["accuracy"] - rows["paper_accuracy"]
    rows["f1_difference"] = rows["f1_high"] - rows["paper_f1"]
    for module in ("sca", "sca_res", "rnta"):
        rows[module] = [
            getattr(VARIANTS[name], module) if name in VARIANTS else None
            for name in rows["variant"]
        ]
    whole = ["depth", "n_classes", "n_subjects", "paper_n_subjects", "n_folds"]
    return rows.astype(dict.fromkeys(whole, "Int64"))


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
        "accuracy": summary.accuracy_mean,
        "accuracy_sd": summary.accuracy_sd,
        "f1_high": summary.f1_mean,
        "f1_high_sd": summary.f1_sd,
        "majority_accuracy": summary.majority_mean,
        "n_folds": summary.n_folds,
        "n": run.trials(target)["subject"].nunique(),
        "recipe": run.settings.training,
        "run": run.name,
    }


def _notes_on_labels(number: int, rows: pd.DataFrame, stores: Workspace) -> Iterator[Note]:
    own = rows[rows[OWN[number]].notna()]
    for name in rows["dataset"].unique():
        if name in set(own["dataset"]):
            continue
        title = profile(name).title
        line = stores.line("ingest", name, "RAW")
        yield Note("missing_dataset", f"Table {number} lacks {title}", line)
        if number == 1:
            line = stores.line("relabel", dataset=name)
            yield Note("missing_labels", f"Table {number} lacks labels of {title}", line)
    if number == 1:
        other = own[own["method"] != choices.LABEL_METHOD].drop_duplicates("dataset")
        for name, method in zip(other["dataset"], other["method"], strict=True):
            text = f"{profile(name).title}: labels by {method}, not by the paper's four steps"
            yield Note("other_labels", text)


def _notes_on_missing(
    number: int, missing: pd.DataFrame, runs: Sequence[Run], stores: Workspace
) -> Iterator[Note]:
    """Say what fills the rows that are empty, and which nothing can fill."""
    there = {*stores.datasets(), *(run.dataset.name for run in runs)}
    for name in missing["dataset"].unique():
        if name not in there:
            line = stores.line("ingest", name, "RAW")
            yield Note("missing_dataset", f"Table {number} lacks {profile(name).title}", line)
    wanted = missing[missing["dataset"].isin(there)]
    for (name, percent), part in wanted[wanted["percent"] < 100].groupby(["dataset", "percent"]):
        found = too_few_subjects(runs, name, percent)
        if found is not None:
            wanted = wanted.drop(part.index)
            text = (
                f"Table {number}: rows of {percent:g} % of the subjects stay empty: "
                f"that is too few of the {found[0]} of {profile(name).title} for {found[1]} folds"
            )
            yield Note("too_few_subjects", text)
    for line in training_lines(wanted, runs, stores.root):
        yield Note("missing_run", f"for rows of Table {number} that are empty", line)
    others = wanted[wanted["model"].eq("") | wanted["n_classes"].ne(published.N_CLASSES)]
    for _, row in others.drop_duplicates(["dataset", "label", "inputs"]).iterrows():
        what = f"no model of rtcan sees {published.INPUTS[row['inputs']]}"
        if row["n_classes"] != published.N_CLASSES:
            what = (
                f"its score is for {row['n_classes']} classes, valence and arousal together, and "
                "cannot be compared with a score for two"
            )
        title = profile(row["dataset"]).title
        text = f"Table {number}, {row['label']} on {title}: no run stands in this row: {what}"
        yield Note("no_model", text)


def _notes_on_choice(
    number: int, rows: pd.DataFrame, fitting: Sequence[Sequence[Run]], stores: Workspace
) -> Iterator[Note]:
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
        yield Note("newest_run", note)
    used = list({found[0].path: found[0] for found in fitting if found}.values())
    used = [run for run in used if run.dataset.published_trials is not None]
    unlike = sorted({words for run in used for words in _unlike_paper(run, stores)})
    if unlike:
        text = f"Table {number}: not trained as in the paper: {', '.join(unlike)}"
        yield Note("not_as_in_the_paper", text)
    for dataset in sorted({run.provenance.dataset for run in used}):
        same = [run for run in used if run.provenance.dataset == dataset]
        settings = [run.settings.parameters() for run in same]
        # Runs of signals without a window do not say so.
        settings = [{"window": None} | each if "length" in each else each for each in settings]
        varying = [
            name
            for name in ("recipe", "folds", "seed", "length", "onset", "window")
            if len({str(each[name]) for each in settings if name in each}) > 1
        ]
        if varying:
            text = (
                f"Table {number}: runs of {profile(dataset).title} also differ in "
                f"{', '.join(varying)}, so the differences have several causes"
            )
            yield Note("other_settings", text)
    for share in dict.fromkeys(run.settings.subjects for run in used):
        alike = [run for run in used if run.settings.subjects == share]
        yield from (note for note in pairing_notes(alike) if note.kind != "same_folds")


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
        if run.settings.window is not None:
            yield f"the window {run.settings.window} instead of whole recordings"
    recipe, usual = run.settings.recipe, RECIPES["paper"]
    if recipe is not None and recipe.name != usual.name:
        yield f"recipe '{recipe.name}'"
    elif recipe not in (None, usual):
        yield "recipe 'paper' with changes"
    if run.settings.n_folds != choices.FOLDS:
        yield f"{run.settings.n_folds} folds instead of {choices.FOLDS}"

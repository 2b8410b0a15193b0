"""The paper's tables and figures with own numbers, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.evaluation.published import INPUTS, N_CLASSES
from rtcan_cli.results.paper import COLUMNS, Paper
from rtcan_cli.views import page as page_of
from rtcan_cli.views.files import write_tables
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table

#: Columns that hold a row's scores and the paper's, and their heads.
_SCORES = {
    "accuracy": "acc. [%]",
    "accuracy_sd": "sd",
    "paper_accuracy": "paper acc.",
    "accuracy_difference": "acc. diff.",
    "f1_high": "F1 [%]",
    "paper_f1": "paper F1",
    "f1_difference": "F1 diff.",
    "majority_accuracy": "majority",
}
#: Fractions, which are shown in per cent.
_PERCENT = [*_SCORES, "subject_share"]
_SHARES = ["high_share", "paper_high_share", "high_share_difference"]


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
    """

    title: str
    parts: tuple[str, ...]
    heads: dict[str, str]


_NETWORK = {"label": "model", "inputs": "sees", "dataset": "dataset"}
LAYOUTS = {
    1: TableLayout(
        "high and low labels",
        (),
        {
            "dataset": "dataset",
            "target": "target",
            "n_high": "high",
            "n_low": "low",
            "high_share": "high [%]",
            "paper_n_high": "paper high",
            "paper_n_low": "paper low",
            "paper_high_share": "paper high [%]",
            "high_share_difference": "diff.",
        },
    ),
    2: TableLayout(
        "correlation of valence and arousal ratings",
        (),
        {
            "dataset": "dataset",
            "n_trials": "trials",
            "spearman_r": "Spearman r",
            "p_value": "p",
            "paper_spearman_r": "paper r",
            "paper_p_below": "paper p below",
            "r_difference": "r diff.",
        },
    ),
    3: TableLayout(
        "models by number of subjects",
        ("target",),
        {**_NETWORK, "subject_share": "[%]", "n_subjects": "n", **_SCORES},
    ),
    4: TableLayout(
        "depth and widths of the residual part",
        ("target",),
        {"depth": "depth", "channels": "widths", **_SCORES},
    ),
    5: TableLayout(
        "attention modules",
        ("dataset", "target"),
        {"variant": "variant", "sca": "SCA", "sca_res": "SCA_Res", "rnta": "RNTA", **_SCORES},
    ),
    6: TableLayout("previous work", ("target",), {**_NETWORK, **_SCORES}),
}


def page(result: Paper) -> Page:
    """All tables that have rows, then what belongs to the figures."""
    shown = Page(
        tables=[table for number in COLUMNS for table in tables(result, number)],
    )
    for part in (result.scaling, result.attention):
        if part is not None:
            shown = shown.joined(page_of(part))
    own = Page(notes=note_lines(result.notes), files=list(result.files))
    return shown.joined(own)


def tables(result: Paper, number: int) -> Iterator[Table]:
    """One of the paper's tables, in the parts that it is read in."""
    layout, rows = LAYOUTS[number], result.table(number)
    shown = rows.assign(dataset=[profile(name).title for name in rows["dataset"]])
    if number == 1:
        shown = shown.assign(**{name: 100 * rows[name].astype(float) for name in _SHARES})
    if number > 2:
        shown["inputs"] = [INPUTS.get(text, text) for text in rows["inputs"]]
        shown = shown.assign(**{name: 100 * rows[name].astype(float) for name in _PERCENT})
    if number == 6:
        usual = rows["n_classes"] == N_CLASSES
        several = rows["label"] + ", " + rows["n_classes"].astype(str) + " classes"
        shown["label"] = rows["label"].where(usual, several)
    for (simulated, *part), some in shown.groupby(["simulated", *layout.parts], sort=False):
        about = [f"Table {number}{' (simulated)' if simulated else ''}: {layout.title}", *part]
        heads = {name: head for name, head in layout.heads.items() if not _is_blank(name, some)}
        cells = some[list(heads)].itertuples(index=False, name=None)
        yield Table(
            ", ".join(about),
            list(heads.values()),
            [[_plain(value) for value in row] for row in cells],
        )


def with_tables(result: Paper, folder: Path) -> Paper:
    """A result whose tables were written as ``table<number>`` and ``figure4``: Markdown, LaTeX.

    Each file has the notes of the result below it, so a result of one table is best.
    """
    files: list[Path] = []
    for number in COLUMNS:
        if len(result.table(number)):
            shown = Page(
                tables=list(tables(result, number)),
                notes=note_lines(result.notes),
            )
            files += write_tables(shown, folder / f"table{number}")
    if result.scaling is not None:
        files += write_tables(page_of(result.scaling), folder / "figure4")
    return replace(result, files=(*result.files, *files))


def _is_blank(name: str, rows: pd.DataFrame) -> bool:
    """Whether a column is of the paper's numbers, and rows have none of these, as in a report."""
    of_paper = [each for each in rows if str(each).startswith("paper_")]
    printed = name in of_paper or name.endswith("difference")
    return printed and bool(rows[of_paper].isna().all(axis=None))


def _plain(value: Any) -> Any:
    """A cell as plain Python has it."""
    if pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return value.item() if isinstance(value, np.generic) else value

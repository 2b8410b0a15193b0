"""Runs side by side, and how far they are apart, for a person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rtcan_cli.results.run import name_of_seeds
from rtcan_cli.results.scores.comparison import Comparison
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, seed_tables

#: Fractions that are shown in per cent, and their heads.
_SCORES = {
    "accuracy": "acc. [%]",
    "accuracy_sd": "sd",
    "balanced_accuracy": "bal. [%]",
    "f1_high": "F1 [%]",
    "majority_accuracy": "majority",
}
_PAPER = {
    "paper_accuracy": "paper acc.",
    "accuracy_difference": "acc. diff.",
    "paper_f1": "paper F1",
    "f1_difference": "F1 diff.",
}


def page(result: Comparison) -> Page:
    """Scores by dataset, target and protocol, means over seeds, and differences."""
    return Page(
        tables=[*score_tables(result), *difference_tables(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def score_tables(result: Comparison) -> list[Table]:
    """Scores of each run, and means over seeds.

    A table for each protocol: what is asked of the networks differs, so the scores do.
    """
    shares = _SCORES | (_PAPER if result.paper else {})
    tables = []
    by = ["dataset", "simulated", "target", "protocol"]
    for (dataset, simulated, target, _), part in result.scores.groupby(by, sort=False):
        rows: list[list[object]] = [
            [
                *(row["run"], row["recipe"], f"{row['n_folds']} of {row['n_planned_folds']}"),
                *(100 * row[name] for name in shares),
            ]
            for _, row in part.iterrows()
        ]
        about = f"{dataset_title(dataset, simulated)}, {target}"
        title = f"{about}: mean over the test folds, {part['tests'].iloc[0]}"
        tables.append(Table(title, ["run", "recipe", "folds", *shares.values()], rows))
    return tables + seed_tables(result.seeds)


def difference_tables(result: Comparison) -> list[Table]:
    """Differences from each reference: what holds for new networks first, for these alone last."""
    accuracy = result.differences[result.differences["score"] == "accuracy"]
    by = ["dataset", "simulated", "target", "reference", "reference_protocol"]
    return [
        table for _, part in accuracy.groupby(by, sort=False) for table in _of_a_reference(part)
    ]


def _of_a_reference(rows: pd.DataFrame) -> list[Table]:
    first = rows.iloc[0]
    reference = name_of_seeds(first["reference"], first["n_reference_seeds"])
    data = dataset_title(first["dataset"], first["simulated"])
    about = f"{data}, {first['target']}: accuracy less that of {reference}"
    tables = []
    seeded, folded = rows[rows["p_seeds"].notna()], rows[rows["p_folds"].notna()]
    if len(seeded):
        over_seeds: list[list[object]] = [
            [
                *(_name(row), row.n_trials, f"{row.seeds} / {row.reference_seeds}"),
                *_points(row.difference, row.seed_low, row.seed_high),
                row.p_seeds_holm,
            ]
            for row in seeded.itertuples()
        ]
        columns = ["run", "common trials", "seeds", "points", "95 % from", "to", "p"]
        tables.append(Table(f"{about}, over subjects and seeds", columns, over_seeds))
    if len(folded):
        over_folds: list[list[object]] = [
            [
                *(_name(row), int(row.n_folds)),
                *_points(row.fold_difference, row.fold_low, row.fold_high),
                *(row.p_folds_holm, row.cohens_d, row.p_wilcoxon_holm, row.rank_biserial),
            ]
            for row in folded.itertuples()
        ]
        columns = ["run", "folds", "points", "95 % from", "to", "p", "d", "p (W)", "r (W)"]
        tables.append(Table(f"{about}, over folds", columns, over_folds))
    over_subjects: list[list[object]] = [
        [_name(row), row.n_trials, *_points(row.difference, row.low, row.high), row.p_swap_holm]
        for row in rows.itertuples()
    ]
    columns = ["run", "common trials", "points", "95 % from", "to", "p"]
    return [*tables, Table(f"{about}, over subjects", columns, over_subjects)]


def _name(row: Any) -> str:
    return name_of_seeds(row.run, row.n_seeds)


def _points(*fractions: float) -> list[float]:
    return [100 * x for x in fractions]

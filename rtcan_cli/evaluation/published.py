"""The figures of Yin et al. (2022), to be shown beside a run's own.

Every column that holds a value from the paper is called ``paper_...``. Accuracy and F1 are
percentages as printed, unlike the fractions of `rtcan_cli.evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from rtcan_cli.datasets.profiles import profile

TABLES = {
    1: "table1_labels",
    2: "table2_rating_correlation",
    3: "table3_models_by_subjects",
    4: "table4_residual_depth",
    5: "table5_attention_variants",
    6: "table6_previous_work",
}
FIGURES = ("accuracy", "f1", "n_high", "n_low", "spearman_r", "p_below")
WIDTHS = (64, 64, 64, 64)


def table(number: int) -> pd.DataFrame:
    """Return table 1 to 6 of the paper (the rows that are legible), figures as ``paper_...``."""
    source = files("rtcan_cli.evaluation") / "published" / f"{TABLES[number]}.csv"
    with source.open(encoding="utf-8") as lines:
        rows = pd.read_csv(lines)
    return rows.rename(columns={c: f"paper_{c}" for c in rows if c.endswith(FIGURES)})


def labels_table(dataset: str) -> pd.DataFrame:
    """Return Table 1 of a dataset: ``target``, ``paper_n_high``, ``paper_n_low``."""
    return _of(table(1), dataset)


def rating_correlation(dataset: str) -> pd.DataFrame:
    """Return Table 2 of a dataset: ``paper_spearman_r``, ``paper_p_below``; one row."""
    return _of(table(2), dataset)


def matching_rows(
    dataset: str,
    target: str,
    *,
    variant: str,
    fused: bool,
    depth: int = 1,
    channels: Sequence[int] = WIDTHS,
) -> pd.DataFrame:
    """Find the paper's figures for the same network on the same data.

    The paper varies one thing at a time: Table 3 compares EDA alone (RTCAG) with EDA and music
    (RTCAN-1D) for the chosen variant, Table 4 depth and widths of the fused PMEmo network,
    Table 5 attention variants, fused on PMEmo and on EDA alone on DEAP and AMIGOS.

    Parameters
    ----------
    dataset : {"pmemo", "deap", "amigos"}
    target : {"valence", "arousal"}
    variant : str
        ``base`` or ``Ra`` to ``Rf``.
    fused : bool
        Whether music is fused with EDA.
    depth, channels
        Of the residual part.

    Returns
    -------
    DataFrame
        ``table``, ``paper_model``, ``paper_accuracy`` and ``paper_f1`` [%], one row for each
        table that prints the condition; empty where the paper has no such figure.
    """
    chosen = variant == profile(dataset).variant
    standard = depth == 1 and tuple(channels) == WIDTHS
    found = []
    if chosen and standard:
        rows = _of(table(3), dataset)
        rows = rows[
            rows["model"].isin(["RTCAG", "RTCAN-1D"])
            & (rows["inputs"] == ("eda+music" if fused else "eda"))
            & (rows["subjects_percent"] == 100)
        ]
        figures = {f"paper_{target}_{score}": f"paper_{score}" for score in ("accuracy", "f1")}
        found.append(rows.rename(columns=figures).assign(table=3))
    if chosen and fused:
        rows = _of(table(4), dataset)
        widths = "-".join(str(width) for width in channels)
        rows = rows[
            (rows["target"] == target) & (rows["depth"] == depth) & (rows["channels"] == widths)
        ]
        found.append(rows.assign(table=4))
    if standard and fused == (dataset == "pmemo"):
        rows = _of(table(5), dataset)
        found.append(
            rows[(rows["target"] == target) & (rows["variant"] == variant)].assign(table=5)
        )
    columns = ["table", "paper_model", "paper_accuracy", "paper_f1"]
    every = [rows.assign(paper_model="RTCAN-1D" if fused else "RTCAG")[columns] for rows in found]
    return pd.concat(every, ignore_index=True) if every else pd.DataFrame(columns=columns)


def _of(rows: pd.DataFrame, dataset: str) -> pd.DataFrame:
    return (
        rows[rows["dataset"] == profile(dataset).name]
        .drop(columns="dataset")
        .reset_index(drop=True)
    )

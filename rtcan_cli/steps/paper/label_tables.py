"""Labels stores -> the paper's Tables 1 and 2: how many labels, and how ratings go together."""

from __future__ import annotations

import pandas as pd

from rtcan_cli import console
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.labels import class_counts, rating_correlation
from rtcan_cli.stores import Provenance, Store, Workspace


def label_rows(stores: Workspace) -> pd.DataFrame:
    """Table 1: high and low labels of each dataset, beside the paper's.

    Returns
    -------
    DataFrame
        One row a dataset and target, in the order of the paper: ``dataset``, ``target``,
        ``paper_high``, ``paper_low``, and, where there is a labels store, ``high``, ``low``, their
        differences from the paper's and the ``method``. Where some datasets are simulated and
        others are not, all rows once for each, told apart by ``simulated``.
    """
    paper = published.table(1).rename(
        columns={"paper_n_high": "paper_high", "paper_n_low": "paper_low"}
    )
    found = []
    for dataset in paper["dataset"].unique():
        read = _read(stores, dataset, "labels", "labels")
        if read is not None:
            table, made = read
            counts = class_counts(table).rename(columns={"n_high": "high", "n_low": "low"})
            method = made.parameters["method"]
            found.append(counts.assign(dataset=dataset, method=method, simulated=made.simulated))
    columns = ["dataset", "target", "high", "low", "method", "simulated"]
    own = pd.concat(found) if found else pd.DataFrame(columns=columns)
    rows = _beside(paper, own, ["dataset", "target"]).astype({"high": "Int64", "low": "Int64"})
    for side in ("high", "low"):
        rows[f"{side}_difference"] = rows[side] - rows[f"paper_{side}"]
    return rows


def correlation_rows(stores: Workspace) -> pd.DataFrame:
    """Table 2: Spearman correlation of valence and arousal ratings, beside the paper's.

    Returns
    -------
    DataFrame
        One row a dataset, in the order of the paper: ``dataset``, ``paper_r``, ``paper_p`` (below),
        and, where there is a recordings store with ratings, ``r``, ``p``, the ``trials`` with both
        ratings, and ``r_difference``; ``simulated`` as in `label_rows`.
    """
    paper = published.table(2).rename(
        columns={"paper_spearman_r": "paper_r", "paper_p_below": "paper_p"}
    )
    found = []
    for dataset in paper["dataset"]:
        read = _read(stores, dataset, "recordings", "trials")
        if read is None:
            continue
        ratings, made = read
        n = int(ratings[list(TARGETS)].notna().all(axis=1).sum())
        if n:
            r, p = rating_correlation(ratings)
            found.append((dataset, r, p, n, made.simulated))
    own = pd.DataFrame(found, columns=["dataset", "r", "p", "trials", "simulated"])
    rows = _beside(paper, own, ["dataset"]).astype({"trials": "Int64"})
    return rows.assign(r_difference=rows["r"] - rows["paper_r"])


def _beside(paper: pd.DataFrame, own: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The paper's rows with your own; once for recorded and once for simulated data."""
    parts = [
        paper.merge(
            own[own["simulated"] == mark].drop(columns="simulated"), on=keys, how="left"
        ).assign(simulated=mark)
        for mark in sorted(own["simulated"].unique()) or [False]
    ]
    return pd.concat(parts, ignore_index=True)


def _read(
    stores: Workspace, dataset: str, kind: str, table: str
) -> tuple[pd.DataFrame, Provenance] | None:
    """A table of a store, or None where there is no such store; damage is said."""
    path = stores.store(dataset, kind)
    if not path.exists():
        return None
    try:
        with Store(path, kind) as store:
            return store.table(table), store.provenance
    except RtcanError as error:
        console.warn(f"left out: {error}")
        return None

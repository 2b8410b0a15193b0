"""Labels stores -> the paper's Tables 1 and 2: how many labels, and how ratings go together."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.labels import class_counts, rating_correlation
from rtcan_cli.results.base import Note
from rtcan_cli.stores import Provenance, Store, Workspace


def label_rows(stores: Workspace, dataset: str | None = None) -> tuple[pd.DataFrame, list[Note]]:
    """Table 1: high and low labels of each dataset, beside the paper's.

    Parameters
    ----------
    stores : Workspace
        Its labels are counted.
    dataset : str, optional
        Look at the stores of this dataset alone.

    Returns
    -------
    DataFrame
        One row a dataset and target, in the order of the paper, see
        `rtcan_cli.results.paper.LABEL_COLUMNS`. Where some datasets are simulated and others are
        not, all rows once for each, told apart by ``simulated``.
    list of Note
        Stores that could not be read.
    """
    paper = published.table(1)
    notes: list[Note] = []
    found = []
    for name in _looked_at(paper, dataset):
        read = _read(stores, name, "labels", "labels", notes)
        if read is not None:
            table, made = read
            counts = class_counts(table)
            method = made.parameters["method"]
            found.append(counts.assign(dataset=name, method=method, simulated=made.simulated))
    columns = ["dataset", "target", "n_high", "n_low", "method", "simulated"]
    own = pd.concat(found) if found else pd.DataFrame(columns=columns)
    rows = _beside(paper, own, ["dataset", "target"]).astype({"n_high": "Int64", "n_low": "Int64"})
    for side in ("n_high", "n_low"):
        rows[f"{side}_difference"] = rows[side] - rows[f"paper_{side}"]
    for whose in ("", "paper_"):
        high, low = (rows[f"{whose}{side}"].astype(float) for side in ("n_high", "n_low"))
        rows[f"{whose}high_share"] = high / (high + low)
    apart = rows["high_share"] - rows["paper_high_share"]
    return rows.assign(high_share_difference=apart.mask(rows["simulated"].astype(bool))), notes


def correlation_rows(
    stores: Workspace, dataset: str | None = None
) -> tuple[pd.DataFrame, list[Note]]:
    """Table 2: Spearman correlation of valence and arousal ratings, beside the paper's.

    Parameters
    ----------
    stores : Workspace
        Its ratings are compared.
    dataset : str, optional
        Look at the stores of this dataset alone.

    Returns
    -------
    DataFrame
        One row a dataset, in the order of the paper, see
        `rtcan_cli.results.paper.CORRELATION_COLUMNS`; ``simulated`` as in `label_rows`.
    list of Note
        Stores that could not be read.
    """
    paper = published.table(2)
    notes: list[Note] = []
    found = []
    for name in _looked_at(paper, dataset):
        read = _read(stores, name, "recordings", "trials", notes)
        if read is None:
            continue
        ratings, made = read
        n = int(ratings[list(TARGETS)].notna().all(axis=1).sum())
        if n:
            r, p = rating_correlation(ratings)
            found.append((name, r, p, n, made.simulated))
    own = pd.DataFrame(found, columns=["dataset", "spearman_r", "p_value", "n_trials", "simulated"])
    rows = _beside(paper, own, ["dataset"]).astype({"n_trials": "Int64"})
    return rows.assign(r_difference=rows["spearman_r"] - rows["paper_spearman_r"]), notes


def _looked_at(paper: pd.DataFrame, dataset: str | None) -> list[str]:
    """The datasets of a table, or the one that is asked for."""
    every: list[str] = paper["dataset"].unique().tolist()
    return [name for name in every if dataset in (None, name)]


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
    stores: Workspace, dataset: str, kind: str, table: str, notes: list[Note]
) -> tuple[pd.DataFrame, Provenance] | None:
    """A table of a store, or None where there is no such store; a note says what is damaged."""
    path = stores.store(dataset, kind)
    if not path.exists():
        return None
    try:
        with Store(path, kind) as store:
            return store.table(table), store.provenance
    except RtcanError as error:
        notes.append(Note("damaged_store", f"left out: {error}"))
        return None

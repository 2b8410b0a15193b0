"""What a workspace holds, and where everything in it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.labels import NO_LABEL
from rtcan_cli.results.base import Note
from rtcan_cli.results.report import (
    DATASET_COLUMNS,
    LEFT_OUT_COLUMNS,
    RUN_COLUMNS,
    STORE_COLUMNS,
)
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.reasons import Reasons
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.workspace import STEP_KINDS


def datasets_of(stores: Workspace, wanted: Sequence[str]) -> list[str]:
    """Those of some datasets that have any store."""
    return [
        name for name in wanted if any(stores.store(name, kind).exists() for kind in STEP_KINDS)
    ]


def describe_stores(
    stores: Workspace, datasets: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[Note]]:
    """Look at the stores of datasets.

    Returns
    -------
    datasets, left_out, stores : DataFrame
        As fields of `rtcan_cli.results.report.WorkspaceReport`.
    list of Note
        Stores that cannot be read.
    """
    held: list[dict[str, object]] = []
    left_out: list[dict[str, object]] = []
    made: list[dict[str, object]] = []
    notes: list[Note] = []
    for name in datasets:
        row: dict[str, object] = {"dataset": name, "simulated": False}
        for store in _readable(stores, name, notes):
            origin = store.provenance
            row["simulated"] = row["simulated"] or origin.simulated
            made.append(
                {
                    "dataset": name,
                    "simulated": origin.simulated,
                    "kind": store.schema.kind,
                    "made_by": f"rtcan {origin.command}",
                    "parameters": json.dumps(origin.parameters),
                    "created": store.created,
                    "version": store.package_version,
                    "content_id": store.content_id,
                    "inputs": json.dumps(origin.inputs),
                }
            )
            if store.schema.kind == "recordings":
                trials = store.table("trials", ["subject", "stimulus"])
                recordings = store.table("recordings", ["subject", "problem"])
                problem = recordings["problem"]
                row["n_subjects"] = trials["subject"].nunique()
                row["n_stimuli"] = trials["stimulus"].nunique()
                row["n_trials"] = len(trials)
                row["n_recordings"] = len(problem)
                row["n_unusable"] = int((problem != "").sum())
                excluded = store.table("excluded", ["subject", "reason"]).itertuples(index=False)
                reasons = Reasons()
                for subject, reason in (*recordings.itertuples(index=False), *excluded):
                    if reason:
                        reasons.add(reason, subject=subject)
                left_out += [
                    {"dataset": name, "reason": reason, "n": n} for reason, n, *_ in reasons.rows()
                ]
            if store.schema.kind == "labels":
                labelled = (store.table("labels", TARGETS) != NO_LABEL).any(axis=1)
                row["label_method"] = origin.parameters["method"]
                row["n_labelled"] = int(labelled.sum())
        held.append(row)
    counts = [name for name in DATASET_COLUMNS if name.startswith("n_")]
    return (
        pd.DataFrame(held, columns=list(DATASET_COLUMNS)).astype(dict.fromkeys(counts, "Int64")),
        pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS)),
        pd.DataFrame(made, columns=list(STORE_COLUMNS)),
        notes,
    )


def describe_runs(runs: Sequence[Run], shown: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Where runs come from: the field ``runs`` of `rtcan_cli.results.report.WorkspaceReport`.

    Parameters
    ----------
    runs : sequence of Run
        The runs of the report.
    shown : mapping of str to sequence of str
        Content id of a run to the tables that it stands in.
    """
    rows = [
        {
            "dataset": run.dataset.name,
            "simulated": run.simulated,
            "run": run.name,
            "made_by": f"rtcan {run.provenance.command}" if run.is_imported else run.line(),
            "parameters": json.dumps(run.settings.parameters()),
            "created": run.created,
            "version": run.version,
            "content_id": run.content_id,
            "inputs": json.dumps(run.provenance.inputs),
            "hardware": "; ".join(run.models["hardware"].unique()),
            "software": "; ".join(run.models["software"].unique()),
            "tables": ", ".join(shown.get(run.content_id, [])),
        }
        for run in runs
    ]
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS))


def _readable(stores: Workspace, name: str, notes: list[Note]) -> Iterator[Store]:
    """The stores of a dataset that can be read, each open while it is looked at."""
    for kind in STEP_KINDS:
        path = stores.store(name, kind)
        if path.exists():
            try:
                with Store(path, kind) as store:
                    yield store
            except RtcanError as error:
                notes.append(Note("damaged_store", f"left out: {error}"))

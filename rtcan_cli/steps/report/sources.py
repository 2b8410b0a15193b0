"""What an HTML report says of its data, and of where everything in it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from rtcan_cli import console
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.labels import NO_LABEL
from rtcan_cli.page.render import Grid, Part, Section
from rtcan_cli.report import Table
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.workspace import STEP_KINDS
from rtcan_cli.views.cells import column_texts

ALL_SIMULATED = (
    "SIMULATED DATA. Every number and picture here, other than the paper's numbers, comes from "
    "simulated recordings. They say nothing about people, and must not be compared with those "
    "of the paper."
)
SOME_SIMULATED = (
    "SIMULATED DATA in part: {}. Numbers and pictures of these are marked as simulated; they say "
    "nothing about people, and must not be compared with the paper's."
)


def grid(table: Table) -> Grid:
    """A table as the terminal shows it."""
    columns = column_texts(table)
    rows = list(zip(*(texts for texts, _ in columns), strict=True))
    return Grid(table.title, table.columns, [numeric for _, numeric in columns], rows)


def datasets_of(stores: Workspace, wanted: Sequence[str]) -> list[str]:
    """Those of some datasets that have any store."""
    return [
        name for name in wanted if any(stores.store(name, kind).exists() for kind in STEP_KINDS)
    ]


def alarm(stores: Workspace, datasets: Sequence[str], runs: Sequence[Run]) -> str:
    """What has to be said of simulated data before anything else; nothing if there are none."""
    marks = {(run.dataset.name, run.simulated) for run in runs}
    for name in datasets:
        marks |= {(name, store.provenance.simulated) for store in _readable(stores, name)}
    simulated = sorted({profile(name).title for name, mark in marks if mark})
    if not simulated:
        return ""
    if all(mark for _, mark in marks):
        return ALL_SIMULATED
    return SOME_SIMULATED.format(", ".join(simulated))


def data_section(stores: Workspace, datasets: Sequence[str]) -> Section:
    """Subjects, trials, labels and what was left out, of each dataset."""
    rows, notes = [], []
    for name in datasets:
        row: list[object] = [_title(stores, name), *[None] * 6]
        for store in _readable(stores, name):
            if store.schema.kind == "recordings":
                trials = store.table("trials", ["subject", "stimulus"])
                problem = store.array("recordings/problem")
                row[1:4] = trials["subject"].nunique(), trials["stimulus"].nunique(), len(trials)
                row[4:6] = len(problem), int((problem != "").sum())
                reasons = [*problem[problem != ""], *store.array("excluded/reason")]
                notes += [
                    f"{profile(name).title}, left out: {reason} ({reasons.count(reason)})"
                    for reason in sorted(set(reasons))
                ]
            if store.schema.kind == "labels":
                labelled = (store.table("labels", TARGETS) != NO_LABEL).any(axis=1)
                row[6] = f"{store.provenance.parameters['method']} ({int(labelled.sum())} trials)"
        rows.append(row)
    columns = [
        "dataset",
        "subjects",
        "stimuli",
        "trials",
        "EDA recordings",
        "unusable",
        "labels by",
    ]
    title = "Subjects, trials, EDA recordings and labels"
    return Section(
        "data", "The data", [Part("Datasets", [grid(Table(title, columns, rows))], notes=notes)]
    )


def provenance_section(
    stores: Workspace,
    datasets: Sequence[str],
    runs: Sequence[Run],
    shown: Mapping[str, Sequence[str]],
) -> Section:
    """Which command made each store and run, from what, when and with which version.

    Parameters
    ----------
    stores : Workspace
        Where the stores are.
    datasets : sequence of str
        Their names.
    runs : sequence of Run
        The runs of the report.
    shown : mapping of str to sequence of str
        Content id of a run to where it stands in the report.
    """
    parts = [Part(_title(stores, name), list(_store_grids(stores, name))) for name in datasets]
    if runs:
        parts.append(Part("Runs", list(_run_grids(runs, shown))))
    return Section("provenance", "Where it comes from", parts)


def _store_grids(stores: Workspace, name: str) -> Iterator[Grid]:
    for store in _readable(stores, name):
        made = store.provenance
        yield _facts(
            f"{profile(name).title}: {store.schema.kind}",
            {
                "made by": f"rtcan {made.command}",
                "settings": json.dumps(made.parameters),
                "made": f"{_minute(store.created)} by rtcan {store.package_version}",
                "content id": store.content_id,
                "made from": _inputs(made.inputs),
            },
        )


def _run_grids(runs: Sequence[Run], shown: Mapping[str, Sequence[str]]) -> Iterator[Grid]:
    for run in runs:
        made = f"rtcan {run.provenance.command}" if run.is_imported else run.line()
        yield _facts(
            f"{run.dataset.title}{' (simulated)' if run.simulated else ''}: {run.name}",
            {
                "made by": made,
                "settings": json.dumps(run.settings.parameters()),
                "made": f"{_minute(run.created)} by rtcan {run.version}",
                "content id": run.content_id,
                "made from": _inputs(run.provenance.inputs),
                "trained on": "; ".join(run.models["hardware"].unique()),
                "with": "; ".join(run.models["software"].unique()),
                "stands in": ", ".join(shown.get(run.content_id, [])),
            },
        )


def _facts(title: str, facts: Mapping[str, str]) -> Grid:
    rows = [(name, value) for name, value in facts.items() if value]
    return Grid(title, [], [False, False], rows)


def _readable(stores: Workspace, name: str) -> Iterator[Store]:
    """The stores of a dataset that can be read, each open while it is looked at."""
    for kind in STEP_KINDS:
        path = stores.store(name, kind)
        if path.exists():
            try:
                with Store(path, kind) as store:
                    yield store
            except RtcanError as error:
                console.warn(f"left out: {error}")


def _title(stores: Workspace, name: str) -> str:
    simulated = any(store.provenance.simulated for store in _readable(stores, name))
    return profile(name).title + (" (simulated)" if simulated else "")


def _inputs(inputs: Mapping[str, str]) -> str:
    return ", ".join(f"{kind} {content}" for kind, content in inputs.items())


def _minute(created: str) -> str:
    return f"{created[:16].replace('T', ' ')} UTC"

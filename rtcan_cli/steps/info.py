"""What a store holds and where it came from; the state of a workspace."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.report import Report, Table
from rtcan_cli.stores import Step, Store, Workspace


def describe_store(path: Path) -> Report:
    """Describe one store: provenance first, then its datasets with shape, type and unit."""
    with Store(path) as store:
        made = store.provenance
        report = Report("info")
        report.facts = {
            "store": path,
            "holds": store.schema.meaning,
            "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
            "made by": f"rtcan {made.command}, version {store.package_version}",
            "made on": store.created,
            "content id": store.content_id,
            "size on disk": _size(path),
        }
        settings = [[name, str(value)] for name, value in sorted(made.parameters.items())]
        sources = [[f"input: {kind}", value] for kind, value in sorted(made.inputs.items())]
        fields = {field.path: field for field in store.schema.fields}
        rows = []
        groups: dict[str, int] = {}
        for name, (shape, dtype, unit) in store.datasets().items():
            if name in fields:
                size = " x ".join(str(n) for n in shape)
                rows.append([name, size, dtype, unit, fields[name].meaning])
            else:
                groups[name.rpartition("/")[0]] = groups.get(name.rpartition("/")[0], 0) + 1
        rows += [[f"{group}/...", f"{n} arrays", "", "", ""] for group, n in groups.items()]
    report.tables = [
        Table("Made from", ["what", "value"], sources + settings),
        Table("Datasets", ["path", "shape", "type", "unit", "meaning"], rows),
    ]
    return report


def describe_workspace(root: Path) -> Report:
    """State of every step of every dataset, and the command to run next."""
    workspace = Workspace(root)
    report = Report("info")
    datasets = workspace.datasets()
    report.facts = {"workspace": root.resolve(), "datasets": ", ".join(datasets) or "none yet"}
    if not datasets:
        report.facts["next"] = "rtcan ingest pmemo RAW, or rtcan simulate pmemo raw/pmemo for data"
    for name in datasets:
        steps = workspace.steps(name)
        rows = [
            [step.kind, step.state, step.path.stem if step.kind == "run" else "", step.detail]
            for step in steps
        ]
        report.tables.append(Table(profile(name).title, ["store", "state", "run", "detail"], rows))
        report.notes.append(f"{profile(name).title}, next: {next_command(name, steps)}")
    return report


def next_command(dataset: str, steps: list[Step]) -> str:
    """What a user would run next: the first step that is not done, or the use of the last run."""
    wants_music = dataset == "pmemo"
    for step in steps:
        if step.state != "done" and (step.kind != "music" or wants_music):
            return step.command
    if not any(step.kind == "run" for step in steps):
        fusion = " --fusion music" if wants_music else ""
        return f"rtcan train --dataset {dataset}{fusion}"
    return f"rtcan evaluate --dataset {dataset}"


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"

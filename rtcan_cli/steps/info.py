"""What a store holds and where it came from; the state of a workspace."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.stores import Step, Store, Workspace

#: Options of the steps before training, as they are unless a user says otherwise.
USUAL = {
    "method": choices.LABEL_METHOD,
    "seed": choices.SEED,
    "alpha": choices.ALPHA,
    "gamma": choices.GAMMA,
    "mixdown": False,
}


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
            if step.kind != "music" or step.state != "missing" or _wants_music(name)
        ]
        report.tables.append(Table(profile(name).title, ["store", "state", "run", "detail"], rows))
        report.notes.append(f"{profile(name).title}, next: {next_command(name, steps)}")
    return report


def next_command(dataset: str, steps: list[Step]) -> str:
    """What a user would run next.

    The first step before training that is not done, else a run that is stale or was begun, else
    training or the use of the newest run.
    """
    wants_music = _wants_music(dataset)
    runs = [step for step in steps if step.kind == "run"]
    for step in steps:
        if step in runs or step.state == "done" or (step.kind == "music" and not wants_music):
            continue
        if step.kind == "labels" and not _has_ratings(steps[0].path):
            continue
        return f"{step.command}{_options(step)}"
    if not _has_ratings(steps[0].path):
        return "nothing: this edition has no ratings of single subjects to learn from"
    for step in runs:
        if step.state == "stale":
            from rtcan_cli.steps.runs import Run  # loads PyTorch, which takes long

            return f"rtcan train {Run.load(step.path).settings.options(dataset)}"
        if step.state == "partial":
            return f"the `rtcan train` line that began {step.path.stem}, again"
    if not runs:
        return f"rtcan train --dataset {dataset}{' --fusion music' if wants_music else ''}"
    return f"rtcan evaluate --dataset {dataset}"


def _wants_music(dataset: str) -> bool:
    return profile(dataset).stimulus_word == "song"


def _has_ratings(recordings: Path) -> bool:
    try:
        with Store(recordings, "recordings") as store:
            return bool(store.table("trials")[list(TARGETS)].notna().any(axis=None))
    except RtcanError:
        return True  # ingest comes first


def _options(step: Step) -> str:
    """Options that a stale store was made with, where they are not the usual ones."""
    if step.state != "stale":
        return ""
    with Store(step.path, step.kind) as store:
        made = store.provenance.parameters
    words = []
    for name, usual in USUAL.items():
        if made.get(name, usual) != usual:
            words.append(f" --{name}" if made[name] is True else f" --{name} {made[name]}")
    return "".join(words)


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"

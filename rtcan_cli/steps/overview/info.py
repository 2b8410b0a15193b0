"""What a store holds and where it came from; the state of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtcan_cli import choices, console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import stored_kind, told
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.stores import Step, Store, Workspace

#: Options of the steps before training, as they are unless a user says otherwise.
USUAL = {
    "method": choices.LABEL_METHOD,
    "seed": choices.SEED,
    "decomposition": choices.DECOMPOSITION,
    "solver": choices.SOLVER,
    "time_constants": choices.TIME_CONSTANTS,
    "rate": None,
    "alpha": choices.ALPHA,
    "gamma": choices.GAMMA,
    "mixdown": False,
}
#: Options that have another name than the parameter they set.
RENAMED = {"decomposition": "method"}


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
        if eda := told(made.parameters) or made.eda:
            report.facts["EDA"] = stored_kind(eda).description
        if store.schema.kind == "run":
            report.facts |= _training(store)
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


def verify_stores(paths: Sequence[Path]) -> Report:
    """Read all of some stores, and compare what is in them with their content ids.

    Raises
    ------
    RtcanError
        If there is none, or some are damaged: each is named with what is wrong. The others are
        read all the same.
    """
    if not paths:
        raise RtcanError("there is no store to verify", command_line("ingest", "DATASET", "RAW"))
    rows, damaged = [], []
    with console.progress(len(paths), "verifying", "store") as bar:
        for path in paths:
            try:
                with Store(path) as store:
                    store.verify()
                    rows.append([str(path), store.schema.kind, _size(path), store.content_id])
            except RtcanError as error:
                damaged.append(error)
            bar.update()
    if damaged:
        raise RtcanError(
            f"{len(damaged)} of {len(paths)} stores cannot be read as they were written: "
            + "; ".join(map(str, damaged)),
            damaged[0].hint,
        )
    report = Report("info", facts={"stores that hold what was written": len(rows)})
    report.tables = [Table("Verified", ["store", "kind", "size", "content id"], rows)]
    return report


def stores_of(root: Path) -> list[Path]:
    """All stores of a workspace, whatever their names, runs included."""
    return Workspace(root).files("*/*.h5", "*/runs/*.h5")


def _training(store: Store) -> dict[str, object]:
    """Where and with what the networks of a run were trained, and what that took."""
    models = store.table("models")
    trained = models[models["hardware"] != ""]  # not those that were imported
    if trained.empty:
        return {}
    places = trained["device"] + ": " + trained["hardware"]
    return {
        "networks": len(trained),
        "trained on": "; ".join(sorted(set(places))),
        "trained with": "; ".join(sorted(set(trained["software"]))),
        "threads each": ", ".join(map(str, sorted(set(trained["threads"])))),
        "device time [s]": float(trained["seconds"].sum()),
        "CPU time [s]": float(trained["cpu_seconds"].sum()),
    }


def describe_workspace(root: Path) -> Report:
    """State of every step of every dataset, and the command to run next."""
    workspace = Workspace(root)
    report = Report("info")
    datasets = workspace.datasets()
    report.facts = {"workspace": root.resolve(), "datasets": ", ".join(datasets) or "none yet"}
    if not datasets:
        simulate = command_line("simulate", "pmemo", "raw/pmemo")
        report.facts["next"] = (
            f"{workspace.line('ingest', 'pmemo', 'RAW')}; or {simulate}, for simulated raw files"
        )
    for name in datasets:
        steps = workspace.steps(name)
        rows = [
            [step.kind, step.state, step.path.stem if step.kind == "run" else "", _detail(step)]
            for step in steps
            if step.state != "missing" or _wants(step.kind, name, steps[0].path)
        ]
        report.tables.append(Table(profile(name).title, ["store", "state", "run", "detail"], rows))
        report.notes.append(f"{profile(name).title}, next: {next_command(workspace, name, steps)}")
    return report


def _detail(step: Step) -> str:
    """What is to be said of a step; of a run also how many of its folds were trained."""
    if step.kind != "run" or step.state not in ("done", "stale"):
        return step.detail
    try:
        with Store(step.path, "run") as store:
            trained = len(np.unique(store.array("models/fold")))
            planned = store.shape("membership/role")[1]
    except RtcanError as error:
        return str(error)
    return f"{step.detail}, {trained} of {planned} folds" if trained < planned else step.detail


def next_command(workspace: Workspace, dataset: str, steps: list[Step]) -> str:
    """What a user would run next: a line, or a line and what else could be done.

    The first step before training that is not done, else a run that is stale or was begun, else
    training or the use of its runs.
    """
    runs = [step for step in steps if step.kind == "run"]
    for step in steps:
        unwanted = step.state == "missing" and not _wants(step.kind, dataset, steps[0].path)
        if step in runs or step.state == "done" or unwanted:
            continue
        if step.state == "unreadable":
            return f"first {step.path.name}: {step.detail.removeprefix(f'{step.path}: ')}"
        if step.kind == "labels" and step.state == "missing" and not _has_ratings(steps[0].path):
            return (
                f"{step.line(method='stimulus-mean')}; or with --import TABLE instead: there are "
                "no ratings of single subjects"
            )
        return step.line(**_options(step))
    for step in runs:
        if step.state == "stale":
            # They load PyTorch, which takes long.
            from rtcan_cli.runs.run import Run
            from rtcan_cli.steps.training.import_checkpoint import import_line

            try:
                run = Run.load(step.path)
            except RtcanError as error:  # of an earlier network, for instance
                return error.hint or str(error)
            return import_line(run) if run.is_imported else run.line()
        if step.state == "partial":
            return f"the `rtcan train` line that began {step.path.stem}, again"
    finished = [step for step in runs if step.state == "done"]
    if not finished:
        fusion = "music" if _wants("music", dataset, steps[0].path) else None
        return workspace.line("train", dataset=dataset, fusion=fusion)
    several = len([step for step in finished if not _is_imported(step.path)]) > 1
    return workspace.line("compare" if several else "evaluate", dataset=dataset)


def _is_imported(run: Path) -> bool:
    """Whether a run was not trained here, so that there is nothing to compare."""
    with Store(run, "run") as store:
        return store.provenance.command != "train"


def _wants(kind: str, dataset: str, recordings: Path) -> bool:
    """Whether a store of this kind belongs to the usual way to a trained network."""
    if kind == "music":
        return profile(dataset).stimulus_word == "song" or _has_audio(recordings)
    return kind != "features"


def _has_audio(recordings: Path) -> bool:
    try:
        with Store(recordings, "recordings") as store:
            return bool((store.array("stimuli/audio") != "").any())
    except RtcanError:
        return False  # ingest comes first


def _has_ratings(recordings: Path) -> bool:
    try:
        with Store(recordings, "recordings") as store:
            return bool(store.table("trials", TARGETS).notna().any(axis=None))
    except RtcanError:
        return True  # ingest comes first


def _options(step: Step) -> dict[str, object]:
    """Options that a stale store was made with, where they are not the usual ones."""
    if step.state != "stale":
        return {}
    with Store(step.path, step.kind) as store:
        made, made_for = store.provenance.parameters, store.provenance.dataset
    for name in ("import", "imported"):  # labels, or features of songs
        if name in made:
            return {"import": made[name]}
    return {
        RENAMED.get(name, name): made[name]
        for name, usual in {**USUAL, "onset": profile(made_for).onset}.items()
        if made.get(name, usual) != usual
    }


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"

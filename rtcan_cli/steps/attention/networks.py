"""Which runs to explain, from which stores, and which to show beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Workspace
from rtcan_cli.stores.choice import take

#: The networks of the paper's Figs. 5 to 8, and what each shows.
SHOWN = {
    "Rb": "Rb: channel attention",
    "Rd": "Rd: temporal attention",
    "Rf": "Rf: channel and temporal attention",
}


def newest_run(
    workspace: Workspace, dataset: str | None, targets: Sequence[str] | None = None
) -> Path:
    """The run that is taken of those that can be explained, for one of the targets.

    One that predicts none of the targets still counts before one that cannot be explained. Of
    several, see `rtcan_cli.stores.choice.take`.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    runs = [run for path in workspace.runs(dataset) if (run := Run.load(path)).can_be_explained]
    runs = [run for run in runs if predicts_one(run, targets)] or runs
    if runs:
        return take([run.path for run in runs], " that can be explained")
    return workspace.find_run(None, dataset)


def predicts_one(run: Run, targets: Sequence[str] | None) -> bool:
    """Whether a run predicts one of the targets; without targets, any will do."""
    return targets is None or bool({*targets} & {*run.settings.targets})


def choose_run(
    workspace: Workspace,
    dataset: str | None,
    subject: str,
    stimulus: str,
    repetition: int | None = None,
    targets: Sequence[str] | None = None,
) -> Path:
    """The run that is taken of those with a network that tests this trial for one of the targets.

    `newest_run` if none does. Without targets, any counts. Of several, see
    `rtcan_cli.stores.choice.take`.

    Without `repetition`, any hearing of the stimulus by the subject will do.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    testing = []
    for path in workspace.runs(dataset):
        run = Run.load(path)
        tested = run.predictions.dropna(subset=["probability"])
        if targets is not None:
            tested = tested[tested["target"].isin(targets)]
        if (
            run.can_be_explained
            and not run.is_imported
            and (
                (tested["subject"] == subject)
                & (tested["stimulus"] == stimulus)
                & (repetition is None or tested["repetition"] == repetition)
            ).any()
        ):
            testing.append(path)
    if testing:
        return take(testing, " with a network that tests this trial")
    return newest_run(workspace, dataset, targets)


def sources_of(workspace: Workspace, run_path: Path) -> Sources:
    """The workspace's stores that a run of it was made from."""
    run = Run.load(run_path)
    paths = {kind: workspace.store(run.dataset.name, kind) for kind in run.provenance.inputs}
    return Sources(
        paths.get("components"),
        paths["labels"],
        paths.get("music"),
        recordings=paths.get("recordings"),
    )


def side_by_side(first: Run, companions: list[Path], tests: Callable[[Run], object]) -> list[Run]:
    """The run and its relatives, which differ in nothing but the variant, in paper order.

    Of each variant the first that ``tests`` the trial in question is taken.
    """
    found = {first.settings.spec.variant: first}
    for path in companions:
        run = Run.load(path)
        variant = run.settings.spec.variant
        wanted = variant in SHOWN and variant not in found
        if wanted and _kin(run) == _kin(first) and tests(run):
            found[variant] = run
    return [found[name] for name in sorted(found)]


def _kin(run: Run) -> dict[str, Any]:
    ignored = ("variant", "targets", "test_subject")
    settings = {k: v for k, v in run.settings.parameters().items() if k not in ignored}
    return settings | {"inputs": run.provenance.inputs}

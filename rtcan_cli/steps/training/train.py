"""Components, labels and music -> run store, or many of them in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.polarity import told
from rtcan_cli.errors import BlockedError, DamagedError, PartlyDone, RtcanError
from rtcan_cli.results.training.runs import Training
from rtcan_cli.runs.fold_labels import check_thresholds
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.present import refuse_changed, refuse_outdated
from rtcan_cli.runs.run import candidate_name
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.training.begun import BEGUN, result_name
from rtcan_cli.steps.training.curve_log import CurveLog
from rtcan_cli.steps.training.curves import Taker, curves_of_run, kept_curve
from rtcan_cli.steps.training.event_files import EventFiles
from rtcan_cli.steps.training.lengths import length_notes
from rtcan_cli.steps.training.notes import say_steps
from rtcan_cli.steps.training.plan import Planner, RunPlan, RunRequest, Unit
from rtcan_cli.steps.training.result import training_result
from rtcan_cli.steps.training.units import fit_units, side_by_side
from rtcan_cli.stores import Provenance, create
from rtcan_cli.training.fold import HISTORY, NotFinite
from rtcan_cli.training.folds.splits import TEST

if TYPE_CHECKING:
    import torch

#: Columns of the models table that a kept result holds as they are.
FACTS = (
    *("n_parameters", "temperature"),
    *("seconds", "cpu_seconds", "threads", "device", "hardware", "software"),
)


def train_run(
    sources: Sources,
    output: Path,
    settings: RunSettings,
    device: torch.device | None = None,
    jobs: int | Cluster = 1,
    force: bool = False,
    splits_from: Path | None = None,
) -> Training:
    """Train all folds of all targets of a run; go on where an interrupted call stopped.

    Parameters
    ----------
    sources : Sources
        Stores to train on.
    output : Path
        Run store to write.
    settings : RunSettings
        Network, recipe, targets and folds.
    device : torch.device, optional
        Where to train; the CPU by default.
    jobs : int or Cluster
        Folds trained at the same time on the device, at most one for each core, -1 for as many; or
        the cluster that trains them.
    force : bool
        Train again even if the same run is there.
    splits_from : Path, optional
        Run store to take the folds from; the one that ``settings.splits_from`` names.

    Raises
    ------
    RtcanError
        If the stores do not belong together, too few subjects, stimuli or classes are there for
        the folds, the folds break the promise of their protocol, the loss of a fold is not finite
        any more, or another process is training the same run.
    """
    request = RunRequest(sources, output, settings, splits_from)
    return train_runs([request], device, jobs, force)


def train_runs(
    requests: Sequence[RunRequest],
    device: torch.device | None = None,
    jobs: int | Cluster = 1,
    force: bool = False,
    log: Path | None = None,
    events: Path | None = None,
    refused: Sequence[RtcanError] = (),
) -> Training:
    """Train many runs in one go; each store is written as soon as its last fold is trained.

    Parameters
    ----------
    requests : sequence of RunRequest
        Runs of one dataset that are wanted, each with a store of its own. Those that are there
        already are left as they are. All are checked before the first is trained. Of several
        models, those that are not possible are named then, and again in the end.
    device, jobs, force
        As of `train_run`.
    log : Path, optional
        CSV file for the learning curves of networks, see `CurveLog`.
    events : Path, optional
        Folder for the same as event files of TensorBoard.
    refused : sequence of RtcanError
        What is wrong with other models that were wanted.

    Raises
    ------
    PartlyDone
        If some of the models are not possible: the others are trained then.
    RtcanError
        As of `train_run`, and if the curves cannot be written. If the loss of a fold is not finite
        any more, its run is not written; its other folds, and all other runs, are trained first.
    """
    requests, plans, units, refused = _plan_missing(requests, force, refused)
    if refused and not requests:
        raise refused[0]
    for why in _reasons(refused):
        console.warn(f"{why}; the other runs are trained")
    say_steps(plans)
    notes = length_notes(requests)
    if plans:
        for note in notes:
            if note.kind != "length_alone":  # before the work that it may spare
                console.warn(note.text if note.command is None else f"{note.text}: {note.command}")
    waiting = Counter(unit.partial.store for unit in units)
    plan_of = {plan.output: plan for plan in plans}
    hopeless: list[tuple[Unit, NotFinite]] = []
    with ExitStack() as locks:
        asked = {request.output: request for request in requests}
        where, at_a_time = str(device or "cpu"), side_by_side(jobs)
        for plan in plans:
            locks.enter_context(plan.partial.held())
            locks.enter_context(_begun(plan, asked[plan.output], where, at_a_time))

        def on_finished(unit: Unit) -> None:
            plan = plan_of[unit.partial.store]
            waiting[plan.output] -= 1
            if waiting[plan.output]:
                return
            if lost := without_candidate(plan):
                hopeless.extend(lost)
                for last, _ in lost:  # so that the same command tries them again
                    for name in _candidates(plan, last.target, last.fold):
                        plan.partial.remove(name)
                return
            write_run(plan)
            plan.partial.discard()
            if len(requests) > 1:
                console.say(f"{plan.output}: done")

        planned = {plan.output for plan in plans}
        there = [request.output for request in requests if request.output not in planned]
        takers = _takers(units, there, log, events, locks)
        failed = fit_units(units, device, jobs, on_finished, takers) + hopeless
    if failed:
        raise _not_finite(failed, refused)
    result = training_result([request.output for request in requests], notes)
    result = replace(result, files=(*result.files, *(each for each in (log, events) if each)))
    if refused:
        raise PartlyDone(_impossible(refused), "the same line without them", result)
    return result


@contextmanager
def _begun(plan: RunPlan, request: RunRequest, device: str, side_by_side: int) -> Iterator[None]:
    """Let a run tell of itself; no more if nothing is kept of it in the end."""
    plan.begun(request, device, side_by_side).keep(plan.partial)
    try:
        yield
    finally:
        if plan.partial.names() == {BEGUN}:
            plan.partial.remove(BEGUN)


def _takers(
    units: Sequence[Unit],
    there: Sequence[Path],
    log: Path | None,
    events: Path | None,
    files: ExitStack,
) -> list[Taker]:
    """What writes learning curves down; it has those of finished runs already."""
    takers: list[Taker] = []
    if log is None and events is None:
        return takers
    finished = [curve for path in there for curve in curves_of_run(path)]
    if events is not None:
        takers.append(files.enter_context(EventFiles.opened(events)))
    if log is not None:
        kept = [*finished, *filter(None, map(kept_curve, units))]
        runs = {(curve.dataset, curve.run) for curve in finished}
        runs |= {(unit.made.dataset, unit.partial.store.stem) for unit in units}
        takers.append(files.enter_context(CurveLog.opened(log, runs, kept)))
    for taker in takers:
        for curve in finished:
            taker.take(curve, 0)
    return takers


def _plan_missing(
    requests: Sequence[RunRequest], force: bool, refused: Sequence[RtcanError]
) -> tuple[list[RunRequest], list[RunPlan], list[Unit], list[RtcanError]]:
    """Plan the runs that are not there yet.

    Returns
    -------
    possible : list of RunRequest
        Those that are there, or can be trained.
    plans, units
        What is to be trained.
    refused : list of RtcanError
        What is wrong with the others, after what is known already.
    """
    planner = Planner()
    possible, plans = list[RunRequest](), list[RunPlan]()
    units, impossible = list[Unit](), [*refused]
    several = refused or len({request.settings.spec.model for request in requests}) > 1
    for request in console.counted(requests, "preparing", "run"):
        try:
            plan = _plan(planner, request, force)
            units += [] if plan is None else plan.units()
        except RtcanError as error:
            # One model with other settings is more likely a slip, and a store that is damaged or
            # cannot be read has nothing to do with the model: they are told before any training.
            if not several or isinstance(error, (BlockedError, DamagedError)):
                raise
            impossible.append(error)
            continue
        possible.append(request)
        plans += [] if plan is None else [plan]
    wanted = {request.output: request for request in possible}
    for plan in plans:
        # Runs share what was loaded for the first of them, which may have taken long.
        refuse_changed(wanted[plan.output].sources, plan.provenance.inputs)
    return possible, plans, units, impossible


def _plan(planner: Planner, request: RunRequest, force: bool) -> RunPlan | None:
    """Plan a run; None if it is there."""
    if request.splits_from is not None and (
        request.splits_from.resolve() == request.output.resolve()
    ):
        raise RtcanError(
            f"{request.output}: a run cannot take its folds from itself", "another --name"
        )
    check_thresholds(request.settings)
    inputs, made = request.sources.check()
    refuse_outdated(request.sources)
    parameters = request.settings.parameters()
    provenance = Provenance(
        *("train", made.dataset, parameters, inputs, made.simulated),
        _told(made.parameters),
        request.sources.music_set(),
    )
    return (
        None
        if is_current(request.output, "run", provenance, force)
        else planner.plan(request, provenance)
    )


def _reasons(refused: Sequence[RtcanError]) -> list[str]:
    """Why runs are not possible, each reason once, and what to do about it."""
    return list(
        dict.fromkeys(f"{each} (try: {each.hint})" if each.hint else str(each) for each in refused)
    )


def _impossible(refused: Sequence[RtcanError]) -> str:
    n = len(refused)
    return f"{n} run{' is' if n == 1 else 's are'} not possible: {'; '.join(_reasons(refused))}"


def _not_finite(
    failed: list[tuple[Unit, NotFinite]], refused: Sequence[RtcanError] = ()
) -> RtcanError:
    """What to say of runs that were not written because of some of their folds."""
    unit, first = failed[0]
    others = f" (and in {len(failed) - 1} more folds)" if len(failed) > 1 else ""
    runs = list(dict.fromkeys(unit.partial.store.stem for unit, _ in failed))[1:]
    nor = f"; nor {'is' if len(runs) == 1 else 'are'} {', '.join(runs)}" if runs else ""
    more = f"; and {_impossible(refused)}" if refused else ""
    return RtcanError(
        f"{unit.partial.store}: not written: {unit.target}: {first}{others}{nor}{more}",
        "a lower --lr, or --clip-norm 1, which make another run. All other folds are trained and "
        "kept; the same command tries only what is missing",
    )


def write_run(run: RunPlan) -> None:
    """Write the run store from the kept results, one fold in memory at a time."""
    predictions, membership, labels, epochs, models = [], [], [], [], []
    model = run.settings.model
    with create(run.output, "run", run.provenance) as store:
        for plan in run.targets:
            probability = np.full(len(plan.data.label), np.nan)
            role = plan.splits.role
            for position, k in enumerate(plan.folds):
                candidate, item = _chosen(run, plan.target, k)
                probability[role[:, k] == TEST] = item["test_probability"]
                for name, values in item.items():
                    if name.startswith("weights."):
                        own = candidate_name(model, candidate, name.removeprefix("weights."))
                        path = f"weights/{plan.target}/{own}"
                        store.write_slice(path, position, len(plan.folds), values)
                history = {name: item[f"history.{name}"] for name in HISTORY}
                n_epochs = len(history["train_loss"])
                epochs.append(
                    pd.DataFrame(history).assign(
                        target=plan.target, fold=k + 1, epoch=np.arange(n_epochs) + 1
                    )
                )
                models.append(
                    {
                        "target": plan.target,
                        "fold": k + 1,
                        "best_epoch": int(item["best_epoch"]) + 1,
                        "candidate": candidate + 1,
                        "setting": model.setting(candidate),
                        **{name: item[name].item() for name in FACTS},
                    }
                )
            membership.append(role)
            labels.append(plan.data.labels_of_folds(role.shape[1]))
            predictions.append(
                pd.DataFrame(
                    {
                        "target": plan.target,
                        "subject": plan.data.subject.astype(object),
                        "stimulus": plan.data.stimulus.astype(object),
                        "repetition": plan.data.repetition,
                        "song": plan.data.piece.astype(object),
                        "label": plan.data.label,
                        "fold": plan.splits.test_fold + 1,
                        "probability": probability,
                    }
                )
            )
        store.write_table("predictions", pd.concat(predictions))
        store.write("membership/role", np.concatenate(membership))
        store.write("membership/label", np.concatenate(labels).astype(np.int8))
        store.write_table("thresholds", run.thresholds)
        store.write_table("epochs", pd.concat(epochs))
        store.write_table("models", pd.DataFrame(models))


def _chosen(run: RunPlan, target: str, fold: int) -> tuple[int, dict[str, NDArray[Any]]]:
    """The candidate of a fold with the least validation loss, and its kept result.

    Its times are those of all candidates that were trained, since it took them all to find it.
    """
    names = _candidates(run, target, fold)
    candidate = int(np.argmin([_loss(run, name) for name in names]))
    item = run.partial.get(names[candidate])
    assert item is not None, f"fold {fold} of {target} was trained above"
    times = {
        key: np.sum([_peek(run, name, key) for name in names]) for key in ("seconds", "cpu_seconds")
    }
    return candidate, item | times


def without_candidate(run: RunPlan) -> list[tuple[Unit, NotFinite]]:
    """Folds none of whose candidates could be trained, each as its last one."""
    if len(run.settings.model.grid) == 1:
        return []  # it would not have been kept
    return [
        (unit, NotFinite(f"fold {unit.fold + 1}: the loss of no candidate stays finite"))
        for unit in {(unit.target, unit.fold): unit for unit in run.units()}.values()
        if not np.isfinite(
            [_loss(run, name) for name in _candidates(run, unit.target, unit.fold)]
        ).any()
    ]


def _candidates(run: RunPlan, target: str, fold: int) -> list[str]:
    return [result_name(target, fold, k) for k in range(len(run.settings.model.grid))]


def _loss(run: RunPlan, name: str) -> float:
    losses = _peek(run, name, "history.validation_loss")
    loss = float(losses[int(_peek(run, name, "best_epoch"))])
    return loss if np.isfinite(loss) else np.inf


def _peek(run: RunPlan, name: str, key: str) -> NDArray[Any]:
    found = run.partial.peek(name, key)
    assert found is not None, f"{name} was kept above"
    return found


def _told(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What a run states of its inputs in case these are gone, see `Provenance.eda`."""
    own = {"within_subject": "yes"} if parameters.get("within_subject") else {}
    return told(parameters) | own

"""Components, labels and music -> run store, or many of them in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.polarity import told
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.check import settings_of
from rtcan_cli.runs.fold_labels import check_thresholds
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run, about_settings, candidate_name, describe_choices
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.training.notes import say_steps, training_notes
from rtcan_cli.steps.training.plan import Planner, RunPlan, RunRequest, Unit, result_name
from rtcan_cli.steps.training.units import fit_units
from rtcan_cli.stores import Provenance, Store, create
from rtcan_cli.stores.lines import line_on_runs
from rtcan_cli.training.fit import HISTORY, NotFinite
from rtcan_cli.training.folds.splits import TEST, VALIDATION
from rtcan_cli.views.run import protocol_in_words

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
    stack: int = 1,
) -> Report:
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
        Folds trained at the same time on the CPU, at most one on each core, -1 for as many; or the
        cluster that trains them.
    force : bool
        Train again even if the same run is there.
    splits_from : Path, optional
        Run store to take the folds from; the one that ``settings.splits_from`` names.
    stack : int
        Folds trained together as one program, at most; by default one after the other.

    Raises
    ------
    RtcanError
        If the stores do not belong together, too few subjects, stimuli or classes are there for
        the folds, the folds break the promise of their protocol, the loss of a fold is not finite
        any more, or another process is training the same run.
    """
    request = RunRequest(sources, output, settings, splits_from)
    train_runs([request], device, jobs, force, stack)
    return summarise(output)


def train_runs(
    requests: Sequence[RunRequest],
    device: torch.device | None = None,
    jobs: int | Cluster = 1,
    force: bool = False,
    stack: int = 1,
) -> None:
    """Train many runs in one go; each store is written as soon as its last fold is trained.

    Parameters
    ----------
    requests : sequence of RunRequest
        Runs that are wanted, each with a store of its own. Those that are there already are left
        as they are. All are checked before the first is trained.
    device, jobs, force, stack
        As of `train_run`.

    Raises
    ------
    RtcanError
        As of `train_run`. If the loss of a fold is not finite any more, its run is not written;
        its other folds, and all other runs, are trained first.
    """
    plans = _plan_missing(requests, force)
    units = [unit for plan in plans for unit in plan.units()]
    say_steps(plans)
    waiting = Counter(unit.partial.store for unit in units)
    plan_of = {plan.output: plan for plan in plans}
    hopeless: list[tuple[Unit, NotFinite]] = []
    with ExitStack() as locks:
        for plan in plans:
            locks.enter_context(plan.partial.held())

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

        failed = fit_units(units, device, jobs, on_finished, stack) + hopeless
    if failed:
        raise _not_finite(failed)


def _plan_missing(requests: Sequence[RunRequest], force: bool) -> list[RunPlan]:
    """Plan the runs that are not there yet."""
    planner = Planner()
    plans = []
    for request in requests:
        if request.splits_from is not None and (
            request.splits_from.resolve() == request.output.resolve()
        ):
            raise RtcanError(
                f"{request.output}: a run cannot take its folds from itself", "another --name"
            )
        check_thresholds(request.settings)
        inputs, made = request.sources.check()
        parameters = request.settings.parameters()
        provenance = Provenance(
            "train", made.dataset, parameters, inputs, made.simulated, told(made.parameters)
        )
        if not is_current(request.output, "run", provenance, force):
            plans.append(planner.plan(request, provenance))
    return plans


def _not_finite(failed: list[tuple[Unit, NotFinite]]) -> RtcanError:
    """What to say of runs that were not written because of some of their folds."""
    unit, first = failed[0]
    others = f" (and in {len(failed) - 1} more folds)" if len(failed) > 1 else ""
    runs = list(dict.fromkeys(unit.partial.store.stem for unit, _ in failed))[1:]
    nor = f"; nor {'is' if len(runs) == 1 else 'are'} {', '.join(runs)}" if runs else ""
    return RtcanError(
        f"{unit.partial.store}: not written: {unit.target}: {first}{others}{nor}",
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


def summarise(path: Path) -> Report:
    """Describe a finished run by its validation folds; `evaluate` looks at the test folds."""
    with Store(path, "run") as store:
        models, made = store.table("models"), store.provenance
        predictions = store.table("predictions")
        settings = settings_of(store)
        rows = at_chosen_epoch(store, settings.model.step)
    report = Report("train", files=[path])
    report.facts = {
        "run": path.stem,
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "model": settings.network,
        "recipe": settings.training + (f", {settings.epochs} epochs" if settings.recipe else ""),
        "protocol": protocol_in_words(about_settings(path.stem, made, settings, 0)),
        "subjects": predictions["subject"].nunique(),
        **training_facts(models),
    }
    report.tables.append(validation_table([settings.model.step], ["target"], rows, made.simulated))
    notes = [*describe_choices(models), *training_notes(Run.load(path))]
    report.notes += [note.text for note in notes]
    report.notes.append(f"next: {line_on_runs('evaluate', [path])}")
    return report


def training_facts(models: pd.DataFrame) -> dict[str, object]:
    """Where networks were trained, and what that took: facts of a report."""
    return {
        "device": ", ".join(sorted(set(models["device"]))),
        "training time, all folds [s]": round(float(models["seconds"].sum()), 1),
    }


def validation_table(
    steps: Sequence[str], first: list[str], rows: list[list[object]], simulated: bool
) -> Table:
    """The table of validation folds.

    Parameters
    ----------
    steps : sequence of str
        What the models of its rows take their steps in, see `rtcan_cli.models.registry.Model`.
    first : list of str
        Names of the columns before those of `at_chosen_epoch`, and of its target.
    rows : list of list
    simulated : bool
        Whether the table has to say that the data are simulated.
    """
    taken = " or ".join(sorted({step for step in steps if step}))
    columns = [*first, "trials", "folds", f"median {taken or 'step'}", "loss", "accuracy [%]"]
    title = "Validation folds" + (f" at the chosen {taken}" if taken else "")
    return Table(title + (", simulated data" if simulated else ""), columns, rows)


def at_chosen_epoch(store: Store, step: str) -> list[list[object]]:
    """Describe the validation folds of a run: a row a target.

    Parameters
    ----------
    store : Store
        The run.
    step : str
        What its model takes its steps in, if in any.

    Returns
    -------
    list of list
        Target, validation trials of all trained folds, folds, median of the chosen epochs or trees
        (None if it takes no steps), mean loss, mean accuracy in per cent.
    """
    models, epochs = store.table("models"), store.table("epochs")
    role, of = store.array("membership/role"), store.array("predictions/target")
    chosen = models.merge(
        epochs, left_on=["target", "fold", "best_epoch"], right_on=["target", "fold", "epoch"]
    )
    return [
        [
            target,
            int((role[of == target][:, part["fold"].to_numpy() - 1] == VALIDATION).sum()),
            len(part),
            float(part["best_epoch"].median()) if step else None,
            float(part["validation_loss"].mean()),
            100 * float(part["validation_accuracy"].mean()),
        ]
        for target, part in chosen.groupby("target", sort=False)
    ]

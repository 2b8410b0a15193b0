"""Runs that differ in their seed alone: which these are, their mean and their spread."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import over_folds
from rtcan_cli.results.base import Note
from rtcan_cli.results.run import SEED_COLUMNS, name_of_seeds
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.trial_key import TRIAL_KEY

_SCORES = {"accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "f1": "f1_high"}


@dataclass(frozen=True)
class Seeds:
    """One run or more that differ in nothing but what their seed decides.

    Parameters
    ----------
    runs : tuple of Run
        They test the same trials, with the same labels; no seed is there twice.
    same_folds : bool
        Whether all have the same folds, so that the seeds differ in weights and shuffles alone.
    """

    runs: tuple[Run, ...]
    same_folds: bool = True

    @property
    def first(self) -> Run:
        """The run that speaks for settings, dataset and protocol."""
        return self.runs[0]

    @property
    def name(self) -> str:
        """Name of the first run, and how many seeds there are if there are several."""
        return name_of_seeds(self.first.name, len(self.runs))

    @property
    def seeds(self) -> str:
        """The seeds, as a user would type them."""
        return ",".join(str(run.settings.seed) for run in self.runs)

    def trials(self, target: str) -> list[pd.DataFrame]:
        """Predictions of one target by each seed."""
        return [run.trials(target) for run in self.runs]

    def led_by(self, run: Run) -> Seeds:
        """The same with one of its runs first."""
        return Seeds((run, *(each for each in self.runs if each is not run)), self.same_folds)


def group_seeds(runs: Sequence[Run]) -> list[Seeds]:
    """Put runs together that differ in their seed alone.

    Runs with the same folds belong together first; of what is left, those whose seeds dealt other
    folds. A run whose seed is there already (it may be a copy) stays on its own: it says nothing
    about how much training varies.

    Parameters
    ----------
    runs : sequence of Run
        None of them imported.

    Returns
    -------
    list of Seeds
        Each run once, in the order of their first runs.
    """
    alike: dict[str, list[Run]] = {}
    for run in runs:
        alike.setdefault(_but_seed(run.provenance) + _tested(run), []).append(run)
    found: list[Seeds] = []
    for part in alike.values():
        by_folds: dict[str, list[Run]] = {}
        if len(part) > 1:
            for run in part:
                by_folds.setdefault(_folds(run), []).append(run)
        else:
            by_folds[""] = part
        alone: list[Run] = []
        for members in by_folds.values():
            first, *copies = _by_seed(members)
            if len(first) > 1:
                found.append(Seeds(tuple(first)))
            else:
                alone += first
            found += [Seeds((run,)) for copy in copies for run in copy]
        if alone:
            first, *copies = _by_seed(alone)
            found.append(Seeds(tuple(first), same_folds=len(first) == 1))
            found += [Seeds((run,)) for copy in copies for run in copy]
    order = {id(run): place for place, run in enumerate(runs)}
    return sorted(found, key=lambda group: min(order[id(run)] for run in group.runs))


def _by_seed(runs: Sequence[Run]) -> list[list[Run]]:
    """The first run of each seed, then the second ones, and so on."""
    rounds: list[dict[int, Run]] = []
    for run in runs:
        free = next((each for each in rounds if run.settings.seed not in each), None)
        if free is None:
            rounds.append(free := {})
        free[run.settings.seed] = run
    return [list(each.values()) for each in rounds]


def _tested(run: Run) -> str:
    """A fingerprint of the trials that a run has tested, with their labels."""
    tested = run.predictions[run.predictions["probability"].notna()]
    columns = ("target", *TRIAL_KEY, "label")
    keys = sorted(zip(*(tested[name].tolist() for name in columns), strict=True))
    return hashlib.blake2b(json.dumps(keys).encode(), digest_size=16).hexdigest()


def _folds(run: Run) -> str:
    """A fingerprint of what each trial is used for in each fold."""
    table = run.predictions
    order = np.lexsort([table[name].to_numpy() for name in (*reversed(TRIAL_KEY), "target")])
    role = np.ascontiguousarray(run.membership[order])
    return hashlib.blake2b(repr(role.shape).encode() + role.tobytes(), digest_size=16).hexdigest()


def seeds_beside(run: Run) -> Seeds:
    """A run, and the runs in the same folder that differ from it in the seed alone.

    Runs that cannot be read are none of them, as far as anybody can tell.
    """
    own, others = _but_seed(run.provenance), []
    for other in sorted(run.path.parent.glob("*.h5")):
        try:
            with Store(other, "run") as store:  # looks at no table yet: there may be many runs
                same = _but_seed(store.provenance) == own
            if same and other.resolve() != run.path.resolve():
                others.append(Run.load(other))
        except RtcanError:
            continue
    groups = group_seeds([run, *others])
    return next(g for g in groups if any(each is run for each in g.runs)).led_by(run)


def alike_but_seed(one: Run, other: Run) -> bool:
    """Whether two runs were made alike in all but their seed and whose folds they use."""
    return _but_seed(one.provenance) == _but_seed(other.provenance)


def _but_seed(made: Provenance) -> str:
    """All that a run was made with but its seed and the run whose folds it uses."""
    settings = {**made.parameters, "seed": None, "splits_from": None}
    return json.dumps([made.dataset, made.simulated, made.inputs, settings], sort_keys=True)


def seed_scores(groups: Sequence[Seeds]) -> pd.DataFrame:
    """Mean over seeds, and spread between seeds, of scores that are means over folds.

    Parameters
    ----------
    groups : sequence of Seeds
        Each with several runs.

    Returns
    -------
    DataFrame
        A row a group and target, see `rtcan_cli.results.run.SEED_COLUMNS`.
    """
    rows = []
    for group in groups:
        for target in group.first.settings.targets:
            means = pd.DataFrame([over_folds(run.scores(target)[0])["mean"] for run in group.runs])
            first = group.first
            row: dict[str, object] = {"dataset": first.dataset.name, "simulated": first.simulated}
            row |= {"run": first.name, "target": target}
            row |= {"seeds": group.seeds, "same_folds": group.same_folds}
            for score, name in _SCORES.items():
                row[name] = float(means[score].mean())
                row[f"{name}_sd"] = float(means[score].std(ddof=1))
            rows.append(row)
    return pd.DataFrame(rows, columns=list(SEED_COLUMNS))


def seed_note(groups: Sequence[Seeds]) -> Note:
    """Say what the spread between seeds is of."""
    if all(group.same_folds for group in groups):
        text = (
            "sd between seeds: how much a score changes when the same folds are trained again, "
            "with other initial weights and shuffles"
        )
    else:
        text = (
            "sd between seeds: how much a score changes with other initial weights and shuffling "
            "and, if each seed draws its own folds, with other folds; --splits-from keeps the folds"
        )
    return Note("seeds", text)

"""Runs -> is there signal in EDA or music for unseen subjects, how sure, compared with what.

One network speaks for each input and target. It is chosen by how it was made, never by its score:
RTCAN-1D before other networks, and the run with the most seeds, or else the newest. Without a
network, the first of `SIMPLE` speaks. All simple models of the same input are tested as well, since
any model that separates the classes shows that the input does. All tests of a dataset are adjusted
together (`rtcan_cli.steps.report.skill`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import PROFILES, TARGETS
from rtcan_cli.evaluation.bootstrap import common_trials, tested
from rtcan_cli.evaluation.metrics import leading_score
from rtcan_cli.evaluation.statistics import holm
from rtcan_cli.results.answer import RIVAL_COLUMNS, TEST_COLUMNS, Answer
from rtcan_cli.results.base import Note
from rtcan_cli.results.scores.leakage import PROTOCOL_COLUMNS, Leakage
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import Seeds, group_seeds
from rtcan_cli.steps.report.skill import adjusted, scores_of
from rtcan_cli.steps.scores.simple_rivals import OF_SONGS, SIMPLE, SURE, best_rival

#: What is asked about, by ``--fusion``.
INPUTS = {"none": "EDA", "music-only": "music", "music": "EDA and music"}
#: Models that see neither EDA nor music, which show how much of a score may come from elsewhere.
PRIORS = (OF_SONGS, "duration-prior")
#: Protocols whose scores are of unseen subjects, the usual one first.
UNSEEN = ("subject", "loso", "subject+stimulus")


@dataclass(frozen=True)
class Chosen:
    """The answer for a dataset, and the runs behind it.

    Parameters
    ----------
    answer : Answer
    speaking : tuple of Seeds
        Those that speak for the inputs, in the order of `INPUTS`: networks, or simple models where
        there is none.
    """

    answer: Answer
    speaking: tuple[Seeds, ...]


def answers(runs: Sequence[Run], leakage: Leakage | None) -> Iterator[Chosen]:
    """Yield the answer of each dataset that has runs; recorded data come before simulated ones.

    Parameters
    ----------
    runs : sequence of Run
        The newest first; imported ones do not count.
    leakage : Leakage, optional
        Runs of several protocols.

    Raises
    ------
    RtcanError
        See `Run.scores`.
    """
    own = [run for run in runs if not run.is_imported]
    order = list(PROFILES)
    data = {(run.simulated, order.index(run.dataset.name), run.dataset.name) for run in own}
    for simulated, _, name in sorted(data):
        mine = [run for run in own if (run.simulated, run.dataset.name) == (simulated, name)]
        yield _answer(mine, leakage)


def input_of(run: Run) -> str:
    """What a run is asked about; empty if it sees neither EDA nor music."""
    sees, fusion = run.settings.model.sees(run.settings.fusion), run.settings.fusion
    return INPUTS[fusion] if fusion != "none" or sees in ("signals", "features") else ""


def _answer(runs: Sequence[Run], leakage: Leakage | None) -> Chosen:
    first = runs[0]
    groups = [group for group in group_seeds(runs) if group.first.settings.protocol in UNSEEN]
    groups.sort(key=_rank)
    notes: list[Note] = []
    speaking: list[Seeds] = []
    rows: list[dict[str, object]] = []
    rivals: list[dict[str, object]] = []
    for asked in INPUTS.values():
        seeing = [group for group in groups if input_of(group.first) == asked]
        found = [group for group in seeing if group.first.settings.model.is_network]
        notes += _not_shown(asked, found)
        simple = _first_of_each(seeing, SIMPLE)
        for target in TARGETS:
            networks = [each for each in found if target in each.first.settings.targets][:1]
            able = [each for each in simple if target in each.first.settings.targets]
            speaking += [
                each
                for each in (*networks, *able)[:1]
                if not any(each is other for other in speaking)
            ]
            for role, group in (
                *(("network", g) for g in networks),
                *(("simple", g) for g in able),
            ):
                rows.append({**_test(group, target), "input": asked, "role": role})
            for network in networks:
                if (rival := _rival(network, target, groups)) is not None:
                    rivals.append({**rival, "input": asked})
    notes += _partial(speaking)
    for group in _first_of_each(groups, PRIORS):
        for target in group.first.settings.targets:
            rows.append({**_test(group, target), "input": "", "role": "prior"})
    tests, n_tests = adjusted(pd.DataFrame(rows).reindex(columns=list(TEST_COLUMNS)))
    against = pd.DataFrame(rivals).reindex(columns=list(RIVAL_COLUMNS))
    against["p_holm"] = holm(_of_the_best(against))
    against["verdict"] = [_verdict(row) for row in against.itertuples()]
    protocols = pd.DataFrame(columns=list(PROTOCOL_COLUMNS))
    if leakage is not None:
        every = leakage.protocols
        protocols = every[
            (every["dataset"] == first.dataset.name) & (every["simulated"] == first.simulated)
        ].reset_index(drop=True)
    answer = Answer(
        dataset=first.dataset.name,
        simulated=first.simulated,
        n_tests=n_tests,
        tests=tests,
        rivals=against,
        protocols=protocols,
        notes=tuple(dict.fromkeys(notes)),
    )
    return Chosen(answer, tuple(speaking))


def _partial(speaking: Sequence[Seeds]) -> Iterator[Note]:
    """Say which of the runs that speak have not seen the whole study."""
    for group in speaking:
        if (subjects := group.first.settings.subjects) is not None:
            text = f"{group.name} has only a part of the subjects (--subjects {subjects})."
            yield Note("part_of_the_subjects", text)


def _rank(group: Seeds) -> tuple[object, ...]:
    """Which run speaks for others that answer the same question; what is known before scoring."""
    run = group.first
    return (
        not run.is_complete,
        run.settings.subjects is not None,
        UNSEEN.index(run.settings.protocol),
        run.model_name != choices.MODEL,
        -len(group.runs),
    )


def _first_of_each(groups: Sequence[Seeds], models: Sequence[str]) -> list[Seeds]:
    """Of each of these models its first run."""
    found: dict[str, Seeds] = {}
    for group in groups:
        found.setdefault(group.first.model_name, group)
    return [found[name] for name in models if name in found]


def _not_shown(asked: str, networks: Sequence[Seeds]) -> Iterator[Note]:
    """Name the networks that do not speak for an input and target, since another one does."""
    found: dict[tuple[str, ...], list[str]] = {}
    for target in TARGETS:
        able = [group for group in networks if target in group.first.settings.targets]
        found.setdefault(tuple(group.name for group in able), []).append(target)
    for names, targets in found.items():
        if len(names) > 1:
            taken, *others = names
            text = (
                f"Networks that see {asked}: {taken} is shown here for {' and '.join(targets)}, "
                "chosen without a look at its score; the others are among the runs side by side: "
                f"{', '.join(others)}."
            )
            yield Note("other_networks", text)


def _test(group: Seeds, target: str) -> dict[str, object]:
    """Scores of a model on all its tested trials, and whether they are above no skill."""
    first = group.first
    summaries = [run.scores(target)[1] for run in group.runs]  # looks at the folds of each
    every = group.trials(target)
    trials = common_trials(every) if len(every) > 1 else [tested(every[0])]
    audit = first.audit(target)[["test", "stimulus_in_training"]].sum()
    return {
        "target": target,
        "run": first.name,
        "model": first.model_name,
        "network": first.network,
        "n_seeds": len(group.runs),
        "protocol": first.settings.protocol,
        "n_folds": summaries[0].n_folds,
        "n_planned_folds": first.n_folds,
        "stimulus_known": float(audit["stimulus_in_training"] / audit["test"]),
        "majority_accuracy": summaries[0].majority_mean,
        **scores_of(trials, first.settings.seed),
    }


def _rival(network: Seeds, target: str, groups: Sequence[Seeds]) -> dict[str, object] | None:
    """The network against the best simple model that sees no more, in the score to judge by."""
    found = best_rival(network, target, groups)
    if found is None:
        return None
    label = tested(network.trials(target)[0])["label"]
    # The majority is the same for both, so accuracy above it differs as accuracy does.
    even = leading_score(label) == "balanced_accuracy"
    row = found.row("balanced_accuracy" if even else "accuracy")
    return {
        "target": target,
        "run": network.first.name,
        "rival": found.rival.first.name,
        "rival_model": found.rival.first.model_name,
        "n_rivals": found.n_rivals,
        "n_trials": row["n_trials"],
        "score": row["score"],
        "run_score": row["run_score"],
        "rival_score": row["reference_score"],
        **{name: row[name] for name in ("difference", "low", "high")},
        "test": found.test,
        "accuracy_difference": found.row("accuracy")["difference"],
        "p_value": found.p_value,
    }


def _of_the_best(rivals: pd.DataFrame) -> pd.Series:
    """P values of rivals that were chosen by the score they are compared in (Bonferroni).

    The best of several is better than a network more easily than one that was named beforehand. A
    network that is better than the best of them has no such advantage.
    """
    p_value, behind = rivals["p_value"].astype(float), rivals["accuracy_difference"] < 0
    return p_value.where(~behind, np.minimum(p_value * rivals["n_rivals"].astype(float), 1))


def _verdict(row: Any) -> str:
    """Whether a network is better than its rival: interval and adjusted p have to agree.

    They may be of two scores, which have to differ in the same direction.
    """
    agree = row.accuracy_difference * row.difference > 0
    sure = row.p_holm < SURE and agree and (row.low > 0 or row.high < 0)
    if row.difference > 0:
        return "better" if sure else "not_clearly_better"
    return "worse" if sure else "not_better"

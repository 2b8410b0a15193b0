"""Networks and simpler models on the same folds -> whether the network is worth its trouble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import Note
from rtcan_cli.runs.seeds import Seeds
from rtcan_cli.steps.scores.differences import compare_pair, share_deal

#: Models that fit themselves in seconds: linear ones, boosted trees, and one that sees nothing but
#: how long a recording is.
SIMPLE = ("logistic", "svm-eda", "svm-gsr", "svm-music", "boosting", "duration-prior")
#: What a model may see for its score to be asked of one that sees the key.
_NO_MORE = {
    "none": {"none"},
    "music": {"none", "music", "music-only"},
    "music-only": {"music-only"},
}
SURE = 0.05


def rival_notes(groups: Sequence[Seeds]) -> list[Note]:
    """Say which networks are not better than a simple model.

    Each network is compared with the most accurate of the simple models that see no more than it
    does and have the same folds, on the trials that both tested.

    Parameters
    ----------
    groups : sequence of Seeds
        Runs, with all their seeds; their folds were checked (`Run.scores`).

    Returns
    -------
    list of Note
        A sentence for each target of each network that is not better.
    """
    networks = [group for group in groups if group.first.settings.model.network is not None]
    return [
        note
        for network in console.counted(networks, "simpler models", "network")
        for target in network.first.settings.targets
        if (note := _note(network, target, groups)) is not None
    ]


def _note(network: Seeds, target: str, groups: Sequence[Seeds]) -> Note | None:
    rivals = sorted(_rivals(network, target, groups), key=lambda rival: -_accuracy(rival, target))
    for rival in rivals:
        try:
            rows = compare_pair(network, rival, target)
        except RtcanError:  # no common trial, or other labels
            continue
        found = next(row for row in rows if row["score"] == "accuracy")
        own, other, p = (
            float(str(found[name])) for name in ("run_score", "reference_score", _p(found))
        )
        if own > other and p < SURE:
            return None
        worse = "is worse" if p < SURE else "is not better"
        verdict = "is not clearly better" if own > other else worse
        text = (
            f"{target}: {network.first.network} ({network.name}) {verdict} than the simpler model "
            f"{rival.first.network} ({rival.name}): {100 * own:.1f} against {100 * other:.1f} % of "
            f"{found['n_trials']} trials, p = {p:.2g}"
        )
        return Note("simple_rival", text)
    return None


def _rivals(network: Seeds, target: str, groups: Sequence[Seeds]) -> Iterator[Seeds]:
    own = network.first
    for group in groups:
        run = group.first
        if (
            run.model_name in SIMPLE
            and target in run.settings.targets
            and (run.provenance.dataset, run.simulated) == (own.provenance.dataset, own.simulated)
            and run.settings.fusion in _NO_MORE[own.settings.fusion]
            and any(share_deal(a, b, target) for a in network.runs for b in group.runs)
        ):
            yield group


def _accuracy(group: Seeds, target: str) -> float:
    trials = (table.dropna(subset=["probability"]) for table in group.trials(target))
    return float(np.mean([((t["probability"] > 0.5) == (t["label"] == 1)).mean() for t in trials]))


def _p(found: dict[str, object]) -> str:
    """The p value that holds for new networks; where there is none, that of new listeners."""
    return next(p for p in ("p_seeds", "p_folds", "p_swap") if pd.notna(found.get(p)))

"""Networks and simpler models on the same folds -> whether the network is worth its trouble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.differences import compare_pair, share_deal
from rtcan_cli.steps.runs import Run

#: Models that fit themselves in seconds: linear ones, and boosted trees.
SIMPLE = ("logistic", "svm-eda", "svm-gsr", "svm-music", "boosting")
#: What a model may see for its score to be asked of one that sees the key.
_NO_MORE = {
    "none": {"none"},
    "music": {"none", "music", "music-only"},
    "music-only": {"music-only"},
}
SURE = 0.05


def rival_notes(runs: Sequence[Run]) -> list[str]:
    """Say which networks are not better than a simple model.

    Each network is compared with the most accurate of the simple models that see no more than it
    does and have the same folds, on the trials that both tested.

    Parameters
    ----------
    runs : sequence of Run
        Their folds were checked (`Run.scores`).

    Returns
    -------
    list of str
        A sentence for each target of each network that is not better.
    """
    networks = [run for run in runs if run.settings.model.network is not None]
    return [
        note
        for network in networks
        for target in network.settings.targets
        if (note := _note(network, target, runs)) is not None
    ]


def _note(network: Run, target: str, runs: Sequence[Run]) -> str | None:
    rivals = sorted(_rivals(network, target, runs), key=lambda run: -_accuracy(run, target))
    for rival in rivals:
        try:
            rows = compare_pair(network, rival, target)
        except RtcanError:  # no common trial, or other labels
            continue
        found = next(row for row in rows if row["score"] == "accuracy")
        own, other, p = (float(str(found[name])) for name in ("one", "other", _p(found)))
        if own > other and p < SURE:
            return None
        worse = "is worse" if p < SURE else "is not better"
        verdict = "is not clearly better" if own > other else worse
        return (
            f"{target}: {network.network} ({network.name}) {verdict} than the simpler model "
            f"{rival.network} ({rival.name}): {100 * own:.1f} against {100 * other:.1f} % of "
            f"{found['n_trials']} trials, p = {p:.2g}"
        )
    return None


def _rivals(network: Run, target: str, runs: Sequence[Run]) -> Iterator[Run]:
    for run in runs:
        if (
            run.model_name in SIMPLE
            and target in run.settings.targets
            and (run.provenance.dataset, run.simulated)
            == (network.provenance.dataset, network.simulated)
            and run.settings.fusion in _NO_MORE[network.settings.fusion]
            and share_deal(network, run, target)
        ):
            yield run


def _accuracy(run: Run, target: str) -> float:
    tested = run.trials(target).dropna(subset=["probability"])
    return float(((tested["probability"] > 0.5) == (tested["label"] == 1)).mean())


def _p(found: dict[str, object]) -> str:
    """The p value that holds for new networks; where folds are too few for it, of new listeners."""
    return "p_folds" if pd.notna(found.get("p_folds")) else "p_swap"

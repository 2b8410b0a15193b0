"""Networks and simpler models on the same folds -> whether the network is worth its trouble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
#: It knows how other subjects rated a song. So does a network that hears the songs it was trained
#: on, but not one that sees EDA alone.
OF_SONGS = "song-prior"
#: ``--fusion`` of simple models that see no more than a network, by that of the network.
_NO_MORE = {
    "none": {"none"},
    "music": {"none", "music", "music-only"},
    "music-only": {"music-only"},
}
SURE = 0.05
#: The tests of a difference: first those that hold for new networks; where there is none of them,
#: that of new subjects.
_TESTS = {
    "p_seeds": "over subjects and seeds",
    "p_folds": "over folds",
    "p_swap": "over subjects",
}


@dataclass(frozen=True)
class Rival:
    """A network beside the most accurate of the simple models that see no more.

    Parameters
    ----------
    network, rival : Seeds
    n_rivals : int
        How many simple models there were to choose from.
    rows : list of dict
        Their differences, see `rtcan_cli.steps.scores.differences.compare_pair`.
    """

    network: Seeds
    rival: Seeds
    n_rivals: int
    rows: list[dict[str, object]]

    def row(self, score: str) -> dict[str, object]:
        """The difference in one score."""
        return next(row for row in self.rows if row["score"] == score)

    @property
    def test(self) -> str:
        """The test of accuracy that was made, by its column."""
        accuracy = self.row("accuracy")
        return next(name for name in _TESTS if pd.notna(accuracy.get(name)))

    @property
    def p_value(self) -> float:
        """Of that test."""
        return float(str(self.row("accuracy")[self.test]))

    @property
    def verdict(self) -> str:
        """``better``, ``not_clearly_better``, ``not_better`` or ``worse``, by accuracy."""
        accuracy = self.row("accuracy")
        own, other = (float(str(accuracy[name])) for name in ("run_score", "reference_score"))
        if own > other:
            return "better" if self.p_value < SURE else "not_clearly_better"
        return "worse" if self.p_value < SURE else "not_better"


def rival_notes(groups: Sequence[Seeds]) -> list[Note]:
    """Say which networks are not better than a simple model, see `best_rival`.

    Parameters
    ----------
    groups : sequence of Seeds
        Runs, with all their seeds; their folds were checked (`Run.scores`).

    Returns
    -------
    list of Note
        A sentence for each target of each network that is not better.
    """
    networks = [group for group in groups if group.first.settings.model.is_network]
    return [
        note
        for network in console.counted(networks, "simpler models", "network")
        for target in network.first.settings.targets
        if (note := _note(network, target, groups)) is not None
    ]


def best_rival(network: Seeds, target: str, groups: Sequence[Seeds]) -> Rival | None:
    """Compare a network with the most accurate of the simple models that see no more than it does.

    They have the same folds; the trials that both tested count.

    Parameters
    ----------
    network : Seeds
    target : str
    groups : sequence of Seeds
        Runs to choose from.
    """
    rivals = sorted(_rivals(network, target, groups), key=lambda rival: -_accuracy(rival, target))
    for rival in rivals:
        try:
            return Rival(network, rival, len(rivals), compare_pair(network, rival, target))
        except RtcanError:  # no common trial, or other labels
            continue
    return None


def _note(network: Seeds, target: str, groups: Sequence[Seeds]) -> Note | None:
    found = best_rival(network, target, groups)
    if found is None or found.verdict == "better":
        return None
    accuracy, rival = found.row("accuracy"), found.rival
    own, other = (100 * float(str(accuracy[name])) for name in ("run_score", "reference_score"))
    text = (
        f"{target}: {network.first.network} ({network.name}) is "
        f"{found.verdict.replace('_', ' ')} than the simpler model "
        f"{rival.first.network} ({rival.name}): {own:.1f} against {other:.1f} % of "
        f"{accuracy['n_trials']} trials, {_TESTS[found.test]} p = {found.p_value:.2g} "
        "(not adjusted)"
    )
    return Note("simple_rival", text)


def _rivals(network: Seeds, target: str, groups: Sequence[Seeds]) -> Iterator[Seeds]:
    own = network.first
    fusion = own.settings.fusion
    simple = SIMPLE if fusion == "none" else (*SIMPLE, OF_SONGS)
    for group in groups:
        run = group.first
        if (
            run.model_name in simple
            and target in run.settings.targets
            and (run.provenance.dataset, run.simulated) == (own.provenance.dataset, own.simulated)
            and (run.settings.fusion in _NO_MORE[fusion] or run.model_name == OF_SONGS)
            and any(share_deal(a, b, target) for a in network.runs for b in group.runs)
        ):
            yield group


def _accuracy(group: Seeds, target: str) -> float:
    trials = (table.dropna(subset=["probability"]) for table in group.trials(target))
    return float(np.mean([((t["probability"] > 0.5) == (t["label"] == 1)).mean() for t in trials]))

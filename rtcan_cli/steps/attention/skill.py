"""Whether networks that are to be explained have skill at all: the AUC of their run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.results.base import Note
from rtcan_cli.runs.run import Run


def not_above_chance(trials: pd.DataFrame, seed: int = 0) -> str | None:
    """Say that the AUC of tested trials is not above chance, if it is not shown to be.

    Parameters
    ----------
    trials : DataFrame
        As of `rtcan_cli.evaluation.bootstrap.intervals`.
    seed : int
        Of the samples of subjects.

    Returns
    -------
    str or None
        A main clause; None if the interval of AUC over subjects lies above 0.5.
    """
    auc, low, high = intervals(trials, seed=seed).loc["auc", ["estimate", "low", "high"]]
    if np.isnan(auc):
        return "no fold tests trials of both classes, so AUC cannot be told from chance"
    if np.isnan(low):
        return f"AUC {auc:.3f}, without an interval over subjects, cannot be told from chance"
    if low > 0.5:
        return None
    return f"AUC {auc:.3f} ({low:.3f} to {high:.3f}) is not above chance"


def map_notes(run: Run, target: str, name: str | None = None) -> list[Note]:
    """Say that maps of a run whose scores are at chance say nothing of the listener.

    Parameters
    ----------
    run : Run
    target : str
    name : str, optional
        What the run is called, where maps of several are shown.
    """
    if (found := not_above_chance(run.trials(target), run.settings.seed)) is None:
        return []
    whose = target if name is None else f"{target}, {name}"
    shows = "a map shows what a network without skill looked at, not what the listener felt"
    if "is not above" not in found:
        shows = "a map may show what a network without skill looked at"
    return [Note("chance", f"{whose}: {found}: {shows}")]

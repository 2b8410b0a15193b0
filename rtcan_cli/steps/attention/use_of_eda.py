"""Whether networks that maps are made of use the EDA at all: their answers to exchanged inputs.

A quick look with two more forward passes a trial; `rtcan contributions` has the exact shares, and
whether scores are better for the EDA.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.explain.contributions import partners
from rtcan_cli.results.base import Note
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.contribution_tables import SMALL_SHARE, SMALL_SIZE
from rtcan_cli.steps.attention.trials import Loaded
from rtcan_cli.stores.lines import line_on_runs
from rtcan_cli.training.predict import predict

#: How much P(high) moves, by the input that is exchanged.
MOVED = ("moved_by_eda", "moved_by_music")


def moved(data: Loaded, trials: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """How far P(high) moves with the EDA, and with the music, of another trial.

    Parameters
    ----------
    data : Loaded
        Some trials of one network, among which inputs are exchanged.
    trials : DataFrame
        Their ``subject`` and ``stimulus``. The EDA is that of another subject, and the music that
        of another song, unless all are the same.

    Returns
    -------
    dict of str to array (n,)
        Absolute differences, by `MOVED`; NaN of a trial that is alone, and of music that the
        network does not see.
    """
    model, n = data.model, len(trials)
    if n < 2:
        return dict.fromkeys(MOVED, np.full(n, np.nan))
    own = predict(model, data.eda, data.music)
    eda, song = (_others(trials[name].to_numpy(str)) for name in ("subject", "stimulus"))
    by_eda = np.abs(predict(model, data.eda[eda], data.music) - own)
    by_music = np.full(n, np.nan)
    if data.music is not None:
        by_music = np.abs(predict(model, data.eda, data.music[song]) - own)
    return dict(zip(MOVED, (by_eda, by_music), strict=True))


def _others(names: NDArray[np.str_]) -> NDArray[np.integer]:
    found = partners(names, 1, np.random.default_rng(0))[0]
    return np.where(found < 0, np.roll(np.arange(len(names)), 1), found)


def use_notes(run: Run, target: str, trials: pd.DataFrame) -> list[Note]:
    """Say that maps explain nothing where answers hardly move with the EDA.

    Parameters
    ----------
    run : Run
    target : str
    trials : DataFrame
        With the columns `MOVED`.
    """
    eda, music = (float(trials[name].mean()) for name in MOVED)
    hears = np.isfinite(music)
    share = eda / (eda + music) if hears and eda + music > 0 else np.nan
    if not (eda < SMALL_SIZE["probability"] or share < SMALL_SHARE):
        return []
    text = (
        f"{target}: warning: these networks hardly use the EDA, so their maps, and the tests of "
        f"them, explain little or nothing: P(high) moves by {eda:.3f} on average with the EDA of "
        "another trial in its place"
    )
    if hears:
        text += f", and by {music:.3f} with the music of another song"
    line = line_on_runs("contributions", [run.path]) if run.is_fused else None
    return [Note("eda_hardly_used", text, line)]

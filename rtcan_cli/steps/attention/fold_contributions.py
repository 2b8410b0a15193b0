"""The test trials of one fold of a run -> what EDA and music contributed to each answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.choices import CLASS_NAMES, Scale
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain import contributions as explain
from rtcan_cli.explain.contributions import Answer, Values, partners
from rtcan_cli.explain.feature_groups import GROUPS
from rtcan_cli.explain.fused import answer_of, answer_of_network, network_inputs
from rtcan_cli.explain.randomise import rank_correlation, untrained
from rtcan_cli.models.weights import rebuild
from rtcan_cli.results.attention.contributions import TRIAL_COLUMNS
from rtcan_cli.runs.inputs import Sources, new_trials
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.contribution_tables import PARTS
from rtcan_cli.training.calibrate import log_odds
from rtcan_cli.training.data import Trials
from rtcan_cli.training.trained import TrainedModel
from rtcan_cli.trial_key import TRIAL_KEY

#: Times that the EDA, or the music, is exchanged among the test trials of a fold.
EXCHANGES = 10
#: Most trials that an untrained network settles on, all at once. Of PMEmo, a fold has 768.
N_SETTLED = 1024


@dataclass(frozen=True)
class FoldWork:
    """The test trials of one fold.

    Parameters
    ----------
    run : Path
        Run store.
    sources : Sources
        The stores it was made from.
    target : str
    fold : int
        From 1.
    own, background : DataFrame
        Rows of the run's predictions: what is explained, and training trials of the fold.
    """

    run: Path
    sources: Sources
    target: str
    fold: int
    own: pd.DataFrame
    background: pd.DataFrame


@dataclass(frozen=True)
class How:
    """How trials are explained; see `contributions_of_run`.

    Parameters
    ----------
    groups : dict of str to array of int
        Columns of groups of music features; empty if the music is not split.
    """

    scale: Scale
    groups: Mapping[str, NDArray[np.intp]]
    seed: int
    n_exchanges: int = EXCHANGES
    n_randomised: int = 0


@dataclass(frozen=True)
class FoldFound:
    """What was found for the n test trials of a fold.

    Parameters
    ----------
    trials : DataFrame
        With the columns of `TRIAL_COLUMNS`.
    exchanged : dict of str to array (n_exchanges, n)
        P(high) with the EDA, or the music, of other trials; NaN where there is no other.
    within : bool
        Whether the only subject of the fold gave its own trials in exchange.
    similarity : array (n_randomised, 2)
        Rank correlation of the contributions of EDA and music with those of randomised networks.
    """

    trials: pd.DataFrame
    exchanged: dict[str, Values]
    within: bool
    similarity: Values


def explain_fold(work: FoldWork, how: How) -> FoldFound:
    """Contributions to the answers to the test trials of one fold."""
    run = Run.load(work.run)
    trained = run.model_of_fold(work.target, work.fold)
    n, loaded = len(work.own), _load(run, work)
    assert loaded.song is not None, "the run hears music"
    own = explain.Trials(np.arange(n), loaded.song[:n])
    background = explain.Trials(np.arange(n, len(loaded)), loaded.song[n:])
    columns = list(how.groups.values()) or [np.arange(loaded.n_music)]

    def explained(answer: Answer) -> explain.Contributions:
        def scaled(eda: explain.Rows, song: explain.Rows) -> Values:
            return log_odds(answer(eda, song))

        asked = scaled if how.scale == "logit" else answer
        return explain.contributions(asked, own, background, len(columns))

    answer = answer_of(trained, loaded, columns)
    found = explained(answer)
    subject = loaded.subject[:n]
    within = n > 1 and len(np.unique(subject)) == 1
    names = {"EDA": np.arange(n).astype(str) if within else subject, "music": loaded.piece[:n]}
    rng = np.random.default_rng([how.seed, work.fold, 1])
    similarity = []
    for k in range(how.n_randomised):
        seed = how.seed + how.n_randomised * work.fold + k
        again = explained(_randomised(trained, loaded, own, columns, seed))
        pairs = ((found.eda, again.eda), (found.music, again.music))
        similarity.append([rank_correlation(one[None], two[None])[0] for one, two in pairs])
    return FoldFound(
        trials=_trial_table(work, found, how),
        exchanged=exchange(answer, own, names, rng, how.n_exchanges, len(columns)),
        within=within,
        similarity=np.reshape(similarity, (-1, len(PARTS))),
    )


def _load(run: Run, work: FoldWork) -> Trials:
    """EDA and music of the trials that are explained, and then of those of the background."""
    every = pd.concat([work.own, work.background])
    keys = list(every[list(TRIAL_KEY)].itertuples(index=False, name=None))
    settings = run.settings
    seen = settings.onset, settings.spec.length, settings.model.features, settings.window
    loaded, _ = new_trials(work.sources, work.target, *seen, wanted=set(keys))
    there = zip(*(getattr(loaded, name).tolist() for name in TRIAL_KEY), strict=True)
    row_of = {key: row for row, key in enumerate(there)}
    if missing := [key for key in keys if key not in row_of]:
        subject, stimulus, _ = missing[0]
        raise RtcanError(
            f"{run.path}: subject {subject}, stimulus {stimulus} is not in the present stores",
            run.line(force=True),
        )
    return loaded.take(np.array([row_of[key] for key in keys]))


def _randomised(
    trained: TrainedModel,
    loaded: Trials,
    own: explain.Trials,
    columns: list[NDArray[np.intp]],
    seed: int,
) -> Answer:
    """What a network says that has learnt nothing; it settles on trials that are explained."""
    eda, music = network_inputs(trained, loaded)
    network = rebuild(trained.weights, trained.spec)
    some = settling(len(own.eda))
    other = untrained(network, eda[loaded.row[own.eda[some]]], music[own.song[some]], seed)
    return answer_of_network(other, eda, music, columns, loaded.row)


def settling(n: int) -> NDArray[np.intp]:
    """Which of n trials an untrained network settles on: all, or `N_SETTLED` of them, evenly.

    The trials are in the order of the store, subject by subject, so the first are of few subjects.
    """
    return np.linspace(0, n - 1, min(n, N_SETTLED)).astype(np.intp)


def exchange(
    answer: Answer,
    own: explain.Trials,
    names: Mapping[str, NDArray[np.str_]],
    rng: np.random.Generator,
    n_exchanges: int,
    n_groups: int = 1,
) -> dict[str, Values]:
    """P(high) with the EDA of other subjects, and with the music of other songs.

    Parameters
    ----------
    answer : callable
        The model.
    own : Trials
        What is exchanged among each other.
    names : mapping of str to array of str (n,)
        The subject, and the song, of each trial, by part.
    rng : Generator
    n_exchanges, n_groups : int

    Returns
    -------
    dict of str to array (n_exchanges, n)
        By part; NaN where there is no other.
    """
    found = {}
    for part in PARTS:
        other = partners(names[part], n_exchanges, rng)
        there, here = other >= 0, np.broadcast_to(np.arange(len(own.eda)), other.shape)
        eda, song = (other, here) if part == "EDA" else (here, other)
        heard = np.repeat(own.song[song[there]][:, None], n_groups, axis=1)
        found[part] = np.full(other.shape, np.nan)
        found[part][there] = answer(own.eda[eda[there]], heard)
    return found


def _trial_table(work: FoldWork, found: explain.Contributions, how: How) -> pd.DataFrame:
    own = work.own
    classes = np.array(CLASS_NAMES)
    table = own[[*TRIAL_KEY, "song", "fold", "probability"]].assign(
        target=work.target,
        true_class=classes[own["label"].to_numpy(np.int64)],
        called_class=classes[(own["probability"].to_numpy() > 0.5).astype(int)],
        baseline=found.baseline,
        eda=found.eda,
        music=found.music,
        without_eda=found.without_eda,
        without_music=found.without_music,
        **{f"music_{group}": np.nan for group in GROUPS},
    )
    for k, group in enumerate(how.groups):
        table[f"music_{group}"] = found.groups[:, k]
    return table[list(TRIAL_COLUMNS)]

"""The trials of a run that are to be explained: which, in chunks of one network, and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.choices import CLASS_NAMES, MAP, MODEL, Explained, MapName
from rtcan_cli.eda.features.scr import find_responses
from rtcan_cli.eda.features.stretch import RATE, cut
from rtcan_cli.eda.window import Window, seen_samples
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain.architecture import untrained_average
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.results.base import Note
from rtcan_cli.runs.inputs import Sources, trial_input
from rtcan_cli.runs.run import Run, TrainedNetwork
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import RECORDING_COLUMNS
from rtcan_cli.training.data import standardise
from rtcan_cli.trial_key import TRIAL_KEY

CHUNK = 64
#: Seconds in which a process loads PyTorch and Captum.
START_UP = 2.0
#: A stored answer that differs by more was made with other settings.
TOLERANCE = 1e-3
#: Trials of a network that untrained ones are shown.
N_AVERAGED = 32


@dataclass(frozen=True)
class Chunk:
    """Some trials that one network tests.

    Parameters
    ----------
    run : Path
        Run store.
    sources : Sources
        The stores it was made from.
    target : str
    fold : int
        The network, from 1.
    trials : DataFrame
        From `tested_trials`.
    """

    run: Path
    sources: Sources
    target: str
    fold: int
    trials: pd.DataFrame


@dataclass(frozen=True)
class Loaded:
    """The arrays of a chunk.

    Parameters
    ----------
    model : RTCAN
        The network of its fold.
    eda : NDArray of float32 (n, 3, L)
    music : NDArray of float32 (n, n_music), optional
        Standardised as in training.
    onset : float
        Seconds dropped at the beginning of each recording.
    window : Window, optional
        What is seen of the rest, if not all.
    begin : NDArray of float64 (n,)
        Second of each recording at which that begins which the network sees: after the onset, or
        where its window begins.
    duration : NDArray of float64 (n,)
        Seconds from there to the last sample that it sees.
    """

    model: RTCAN
    eda: NDArray[np.float32]
    music: NDArray[np.float32] | None
    onset: float
    window: Window | None
    begin: NDArray[np.float64]
    duration: NDArray[np.float64]


def check_sources(run: Run, sources: Sources) -> None:
    """Raise RtcanError if the run was made from other stores than these."""
    ids, _ = sources.check()
    for kind, made_from in run.provenance.inputs.items():
        if ids.get(kind) != made_from:
            raise RtcanError(
                f"{run.path}: was trained on other {kind} than those in the present store",
                f"{run.line()}, to train on the present ones",
            )


def check_can_be_explained(run: Run, method: MapName) -> None:
    """Raise RtcanError if the run holds no RTCAN-1D, or no module that a map could start from."""
    if run.settings.spec.model != MODEL:
        raise RtcanError(
            f"{run.path}: holds a {run.settings.spec.model}, not RTCAN-1D: nothing to explain",
            f"{run.line_of_the_network()}, and the run that it makes",
        )
    if not run.can_be_explained and method != "integrated-gradients":
        raise RtcanError(
            f"{run.path}: its networks have no attention module in front of the residual part for "
            f"{method} to start from",
            "--map integrated-gradients, which needs none, or a run of Rb to Rf",
        )


def targets_of(run: Run, asked: Sequence[str] | None) -> tuple[tuple[str, ...], list[Note]]:
    """Those of the targets asked for that a run predicts, and a note for each that it does not.

    Parameters
    ----------
    run : Run
    asked : sequence of str, optional
        All of the run if not given.

    Raises
    ------
    RtcanError
        If it predicts none of them.
    """
    known = run.settings.targets
    found = tuple(target for target in asked or known if target in known)
    if not found:
        assert asked is not None
        train = "" if run.is_imported else f"; or {run.line(target=asked[0])}"
        raise RtcanError(
            f"{run.path}: predicts {' and '.join(known)}, not {' and '.join(asked)}",
            f"the same command with --target {known[0]}{train}",
        )
    notes = [
        Note("not_predicted", f"{target}: the run does not predict it")
        for target in asked or ()
        if target not in found
    ]
    return found, notes


def tested_trials(
    run: Run, sources: Sources, target: str, max_trials: int | None, seed: int
) -> tuple[pd.DataFrame, int]:
    """The trials of a target that a trained network tests, or some of them.

    Parameters
    ----------
    run : Run
        Of an imported run all trials count; its one network is fold 1.
    sources : Sources
    target : str
    max_trials : int, optional
        Draw so many; all by default.
    seed : int
        Of the draw.

    Returns
    -------
    trials : DataFrame
        ``subject``, ``stimulus``, ``repetition``, ``label``, ``fold``, ``recording`` (its row in
        the components store) and ``sampling_rate``, by fold.
    n_tested : int
        How many there are.

    Raises
    ------
    RtcanError
        If there is none.
    """
    table = run.trials(target)[[*TRIAL_KEY, "label", "fold"]]
    if run.is_imported:
        table = table.assign(fold=1)
    table = table[table["fold"].isin(run.trained_folds(target)) & (table["label"] >= 0)]
    assert sources.components is not None, "RTCAN-1D sees signals"
    with Store(sources.components, "components") as store:
        recordings = store.table("recordings", RECORDING_COLUMNS)
    recordings = recordings.assign(recording=np.arange(len(recordings)))
    usable = recordings["target"].isin([target, "both"]) & (recordings["problem"] == "")
    columns = [*TRIAL_KEY, "recording", "sampling_rate"]
    found = table.merge(recordings.loc[usable, columns], on=list(TRIAL_KEY))
    n_tested = len(found)
    if not n_tested:
        raise RtcanError(f"{run.path}: no trained fold tests a trial for {target}")
    if max_trials is not None and max_trials < n_tested:
        drawn = np.random.default_rng(seed).choice(n_tested, max_trials, replace=False)
        found = found.iloc[np.sort(drawn)]
    return found.sort_values("fold", kind="stable").reset_index(drop=True), n_tested


def chunks(run: Run, sources: Sources, target: str, trials: pd.DataFrame) -> list[Chunk]:
    """Cut trials into chunks of one network each, in their order."""
    return [
        Chunk(run.path, sources, target, int(str(fold)), own.iloc[start : start + CHUNK])
        for fold, own in trials.groupby("fold")
        for start in range(0, len(own), CHUNK)
    ]


def load(chunk: Chunk, run: Run | None = None) -> Loaded:
    """Read the network and the inputs of a chunk, and its run unless that is given."""
    run = run or Run.load(chunk.run)
    spec, part = run.settings.spec, (run.settings.onset, run.settings.window)
    network = run.network_of_fold(chunk.target, chunk.fold)
    eda, begin, duration = [], [], []
    assert chunk.sources.components is not None, "RTCAN-1D sees signals"
    with Store(chunk.sources.components, "components") as store:
        for row in chunk.trials.itertuples():
            rate = float(row.sampling_rate)
            eda.append(trial_input(store, row.recording, rate, part[0], spec.length, part[1]))
            seen = seen_samples(len(store.signal("phasic", row.recording)), rate, *part)
            begin.append(seen.start / rate)
            duration.append((len(seen) - 1) / rate)
    music = music_vectors(network, chunk.sources, chunk.trials["stimulus"].tolist())
    return Loaded(network.model, np.stack(eda), music, *part, np.array(begin), np.array(duration))


def music_vectors(
    network: TrainedNetwork, sources: Sources, stimuli: list[str]
) -> NDArray[np.float32] | None:
    """Music vector of each stimulus as a network takes it (n, n_music), None for EDA alone.

    Raises
    ------
    RtcanError
        If a stimulus has no features.
    """
    if sources.music is None or network.music_mean is None or network.music_sd is None:
        return None
    with Store(sources.music, "music") as store:
        row_of = {str(name): row for row, name in enumerate(store.array("stimuli/stimulus"))}
        if missing := [name for name in stimuli if name not in row_of]:
            raise RtcanError(
                f"{sources.music}: has no features of '{missing[0]}'", "another --music-store"
            )
        every = store.array("features/value")
    rows = [row_of[name] for name in stimuli]
    return standardise(every[rows], network.music_mean, network.music_sd)


def ending(method: MapName, explained: Explained, relative: bool = False) -> str:
    """What to add to the names of files, so that other maps do not replace the paper's."""
    words: list[str] = [method] if method != MAP else []
    words += [explained] if explained != "predicted" else []
    words += ["relative"] if relative else []
    return "".join(f"_{word}" for word in words)


def classes(explained: Explained, trials: pd.DataFrame) -> NDArray[np.int64] | None:
    """Class to explain in each trial; None for the one that is predicted."""
    if explained == "predicted":
        return None
    if explained == "true":
        return trials["label"].to_numpy(dtype=np.int64)
    return np.full(len(trials), CLASS_NAMES.index(explained), dtype=np.int64)


def responses(
    chunk: Chunk, onset: float, window: Window | None = None
) -> dict[str, list[NDArray[np.float64]]]:
    """Seconds from where what a network sees begins to the onsets and peaks of responses in it."""
    found: dict[str, list[NDArray[np.float64]]] = {"onset": [], "peak": []}
    assert chunk.sources.components is not None, "RTCAN-1D sees signals"
    with Store(chunk.sources.components, "components") as store:
        for row in chunk.trials.itertuples():
            phasic, tonic, driver, residual = (
                store.signal(name, row.recording).astype(float)
                for name in ("phasic", "tonic", "driver", "residual")
            )
            original = phasic + tonic + residual
            try:
                stretch = cut(original, phasic, tonic, driver, row.sampling_rate, onset, window)
            except RtcanError:  # too short a trial to tell a response
                phasic = np.zeros(0)
            else:
                phasic = stretch.phasic
            each = find_responses(phasic)
            found["onset"].append(each.onset / RATE)
            found["peak"].append(each.peak / RATE)
    return found


def untrained_of(chunk: Chunk, method: MapName, seed: int) -> NDArray[np.float64]:
    """Average map (L,) of untrained networks over the first trials of a chunk."""
    few = Chunk(chunk.run, chunk.sources, chunk.target, chunk.fold, chunk.trials.iloc[:N_AVERAGED])
    data = load(few)
    return untrained_average(data.model, data.eda, data.music, method=method, seed=seed)

"""From stores to the arrays a model sees: the same for training, explaining, predicting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices
from rtcan_cli.eda.preprocess import network_input
from rtcan_cli.eda.window import MIN_SECONDS, Window
from rtcan_cli.errors import BlockedError, DamagedError, RtcanError
from rtcan_cli.files.mapped import MappedRows, folder_for
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.stores import Provenance, Store, Workspace, music_set
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.schema import RECORDING_COLUMNS
from rtcan_cli.training.data import TrainingData, Trials
from rtcan_cli.trial_key import TRIAL_KEY

_ROWS = 1024  # of features, read together
#: Subject, stimulus and repetition of a trial.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Sources:
    """The stores a run is made from.

    Parameters
    ----------
    components : Path or None
        Decomposed EDA; None for a model that sees no signals.
    labels : Path or None
        Labels; None for recordings that a trained model is to answer to.
    music : Path, optional
        Music features; None for a model without music.
    features : Path, optional
        EDA features, for a model that sees these instead of signals.
    recordings : Path, optional
        Names the trials where neither EDA nor labels do, and has the ratings for thresholds from
        training trials.
    lengths : bool
        Whether the model sees how long each recording is, which `recordings` tells.
    """

    components: Path | None
    labels: Path | None
    music: Path | None = None
    features: Path | None = None
    recordings: Path | None = None
    lengths: bool = False

    def __post_init__(self) -> None:
        if self.components is not None and self.features is not None:
            raise ValueError("a model sees either signals or features of the EDA")
        if self.lengths and self.recordings is None:
            raise ValueError("the recordings tell how long they are")

    def music_set(self) -> str:
        """What the songs are described by, see `rtcan_cli.stores.music_set`; empty without music.

        Raises
        ------
        RtcanError
            If the store of music features is missing, or cannot be read.
        """
        if self.music is None:
            return ""
        with Store(self.music, "music") as store:
            return music_set(store.provenance.parameters)

    def check(self) -> tuple[dict[str, str], Provenance]:
        """Content ids of the stores, and the provenance of the first of them.

        Raises
        ------
        RtcanError
            If one is missing, they were not made from the same recordings, or labels were edited
            in the store. The hint names the command that mends it.
        """
        given = {
            "components": self.components,
            "features": self.features,
            "labels": self.labels,
            "recordings": self.recordings,
            "music": self.music,
        }
        stores = {kind: path for kind, path in given.items() if path is not None}
        ids, made, origin = {}, {}, {}
        for kind, path in stores.items():
            with Store(path, kind) as store:
                if kind == "labels":
                    # Small, and tempting to edit: the same id would say that nothing has changed.
                    store.verify()
                ids[kind], made[kind] = store.content_id, store.provenance
            origin[kind] = made[kind].inputs.get("recordings")
        if "recordings" in ids:
            origin["recordings"] = ids["recordings"]
        leading = next(iter(stores))
        first = made[leading]
        for kind, provenance in made.items():
            if provenance.dataset != first.dataset or origin[kind] != origin[leading]:
                # The older one is behind: its step has not been run on the present recordings.
                raise RtcanError(
                    f"{stores[kind]} and {stores[leading]} were not made from the same recordings",
                    f"{line_that_makes(stores[kind], kind)}; then "
                    f"{line_that_makes(stores[leading], leading)}; the one that is current "
                    "does nothing",
                )
        return ids, first


def sources_for(
    settings: RunSettings,
    workspace: Workspace,
    dataset: str,
    given: Mapping[str, Path | None] | None = None,
) -> Sources:
    """The stores that a run needs: those given by kind, else the workspace's own."""
    given = given or {}

    def store(kind: str) -> Path:
        return given.get(kind) or workspace.store(dataset, kind)

    sees = settings.model.sees(settings.fusion)
    return Sources(
        store("components") if sees == "signals" else None,
        store("labels"),
        store("music") if settings.fusion != "none" else None,
        store("features") if sees == "features" else None,
        # Its ratings, for thresholds of each fold; or the lengths of its recordings.
        store("recordings")
        if settings.thresholds != choices.THRESHOLDS or sees == "duration"
        else None,
        sees == "duration",
    )


class _Kept:
    """Inputs of recordings of one store that were loaded, and where among them each is."""

    def __init__(self, store: Path) -> None:
        self.rows = MappedRows(folder_for(store), "inputs of the models")
        self.row_of: dict[int, int] = {}

    def append(self, recording: int, own: NDArray[np.float32]) -> None:
        """Keep the input of a recording."""
        self.row_of[recording] = self.rows.append(own)


class SharedInputs:
    """What was loaded already: a recording that serves both targets is there once."""

    def __init__(self) -> None:
        self._known: dict[object, _Kept] = {}

    def of(self, sources: Sources, view: _View, target: str) -> _Kept:
        """Inputs of the recordings of a store as a model sees them.

        Of one target only, if it has recordings of its own, so that all rows belong to its trials;
        else `target` is ``both``.
        """
        store = sources.components or sources.features or sources.recordings or sources.labels
        assert store is not None, "something names the trials"
        kind = (sources.components, sources.features, sources.lengths)
        return self._known.setdefault((store, kind, view, target), _Kept(store))


def training_data(
    sources: Sources,
    target: str,
    onset: float,
    length: int,
    names: Sequence[str] = (),
    window: Window | None = None,
    shared: SharedInputs | None = None,
) -> tuple[TrainingData, Counter[str]]:
    """Load all trials of one target that have a label and what of EDA and music is wanted.

    Parameters
    ----------
    sources : Sources
        Stores that belong together.
    target : str
        ``valence`` or ``arousal``. Where subjects listened once for each, the EDA of that hearing.
    onset : float
        Seconds dropped at the beginning of each recording.
    length : int
        Samples of each EDA channel.
    names : sequence of str
        EDA features that are wanted; all by default.
    window : Window, optional
        What is seen of signals after the onset; all of it by default.
    shared : SharedInputs, optional
        What was loaded for other targets and is used again; filled with what is loaded now.

    Returns
    -------
    data : TrainingData
        One row for each trial, in the order of the store with the EDA, or of the labels.
    left_out : Counter of str
        Reason to number of recordings of this target that were left out.
    """
    assert sources.labels is not None, "what is trained on has labels"
    with Store(sources.labels, "labels") as store:
        table = store.table("labels", [*TRIAL_KEY, "song", target])
    keys = zip(*(table[name].tolist() for name in TRIAL_KEY), strict=True)
    label_of: dict[Key, int] = dict(zip(keys, table[target].astype(int), strict=True))

    def problem(trial: Key) -> str:
        return f"no {target} label" if label_of.get(trial, -1) < 0 else ""

    view = _View(onset, length, window, tuple(names))
    trials, left_out = _gather(sources, table, target, view, problem, shared)
    own = zip(*(getattr(trials, name).tolist() for name in TRIAL_KEY), strict=True)
    label = np.array([label_of[trial] for trial in own], dtype=np.int64)
    return TrainingData(**vars(trials), label=label), Counter(each.reason for each in left_out)


def new_trials(
    sources: Sources,
    target: str,
    onset: float,
    length: int,
    names: Sequence[str] = (),
    window: Window | None = None,
    wanted: Collection[Key] | None = None,
    shared: SharedInputs | None = None,
) -> tuple[Trials, list[LeftOut]]:
    """Load all trials that a model of one target can answer to, whether they have labels or not.

    Parameters
    ----------
    sources, target, onset, length, names, window, shared
        As of `training_data`. For a model that sees no EDA, `sources` names the recordings.
    wanted : collection of (str, str, int), optional
        Load these trials only; the others are left out, and their signals are not read.

    Returns
    -------
    trials : Trials
        One row for each trial, in the order of the store.
    left_out : list of LeftOut
        What could not be used.
    """
    listed = pd.DataFrame()
    if sources.recordings is not None:
        with Store(sources.recordings, "recordings") as store:
            listed = store.table("trials", [*TRIAL_KEY, "song"])
    view = _View(onset, length, window, tuple(names))

    def problem(trial: Key) -> str:
        return "" if wanted is None or trial in wanted else "not asked for"

    return _gather(sources, listed, target, view, problem, shared)


class LeftOut(NamedTuple):
    """A trial that is not used, and why."""

    subject: str
    stimulus: str
    reason: str
    repetition: int = 1


class _View(NamedTuple):
    """What a model sees of the EDA: of signals this part, in so many samples; these features."""

    onset: float
    length: int
    window: Window | None
    names: tuple[str, ...]


def _gather(
    sources: Sources,
    listed: pd.DataFrame,
    target: str,
    view: _View,
    problem_of: Callable[[Key], str],
    shared: SharedInputs | None,
) -> tuple[Trials, list[LeftOut]]:
    """Trials with all that is wanted of EDA and music, but for those with a problem."""
    music, song_of = _music(sources.music)
    found: list[tuple[str, str, int, str, int, int]] = []
    left_out: list[LeftOut] = []
    with _recordings(sources, listed, view) as (recordings, load):
        recordings = recordings[recordings["target"].isin([target, "both"])]
        of_target = target if (recordings["target"] == target).any() else "both"
        kept = (shared or SharedInputs()).of(sources, view, of_target)
        for recording in recordings.itertuples():
            subject, stimulus = str(recording.subject), str(recording.stimulus)
            repetition, piece = int(recording.repetition), str(recording.song)
            problem = recording.problem or problem_of((subject, stimulus, repetition))
            if not problem and song_of is not None and stimulus not in song_of:
                problem = "no music features"
            index = int(recording.Index)
            if not problem and index not in kept.row_of:
                try:
                    own = load(index)
                except (BlockedError, DamagedError):
                    raise
                except RtcanError as error:
                    problem = str(error)
                else:
                    kept.append(index, own)
            if problem:
                left_out.append(LeftOut(subject, stimulus, problem, repetition))
                continue
            song = song_of[stimulus] if song_of else -1
            found.append((subject, stimulus, repetition, piece, kept.row_of[index], song))
    if not found:
        reasons = "; ".join(dict.fromkeys(each.reason for each in left_out))
        reasons = reasons or "no recording of this target"
        raise RtcanError(f"no trial can be used for {target}: {reasons}")
    subjects, stimuli, repetitions, pieces, rows, songs = zip(*found, strict=True)
    trials = Trials(
        eda=kept.rows.array(),
        subject=np.array(subjects),
        stimulus=np.array(stimuli),
        row=np.array(rows, dtype=np.int64),
        music=music,
        song=None if music is None else np.array(songs, dtype=np.int64),
        repetition=np.array(repetitions, dtype=np.int64),
        piece=np.array(pieces),
    )
    return trials, left_out


@contextmanager
def _recordings(
    sources: Sources, listed: pd.DataFrame, view: _View
) -> Iterator[tuple[pd.DataFrame, Callable[[int], NDArray[np.float32]]]]:
    """Recordings, or the listed trials where no EDA is seen, and what gives the EDA of each."""
    if sources.components is not None:
        with Store(sources.components, "components") as store:
            table = store.table("recordings", RECORDING_COLUMNS)
            rates = table["sampling_rate"].tolist()
            seen = view.onset, view.length, view.window
            yield table, lambda index: trial_input(store, index, rates[index], *seen)
    elif sources.features is not None:
        with Store(sources.features, "features") as store:
            values = _Features(store, view.names)
            yield store.table("recordings", RECORDING_COLUMNS), values.of
    elif sources.lengths:
        assert sources.recordings is not None, "they tell how long they are"
        with Store(sources.recordings, "recordings") as store:
            table = store.table("recordings", RECORDING_COLUMNS)
            seconds = store.seconds(range(len(table)))
            yield table, lambda index: length_input(float(seconds[index]))
    else:
        nothing = np.empty(0, np.float32)
        yield listed.assign(target="both", problem=""), lambda index: nothing


class _Features:
    """Features of a features store by name, all by default; some rows are in memory at a time."""

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        self._store, self._n = store, store.length("features/value")
        self._block, self._start = np.empty((0, 0), np.float32), 0
        known = {str(name): column for column, name in enumerate(store.array("features/name"))}
        missing = [name for name in names if name not in known]
        if missing:
            raise RtcanError(
                f"{store.path}: has no features {', '.join(missing)}",
                f"{line_that_makes(store.path, 'features')}, to make it again",
            )
        self._columns = [known[name] for name in names] if names else list(known.values())

    def of(self, index: int) -> NDArray[np.float32]:
        """Features of one recording, shape (n_features,)."""
        if not 0 <= index - self._start < len(self._block):
            self._start = index - index % _ROWS
            rows = range(self._start, min(self._start + _ROWS, self._n))
            block = self._store.rows("features/value", rows).astype(np.float32)
            self._block = block[:, self._columns]
        return self._block[index - self._start]


def length_input(seconds: float) -> NDArray[np.float32]:
    """Input (1,) of a model that sees nothing of a recording but how long it is."""
    return np.array([np.log(seconds)], np.float32)


def trial_input(
    components: Store,
    index: int,
    sampling_rate: float,
    onset: float,
    length: int,
    window: Window | None = None,
) -> NDArray[np.float32]:
    """Network input (3, length) of one recording of a components store."""
    phasic, tonic, residual = (
        components.signal(channel, index) for channel in ("phasic", "tonic", "residual")
    )
    return parts_input(phasic, tonic, residual, sampling_rate, onset, length, window)


def parts_input(
    phasic: NDArray[np.float32],
    tonic: NDArray[np.float32],
    residual: NDArray[np.float32],
    sampling_rate: float,
    onset: float,
    length: int,
    window: Window | None = None,
) -> NDArray[np.float32]:
    """Network input (3, length) of a recording from its parts, each of shape (n_samples,).

    Raises
    ------
    RtcanError
        If too little of it is left after the onset.
    """
    left = len(phasic) / sampling_rate - onset
    if left < MIN_SECONDS:
        raise RtcanError(
            f"only {max(left, 0):.1f} s of a recording are left after its first {onset:g} s are "
            f"dropped, at least {MIN_SECONDS:g} s are needed: use a smaller --onset",
        )
    # The decomposition is exact: the signal is the sum of its parts.
    original = phasic.astype(np.float64) + tonic + residual
    return network_input(original, phasic, tonic, sampling_rate, onset, length, window)


def _music(path: Path | None) -> tuple[NDArray[Any] | None, dict[str, int] | None]:
    if path is None:
        return None, None
    with Store(path, "music") as store:
        stimuli = store.array("stimuli/stimulus")
        return store.array("features/value"), {str(s): row for row, s in enumerate(stimuli)}

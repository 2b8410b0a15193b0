"""What models see of the real listeners: the package's inputs, and others from the same stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from plan import LENGTH, ONSET, WINDOW

from rtcan_cli.eda.window import Window
from rtcan_cli.runs.inputs import Sources, length_input, training_data
from rtcan_cli.stores import Store
from rtcan_cli.training.data import TrainingData
from rtcan_cli.trial_key import TRIAL_KEY

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Study:
    """The recordings that all experiments share.

    Parameters
    ----------
    folder : Path
        The stores of the dataset.
    recordings : DataFrame
        A row for each recording that was decomposed, by `TRIAL_KEY`, in the order of the store: its
        ratings, its place in the session (``order``, from 0), its length (``seconds``) and
        ``signal_to_noise``.
    conductance : list of array
        EDA of each [uS].
    parts : list of array (3, n_samples)
        Phasic, tonic and residual of each, in units of the recording's standard deviation.
    rate : array
        Sampling rate of each [Hz].
    """

    folder: Path
    recordings: pd.DataFrame
    conductance: list[Values]
    parts: list[Values]
    rate: Values


@lru_cache
def load(folder: Path) -> Study:
    """Read the stores.

    Parameters
    ----------
    folder : Path
        With ``recordings.h5``, ``labels.h5``, ``components.h5`` and ``features.h5``.
    """
    with Store(folder / "recordings.h5", "recordings") as store:
        trials = store.table("trials").set_index(list(TRIAL_KEY))
        table = store.table("recordings").set_index(list(TRIAL_KEY))
        table["seconds"] = store.seconds(range(len(table)))
        table["signal_to_noise"] = store.array("quality/signal_to_noise")
        eda = [store.signal("eda", row) for row in range(len(table))]
    with Store(folder / "components.h5", "components") as store:
        made = store.table("recordings").set_index(list(TRIAL_KEY))
        if not made.index.equals(table.index):
            raise SystemExit(f"{folder}: recordings and components are not of the same trials")
        rows = np.flatnonzero((made["problem"] == "").to_numpy())
        names = ("phasic", "tonic", "residual")
        parts = [np.stack([store.signal(name, row) for name in names]) for row in rows]
    # A file is named by its place in the session and its song.
    place = table["source"].str.extract(r"/(\d+)_\d+\.csv$")[0]
    kept = table.assign(order=place.astype(int)).iloc[rows].join(trials[["valence", "arousal"]])
    return Study(folder, kept, [eda[row] for row in rows], parts, kept["sampling_rate"].to_numpy())


@lru_cache(maxsize=4)
def see(study: Study, inputs: str, target: str, names: tuple[str, ...] = ()) -> TrainingData:
    """Trials of a target with what a model is to see of them, the same trials for all inputs.

    Of features those with these names, all by default.
    """
    sources = Sources(study.folder / "components.h5", study.folder / "labels.h5")
    window = Window.parse(WINDOW) if inputs == "signals-window" else None
    data, _ = training_data(sources, target, ONSET, LENGTH, window=window)
    if inputs.startswith("features"):
        features = replace(sources, components=None, features=study.folder / "features.h5")
        other, _ = training_data(features, target, ONSET, LENGTH, names)
        rows = keys(other).get_indexer(keys(data))
        if (rows < 0).any():
            raise SystemExit("some recordings have components and no features")
        data = other.take(rows)
        if inputs == "features-listener":
            data = _seeing(data, within(data.own_eda, data.subject))
        return data
    make = _OWN.get(inputs)
    if make is None:
        return data
    row = study.recordings.index.get_indexer(keys(data))
    return _seeing(data, make(study)[row].astype(np.float32))


def _seeing(data: TrainingData, eda: NDArray[np.float32]) -> TrainingData:
    """The same trials with other EDA, a row for each of them."""
    return replace(data, eda=eda, row=np.arange(len(data)))


def keys(data: TrainingData) -> pd.MultiIndex:
    """`TRIAL_KEY` of each trial."""
    return pd.MultiIndex.from_arrays([getattr(data, name) for name in TRIAL_KEY], names=TRIAL_KEY)


def within(values: NDArray[np.floating], subject: NDArray[np.str_]) -> NDArray[np.float32]:
    """Features in standard deviations of the listener; 0 where they do not vary."""
    table = pd.DataFrame(values.astype(np.float64))
    groups = table.groupby(subject)
    spread = groups.transform("std", ddof=0)
    scaled = (table - groups.transform("mean")) / spread.where(spread > 1e-12)
    return scaled.fillna(0).to_numpy(np.float32)


def _nothing(study: Study) -> Values:
    return np.empty((len(study.recordings), 0))


def _duration(study: Study) -> Values:
    return np.stack([length_input(each) for each in study.recordings["seconds"]])


def _order(study: Study) -> Values:
    return study.recordings[["order"]].to_numpy(float)


def _level(study: Study) -> Values:
    """Level, spread, extremes and slope of the conductance, which a z-score takes away."""
    rows = []
    for eda, rate in zip(study.conductance, study.rate, strict=True):
        x = eda[round(ONSET * rate) :]
        slope = np.polyfit(np.arange(len(x)) / rate, x, 1)[0]
        rows.append([x.mean(), x.std(), x.min(), x.max(), slope, x[-1] - x[0]])
    return np.array(rows)


def _level_within(study: Study) -> Values:
    return within(_level(study), study.recordings.index.get_level_values(0).to_numpy(str))


def _signals_within(study: Study) -> Values:
    """Signals in standard deviations of the listener's conductance, with the level kept."""
    subject = study.recordings.index.get_level_values(0).to_numpy(str)
    scale = {}
    for each in np.unique(subject):
        own = np.concatenate([study.conductance[row] for row in np.flatnonzero(subject == each)])
        scale[each] = own.mean(), own.std()
    rows = []
    for who, eda, parts, rate in zip(
        subject, study.conductance, study.parts, study.rate, strict=True
    ):
        mean, sd = scale[who]
        phasic, tonic = parts[0] * eda.std() / sd, (parts[1] * eda.std() + eda.mean() - mean) / sd
        channels = [(eda - mean) / sd, phasic, tonic]
        positions = np.linspace(round(ONSET * rate), len(eda) - 1, LENGTH)
        rows.append([np.interp(positions, np.arange(len(x)), x) for x in channels])
    return np.array(rows)


_OWN: dict[str, Callable[[Study], Values]] = {
    "none": _nothing,
    "duration": _duration,
    "order": _order,
    "level": _level,
    "level-listener": _level_within,
    "signals-listener": _signals_within,
}

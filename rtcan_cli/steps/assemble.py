"""From stores to the arrays a network sees: the same for training and for explaining."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.eda.preprocess import network_input
from rtcan_cli.errors import RtcanError
from rtcan_cli.stores import Provenance, Store
from rtcan_cli.training.data import TrainingData


@dataclass(frozen=True)
class Sources:
    """The stores a run is made from.

    Parameters
    ----------
    components, labels : Path
        Decomposed EDA and labels.
    music : Path, optional
        Music features; None for EDA alone.
    """

    components: Path
    labels: Path
    music: Path | None = None

    def check(self) -> tuple[dict[str, str], Provenance]:
        """Content ids of the stores, and the provenance of the components.

        Raises
        ------
        RtcanError
            If one is missing, or they were not made from the same recordings. The hint names the
            command that mends it.
        """
        stores = {"components": self.components, "labels": self.labels}
        if self.music is not None:
            stores["music"] = self.music
        ids, made = {}, {}
        for kind, path in stores.items():
            with Store(path, kind) as store:
                ids[kind], made[kind] = store.content_id, store.provenance
        first = made["components"]
        for kind, provenance in made.items():
            same = provenance.inputs.get("recordings") == first.inputs.get("recordings")
            if provenance.dataset != first.dataset or not same:
                # The older one is behind: its step has not been run on the present recordings.
                raise RtcanError(
                    f"{stores[kind]} and {self.components} were not made from the same recordings",
                    f"rtcan {provenance.command} --dataset {first.dataset}, then "
                    f"rtcan decompose --dataset {first.dataset}; the one that is current does "
                    "nothing",
                )
        return ids, first


def training_data(
    sources: Sources, target: str, onset: float, length: int
) -> tuple[TrainingData, Counter[str]]:
    """Load all trials of one target that have EDA, a label and, if wanted, music.

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

    Returns
    -------
    data : TrainingData
        One row for each trial, in the order of the components store.
    left_out : Counter of str
        Reason to number of recordings of this target that were left out.
    """
    with Store(sources.labels, "labels") as store:
        table = store.table("labels")
    label_of = dict(
        zip(zip(table["subject"], table["stimulus"], strict=True), table[target], strict=True)
    )
    music, row_of = _music(sources.music)
    signals: list[NDArray[np.float32]] = []
    rows: list[tuple[str, str, int, int]] = []
    left_out: Counter[str] = Counter()
    with Store(sources.components, "components") as store:
        recordings = store.table("recordings")
        for index, recording in enumerate(recordings.itertuples(index=False)):
            if recording.target not in (target, "both"):
                continue
            subject, stimulus = str(recording.subject), str(recording.stimulus)
            label = int(label_of.get((subject, stimulus), -1))
            problem = recording.problem
            if not problem and label < 0:
                problem = f"no {target} label"
            if not problem and row_of is not None and stimulus not in row_of:
                problem = "no music features"
            if not problem:
                try:
                    signals.append(
                        trial_input(store, index, recording.sampling_rate, onset, length)
                    )
                except RtcanError as error:
                    problem = str(error)
            if problem:
                left_out[problem] += 1
            else:
                rows.append((subject, stimulus, label, row_of[stimulus] if row_of else -1))
    if not rows:
        reasons = "; ".join(left_out) or "no recording of this target"
        raise RtcanError(f"no trial can be used for {target}: {reasons}")
    subjects, stimuli, labels, songs = zip(*rows, strict=True)
    data = TrainingData(
        eda=np.stack(signals),
        label=np.array(labels, dtype=np.int64),
        subject=np.array(subjects),
        stimulus=np.array(stimuli),
        music=music,
        song=None if music is None else np.array(songs, dtype=np.int64),
    )
    return data, left_out


def trial_input(
    components: Store, index: int, sampling_rate: float, onset: float, length: int
) -> NDArray[np.float32]:
    """Network input (3, length) of one recording of a components store."""
    phasic, tonic, residual = (
        components.signal(channel, index) for channel in ("phasic", "tonic", "residual")
    )
    # The decomposition is exact: the signal is the sum of its parts.
    original = phasic.astype(np.float64) + tonic + residual
    return network_input(original, phasic, tonic, sampling_rate, onset, length)


def _music(path: Path | None) -> tuple[NDArray[Any] | None, dict[str, int] | None]:
    if path is None:
        return None, None
    with Store(path, "music") as store:
        stimuli = store.array("stimuli/stimulus")
        return store.array("features/value"), {str(s): row for row, s in enumerate(stimuli)}

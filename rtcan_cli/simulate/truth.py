"""The truth beside simulated data: what they were made from, in ``truth/`` below the root.

``population.npz`` holds who listened to what and what they felt:

- ``subject``, ``stimulus``: names, spelled as the readers do;
- ``pull``, shape (stimuli, 2): the common pull of each stimulus, valence and arousal;
- ``bias`` (subjects, 2), ``spread``, ``responsiveness``, ``rate``, ``level`` (subjects): the
  listeners' traits, see `rtcan_cli.simulate.physiology.Listeners`;
- ``deviation``, shape (subjects, stimuli, 2): every listener's deviation from the pull; also of
  those stimuli that the listener never met.

Beside it lies one file for each subject (DEAP ``s01.npz``, AMIGOS ``Data_Preprocessed_P01.npz``,
own recordings ``P01.npz``) or song (PMEmo ``1.npz``), about the recordings of that subject or song:

- ``source``, ``subject``, ``stimulus``, ``target``, one entry a recording: the raw file below the
  root, and the names under which the recording is in the recordings store;
- ``offsets``: samples ``offsets[i]`` to ``offsets[i + 1]`` of the signals are recording ``i``'s;
- ``driver``, ``phasic``, ``tonic``: float32, in microsiemens, all recordings one after another;
- ``quantity``, ``gain``, ``zero``, one entry a recording: a raw file of ``conductance`` holds
  ``gain * (phasic + tonic + noise - zero)``, one of ``resistance`` (DEAP)
  ``gain / (phasic + tonic + noise) - zero``, with noise of 0.01 microsiemens, as long as it has no
  fault;
- ``body``, shape (recordings, 2): what the sudomotor nerves followed, valence and arousal;
- ``sampling_rate``: in Hz.

The files hold plain arrays and are read with ``numpy.load``. The signals are the sound ones, also
where the raw file has a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtcan_cli.simulate.physiology import Array, Population, Signals

TRUTH_FOLDER = "truth"
"""Lies beside the marker of a simulation with its truth."""


@dataclass(frozen=True)
class TrueRecording:
    """One recording as it was made; the attributes are those of the file, see the module."""

    source: str
    subject: str
    stimulus: str
    target: str
    driver: Array
    phasic: Array
    tonic: Array
    body: Array
    gain: float = 1.0
    zero: float = 0.0
    quantity: str = "conductance"


def of_row(
    signals: Signals,
    row: int,
    body: Array,
    names: tuple[str, str, str, str],
    gain: float = 1.0,
    zero: float = 0.0,
    quantity: str = "conductance",
) -> TrueRecording:
    """The truth about one row of signals; `names` are its source, subject, stimulus and target."""
    channels = (signals.driver[row], signals.phasic[row], signals.tonic[row])
    return TrueRecording(*names, *channels, body[row], gain, zero, quantity)


def write_recordings(
    root: Path, stem: str, recordings: Sequence[TrueRecording], sampling_rate: float
) -> None:
    """Write the truth about the recordings of one subject or song.

    Parameters
    ----------
    root : Path
        Folder of the simulation.
    stem : str
        Name of the file, without its ending.
    recordings : sequence of TrueRecording
        At least one.
    sampling_rate : float
        In Hz.
    """
    lengths = [len(each.driver) for each in recordings]
    arrays: dict[str, Any] = {
        name: np.array([getattr(each, name) for each in recordings])
        for name in ("source", "subject", "stimulus", "target", "quantity", "gain", "zero", "body")
    }
    for name in ("driver", "phasic", "tonic"):
        arrays[name] = np.concatenate([getattr(each, name) for each in recordings], dtype="f4")
    arrays["offsets"] = np.concatenate([[0], np.cumsum(lengths)])
    arrays["sampling_rate"] = np.array(sampling_rate)
    np.savez(_folder(root) / f"{stem}.npz", **arrays)


def write_population(
    root: Path, population: Population, subjects: Sequence[str], stimuli: Sequence[str]
) -> None:
    """Write what is true about listeners and stimuli, named in the order of the population."""
    listeners = population.listeners
    np.savez(
        _folder(root) / "population.npz",
        subject=np.array(subjects),
        stimulus=np.array(stimuli),
        pull=population.stimuli,
        bias=listeners.bias,
        spread=listeners.spread,
        responsiveness=listeners.responsiveness,
        rate=listeners.rate,
        level=listeners.level,
        deviation=population.deviations,
    )


def _folder(root: Path) -> Path:
    folder = root / TRUTH_FOLDER
    folder.mkdir(exist_ok=True)
    return folder

"""What every reader turns raw files into: trials with their recordings and ratings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.profiles import Profile


@dataclass(frozen=True)
class Recording:
    """One EDA signal.

    Attributes
    ----------
    target : str
        The hearing it belongs to: ``"valence"`` or ``"arousal"`` where a subject listened once for
        each rating, ``"both"`` where one recording serves both.
    eda : ndarray of float64, shape (n_samples,)
        The signal as shipped, in the dataset's unit. NaN marks samples the sensor lost.
    sampling_rate : float
        In Hz.
    source : str
        The raw file it was read from.
    """

    target: str
    eda: NDArray[np.float64]
    sampling_rate: float
    source: str


@dataclass(frozen=True)
class Trial:
    """One subject's response to one stimulus.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers, as the publisher writes them.
    valence, arousal : float
        The subject's own ratings on the dataset's scale; NaN where there is none.
    recordings : tuple of Recording
        Those that are there and usable; empty where none is. The ratings count all the same, since
        a subject's threshold between high and low rests on everything that the subject rated.
    """

    subject: str
    stimulus: str
    valence: float
    arousal: float
    recordings: tuple[Recording, ...]


@dataclass(frozen=True)
class Excluded:
    """A trial, or one recording of it, that was left out, with the reason.

    A rated trial whose recording cannot be used is there as a `Trial` too, without that recording.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers.
    reason : str
        Why it was left out, in words.
    source : str
        The raw file concerned.
    """

    subject: str
    stimulus: str
    reason: str
    source: str


@dataclass(frozen=True)
class Stimulus:
    """A song or a video.

    Attributes
    ----------
    stimulus : str
        Identifier.
    title, artist : str
        Empty where unknown.
    audio : str
        Absolute path of the audio file; empty where there is none.
    valence_mean, arousal_mean : float
        Mean rating over all listeners that the publisher ships; NaN where there is none.
    """

    stimulus: str
    title: str = ""
    artist: str = ""
    audio: str = ""
    valence_mean: float = math.nan
    arousal_mean: float = math.nan


@dataclass
class RawDataset:
    """An opened dataset, whose trials are read batch by batch.

    Attributes
    ----------
    name : str
        Name of the dataset, see :data:`rtcan_cli.datasets.profiles.PROFILES`.
    edition : str
        What was found, such as ``"PMEmo 2018"``.
    files : tuple of Path
        Every raw file that is read, so that a change can be noticed.
    stimuli : tuple of Stimulus
        All stimuli, in the publisher's order.
    n_batches : int
        Number of batches that `batches` yields.
    batches : callable
        Reads the trials: one batch for each subject file (DEAP, AMIGOS) or song (PMEmo). What was
        left out of a trial comes before it. Each call starts anew. Raises RtcanError where a file
        is damaged.
    simulated : bool
        True for files that rtcan's simulator wrote.
    notes : tuple of str
        What the user must know about this copy of the dataset.
    """

    name: str
    edition: str
    files: tuple[Path, ...]
    stimuli: tuple[Stimulus, ...]
    n_batches: int
    batches: Callable[[], Iterator[list[Trial | Excluded]]]
    simulated: bool
    notes: tuple[str, ...]


def check_signal(eda: NDArray[Any]) -> str | None:
    """Why an array is no recording at all, or None.

    Whether a recording is good enough to be decomposed is for later steps to say.

    Parameters
    ----------
    eda : ndarray
        The samples.

    Returns
    -------
    str or None
        The reason, in words.
    """
    if eda.size == 0:
        return "the recording is empty"
    if eda.ndim != 1:
        return f"the recording has the shape {eda.shape} instead of one channel"
    if np.isnan(eda).all():
        return "the recording is wholly NaN"
    return None


def check_rating(valence: float, arousal: float, facts: Profile) -> str | None:
    """Why a pair of ratings makes a trial useless, or None.

    Parameters
    ----------
    valence, arousal : float
        NaN where there is no rating.
    facts : Profile
        Gives the scale.

    Returns
    -------
    str or None
        The reason, in words: both are missing, or one lies off the scale.
    """
    low, high = facts.rating_scale
    for name, rating in (("valence", valence), ("arousal", arousal)):
        if rating < low or rating > high:
            return f"the {name} rating {rating:g} is not on the scale from {low:g} to {high:g}"
    if math.isnan(valence) and math.isnan(arousal):
        return "there is no rating"
    return None

"""What every reader turns raw files into: trials with their recordings and ratings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.polarity import SignalKind
from rtcan_cli.datasets.terms import Credit
from rtcan_cli.errors import RtcanError


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
        The raw file on disk that it was read from.
    position : str
        Where it lies in that file, such as ``"data[2, 36]"``; empty where it is the whole file.
    jitter : float
        How uneven the sampling times in the file are: the standard deviation of the steps, as a
        share of their median; NaN where the file has no times.
    unit, polarity : str
        Of `eda`, as `rtcan_cli.datasets.polarity` has them, where the reader knows them; empty
        where they are those of the whole dataset. The sign is not changed yet.
    notes : tuple of str
        What has to be said about the file.
    begin : float
        Seconds of the file before it, if it is the last part of one.
    span : tuple of (str, int, int), optional
        Which channel of the file, its first sample there and the one behind the last, where
        several trials may be cut out of one file.
    """

    target: str
    eda: NDArray[np.float64]
    sampling_rate: float
    source: str
    position: str = ""
    jitter: float = math.nan
    unit: str = ""
    polarity: str = ""
    notes: tuple[str, ...] = ()
    begin: float = 0.0
    span: tuple[str, int, int] | None = None


@dataclass(frozen=True)
class Trial:
    """One subject's response to one stimulus.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers, as the publisher writes them.
    repetition : int
        1 the first time that the subject met this stimulus, 2 the second time, and so on.
    valence, arousal : float
        The subject's own ratings on the dataset's scale; NaN where there is none.
    recordings : tuple of Recording
        Those that are there, good or bad; empty where none is. The ratings count all the same,
        since a subject's threshold between high and low rests on everything that the subject rated.
    """

    subject: str
    stimulus: str
    valence: float
    arousal: float
    recordings: tuple[Recording, ...]
    repetition: int = 1


@dataclass(frozen=True)
class Excluded:
    """A trial, or one recording of it, that was left out, with the reason.

    A rated trial without a recording is there as a `Trial` too.

    Attributes
    ----------
    subject, stimulus : str
        Identifiers; empty where a whole file was left out.
    reason : str
        Why it was left out, in words.
    source : str
        The raw file on disk concerned.
    position : str
        The place in that file.
    repetition : int
        As of `Trial`.
    """

    subject: str
    stimulus: str
    reason: str
    source: str
    position: str = ""
    repetition: int = 1


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
        Absolute path of the audio file, in a zip file followed by ``:`` and the member; empty where
        there is none.
    valence_mean, arousal_mean : float
        Mean rating over all listeners that the publisher ships; NaN where there is none.
    song : str
        The same for stimuli that are known to be the same song under several names; empty where it
        is the stimulus itself, as far as anybody has said. Ingest finds equal audio by itself.
    """

    stimulus: str
    title: str = ""
    artist: str = ""
    audio: str = ""
    valence_mean: float = math.nan
    arousal_mean: float = math.nan
    song: str = ""

    def filled(self, title: str, artist: str, audio: str, song: str) -> Stimulus:
        """With what another row of a table says of it, where nothing is known so far."""
        return replace(
            self,
            title=self.title or title,
            artist=self.artist or artist,
            audio=self.audio or audio,
            song=self.song or song,
        )


Item = Trial | Excluded | RtcanError
"""What reading yields: a trial, what was left out, or what is wrong with a damaged file."""


@dataclass(frozen=True)
class RawDataset:
    """An opened dataset, whose trials are read part by part.

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
    parts : tuple of callable
        Each reads one part, a subject's file (DEAP, AMIGOS) or a song (PMEmo), and returns its
        items. They can be pickled, so that parts can be read side by side. What was left out of a
        trial comes before it. A damaged file is an `RtcanError` among the items (or is raised,
        where nothing of the part can be read); the caller decides whether to go on without it.
    in_turn : bool
        Whether parts are read one after the other unless the user says otherwise: several at a
        time would take too much memory, or no less time.
    damaged : tuple of RtcanError
        Files that turned out to be damaged when the dataset was opened, one error each.
    simulated : bool
        True for files that rtcan's simulator wrote.
    notes : tuple of str
        What the user must know about this copy of the dataset.
    unclaimed : tuple of str
        Audio files among the raw files that no stimulus uses, as in `Stimulus.audio`.
    kind : SignalKind or None
        What its recordings are, once they are read; None where their unit says it.
    audio : Path or None
        Folder or zip file that the audio files lie in; None where they are among the raw files.
    device : str or None
        Which of several devices' recordings they are, if not those that are read by default.
    rating_scale : tuple of float or None
        Lowest and highest possible rating, where the files say it.
    lead : float
        Seconds of each recording before its stimulus, where the files say it.
    credit : Credit
        Licence and authors, as the files state them.
    """

    name: str
    edition: str
    files: tuple[Path, ...]
    stimuli: tuple[Stimulus, ...]
    parts: tuple[Callable[[], list[Item]], ...]
    in_turn: bool
    damaged: tuple[RtcanError, ...]
    simulated: bool
    notes: tuple[str, ...]
    unclaimed: tuple[str, ...] = ()
    kind: SignalKind | None = None
    audio: Path | None = None
    device: str | None = None
    rating_scale: tuple[float, float] | None = None
    lead: float = 0.0
    credit: Credit = field(default_factory=Credit)


def no_rating(valence: float, arousal: float) -> str | None:
    """Why a trial without any rating is left out, in words; None where there is one.

    Whether ratings are on their scale is judged by `rtcan_cli.datasets.ratings`.
    """
    return "there is no rating" if math.isnan(valence) and math.isnan(arousal) else None


UNRATED = (
    "ingest, decompose and music-features work with that, relabel does not, nor what needs labels"
)
"""What can be done with a dataset in which nothing is rated."""


def with_recordings(
    trial: Trial, found: Iterable[tuple[Recording | RtcanError | str, tuple[str, str]]]
) -> list[Item]:
    """A trial with its recordings, behind what is wrong with those that it has not.

    Parameters
    ----------
    trial : Trial
        Without recordings.
    found : iterable of (Recording or RtcanError or str, (str, str))
        What reading each of them gave, and the `source` and `position` where a table names it: a
        recording; what is wrong with its file; or the reason why it is left out, which is empty
        where it was told before.
    """
    items: list[Item] = []
    recordings = []
    for each, place in found:
        if isinstance(each, Recording):
            recordings.append(each)
        elif isinstance(each, RtcanError):
            items.append(each)
        elif each:
            items.append(Excluded(trial.subject, trial.stimulus, each, *place, trial.repetition))
    return [*items, replace(trial, recordings=tuple(recordings))]

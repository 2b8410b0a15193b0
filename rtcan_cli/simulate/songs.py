"""Songs that sound as they feel: audio whose tempo, mode, brightness and loudness are known.

Arousing songs are faster, louder, brighter and more detached; pleasant ones are more often in major
and lie higher (for such links see Eerola and Vuoskoski, Music Perception 30(3), 2013). Key, chords
and melody are each song's own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from rtcan_cli.signals import held_back
from rtcan_cli.simulate.physiology import AROUSAL, VALENCE

SAMPLING_RATE = 22050
"""In Hz."""

_PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 4, 0), (0, 5, 1, 4), (0, 4, 5, 3))
_SCALES = {True: (0, 2, 4, 5, 7, 9, 11), False: (0, 2, 3, 5, 7, 8, 10)}
_BEATS_PER_BAR = 4
_FADE = 0.05


@dataclass(frozen=True)
class Character:
    """What a song sounds like.

    Attributes
    ----------
    tempo : float
        Beats per minute.
    major : float
        Probability that a bar is in major.
    brightness : float
        Each harmonic is this much weaker than the one below it, between 0 and 1.
    loudness : float
        Peak amplitude, up to 1.
    sustain : float
        Decay time of the notes, in beats.
    key : float
        Frequency of the tonic, in Hz.
    """

    tempo: float
    major: float
    brightness: float
    loudness: float
    sustain: float
    key: float


def character(valence: float, arousal: float, rng: np.random.Generator) -> Character:
    """How a song with given (standard normal) valence and arousal sounds; the key is drawn."""
    level = np.clip(arousal, -2.5, 2.5)
    return Character(
        tempo=float(100 * 2 ** (0.35 * level)),
        major=float(1 / (1 + np.exp(-3 * valence))),
        brightness=float(0.5 + 0.15 * level),
        loudness=float(0.9 * 10 ** ((level - 2.5) * 3.5 / 20)),
        sustain=float(0.8 * 2 ** (-0.5 * level)),
        key=float(110 * 2 ** ((rng.integers(12) + 2 * np.clip(valence, -2, 2)) / 12)),
    )


def synthesise(
    valence: float, arousal: float, duration: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Compose and play a song.

    Parameters
    ----------
    valence, arousal : float
        The song's common pull, see `rtcan_cli.simulate.physiology`.
    duration : float
        In seconds.
    rng : Generator
        For what is the song's own.

    Returns
    -------
    ndarray of float32, shape (round(duration * SAMPLING_RATE),)
        One channel, within -1..1.
    """
    sound = character(valence, arousal, rng)
    beat = 60 / sound.tempo
    n_samples = round(duration * SAMPLING_RATE)
    n_beats = int(np.ceil(duration / beat))
    song = np.zeros(n_samples + round(4 * beat * SAMPLING_RATE))
    progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    modes = rng.random(len(progression)) < sound.major
    chords = [
        _play([sound.key * _interval(degree + third, bool(mode)) for third in (-7, 0, 2, 4)], sound)
        for degree, mode in zip(progression, modes, strict=True)
    ]
    melody: dict[float, NDArray[np.float64]] = {}
    for number in range(n_beats):
        bar = number // _BEATS_PER_BAR % len(progression)
        _add(song, chords[bar], number * beat)
        _add(song, 0.5 * _tick(sound, rng), (number + 0.5) * beat)
        note = progression[bar] + int(rng.choice((0, 2, 4, 5, 7)))
        pitch = 2 * sound.key * _interval(note, bool(modes[bar]))
        if pitch not in melody:
            melody[pitch] = 1.2 * _play([pitch], sound)
        _add(song, melody[pitch], (number + rng.choice((0, 0.5))) * beat)
    song = song[:n_samples]
    n_fade = min(round(_FADE * SAMPLING_RATE), n_samples // 2)
    song[:n_fade] *= np.linspace(0, 1, n_fade)
    song[n_samples - n_fade :] *= np.linspace(1, 0, n_fade)
    return (sound.loudness * song / np.abs(song).max()).astype(np.float32)


def encoded(
    pull: NDArray[np.float64], duration: float, rng: np.random.Generator, kind: str
) -> bytes:
    """The content of an audio file with a song, of a kind that libsndfile writes.

    Parameters
    ----------
    pull : ndarray, shape (2,)
        Valence and arousal, as for `synthesise`.
    duration, rng
        As for `synthesise`.
    kind : str
        Such as ``"WAV"``.

    Returns
    -------
    bytes
    """
    audio = synthesise(pull[VALENCE], pull[AROUSAL], duration, rng)
    stream = io.BytesIO()
    with held_back():  # libsndfile loses interrupts
        soundfile.write(stream, audio, SAMPLING_RATE, format=kind)
    return stream.getvalue()


def _interval(degree: int, major: bool) -> float:
    octave, step = divmod(degree, 7)
    return float(2 ** (octave + _SCALES[major][step] / 12))


def _play(pitches: list[float], sound: Character) -> NDArray[np.float64]:
    """Notes struck together, with harmonics, dying away."""
    decay = sound.sustain * 60 / sound.tempo
    time = np.arange(round(min(4 * decay, 4 * 60 / sound.tempo) * SAMPLING_RATE)) / SAMPLING_RATE
    harmonics = np.arange(1, 9)
    frequencies = np.outer(pitches, harmonics).ravel()
    weights = np.tile(sound.brightness ** (harmonics - 1), len(pitches))
    audible = frequencies < 0.45 * SAMPLING_RATE
    waves = np.sin(2 * np.pi * frequencies[audible, None] * time)
    attack = np.minimum(time / 0.01, 1)
    return np.asarray(weights[audible] @ waves * attack * np.exp(-time / decay) / len(pitches))


def _tick(sound: Character, rng: np.random.Generator) -> NDArray[np.float64]:
    """A hi-hat, louder in bright songs."""
    time = np.arange(round(0.08 * SAMPLING_RATE)) / SAMPLING_RATE
    return np.asarray(sound.brightness * rng.standard_normal(len(time)) * np.exp(-time / 0.02))


def _add(song: NDArray[np.float64], part: NDArray[np.float64], start: float) -> None:
    first = round(start * SAMPLING_RATE)
    target = song[first : first + len(part)]
    target += part[: len(target)]

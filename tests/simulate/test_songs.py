from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.simulate.songs import SAMPLING_RATE, character, synthesise


def play(valence: float, arousal: float, seed: int = 0, duration: float = 8.0) -> np.ndarray:
    return synthesise(valence, arousal, duration, np.random.default_rng(seed))


def centroid(audio: np.ndarray) -> float:
    """Mean frequency of the spectrum, in Hz."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    return float((np.fft.rfftfreq(len(audio), 1 / SAMPLING_RATE) * power).sum() / power.sum())


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(1, 6), st.integers(0, 99))
def test_songs_are_valid_audio_of_the_right_length(
    valence: float, arousal: float, duration: float, seed: int
) -> None:
    audio = play(valence, arousal, seed, duration)
    assert audio.dtype == np.float32
    assert len(audio) == round(duration * SAMPLING_RATE)
    assert 0.01 < np.abs(audio).max() < 1
    assert audio[0] == 0
    assert abs(audio[-1]) < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_arousing_songs_are_louder_and_brighter(seed: int) -> None:
    calm, exciting = play(0, -1.5, seed), play(0, 1.5, seed)
    assert exciting.std() > 1.5 * calm.std()
    assert centroid(exciting) > 1.3 * centroid(calm)


def test_the_beat_has_the_tempo_that_arousal_sets() -> None:
    for arousal in (-1.0, 1.0):
        tempo = character(0, arousal, np.random.default_rng(1)).tempo
        audio = play(1, arousal, 1, 30.0).astype(float)
        hop = 441
        level = np.square(audio[: len(audio) // hop * hop].reshape(-1, hop)).mean(axis=1)
        rises = np.maximum(np.diff(level), 0)
        rises -= rises.mean()
        power = np.abs(np.fft.rfft(rises, 2**15))
        frequency = np.fft.rfftfreq(2**15, hop / SAMPLING_RATE) * 60
        power[frequency < 40] = 0
        ratio = frequency[np.argmax(power)] / tempo
        # Notes fall on beats and between them, so the strongest pulse is a multiple of the beat.
        assert min(abs(ratio - multiple) for multiple in (1, 2, 4)) < 0.03


def test_pleasant_songs_are_in_major() -> None:
    """The third above the tonic tells: four semitones in major, three in minor."""

    def thirds(valence: float) -> float:
        balance = 0.0
        for seed in range(6):
            audio = play(valence, 0.0, seed)
            power = np.abs(np.fft.rfft(audio)) ** 2
            key = character(valence, 0.0, np.random.default_rng(seed)).key
            major, minor = (
                power[round(key * 2 ** (step / 12) * len(audio) / SAMPLING_RATE) + np.arange(-8, 9)]
                for step in (4, 3)
            )
            balance += np.log(major.sum() / minor.sum())
        return balance

    assert thirds(2.0) > 0 > thirds(-2.0)

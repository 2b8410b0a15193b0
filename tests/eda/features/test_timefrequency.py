"""Wavelet energies add up; cepstral coefficients are those of their definition."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.eda.features.stretch import HIGHEST, RATE, Stretch
from rtcan_cli.eda.features.timefrequency import (
    FRAME,
    HOP,
    N_COEFFICIENTS,
    N_FILTERS,
    SPEED,
    mfcc,
    time_frequency_features,
    wavelet_energies,
)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@given(st.integers(2, 700), st.integers(1, 7), st.integers(0, 9))
def test_energies_add_up_to_the_power_of_the_signal(n: int, levels: int, seed: int) -> None:
    x = noise(n, seed) + 2
    energies = wavelet_energies(x, levels)
    assert energies.shape == (levels + 1,)
    assert (energies >= 0).all()
    assert energies.sum() == pytest.approx(np.mean(x**2))


def test_energies_are_those_of_the_transfer_functions() -> None:
    """Percival & Walden (2000), eq. 202: squared gain |sum g_l exp(-i w l)|^2, by its closed form.

    For Daubechies' filter of four taps it is 2 sin^4(w/2) (1 + 2 cos^2(w/2)).
    """
    x = noise(240)
    mirrored = np.concatenate([x, x[::-1]])
    n = mirrored.size
    power = np.abs(np.fft.fft(mirrored)) ** 2 / n**2
    w = 2 * np.pi * np.arange(n) / n

    def high(w: np.ndarray) -> np.ndarray:
        return np.sin(w / 2) ** 4 * (1 + 2 * np.cos(w / 2) ** 2)

    remaining = power
    expected = []
    for level in range(6):
        expected.append(np.sum(remaining * high(2**level * w)))
        remaining = remaining * high(2**level * w + np.pi)
    np.testing.assert_allclose(wavelet_energies(x, 6), [*expected, remaining.sum()])


def test_energies_are_those_of_pywavelets() -> None:
    pywt = pytest.importorskip("pywt")
    x = noise(320)
    mirrored = np.concatenate([x, x[::-1]])
    bands = pywt.swt(mirrored, "db2", level=6, trim_approx=True, norm=True)
    expected = [np.mean(band**2) for band in bands]
    np.testing.assert_allclose(wavelet_energies(x, 6), expected[::-1][:6] + expected[:1])


@pytest.mark.parametrize("level", [3, 4, 5, 6])
def test_a_sine_stands_in_its_octave(level: int) -> None:
    frequency = RATE / 2**level * 0.75
    t = np.arange(2000) / RATE
    sine, zero = np.sin(2 * np.pi * frequency * t), np.zeros_like(t)
    for name, signals in (("eda", (sine, zero)), ("phasic", (zero, sine))):
        features = time_frequency_features(Stretch(*signals, zero, zero, 0.0, 1.0))
        levels = {k: v for k, v in features.items() if k.startswith(f"{name}_wavelet_level")}
        assert max(levels, key=lambda each: levels[each]) == f"{name}_wavelet_level{level}"


def test_a_level_is_no_energy() -> None:
    x = noise(300)
    plain, lifted = (time_frequency_features(Stretch(y, y, y, y, 0.0, 1.0)) for y in (x, x + 50))
    assert lifted["eda_wavelet_slower"] == pytest.approx(plain["eda_wavelet_slower"])
    assert lifted["phasic_wavelet_entropy"] == pytest.approx(plain["phasic_wavelet_entropy"])


def test_statistics_are_those_of_the_coefficients_of_the_eda() -> None:
    x = np.cumsum(noise(300))
    features = time_frequency_features(Stretch(x, noise(300), noise(300, 1), 0 * x, 0.0, 1.0))
    third = mfcc(x)[3]
    assert features["mfcc3_mean"] == pytest.approx(third.mean())
    assert features["mfcc3_std"] == pytest.approx(third.std())
    steps = [abs(b - a) for a, b in pairwise(third)]
    assert features["mfcc3_change"] == pytest.approx(sum(steps) / len(steps))


def slow_mfcc(x: np.ndarray) -> np.ndarray:
    """The definition, by loops: a frame, a filter, a coefficient at a time."""
    y = [x[k] - 0.97 * x[k - 1] for k in range(1, x.size)]
    padded = y[FRAME // 2 - 1 :: -1] + y + y[: -FRAME // 2 - 1 : -1]
    top = 2595 * np.log10(1 + HIGHEST * SPEED / 700)
    corners = [
        700 * (10 ** (top * k / (N_FILTERS + 1) / 2595) - 1) / SPEED for k in range(N_FILTERS + 2)
    ]
    window = [np.sin(np.pi * k / FRAME) ** 2 for k in range(FRAME)]
    coefficients = []
    for start in range(0, len(padded) - FRAME + 1, HOP):
        frame = np.array([w * v for w, v in zip(window, padded[start:], strict=False)])
        logs = []
        for low, centre, high in zip(corners, corners[1:], corners[2:], strict=False):
            total = 0.0
            for k in range(257):
                f = k * RATE / 512
                weight = max(0.0, min((f - low) / (centre - low), (high - f) / (high - centre)))
                if weight:
                    wave = np.exp(-2j * np.pi * k / 512 * np.arange(FRAME))
                    total += weight * abs(wave @ frame) ** 2
            logs.append(np.log(max(total / 512 / sum(w * w for w in window), 1e-7)))
        row = []
        for c in range(N_COEFFICIENTS):
            basis = [np.cos(np.pi * c * (2 * k + 1) / (2 * N_FILTERS)) for k in range(N_FILTERS)]
            scale = np.sqrt((1 if c == 0 else 2) / N_FILTERS)
            row.append(scale * float(np.dot(basis, logs)))
        coefficients.append(row)
    return np.array(coefficients).T


@pytest.mark.parametrize("n", [66, 200])
def test_coefficients_are_those_of_the_definition(n: int) -> None:
    x = np.cumsum(noise(n))
    np.testing.assert_allclose(mfcc(x), slow_mfcc(x), atol=1e-9)


def test_coefficients_are_those_of_librosa_for_the_sped_up_signal() -> None:
    librosa = pytest.importorskip("librosa")
    x = np.cumsum(noise(400))
    mirrored = np.pad(x[1:] - 0.97 * x[:-1], FRAME // 2, mode="symmetric")
    # librosa puts a short window into the middle of a long frame; the power is the same.
    beside = (512 - FRAME) // 2
    mel = librosa.feature.melspectrogram(
        y=np.pad(mirrored, beside),
        sr=int(RATE * SPEED),
        n_fft=512,
        win_length=FRAME,
        hop_length=HOP,
        center=False,
        n_mels=N_FILTERS,
        fmax=HIGHEST * SPEED,
        htk=True,
        norm=None,
    )
    window = np.sin(np.pi * np.arange(FRAME) / FRAME) ** 2
    logs = np.log(np.maximum(mel / (512 * window @ window), 1e-7))
    expected = librosa.feature.mfcc(S=logs, n_mfcc=N_COEFFICIENTS)
    np.testing.assert_allclose(mfcc(x), expected, atol=1e-4)


def test_a_gain_shifts_the_first_coefficient_alone() -> None:
    x = np.cumsum(noise(300))
    plain, louder = mfcc(x), mfcc(10 * x)
    np.testing.assert_allclose(louder[0] - plain[0], np.sqrt(N_FILTERS) * np.log(100))
    np.testing.assert_allclose(louder[1:], plain[1:], atol=1e-9)


@pytest.mark.parametrize("n", [16, 17, 40, 64, 100, 12000])
def test_there_is_a_frame_every_two_seconds(n: int) -> None:
    coefficients = mfcc(np.cumsum(noise(n)))
    assert coefficients.shape == (N_COEFFICIENTS, (n - 1) // HOP + 1)
    assert np.isfinite(coefficients).all()


def test_silence_is_finite_and_does_not_change() -> None:
    still = np.zeros(100)
    features = time_frequency_features(Stretch(still, still, still, still, 0.0, 1.0))
    assert np.isfinite(list(features.values())).all()
    for name, value in features.items():
        if name.endswith(("std", "change", "entropy")):
            assert abs(value) < 1e-12, name

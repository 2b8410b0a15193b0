from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.models.layers.images import REACH, draw, fold


def drawn_by_hand(signal: np.ndarray, size: int) -> np.ndarray:
    """One curve, column by column and pixel by pixel."""
    rows = np.clip((REACH - signal) * (size - 1) / (2 * REACH), 0, size - 1)
    image, before = np.zeros((size, size)), None
    for column in range(size):
        first = column * len(rows) // size
        last = -(-(column + 1) * len(rows) // size)
        top, bottom = rows[first:last].min(), rows[first:last].max()
        own = (top, bottom)
        if before is not None:
            top, bottom = min(top, before[1]), max(bottom, before[0])
        before = own
        for row in range(size):
            distance = max(top - row, row - bottom, 0)
            image[row, column] = max(0, 1 - distance)
    return image


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 90), size=st.integers(2, 17), seed=st.integers(0, 99))
def test_curves_are_those_drawn_by_hand(length: int, size: int, seed: int) -> None:
    signals = np.random.default_rng(seed).normal(0, 2.5, size=(2, 3, length))
    images = draw(torch.tensor(signals), size)
    assert images.shape == (2, 3, size, size)
    for image, signal in zip(images.flatten(0, 1), signals.reshape(6, length), strict=True):
        np.testing.assert_allclose(image, drawn_by_hand(signal, size), atol=1e-9)


def test_a_curve_is_whole_and_one_pixel_wide() -> None:
    time = torch.linspace(0, 1, 2500, dtype=torch.float64)
    flat = draw(torch.zeros(1, 1, 2500), 65)[0, 0]
    assert (flat[32] == 1).all()
    assert flat.sum() == 65
    steep = draw((8 * (time > 0.5) - 4)[None, None], 64)[0, 0]
    assert (steep[-1, :32] == 1).all()
    assert (steep[0, 32:] == 1).all()
    assert (steep.max(dim=1).values == 1).all()  # the jump is drawn
    ramp = draw((8 * time - 4)[None, None], 64)[0, 0]
    assert ramp.flip(0).diagonal().min() > 0.5
    assert (draw(torch.full((1, 1, 9), 1e6), 8)[0, 0, 0] == 1).all()  # beyond is at the edge


def test_the_same_signal_is_the_same_image_in_any_batch() -> None:
    signals = torch.randn(5, 3, 250, requires_grad=True)
    for image_of in (draw, fold):
        images = image_of(signals, 64)
        assert not images.requires_grad
        assert torch.equal(image_of(signals[3:4], 64), images[3:4])
        by_channels = signals.mT.contiguous().mT  # another layout in memory
        assert torch.equal(image_of(by_channels, 64), images)


@pytest.mark.parametrize(("length", "width"), [(2500, 50), (2499, 50), (7, 3), (4, 2), (1, 1)])
def test_signals_are_folded_row_by_row(length: int, width: int) -> None:
    signals = torch.arange(1.0, length + 1).expand(2, 3, length)
    n_rows = -(-length // width)
    square = torch.zeros(n_rows * width)
    square[:length] = signals[0, 0]
    folded = fold(signals, width)
    assert folded.shape == (2, 3, width, width)
    if n_rows == width:
        assert torch.equal(folded[1, 2], square.reshape(n_rows, width))
    assert fold(signals, 112).shape == (2, 3, 112, 112)

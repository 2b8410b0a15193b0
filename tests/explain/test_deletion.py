from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rtcan_cli.explain.deletion import (
    N_SEGMENTS,
    area,
    deletion_curve,
    insertion_curve,
    order_by,
    random_order,
    segments,
    shares,
)

LENGTH = 200


class LooksAtOneSegment(nn.Module):
    """P(high) rises with the largest sample of the phasic channel in segment 7."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, eda, music=None):
        score = self.scale * eda[:, 1, segments(LENGTH) == 7].amax(dim=1)
        return torch.stack([-score, score], dim=1)


@pytest.fixture
def trials():
    eda = np.zeros((3, 3, LENGTH), dtype=np.float32)
    eda[:, 1, segments(LENGTH) == 7] = 2
    return eda, np.array([1, 1, 0])


def places(order):
    return np.argmax(order == 7, axis=1)


@pytest.mark.parametrize("fill", ["mean", "interpolate"])
def test_the_probability_falls_when_the_cause_is_taken_out_and_comes_back_with_it(trials, fill):
    eda, chosen = trials
    known = (LooksAtOneSegment(), eda, None, chosen)
    order = random_order(3, LENGTH, seed=1)
    share = shares(LENGTH)
    with_cause = 1 / (1 + np.exp(-4.0 * np.where(chosen == 1, 1, -1)))
    for curves, back in ((deletion_curve, False), (insertion_curve, True)):
        curve = curves(*known, order, fill)
        gone = np.round(share * N_SEGMENTS)[None] <= places(order)[:, None]
        there = ~gone if back else gone
        for row, present, best in zip(curve, there, with_cause, strict=True):
            np.testing.assert_allclose(row[present], best, rtol=1e-4)
            assert (np.abs(row[~present] - 0.5) < 0.05).all()


def test_a_map_of_the_cause_beats_any_other_order(trials):
    eda, chosen = trials
    known = (LooksAtOneSegment(), eda[:2], None, chosen[:2])
    weight = np.abs(eda[:2]).sum(axis=1)
    right, wrong = order_by(weight), order_by(-weight)
    assert (right[:, 0] == 7).all()
    share = shares(LENGTH)
    less = area(deletion_curve(*known, right, "mean"), share)
    more = area(deletion_curve(*known, wrong, "mean"), share)
    assert (less < more - 0.3).all()
    less = area(insertion_curve(*known, wrong, "mean"), share)
    more = area(insertion_curve(*known, right, "mean"), share)
    assert (less < more - 0.3).all()


@pytest.mark.parametrize("length", [30, 200, 2500])
def test_segments_are_equal_and_in_order(length):
    own = segments(length)
    sizes = np.bincount(own)
    assert (np.diff(own) >= 0).all()
    assert np.ptp(sizes) <= 1
    assert len(sizes) == min(length, N_SEGMENTS)
    order = order_by(np.arange(length)[None])
    np.testing.assert_array_equal(order[0], np.arange(len(sizes))[::-1])
    assert (shares(length)[[0, -1]] == (0, 1)).all()


def test_what_is_left_is_joined_by_straight_lines():
    ramp = np.tile(np.linspace(-1, 1, LENGTH, dtype=np.float32), (1, 3, 1))
    seen = []

    class Notes(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, eda, music=None):
            seen.extend(eda.numpy().copy())
            return torch.zeros(len(eda), 2)

    inner = np.r_[1 : N_SEGMENTS - 1, 0, N_SEGMENTS - 1][None]
    deletion_curve(Notes(), ramp, None, np.array([1]), inner, "interpolate")
    for eda in seen[:-1]:
        np.testing.assert_allclose(eda, ramp[0], atol=1e-6)
    np.testing.assert_allclose(seen[-1], 0, atol=1e-6)

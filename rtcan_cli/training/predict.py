"""Probabilities of a trained network."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rtcan_cli.training.data import Inputs, place, place_if_room
from rtcan_cli.training.device import tensor_float

BATCH = 256


@torch.no_grad()
def logits(model: nn.Module, inputs: Inputs, index: Tensor) -> Tensor:
    """Return the logits (len(index), 2) of some trials, with the network in evaluation mode."""
    model.eval()
    with tensor_float(False):
        return torch.cat([model(*inputs.batch(some)) for some in index.split(BATCH)])


def probability_of_high(scores: Tensor) -> NDArray[np.float32]:
    """Return the softmax probability of class 1 for logits (n, 2)."""
    return scores.softmax(dim=1)[:, 1].cpu().numpy()


def predict(
    model: nn.Module,
    eda: NDArray[np.float32],
    music: NDArray[np.float32] | None = None,
    row: NDArray[np.int64] | None = None,
    song: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Predict the probability that a trial is high.

    Parameters
    ----------
    model : Module
        A trained network, on any device.
    eda : NDArray of float32 (n, 3, L) or (n, F)
        Original, phasic and tonic EDA, z-scored; or standardised EDA features.
    music : NDArray of float32 (n, F), optional
        Music features of each trial, standardised with the statistics of the fold that trained
        the network (`rtcan_cli.training.data.standardise`). Needed if the network fuses music.
    row, song : NDArray of int64 (n,), optional
        Row of each trial in `eda` and in `music`; by default, trial by trial.

    Returns
    -------
    NDArray of float64 (n,)
        Probability of class 1. In double precision, because a temperature tells apart answers
        that are all 1 in single precision.
    """
    device = next(model.parameters()).device
    every = torch.arange(len(eda if row is None else row), device=device)
    inputs = Inputs(
        place_if_room(eda, device),
        None if music is None else place(music, device),
        every if song is None else place(song, device),
        every if row is None else place(row, device),
    )
    scores = logits(model, inputs, every).cpu().double()  # MPS knows no double precision
    return scores.softmax(dim=1)[:, 1].numpy()

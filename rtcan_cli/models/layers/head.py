"""What every network ends in: values of the EDA, the music next to them, RTCAN-1D's classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rtcan_cli.models.spec import ModelSpec


def classifier(n_inputs: int, dropout: float = 0.0, n_classes: int = 2) -> nn.Sequential:
    """Return RTCAN-1D's classifier; maps (batch, n_inputs) to logits (batch, n_classes).

    ::

        [Dropout] Linear 256, ReLU, [Dropout] Linear 128, ReLU, Linear n_classes

    Yin et al. 2022, sec. 3, without the ReLU and the softmax after the last layer. Dropout is not
    in the paper.
    """
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(n_inputs, 256),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, n_classes),
    )


def fuse(values: Tensor, music: Tensor | None, n_music: int) -> Tensor:
    """Put music (batch, n_music) behind values (batch, n), if the network hears music.

    Raises
    ------
    ValueError
        If it does and there is none.
    """
    if not n_music:
        return values
    if music is None:
        raise ValueError("this network fuses music: it needs the music vectors")
    return torch.cat([values, music], dim=1)


class Headed(nn.Module):
    """A network that differs from others only in what it makes of the EDA.

    ::

        EDA ── body ── flatten (batch, n_values) ──┐
        music (batch, n_music) ── concatenate ─────┴── RTCAN-1D's classifier ── logits (batch, 2)

    Parameters
    ----------
    body : Module
        Maps EDA (batch, 3, L), or features (batch, n_features), to `n_values` values a trial.
    n_values : int
        How many; 0 for a network that sees no EDA.
    spec : ModelSpec
        Its `n_music` is the length of the music vector, 0 for a network on EDA alone.
    dropout : float
        As of `classifier`.
    """

    def __init__(self, body: nn.Module, n_values: int, spec: ModelSpec, dropout: float) -> None:
        super().__init__()
        self.n_music = spec.n_music
        self.body = body
        self.classifier = classifier(n_values + spec.n_music, dropout)

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return logits (batch, 2)."""
        return self.classifier(fuse(self.values(eda), music, self.n_music))

    def values(self, eda: Tensor) -> Tensor:
        """Return what the classifier sees of the EDA (batch, n_values)."""
        return self.body(eda).flatten(1)

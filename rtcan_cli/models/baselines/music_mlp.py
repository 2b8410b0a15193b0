"""RTCAN-1D's classifier on the music alone: what the fused network knows without any EDA.

::

    music (6373) ── Linear 256, ReLU, Linear 128, ReLU, Linear 2 ── low, high

Source: ours. A fused network can learn which songs are usually rated high, and predict this
whatever the EDA. This is the same classifier, trained by the same recipe on the same folds, without
the 896 inputs from the EDA. The difference between RTCAN-1D and this model is the contribution of
the EDA.

Inputs: the openSMILE features of the song, standardised with the training songs of the fold. No
EDA, so it also predicts trials whose EDA cannot be used; with `--splits-from` an RTCAN-1D run, both
test the same trials.

Defaults: as RTCAN-1D's. 1 664 898 weights.
"""

from __future__ import annotations

from torch import nn

from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.spec import ModelSpec


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    return Headed(nn.Identity(), 0, spec, dropout)

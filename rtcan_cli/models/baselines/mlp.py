"""Multilayer perceptron on statistics of the EDA.

::

    EDA statistics (30) ─────┐
    [music (6373)] ──────────┴── Linear 256, ReLU, Linear 128, ReLU, Linear 2 ── low, high

Source: Sharma et al. 2019, as cited in Table 6 of Yin et al. 2022: a multilayer perceptron on
statistics of the EDA. Their paper was not available.

Inputs: 30 of the features of `rtcan eda-features`: mean, spread and range of the EDA as recorded;
mean, spread, skewness, kurtosis, interquartile range and range (largest value of the phasic part)
of the EDA and of its phasic and tonic part; mean absolute first and second derivative of each, and
the spread of the first. Standardised with the training trials of the fold. With `--fusion music`
also the openSMILE features of the song.

Defaults: two hidden layers, RTCAN-1D's classifier; trained by the same `--recipe` as RTCAN-1D.
41 090 weights on EDA alone.

Different from the original: it is not known which statistics and which layers Sharma et al. used,
so both are ours. Fusing music is ours too.
"""

from __future__ import annotations

from torch import nn

from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.spec import ModelSpec


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    return Headed(nn.Identity(), spec.n_features, spec, dropout)

"""Three convolutions over the 128 hand-crafted EDA features (CNN-3 of the paper).

::

    EDA features (128) as one channel (1, 128)
     │ conv 3, stride 2, BatchNorm, ReLU    (64, 64)
     │ conv 3, stride 2, BatchNorm, ReLU    (64, 32)
     │ conv 3, stride 2, BatchNorm, ReLU    (64, 16)
     │ flatten                              (1024)
     └ RTCAN-1D's classifier                low, high

Source: Yin et al. 2022, sec. 5.2, Table 3 and Fig. 4: a CNN of three layers on the same features as
the support vector machine, each "the same basic conv layer" as in RTCAN-1D.

Inputs: all 128 features of `rtcan eda-features`, in the order of their catalogue, standardised with
the training trials of the fold. No music.

Defaults: 64 channels and kernels of 3 as in RTCAN-1D's residual blocks; trained by the same
`--recipe` as RTCAN-1D. 320 706 weights.

Different from the original: the paper does not give the widths and strides of the layers, or the
layers that follow. Widths, strides and the classifier are RTCAN-1D's. The order of the features
determines which of them a convolution combines; it is ours, as are the features
(docs/eda_features.md).
"""

from __future__ import annotations

from torch import nn

from rtcan_cli.models.layers.convolution import basic
from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.spec import ModelSpec

WIDTH = 64
LAYERS = 3


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    left = spec.n_features
    body = nn.Sequential(nn.Unflatten(1, (1, spec.n_features)))
    for layer in range(LAYERS):
        body.append(basic(WIDTH if layer else 1, WIDTH, kernel=3, stride=2))
        left = (left + 1) // 2
    return Headed(body, WIDTH * left, spec, dropout)

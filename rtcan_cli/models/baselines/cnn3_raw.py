"""Three convolutions on the EDA signal, their size found by a grid search.

::

    original EDA (1, L)                               (1, 2500)
     │ conv K, BatchNorm, ReLU, max pool 4            (F, 625)
     │ conv K, BatchNorm, ReLU, max pool 4            (F, 157)
     │ conv K, BatchNorm, ReLU, max pool 4            (F, 40)
     │ sliding mean, as RTCAN-1D's                    (F, 14)
     └ RTCAN-1D's classifier                          low, high

Source: Al Machot, Elmachot, Ali, Al Machot, Kyamakya: A Deep-Learning Model for Subject-Independent
Human Emotion Recognition Using Electrodermal Activity Sensors, Sensors 19(7), 2019, 1659, doi
10.3390/s19071659.

Inputs: the original EDA, z-scored and interpolated to L samples, without phasic and tonic part. No
music.

Defaults: six candidates, 32 or 64 filters (F) with kernels of 3, 7 or 15 samples (K). Each is
trained in every fold, so a run trains six times; the one with the lowest validation loss is kept;
test trials are not used for this. Trained by the same `--recipe` as RTCAN-1D. From 154 530 weights
to 387 010.

Different from the original: their paper selects the hyperparameters of a three-layer CNN by a grid
search. The values and the result of this search were not available; the grid is ours. BatchNorm,
the pools and RTCAN-1D's classifier are ours. Their network has four classes; here it has two, with
one network for each target.
"""

from __future__ import annotations

from torch import Tensor, nn

from rtcan_cli.models.layers.convolution import Channels, MaxPool, basic
from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.layers.residual import POOLED, pool
from rtcan_cli.models.spec import ModelSpec

LAYERS = 3
POOL = 4


class Cnn3Body(nn.Module):
    """Three convolutions with pooling; maps EDA (batch, 3, L) to (batch, filters, 14).

    Parameters
    ----------
    filters, kernel : int
        Width of each layer, and samples that it convolves.
    """

    def __init__(self, filters: int, kernel: int) -> None:
        super().__init__()
        layers = [
            nn.Sequential(basic(filters if i else 1, filters, kernel), MaxPool(POOL))
            for i in range(LAYERS)
        ]
        self.layers = nn.Sequential(Channels(1), *layers)

    def forward(self, eda: Tensor) -> Tensor:
        """Return the values of each filter at 14 places."""
        return pool(self.layers(eda))


def build(spec: ModelSpec, dropout: float, filters: int, kernel: int) -> Headed:
    """Return the network of one candidate."""
    return Headed(Cnn3Body(filters, kernel), filters * POOLED, spec, dropout)

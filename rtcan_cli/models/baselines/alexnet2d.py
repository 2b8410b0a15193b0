"""AlexNet on the EDA, folded to an image.

::

    original, phasic, tonic EDA (3, L)
     │ fold to squares, resize                              (3, 112, 112)
     │ conv 11, stride 4, BatchNorm, ReLU, max pool 3/2     (96, 13, 13)
     │ conv 5, 2 groups, BatchNorm, ReLU, max pool 3/2      (256, 6, 6)
     │ conv 3, BatchNorm, ReLU                              (384, 6, 6)
     │ conv 3, 2 groups, BatchNorm, ReLU                    (384, 6, 6)
     │ conv 3, 2 groups, BatchNorm, ReLU, max pool 3/2      (256, 2, 2)
     │ flatten                                              (1024)
     └ RTCAN-1D's classifier                                low, high

Source: Lin et al. 2017, as cited in Table 6 of Yin et al. 2022: a two-dimensional AlexNet on
peripheral signals. AlexNet itself: Krizhevsky, Sutskever, Hinton, NIPS 2012.

Inputs: original, phasic and tonic EDA, z-scored and interpolated to L = 2500 samples. EDA alone,
where the source has several peripheral signals. No music.

How the signal becomes an image: each of the three is reshaped to a square of 50 x 50, row by row,
so that neighbours in a row are consecutive samples, and rows are a 50th of the recording apart. The
three squares are the three colour channels. They are resized to 112 x 112, half of AlexNet's own
width, by bilinear interpolation. (The authors' code of RTCAN-1D reshapes its signals in the same
way.) Signals of another `--length` are reshaped to the smallest square that can contain them.

Defaults: trained by the same `--recipe` as RTCAN-1D. 2 632 386 weights.

Different from the original: the paper was not available, so the reshaping is ours, and weights
pretrained on photographs are not used. The convolutions are AlexNet's (2 334 080 weights).
BatchNorm replaces its local response normalisation: without it, signals shrink several hundredfold
on their way through the small initial weights of the paper's recipe. RTCAN-1D's classifier replaces
the two layers of 4096, which have 54 534 144 of AlexNet's 60 965 224 weights.
"""

from __future__ import annotations

from torch import Tensor, nn

from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.layers.images import fold
from rtcan_cli.models.spec import ModelSpec

SIZE = 112
LEFT = 2  # pixels along each side after the last pool


def _layer(n_in: int, n_out: int, kernel: int, stride: int, padding: int, groups: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, stride, padding, groups=groups),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    )


class AlexNetBody(nn.Module):
    """The convolutions of AlexNet; maps EDA (batch, 3, L) to (batch, 256, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _layer(3, 96, 11, 4, 2, groups=1),
            nn.MaxPool2d(3, 2),
            _layer(96, 256, 5, 1, 2, groups=2),
            nn.MaxPool2d(3, 2),
            _layer(256, 384, 3, 1, 1, groups=1),
            _layer(384, 384, 3, 1, 1, groups=2),
            _layer(384, 256, 3, 1, 1, groups=2),
            nn.MaxPool2d(3, 2),
        )

    def forward(self, eda: Tensor) -> Tensor:
        """Look at the folded signals."""
        return self.layers(fold(eda, SIZE))


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    return Headed(AlexNetBody(), 256 * LEFT**2, spec, dropout)

"""Residual signal-image network: a ResNet looks at the drawn EDA.

::

    original, phasic, tonic EDA (3, L)                              music (6373)
     │ draw as curves                             (3, 64, 64)        │
     │ conv 7, stride 2, BatchNorm, ReLU          (64, 32, 32)       │
     │ max pool 3, stride 2                       (64, 16, 16)       │
     │ 2 residual blocks                          (64, 16, 16)       │
     │ 2 residual blocks, the first of stride 2   (128, 8, 8)        │
     │ 2 residual blocks, the first of stride 2   (256, 4, 4)        │
     │ 2 residual blocks, the first of stride 2   (512, 2, 2)        │
     │ mean over the image                        (512)              │
     └──────────────────────── concatenate ──────────────────────────┘
                               RTCAN-1D's classifier ── low, high

Source: Yin, Sun, Zhang, Yu, Li, Zhang, Zou: User Independent Emotion Recognition with Residual
Signal-Image Network (Res-SIN), ICIP 2019, arXiv 1908.03692. ResNet-18: He, Zhang, Ren, Sun, CVPR
2016.

Inputs: original, phasic and tonic EDA, z-scored and interpolated to L samples; with `--fusion
music` the openSMILE features of the song.

How the signal becomes an image: each of the three is drawn as a curve, one pixel wide, into a
separate plane, with time to the right, and from -4 to 4 standard deviations upwards
(`layers/images.py`). It is drawn again for each batch, which takes little time.

Defaults: images of 64 x 64, a column being a 64th of the recording, about half a second of a song's
chorus and a second of a video; a rise of skin conductance takes one to three seconds. Trained by
the same `--recipe` as RTCAN-1D. 11 340 994 weights on EDA alone, 39 MB in the run store for each
fold and target.

Different from the original: only its abstract was available. It says that the decomposed signals
are transformed to images for a CNN, and are fused with the music; how they are drawn, the size of
the images, and which ResNet is used are choices made here. Images of 64 instead of ResNet's 224
pixels take a twelfth of the operations. RTCAN-1D's classifier is ours, so that the two networks
differ only in how they process the EDA.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from rtcan_cli.models.layers.head import Headed
from rtcan_cli.models.layers.images import draw
from rtcan_cli.models.spec import ModelSpec

SIZE = 64
WIDTHS = (64, 128, 256, 512)


class Block(nn.Module):
    """Residual block of ResNet-18.

    ::

        x ─┬─ conv 3, BatchNorm, ReLU, conv 3, BatchNorm ── + ── ReLU ── out
           └─ identity, or conv 1 and BatchNorm ────────────┘

    Parameters
    ----------
    n_in, n_out : int
        Channels before and after.
    stride : int
        Stride of the first convolution and of the projection.
    """

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, n_in, height, width) to (batch, n_out, height / stride, width / stride)."""
        return F.relu(self.branch(x) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 without its last layer; maps images (batch, 3, size, size) to (batch, 512)."""

    def __init__(self) -> None:
        super().__init__()
        n_in = WIDTHS[0]
        self.stem = nn.Sequential(
            nn.Conv2d(3, n_in, 7, 2, 3, bias=False),
            nn.BatchNorm2d(n_in),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.blocks = nn.Sequential()
        for stage, width in enumerate(WIDTHS):
            self.blocks.append(Block(n_in, width, 2 if stage else 1))
            self.blocks.append(Block(width, width, 1))
            n_in = width

    def forward(self, image: Tensor) -> Tensor:
        """Return 512 values of each image."""
        return self.blocks(self.stem(image)).mean(dim=(2, 3))


class ResSinBody(nn.Module):
    """Draws the EDA (batch, 3, L) and looks at it; returns (batch, 512)."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet18()

    def forward(self, eda: Tensor) -> Tensor:
        """Return 512 values of each trial."""
        return self.resnet(draw(eda, SIZE))


def build(spec: ModelSpec, dropout: float) -> Headed:
    """Return the network."""
    return Headed(ResSinBody(), WIDTHS[-1], spec, dropout)

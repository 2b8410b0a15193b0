"""The network of the paper: shallow features, attention, residual blocks, classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.layers.attention import PARTS, POOL, RNTA, SCA
from rtcan_cli.models.layers.convolution import BatchNorm, Conv, basic, channels_last
from rtcan_cli.models.layers.head import classifier, fuse
from rtcan_cli.models.layers.residual import POOLED, RFE, ResidualBlock
from rtcan_cli.models.rtcan.facts import VARIANTS


def minimum_length(variant: str) -> int:
    """Shortest input, in samples: each part needs one for SCA and two for RNTA."""
    modules = VARIANTS[variant]
    per_part = POOL if modules.rnta else int(modules.sca)
    return max(1, 2 * PARTS * per_part - 1)


def check_length(variant: str, length: int) -> None:
    """Raise RtcanError if an input of `length` samples is too short for the variant."""
    shortest = minimum_length(variant)
    if length < shortest:
        raise RtcanError(
            f"an input length of {length} samples is too short for network variant {variant}: "
            f"it needs at least {shortest}"
        )


class RTCAN(nn.Module):
    """Residual temporal and channel attention network.

    ::

        EDA (batch, 3, L)                                           music (batch, n_music)
         │ SFE   conv 7, stride 2, BatchNorm   (batch, 64, L/2)      │
         │ SCA   channel attention in 3 parts                        │
         │ RNTA  temporal attention in 3 parts                       │
         │ RFE   4 stages of 2 residual blocks (batch, 64, 14)       │
         │ flatten                             (batch, 896)          │
         └──────────────────── concatenate ──────────────────────────┘
                               [Dropout] Linear 256, ReLU, [Dropout] Linear 128, ReLU,
                               Linear n_classes
                               logits (batch, n_classes)

    On EDA alone (`n_music` = 0) it is the paper's RTCAG, with music fused RTCAN-1D.

    Parameters
    ----------
    variant : str
        Which attention modules there are: a name of Table 5, or `base-stem` (`VARIANTS`). `base`
        has no shallow feature extraction either: its RFE runs straight on the input.
    channels : sequence of int
        Width of each residual stage; the first is also the width of SFE, SCA and RNTA.
    depth : int
        Convolutions per residual block.
    n_music : int
        Length of the music vector; 0 for a network on EDA alone.
    n_classes : int
        Number of classes.
    in_channels : int
        Channels of the EDA input: original, phasic, tonic.
    dropout : float
        Probability of dropping an input of the first two linear layers in training. Not in the
        paper; 0 is its network.

    Attributes
    ----------
    sfe, sca, rnta : Module or None
        The modules in front of the residual stages, None where the variant has none. Their
        outputs are (batch, channels[0], ceil(L / 2)). `sfe` is the stem in `base-stem`.

    Raises
    ------
    RtcanError
        For an unknown variant, and in `forward` for an input too short to be clipped.

    Notes
    -----
    Yin, Sun, Yu, Li, Zhang: A Multimodal Framework for Large-Scale Emotion Recognition by Fusing
    Music and Electrodermal Activity Signals, ACM TOMM 18(3), 2022 (arXiv 2008.09743). The text
    puts a ReLU after the last layer and the softmax into the network; here the network returns
    plain logits for a cross-entropy, because a logit that a ReLU has cut off cannot recover.
    """

    #: Kind of the residual blocks.
    block: ClassVar[type[ResidualBlock]] = ResidualBlock

    def __init__(
        self,
        variant: str,
        channels: Sequence[int] = (64, 64, 64, 64),
        depth: int = 1,
        n_music: int = 0,
        n_classes: int = 2,
        in_channels: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if variant not in VARIANTS:
            raise RtcanError(
                f"there is no network variant {variant!r}", f"choose one of {', '.join(VARIANTS)}"
            )
        parts = VARIANTS[variant]
        width = channels[0]
        self.variant = variant
        self.n_music = n_music
        self.n_classes = n_classes
        self.sfe: nn.Sequential | None = None
        if parts.attends:
            self.sfe = nn.Sequential(Conv(in_channels, width, 7, 2, 3), BatchNorm(width))
        elif parts.stem:
            self.sfe = basic(in_channels, width, 7, 2)
        self.sca = SCA(width, PARTS) if parts.sca else None
        self.rnta = RNTA(width, PARTS) if parts.rnta else None
        n_in = width if parts.sfe else in_channels
        self.rfe = RFE(n_in, channels, depth, parts.sca_res, self.block)
        self.classifier = classifier(channels[-1] * POOLED + n_music, dropout, n_classes)

    def front(self) -> list[nn.Module]:
        """The modules in front of the residual stages that the variant has, in their order."""
        return [module for module in (self.sfe, self.sca, self.rnta) if module is not None]

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return scores (batch, n_classes), whose softmax are probabilities: the logits."""
        return self.logits(eda, music)

    def logits(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return what the last linear layer gives (batch, n_classes).

        Parameters
        ----------
        eda : Tensor (batch, in_channels, L)
        music : Tensor (batch, n_music), optional
            Needed if and only if `n_music` is not 0.
        """
        return self.classifier(fuse(self.values(eda), music, self.n_music))

    def values(self, eda: Tensor) -> Tensor:
        """Return what the classifier sees of the EDA (batch, in_channels, L): (batch, n_values)."""
        check_length(self.variant, eda.shape[-1])
        x = channels_last(eda)
        for module in self.front():
            x = module(x)
        return self.rfe(x).flatten(1)

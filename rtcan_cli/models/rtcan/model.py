"""RTCAN-1D: residual temporal and channel attention network for EDA, alone or with music.

::

    EDA (3, L) ── SFE ── SCA ── RNTA ── RFE ── (896) ──┐
    music (6373) ──────────────────────────────────────┴── classifier ── low, high

The network of the paper, in the seven variants of its Table 5 (`--variant`), with the depths and
widths of its Table 4 (`--depth`, `--channels`), or as the authors' code has it (`--layout
released`). On EDA alone the paper calls it RTCAG. An eighth variant, `base-stem`, is `base` behind
the stem that the authors' code gives it: convolution of 7, stride 2, BatchNorm, ReLU.

Inputs: original, phasic and tonic EDA, z-scored and interpolated to L = 2500 samples; with
`--fusion music` the openSMILE features of the song.

Different from the paper: it returns logits, without a ReLU and a softmax after the last layer, see
`rtcan_cli.models.rtcan.network.RTCAN`.
"""

from __future__ import annotations

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan.network import RTCAN, check_length
from rtcan_cli.models.rtcan.released import ReleasedRTCAN
from rtcan_cli.models.spec import ModelSpec


def build(spec: ModelSpec, dropout: float) -> RTCAN:
    """Return RTCAN-1D, or its layout in the authors' code.

    Raises
    ------
    RtcanError
        If the variant or the layout is unknown, the layout has no such variant, or ``length`` is
        too short for it.
    """
    networks = {"paper": RTCAN, "released": ReleasedRTCAN}
    if spec.layout not in networks:
        raise RtcanError(
            f"there is no network layout {spec.layout!r}", f"choose {' or '.join(networks)}"
        )
    network = networks[spec.layout]
    model = network(spec.variant, spec.channels, spec.depth, spec.n_music, dropout=dropout)
    check_length(spec.variant, spec.length)
    return model

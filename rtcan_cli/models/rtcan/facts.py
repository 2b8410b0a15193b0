"""What is known of RTCAN-1D without building it, which takes PyTorch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AttentionModules:
    """Attention modules of one network of Table 5.

    Parameters
    ----------
    sca : bool
        Channel attention after the shallow feature extraction.
    sca_res : bool
        Channel attention at the start of the branch of each residual block.
    rnta : bool
        Temporal attention after the channel attention.
    stem : bool
        In the place of the shallow feature extraction, the stem of the authors' network without
        attention, which ends in a ReLU.
    """

    sca: bool = False
    sca_res: bool = False
    rnta: bool = False
    stem: bool = False

    @property
    def attends(self) -> bool:
        """Whether there is any attention."""
        return self.sca or self.sca_res or self.rnta

    @property
    def sfe(self) -> bool:
        """Whether the length is halved in front of the residual part: in all but `base`."""
        return self.attends or self.stem


VARIANTS = {
    "base": AttentionModules(),
    "base-stem": AttentionModules(stem=True),
    "Ra": AttentionModules(sca_res=True),
    "Rb": AttentionModules(sca=True),
    "Rc": AttentionModules(sca=True, sca_res=True),
    "Rd": AttentionModules(rnta=True),
    "Re": AttentionModules(sca=True, rnta=True),
    "Rf": AttentionModules(sca=True, sca_res=True, rnta=True),
}

#: EDA channels of the published networks by the dataset they were trained on.
CHANNEL_ORDER = {
    "pmemo": ("original", "tonic", "phasic"),
    "deap": ("tonic", "phasic", "original"),
    "amigos": ("tonic", "phasic", "original"),
}

"""What is needed to build a model, and to rebuild it from stored weights."""

from __future__ import annotations

from dataclasses import dataclass

from rtcan_cli import choices

#: How weights start, see `rtcan_cli.models.weights.build`.
INITIALISATIONS = ("normal", "default")


@dataclass(frozen=True)
class ModelSpec:
    """A model and the sizes of what it sees.

    Parameters
    ----------
    variant : str
        Attention modules of RTCAN-1D, a name of `rtcan_cli.models.rtcan.facts.VARIANTS`; empty
        for other models.
    channels : tuple of int
        Width of each residual stage of RTCAN-1D.
    depth : int
        Convolutions per residual block of RTCAN-1D.
    n_music : int
        Length of the music vector; 0 for a model without music.
    length : int
        Samples per channel of the EDA it is trained on.
    layout : {"paper", "released"}
        RTCAN-1D as the paper has it, or as the authors' code.
    model : str
        A name of `rtcan_cli.choices.ModelName`.
    n_features : int
        Length of the vector of EDA features; 0 for a model that sees signals, or no EDA.
    candidate : int
        Which entry of the model's grid, from 0.
    """

    variant: str = ""
    channels: tuple[int, ...] = choices.CHANNELS
    depth: int = choices.DEPTH
    n_music: int = 0
    length: int = choices.LENGTH
    layout: choices.Layout = choices.LAYOUT
    model: str = choices.MODEL
    n_features: int = 0
    candidate: int = 0

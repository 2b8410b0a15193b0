"""Weights of a network: how they start, and how they become plain arrays and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.registry import new_network
from rtcan_cli.models.spec import INITIALISATIONS, ModelSpec

NORMAL_SD = 0.01


def build(spec: ModelSpec, initialisation: str, seed: int, dropout: float = 0.0) -> nn.Module:
    """Return a new network with drawn weights.

    Parameters
    ----------
    spec : ModelSpec
        The network.
    initialisation : {"normal", "default"}
        "normal" draws the weights of convolutions and linear layers from N(0, 0.01), 0.01 read
        as the standard deviation, and sets their biases to 0 (Yin et al. 2022, sec. 5.1);
        "default" is PyTorch's. BatchNorm scales start at 1, that of RNTA's W at 0, with both.
    seed : int
        Seed of the draw. The global random state is left as it was.
    dropout : float
        As of `rtcan_cli.models.layers.head.classifier`.
    """
    if initialisation not in INITIALISATIONS:
        raise ValueError(f"initialisation must be one of {INITIALISATIONS}: {initialisation!r}")
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        model = new_network(spec, dropout)
        if initialisation == "normal":
            for module in model.modules():
                if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
                    nn.init.normal_(module.weight, std=NORMAL_SD)
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)
    return model


def to_arrays(module: nn.Module) -> dict[str, NDArray[np.generic]]:
    """Copy all weights and BatchNorm statistics of a module to named arrays."""
    return {name: tensor.cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def from_arrays(module: nn.Module, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Copy named arrays, all that `to_arrays` returned, into a module.

    Raises
    ------
    RtcanError
        If names or shapes are not those of the module.
    """
    try:
        module.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    except RuntimeError as error:
        raise RtcanError("the stored weights belong to another network") from error


def check(weights: Mapping[str, NDArray[np.generic]], spec: ModelSpec) -> None:
    """Compare stored weights with the network they are said to be of, without building it.

    Parameters
    ----------
    weights, spec
        As of `rebuild`.

    Raises
    ------
    RtcanError
        If weights are missing, of another shape or kind or not finite, or there are others. The
        memory that the network would take has not been taken then.
    """
    wanted = _shapes(spec)
    for name in sorted(wanted.keys() | weights.keys()):
        if name not in weights:
            raise RtcanError(f"the weights '{name}' are missing")
        if name not in wanted:
            raise RtcanError(f"the weights '{name}' belong to another network")
        shape, kinds = wanted[name]
        if weights[name].shape != shape:
            raise RtcanError(
                f"the weights '{name}' have the shape {weights[name].shape}, where the network has "
                f"{shape}"
            )
        if weights[name].dtype.kind not in kinds:
            raise RtcanError(
                f"the weights '{name}' are {weights[name].dtype}, where the network has "
                f"{'floating-point' if kinds == 'f' else 'whole'} numbers"
            )
        if not np.isfinite(weights[name]).all():
            raise RtcanError(f"the weights '{name}' are not all finite numbers")


@lru_cache(maxsize=16)  # the folds of a run share theirs
def _shapes(spec: ModelSpec) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape of each array, and what kinds of numbers it may have, as NumPy's ``dtype.kind``."""
    with torch.device("meta"):  # sizes without memory
        return {
            name: (tuple(x.shape), "f" if x.is_floating_point() else "iu")
            for name, x in new_network(spec).state_dict().items()
        }


def rebuild(weights: Mapping[str, NDArray[np.generic]], spec: ModelSpec) -> nn.Module:
    """Build a network from stored weights, ready for inference.

    Parameters
    ----------
    weights : mapping of str to array
        What `to_arrays` returned.
    spec : ModelSpec
        The network they were trained in.

    Returns
    -------
    Module
        On the CPU, in evaluation mode.

    Raises
    ------
    RtcanError
        If the arrays do not belong to such a network.
    """
    model = new_network(spec)
    from_arrays(model, weights)
    return model.eval()

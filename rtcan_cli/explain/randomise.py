"""Whether a map changes when the network forgets what it has learnt.

The model randomisation test of Adebayo et al. (Sanity Checks for Saliency Maps, NeurIPS 2018): the
parts of a network are randomised one after the other, from the output to the input, and the map of
the same decision is compared with the original one. A map that stays as it was says little about
what the network has learnt. Guided backpropagation is known for that.

Similarity is Spearman's correlation of the weights, and the share of the highest tenth of the
original map that is still in the highest tenth (0.1 by chance). Measures of structure such as SSIM
are left out: sparse maps agree in their zeros, wherever their peaks are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import scipy
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from rtcan_cli.models.layers.convolution import BatchNorm
from rtcan_cli.models.layers.residual import BLOCKS_PER_STAGE
from rtcan_cli.models.rtcan.network import RTCAN

Network = TypeVar("Network", bound=nn.Module)
TOP = 0.1  # share of the samples that a reader of a map would look at


def stages(model: RTCAN) -> list[tuple[str, nn.Module]]:
    """Parts of a network with their names, from the output to the input."""
    linear = [layer for layer in model.classifier if isinstance(layer, nn.Linear)]
    blocks = list(model.rfe.blocks)
    names = {id(module): name for name, module in model.named_children()}
    forward = [(names[id(module)].upper(), module) for module in model.front()]
    forward += [
        (f"stage {1 + i // BLOCKS_PER_STAGE}", nn.Sequential(*blocks[i : i + BLOCKS_PER_STAGE]))
        for i in range(0, len(blocks), BLOCKS_PER_STAGE)
    ]
    forward += [("tail", model.rfe.tail)]
    forward += [(f"linear {i}", layer) for i, layer in enumerate(linear, 1)]
    return forward[::-1]


def cascade(
    model: RTCAN, eda: ArrayLike, music: ArrayLike | None, seed: int
) -> Iterator[tuple[str, RTCAN]]:
    """Randomise the parts of a network, one more each time, from the output to the input.

    Weights come from PyTorch's initialisation. Batch normalisations of the randomised parts take
    the statistics of the given trials, as training would give them; without that, activations of
    the random part would vanish or explode.

    Parameters
    ----------
    model : RTCAN
        Trained network; it is left as it was.
    eda : array (n, 3, L)
    music : array (n, n_music), optional
        Trials for the statistics.
    seed : int
        Of the weights.

    Yields
    ------
    name : str
        The part that was drawn last.
    network : RTCAN
        In evaluation mode; the same object each time, changed further when the next is asked for.
    """
    network = copy.deepcopy(model).eval()
    drawn: list[nn.Module] = []
    for i, (name, part) in enumerate(stages(network)):
        _draw(part, (seed, i))
        drawn.append(part)
        _settle(network, drawn, eda, music)
        yield name, network


def untrained(model: Network, eda: ArrayLike, music: ArrayLike | None, seed: int) -> Network:
    """A network of the same shape that has learnt nothing: for RTCAN-1D the end of the `cascade`.

    Networks of other models are drawn too; batch normalisations in two dimensions keep those
    statistics that they begin with.
    """
    network = copy.deepcopy(model).eval()
    parts = stages(network) if isinstance(network, RTCAN) else [*network.named_children()]
    for i, (_, part) in enumerate(parts):
        _draw(part, (seed, i))
    _settle(network, [network], eda, music)
    return network


def _draw(part: nn.Module, seed: tuple[int, int]) -> None:
    number = int(np.random.default_rng(seed).integers(2**63))
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(number)
        for module in part.modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()


@torch.no_grad()
def _settle(
    network: nn.Module, parts: Iterable[nn.Module], eda: ArrayLike, music: ArrayLike | None
) -> None:
    """Give the batch normalisations of some parts the statistics of these trials."""
    device = next(network.parameters()).device
    normalisations = [m for part in parts for m in part.modules() if isinstance(m, BatchNorm)]
    if not normalisations:
        return
    kept = [m.momentum for m in normalisations]
    for module in normalisations:
        module.reset_running_stats()
        module.momentum = None  # the plain mean over batches, here over one
        module.train()
    signal = torch.as_tensor(np.array(eda, dtype=np.float32), device=device)
    if len(signal) == 1:  # one value a channel has no spread, and PyTorch refuses it
        signal = signal.repeat(2, 1, 1)
    song = None
    if music is not None:
        song = torch.as_tensor(np.array(music, dtype=np.float32), device=device)
        song = song.repeat(len(signal) // len(song), 1)
    network(signal, song)
    for module, momentum in zip(normalisations, kept, strict=True):
        module.momentum = momentum
        module.eval()


def rank_correlation(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Spearman's correlation of each pair of rows.

    Parameters
    ----------
    one, other : array (n, L)

    Returns
    -------
    array (n,)
        NaN where a row is constant, as that of an empty map is.
    """
    ranks = [scipy.stats.rankdata(rows, axis=1) for rows in (np.asarray(one), np.asarray(other))]
    centred = [each - each.mean(axis=1, keepdims=True) for each in ranks]
    size = np.sqrt(np.prod([(each**2).sum(axis=1) for each in centred], axis=0))
    product = (centred[0] * centred[1]).sum(axis=1)
    return np.divide(product, size, out=np.full(len(size), np.nan), where=size > 0)


def top_overlap(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Share of the highest tenth of each row that is in the highest tenth of the other's row.

    Parameters
    ----------
    one, other : array (n, L)

    Returns
    -------
    array (n,)
        0.1 by chance; NaN where a row is constant.
    """
    rows = [np.asarray(each) for each in (one, other)]
    n_top = max(1, round(TOP * rows[0].shape[1]))
    marks = []
    for each in rows:
        mark = np.zeros(each.shape, dtype=bool)
        top = np.argsort(-each, axis=1, kind="stable")[:, :n_top]
        np.put_along_axis(mark, top, True, axis=1)
        marks.append(mark)
    share = (marks[0] & marks[1]).sum(axis=1) / n_top
    constant = np.any([np.ptp(each, axis=1) == 0 for each in rows], axis=0)
    return np.where(constant, np.nan, share)

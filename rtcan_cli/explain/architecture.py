"""What a network looks at before it has learnt anything.

Maps peak at the first and last samples of a trial more often than elsewhere, also those of
networks with random weights. There are two reasons, and neither is learnt: a drifting signal is
furthest from its mean at its ends, and maps grow with the size of what they explain; and the
convolutions see zeros beyond the ends. The average map of untrained networks over the same trials
shows how much of both there is at each time, and a map can be divided by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter1d

from rtcan_cli.choices import MAP, MapName
from rtcan_cli.explain.average import density
from rtcan_cli.explain.maps import attribute_trials
from rtcan_cli.explain.randomise import untrained
from rtcan_cli.models.rtcan.network import RTCAN

N_UNTRAINED = 8
#: Share of a trial that is averaged over, so that the noise of a few networks is not divided by.
_SMOOTH = 0.02
#: The least that is divided by, in times the even share.
_LEAST = 0.2


def untrained_average(
    model: RTCAN,
    eda: ArrayLike,
    music: ArrayLike | None = None,
    *,
    method: MapName = MAP,
    n_networks: int = N_UNTRAINED,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Average map of networks of the same shape that were never trained, over some trials.

    Parameters
    ----------
    model : RTCAN
        A network of the shape in question.
    eda : array (n, 3, L)
    music : array (n, n_music), optional
        The trials.
    method : {"guided-gradcam", "gradcam", "integrated-gradients"}
    n_networks, seed : int
        Networks that are drawn, and their seed.

    Returns
    -------
    array (L,)
        In times the even share, see `rtcan_cli.explain.average.density`; mean 1. All NaN if every
        map is empty.
    """
    found = []
    for k in range(n_networks):
        network = untrained(model, eda, music, seed + k)
        share = density(attribute_trials(network, eda, music, method=method).channels)
        there = share[~np.isnan(share).any(axis=(1, 2))]
        if len(there):
            found.append(there.mean(axis=0).sum(axis=0))
    if not found:
        return np.full(np.shape(eda)[-1], np.nan)
    return np.mean(found, axis=0)


def relative(share: NDArray[np.floating], average: ArrayLike) -> NDArray[np.floating]:
    """Divide maps by what untrained networks look at.

    Parameters
    ----------
    share : array (n, C, L)
        From `rtcan_cli.explain.average.density`.
    average : array (L,)
        From `untrained_average`. It is smoothed over 2 % of the trial, and not less than a fifth
        of the even share is divided by.

    Returns
    -------
    array (n, C, L)
        Again with mean 1 over time, summed over channels.
    """
    average = np.asarray(average, dtype=float)
    smooth = uniform_filter1d(average, 1 + 2 * round(_SMOOTH / 2 * len(average)), mode="nearest")
    return density(share / np.maximum(smooth, _LEAST))

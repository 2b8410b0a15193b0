"""What every decomposition returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Components:
    """The parts of one recording; phasic + tonic + residual is the recording.

    Attributes
    ----------
    phasic, tonic, residual : ndarray of float64, shape (n_samples,)
        In units of the recording.
    driver : ndarray of float64, shape (n_samples,)
        Sudomotor nerve activity in units of the recording per second: its convolution over time
        with the impulse response of the method makes the phasic part. Zero where a method has no
        impulse response.
    """

    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    driver: NDArray[np.float64]
    residual: NDArray[np.float64]

"""What every decomposition returns."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    response : tuple of float, optional
        Slow and fast time constant of the method's impulse response, in seconds; None where it has
        none.
    """

    phasic: NDArray[np.float64]
    tonic: NDArray[np.float64]
    driver: NDArray[np.float64]
    residual: NDArray[np.float64]
    response: tuple[float, float] | None = field(default=None, kw_only=True)

"""The 128 hand-crafted features of an EDA recording.

Composed after Shukla, Barreda-Ángeles, Oliver, Nandi & Puig, "Feature Extraction and Selection for
Emotion Recognition from Electrodermal Activity" (IEEE TAC 12(4), 2021), who compare features of
skin conductance responses, time, frequency and time-frequency. `catalogue` lists them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.features.frequency import frequency_features
from rtcan_cli.eda.features.scr import scr_features
from rtcan_cli.eda.features.stretch import cut
from rtcan_cli.eda.features.time import time_features
from rtcan_cli.eda.features.timefrequency import time_frequency_features
from rtcan_cli.eda.window import Window


def eda_features(
    original: ArrayLike,
    phasic: ArrayLike,
    tonic: ArrayLike,
    driver: ArrayLike,
    sampling_rate: float,
    onset: float = 0.0,
    window: Window | None = None,
) -> NDArray[np.float64]:
    """Describe a recording by 128 numbers.

    Parameters
    ----------
    original : array_like, shape (n_samples,)
        The recording, in any unit.
    phasic, tonic : array_like, shape (n_samples,)
        Its components, in z units: in standard deviations of the whole recording.
    driver : array_like, shape (n_samples,)
        Sudomotor driver, in z/s.
    sampling_rate : float
        In Hz. Recordings of 4 Hz and more are described alike, as spectra, cepstra and derivatives
        look no higher than 1.5 Hz.
    onset : float, optional
        Seconds at the beginning that are not described. z-scoring sees them, as it does in
        `rtcan_cli.eda.preprocess.network_input`.
    window : Window, optional
        The part that is described of what follows the onset, in z units of its own; all of it by
        default.

    Returns
    -------
    ndarray of float64, shape (128,)
        Finite, in the order of `rtcan_cli.eda.features.catalogue.CATALOGUE`. Features that need
        skin conductance responses are 0 where there are none.

    Raises
    ------
    RtcanError
        If a signal is damaged, the original is constant, the lengths differ, or less than 2 s are
        left after the onset, or the recording is too short for the window or constant in it.
    """
    stretch = cut(original, phasic, tonic, driver, sampling_rate, onset, window)
    values = {
        **scr_features(stretch),
        **time_features(stretch),
        **frequency_features(stretch),
        **time_frequency_features(stretch),
    }
    return np.array([values[feature.name] for feature in CATALOGUE])

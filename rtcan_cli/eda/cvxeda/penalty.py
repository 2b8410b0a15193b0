"""The penalty on cvxEDA's driver, from the noise of the recording itself.

A response that noise alone asks for must not be worth its price. The price of a driver sample is
alpha. What noise e of standard deviation sigma asks for is H' e, whose samples have the standard
deviation sigma times the norm of a column of H. A column is the Bateman response, sampled every
d seconds and multiplied by d, so its squared norm is d E, where E is the integral of the squared
response. The largest of N such samples is about sqrt(2 ln N) times their standard deviation (Donoho
& Johnstone, *Ideal spatial adaptation by wavelet shrinkage*, Biometrika 81, 1994). This gives
alpha = sigma sqrt(2 ln(N) d E), the universal penalty.

Nothing at all would then be found in noise, at the price that each true response becomes smaller
by alpha / E times the Bateman response. `NOISE_FACTOR` says how much of the universal penalty is
enough. Samples of H' e a second apart are nearly the same, and the tonic part takes up slow noise:
the largest of them is not 1, but 0.3 to 0.5 times the universal penalty.

docs/noise_aware_alpha.md has the derivation, the measurements and the sources.
"""

from __future__ import annotations

import math

from rtcan_cli.choices import PUBLISHED_ALPHA

#: Share of the universal penalty that is used: the smallest, in steps of 0.025, at which white
#: noise alone (one minute or more, 4 Hz or faster) is given a phasic part with at most a quarter of
#: its variance, half of its standard deviation, in 95 % of recordings. Measured at 4 Hz and 60 s in
#: 1500 recordings: 95 % have less than 0.41 of its variance at 0.075, than 0.24 at 0.1. Larger
#: shares cost small responses (`benchmarks/alpha.py`).
NOISE_FACTOR = 0.1
#: Variance of the phasic part, in variances of the recording, above which the parts cancel each
#: other. In 2000 simulated recordings of 30 s the true phasic part never has more than 2.7, in 2000
#: of 60 s 2.1 (`benchmarks/alpha.py shares`).
MOST_PHASIC = 3.0
#: What the penalty is multiplied by, again and again, as long as the parts cancel each other.
STEP = 1.5


def response_energy(tau0: float, tau1: float) -> float:
    """Integral of the squared Bateman response, in seconds.

    Parameters
    ----------
    tau0, tau1 : float
        Its time constants in seconds.
    """
    return tau0 / 2 + tau1 / 2 - 2 / (1 / tau0 + 1 / tau1)


def universal_alpha(
    noise: float, n_samples: int, sampling_rate: float, tau0: float, tau1: float
) -> float:
    """The penalty at which white noise hardly ever gets any driver.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise, in units of the recording.
    n_samples : int
        Length of the recording.
    sampling_rate : float
        In Hz.
    tau0, tau1 : float
        Time constants of the response in seconds.
    """
    energy = response_energy(tau0, tau1)
    return noise * math.sqrt(2 * math.log(n_samples) * energy / sampling_rate)


def noise_aware_alpha(
    noise: float, n_samples: int, sampling_rate: float, tau0: float, tau1: float, factor: float
) -> float:
    """That share of `universal_alpha`, and at least the published penalty.

    Parameters
    ----------
    noise, n_samples, sampling_rate, tau0, tau1
        As of `universal_alpha`, for a z-scored recording.
    factor : float
        Share of the universal penalty.
    """
    return max(
        PUBLISHED_ALPHA, factor * universal_alpha(noise, n_samples, sampling_rate, tau0, tau1)
    )

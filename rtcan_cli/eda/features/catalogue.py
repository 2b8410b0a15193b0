"""The one table of the 128 features: names, units, formulas, domains, and their order.

In the formulas x is the signal named, in z units of the whole recording, x' and x'' its smoothed
derivatives, P its power spectrum, SCR a skin conductance response; means, sums and spreads go over
the described stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtcan_cli.eda.features.frequency import BANDS, SYMPATHETIC
from rtcan_cli.eda.features.scr import MIN_AMPLITUDE, MIN_BURST
from rtcan_cli.eda.features.stretch import HIGHEST, RATE
from rtcan_cli.eda.features.timefrequency import LEVELS, N_COEFFICIENTS

#: Counted up when a feature is computed in another way: stores made before are then stale.
VERSION = 1

DOMAINS = ("SCR", "time", "frequency", "time-frequency")

_POWER = "log10 z^2"
#: Stands for the unit of the recording.
RECORDED = "as recorded"


@dataclass(frozen=True)
class Feature:
    """One feature.

    Parameters
    ----------
    name : str
        Unique.
    unit : str
        Physical unit; "" for numbers without one, "as recorded" for that of the recording.
    domain : str
        One of `DOMAINS`.
    formula : str
        How it is computed, in short.
    """

    name: str
    unit: str
    domain: str
    formula: str


def _of(prefix: str, unit: str, what: str, *statistics: str) -> Iterator[tuple[str, str, str]]:
    """Rows of the same statistics of something; `what` follows "mean of"."""
    words = {"std": "standard deviation", "max": "largest", "iqr": "interquartile range"}
    for statistic in statistics:
        word = words.get(statistic, statistic)
        own = "" if statistic in ("skewness", "kurtosis") else unit
        excess = ", less 3" if statistic == "kurtosis" else ""
        yield f"{prefix}_{statistic}", own, f"{word} of {what}{excess}"


def _scr() -> Iterator[tuple[str, str, str]]:
    least = f"at least {MIN_AMPLITUDE:g} z"
    yield "scr_count", "", f"number of SCRs: peaks of the phasic part, prominence {least}"
    yield "scr_rate", "1/min", "SCRs per minute"
    amplitude = "SCR amplitudes: peak less lowest point since the peak before"
    yield from _of("scr_amplitude", "z", amplitude, "mean", "std", "median", "max", "sum")
    raw = "SCR amplitudes times the recording's standard deviation"
    yield from _of("scr_amplitude_raw", RECORDED, raw, "mean", "sum")
    rise = "times from onset (5 % of the amplitude) to peak"
    yield from _of("scr_rise_time", "s", rise, "mean", "std", "max")
    recovery = "times from peak to half amplitude, where it is reached before the next SCR"
    yield from _of("scr_recovery_time", "s", recovery, "mean", "std", "max")
    area = "areas above the lowest point before, from onset to the next onset or the end"
    yield from _of("scr_area", "z s", area, "mean", "max", "sum")
    yield from _of("scr_rise_slope", "z/s", "amplitude / rise time", "mean", "std", "max")
    yield from _of("scr_interval", "s", "times from one peak to the next", "mean", "std")
    yield "scr_first", "s", "time of the first onset; length of the stretch without SCR"
    yield (
        "scr_late",
        "share",
        "share of the summed amplitude that peaks in the second half; 1/2 without SCR",
    )
    yield "scr_active", "share", "share of time between onset and half recovery"
    driver = "the driver, averaged over 1 s"
    yield from _of("driver", "z/s", driver, "mean", "std", "max")
    yield (
        "driver_burst_rate",
        "1/min",
        f"peaks of the averaged driver per minute, prominence at least {MIN_BURST:.2f} z/s",
    )


def _time() -> Iterator[tuple[str, str, str]]:
    yield from _of("raw", RECORDED, "the EDA as recorded", "mean", "std", "range")
    shape = ("mean", "std", "skewness", "kurtosis", "iqr")
    signals = {"eda": "the EDA", "phasic": "the phasic part", "tonic": "the tonic part"}
    for name, what in signals.items():
        yield from _of(name, "z", what, *shape, "max" if name == "phasic" else "range")
        yield f"{name}_slope", "z/s", f"least-squares slope of {what}"
        if name != "tonic":
            yield f"{name}_mobility", "1/s", f"std(x') / std(x) of {what} (Hjorth)"
            yield f"{name}_complexity", "", f"mobility of x' / mobility of x of {what} (Hjorth)"
    for name, what in signals.items():
        yield f"{name}_d1_mean_abs", "z/s", f"mean of |x'| of {what}"
        yield f"{name}_d1_std", "z/s", f"standard deviation of x' of {what}"
        if name != "tonic":
            yield f"{name}_d1_max", "z/s", f"largest x' of {what}"
        yield f"{name}_d1_rising", "share", f"share of time with x' > 0 of {what}"
        yield f"{name}_d2_mean_abs", "z/s^2", f"mean of |x''| of {what}"


def _frequency() -> Iterator[tuple[str, str, str]]:
    below = f"below {HIGHEST:g} Hz"
    for name, what in (("eda", "the EDA"), ("phasic", "the phasic part")):
        for low, high in BANDS:
            band = f"log10 of the power from {low:.1f} to {high:.1f} Hz of {what}"
            yield f"{name}_power_{low:.1f}_{high:.1f}", _POWER, band
        sympathetic = "power from {:g} to {:g} Hz".format(*SYMPATHETIC)
        yield f"{name}_sympathetic", "share", f"{sympathetic} / power {below} of {what}"
        yield f"{name}_centroid", "Hz", f"sum of f P / sum of P, {below}, of {what}"
        yield f"{name}_edge", "Hz", f"frequency under which 95 % of the power {below} of {what} lie"
        yield f"{name}_entropy", "", f"Shannon entropy of P / sum of P {below} of {what}, 0 to 1"


def _time_frequency() -> Iterator[tuple[str, str, str]]:
    for name, what in (("eda", "the EDA"), ("phasic", "the phasic part")):
        for level in LEVELS:
            band = f"{RATE / 2 ** (level + 1):g} to {RATE / 2**level:g} Hz"
            energy = f"log10 of the mean wavelet energy, {band}, of {what}"
            yield f"{name}_wavelet_level{level}", _POWER, energy
        slower = f"log10 of the mean energy below {RATE / 2 ** (LEVELS[-1] + 1):g} Hz of {what}"
        yield f"{name}_wavelet_slower", _POWER, slower
        yield f"{name}_wavelet_entropy", "", f"Shannon entropy of the five energies of {what}"
    for number in range(N_COEFFICIENTS):
        what = f"mel-frequency cepstral coefficient {number} of the EDA"
        yield f"mfcc{number}_mean", "", f"mean of {what} over frames"
        yield f"mfcc{number}_std", "", f"standard deviation of {what} over frames"
        yield f"mfcc{number}_change", "", f"mean absolute change of {what} between frames"


CATALOGUE: tuple[Feature, ...] = tuple(
    Feature(name, unit, domain, formula)
    for domain, rows in zip(
        DOMAINS, (_scr(), _time(), _frequency(), _time_frequency()), strict=True
    )
    for name, unit, formula in rows
)
"""All features, in the order of `rtcan_cli.eda.features.eda_features`."""

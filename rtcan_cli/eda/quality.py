"""Is a raw recording good enough to be decomposed? Measures, rules, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import maximum_filter1d

from rtcan_cli import choices
from rtcan_cli.eda.artefacts import KINDS, Artefacts, Limits, find_artefacts
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.preprocess import MIN_SECONDS, find_problem
from rtcan_cli.eda.sensor import resolution
from rtcan_cli.eda.stretches import ROUNDING, SAME, find_stuck, repair, runs, seconds
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    import pandas as pd

EDGE_SECONDS = 0.25
"""Seconds on both sides of an artefact that are bridged with it.

Sensors have filters: with a time constant of 0.1 s, 0.25 s of zeros leave r = 0.67 of the phasic
part with the truth if they alone are bridged (50 Hz), and 0.995 with 0.25 s more, as much as an
undamaged recording has. Of artefacts with sharp edges it costs nothing.
"""

DETECTABLE = 3.0
"""`Quality.signal_to_noise` below which a recording is not a measurement of the skin.

Three standard deviations of the noise are the limit of detection of analytical chemistry (IUPAC).
Of 735 sound recordings of HKU956, a wristband, 280 lie below it; with cvxEDA's published penalty,
phasic and tonic part cancel each other in 96 % of these, and in 14 % of the others.
"""


@dataclass(frozen=True)
class Quality:
    """What was measured on one recording.

    Attributes
    ----------
    duration : float
        In seconds.
    missing : float
        Share of the samples that were NaN, infinite or implausible before the repair, or are
        bridged because they lie within `EDGE_SECONDS` of an implausible one.
    longest_gap : float
        Longest run of such samples, in seconds; samples that are only near an implausible one do
        not make it longer.
    flat : float
        Share of the known samples in runs of one value that last `stretches.FLAT_RUN` or more, or
        half of the recording. Samples on both sides of a gap count as neighbours, so that a gap
        does not hide a dead sensor.
    clipped : float
        Share of the known samples on the highest or lowest value, in runs of at least
        `stretches.CLIP_RUN`, where that value is a limit of the sensor (see `stretches.TURN`); 0
        for a recording that never changes.
    lowest, highest : float
        Range of the known samples, in the signal's unit; NaN if none is known.
    jitter : float
        How uneven the sampling times in the file are: standard deviation of the steps (holes
        aside), as a share of their median; NaN where the file has no times.
    repaired : float
        Share of the samples that were interpolated.
    implausible : float
        Share of the samples that cannot come from skin, see `artefacts`; the sum of the next six.
    zeros, sentinels, out_of_range, too_fast, spikes, dips : float
        Share of the samples that are implausible for one reason, see `artefacts.KINDS`.
    steps : float
        How often the level jumps and does not come back.
    resolution : float
        Smallest step between values, in the signal's unit; NaN if no sample is known.
    noise : float
        Standard deviation of the sensor's noise, in the signal's unit; NaN for less than six
        samples in a row.
    signal_to_noise : float
        Standard deviation of the recording, in units of its noise or of its resolution, whichever
        is larger; NaN where neither is known.
    """

    duration: float
    missing: float
    longest_gap: float
    flat: float
    clipped: float
    lowest: float
    highest: float
    jitter: float
    repaired: float
    implausible: float = 0.0
    zeros: float = 0.0
    sentinels: float = 0.0
    out_of_range: float = 0.0
    too_fast: float = 0.0
    spikes: float = 0.0
    dips: float = 0.0
    steps: float = 0.0
    resolution: float = math.nan
    noise: float = math.nan
    signal_to_noise: float = math.nan


@dataclass(frozen=True)
class Rules:
    """What a recording may suffer before it is left out.

    Attributes
    ----------
    max_gap : float
        Longest gap that is repaired, in seconds. In one second the signal cannot rise and fall
        back, so a straight line loses no response.
    max_missing : float
        Largest share of missing samples, repaired or not. Many short gaps are a loose contact.
    max_flat : float
        Largest share of the known samples in flat runs. High on purpose: the other half of the
        recording may be sound, and the driver is zero where nothing happens.
    max_clipped : float
        Largest share of the known samples at a limit of the sensor. A few responses that lost
        their tops still count as responses at the right time.
    max_jitter : float
        Largest `Quality.jitter`. Times rounded to 0.02 s at 12 Hz give 0.08, every tenth sample
        lost gives 0.34, each sample up to half a step too early or late 0.41: all harmless. Times
        wholly at random give 0.78.
    min_duration : float
        Shortest recording, in seconds; at least `preprocess.MIN_SECONDS`. The usual limit is
        longer: 6 s hold one whole response, see `choices.MIN_DURATION`.
    min_eda, max_eda : float
        Range of skin conductance, in microsiemens; samples outside count as missing. A wristband
        without contact does not give 0: in HKU956 (Empatica E4) it gives 0.031 to 0.037 uS.
    max_slope : float
        Largest change of skin conductance, in microsiemens a second; samples of faster changes
        count as missing.
    max_steps : float
        How often the level may jump without coming back. A straight line through a jump is a
        response that never was, so that there is nothing to repair.
    min_signal_to_noise : float
        Least `Quality.signal_to_noise`; `DETECTABLE` leaves out what is not a measurement of the
        skin.
    keep_artefacts : bool
        Whether implausible samples are used as they are; nothing is looked for then.

    Raises
    ------
    RtcanError
        If a number is out of its range.
    """

    max_gap: float = choices.MAX_GAP
    max_missing: float = choices.MAX_MISSING
    max_flat: float = choices.MAX_FLAT
    max_clipped: float = choices.MAX_CLIPPED
    max_jitter: float = choices.MAX_JITTER
    min_duration: float = choices.MIN_DURATION
    min_eda: float = choices.MIN_EDA
    max_eda: float = choices.MAX_EDA
    max_slope: float = choices.MAX_SLOPE
    max_steps: float = choices.MAX_STEPS
    min_signal_to_noise: float = choices.MIN_SIGNAL_TO_NOISE
    keep_artefacts: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Rules:
        """The rules that a step with these parameters had; what it did not have yet is off."""
        known = {
            each.name: parameters[each.name] for each in fields(cls) if each.name in parameters
        }
        if "keep_artefacts" not in parameters:
            known |= {"keep_artefacts": True, "max_steps": math.inf, "min_signal_to_noise": 0.0}
        return cls(**known)

    @property
    def limits(self) -> Limits:
        """What is plausible."""
        return Limits(self.min_eda, self.max_eda, self.max_slope, self.max_gap)

    def __post_init__(self) -> None:
        for name, least, most, unit in (
            ("max_gap", 0.0, math.inf, " s"),
            ("max_missing", 0.0, 1.0, ""),
            ("max_flat", 0.0, 1.0, ""),
            ("max_clipped", 0.0, 1.0, ""),
            ("max_jitter", 0.0, math.inf, ""),
            ("min_duration", MIN_SECONDS, math.inf, " s"),
            ("min_eda", -math.inf, math.inf, " uS"),
            ("max_eda", self.min_eda, math.inf, " uS"),
            ("max_slope", 0.0, math.inf, " uS/s"),
            ("max_steps", 0.0, math.inf, ""),
            ("min_signal_to_noise", 0.0, math.inf, ""),
        ):
            value = getattr(self, name)
            # NaN fails this too. Infinity means "no limit" where there is none.
            if not least <= value <= most or (name == "min_duration" and math.isinf(value)):
                wanted = f"of {least:g}{unit} or more" if math.isinf(most) else "from 0 to 1"
                wanted = "that is a number" if math.isinf(least) else wanted
                raise RtcanError(
                    f"{value:g}{unit} is not a valid limit for the {_TITLES[name]}",
                    hint=f"use a --{name.replace('_', '-')} {wanted}",
                )


_TITLES = {
    "max_gap": "gaps that are repaired",
    "max_missing": "share of missing samples",
    "max_flat": "share of flat samples",
    "max_clipped": "share of clipped samples",
    "max_jitter": "unevenness of sampling times",
    "min_duration": "length of a recording",
    "min_eda": "lowest plausible conductance",
    "max_eda": "highest plausible conductance",
    "max_slope": "slope of conductance",
    "max_steps": "number of lasting steps",
    "min_signal_to_noise": "ratio of signal to noise",
}


@dataclass(frozen=True)
class Inspected:
    """A recording after repair, with what was found.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        Short gaps are filled; NaN in longer ones.
    repaired : ndarray of bool, shape (n_samples,)
        The samples that were filled.
    artefacts : dict of ndarray of bool, shape (n_samples,)
        Where implausible samples were, by `artefacts.KINDS`.
    quality : Quality
        What was measured.
    fault : str or None
        Why the recording cannot be used, in words; None for a sound one.
    """

    eda: NDArray[np.float64]
    repaired: NDArray[np.bool_]
    artefacts: dict[str, NDArray[np.bool_]]
    quality: Quality
    fault: str | None


def inspect(
    eda: ArrayLike,
    sampling_rate: float,
    jitter: float = math.nan,
    rules: Rules | None = None,
    *,
    absolute: bool = False,
    rises: bool = True,
) -> Inspected:
    """Repair, measure and judge a recording.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The raw signal, in any unit; NaN or infinite where samples are missing.
    sampling_rate : float
        In Hz.
    jitter : float
        See `Quality`.
    rules : Rules, optional
        The usual ones if left out.
    absolute : bool
        Whether it is skin conductance in microsiemens, with its offset: its range and slope are
        looked at, too.
    rises : bool
        Whether a response is known to make the signal rise.

    Returns
    -------
    Inspected
        Without a fault only if `preprocess.find_problem` finds none either.
    """
    rules = rules or Rules()
    if rules.keep_artefacts:
        found = Artefacts.none(eda)
    else:
        found = find_artefacts(eda, sampling_rate, rules.limits, absolute=absolute, rises=rises)
    mended, repaired = repair(found.eda, sampling_rate, rules.max_gap)
    edges = _edges(mended, repaired, found, sampling_rate)
    filled = repaired | edges
    known = np.isfinite(mended) & ~filled
    if edges.any() and known.any():
        mended[filled] = np.interp(np.flatnonzero(filled), np.flatnonzero(known), mended[known])
    quality = measure(mended, sampling_rate, jitter, filled, found, edges)
    fault = find_fault(quality, rules) or find_problem(mended, sampling_rate)
    return Inspected(mended, filled, found.kinds, quality, fault)


def _edges(
    eda: NDArray[np.float64],
    repaired: NDArray[np.bool_],
    artefacts: Artefacts,
    sampling_rate: float,
) -> NDArray[np.bool_]:
    """Plausible samples that are bridged because a repaired artefact is within `EDGE_SECONDS`."""
    where = np.any(list(artefacts.kinds.values()), axis=0) & repaired
    if not where.any():
        return where
    wide: NDArray[np.bool_] = maximum_filter1d(where, 2 * round(EDGE_SECONDS * sampling_rate) + 1)
    return wide & np.isfinite(eda) & ~repaired


def measure(
    eda: ArrayLike,
    sampling_rate: float,
    jitter: float = math.nan,
    repaired: NDArray[np.bool_] | None = None,
    artefacts: Artefacts | None = None,
    edges: NDArray[np.bool_] | None = None,
) -> Quality:
    """Measure the quality of a recording. Offset and unit make no difference to the shares.

    Parameters
    ----------
    eda : array_like, shape (n_samples,)
        The raw or the repaired signal.
    sampling_rate : float
        In Hz.
    jitter : float
        See `Quality`.
    repaired : ndarray of bool, shape (n_samples,), optional
        The samples that `repair` filled: they count as missing, and not as flat or clipped.
    artefacts : Artefacts, optional
        What was found implausible before.
    edges : ndarray of bool, shape (n_samples,), optional
        Those of the repaired samples that were there, but too near to an artefact: they count as
        missing, and do not make gaps longer.

    Returns
    -------
    Quality
    """
    signal = np.asarray(eda, dtype=np.float64)
    filled = np.zeros(signal.shape, np.bool_) if repaired is None else repaired
    known = np.isfinite(signal) & ~filled
    n_samples, n_known = signal.size, int(known.sum())
    gap = 0
    there = known if edges is None else known | edges
    if not there.all():
        starts, lengths = runs(there)
        gap = int(lengths[~there[starts]].max())
    stuck = find_stuck(signal, sampling_rate, repaired)
    values = signal[known]
    step = resolution(values) if n_known else math.nan
    noise = _noise(signal)
    least = np.fmax(noise, step)
    shares: dict[str, float] = {}
    if artefacts is not None:
        shares = {name: float(artefacts.kinds[name].sum() / max(n_samples, 1)) for name in KINDS}
    return Quality(
        duration=seconds(n_samples, sampling_rate),
        missing=(n_samples - n_known) / max(n_samples, 1),
        longest_gap=seconds(gap, sampling_rate),
        flat=float(stuck.flat.sum() / max(n_known, 1)),
        clipped=float(stuck.clipped.sum() / max(n_known, 1)),
        lowest=float(values.min()) if n_known else math.nan,
        highest=float(values.max()) if n_known else math.nan,
        jitter=jitter,
        repaired=float(filled.sum() / max(n_samples, 1)),
        implausible=sum(shares.values()),
        **shares,
        steps=0.0 if artefacts is None else float(artefacts.steps.size),
        resolution=step,
        noise=noise,
        signal_to_noise=float(values.std() / least) if n_known and least > 0 else math.nan,
    )


def _noise(signal: NDArray[np.float64]) -> float:
    """Noise of the longest stretch without missing samples."""
    known = np.isfinite(signal)
    if not known.any():
        return math.nan
    starts, lengths = runs(known)
    longest = int(np.where(known[starts], lengths, 0).argmax())
    return noise_sd(signal[starts[longest] : starts[longest] + lengths[longest]])


def find_fault(quality: Quality, rules: Rules) -> str | None:
    """Say why a recording cannot be used.

    Parameters
    ----------
    quality : Quality
        What was measured.
    rules : Rules
        What is allowed.

    Returns
    -------
    str or None
        The broken rules, worst first, as half a sentence that fits behind a file name; None where
        none is broken.
    """
    if quality.duration == 0:
        return "the recording is empty"
    if quality.missing == 1 and quality.implausible:
        found = implausible_words(quality, rules)
        if quality.repaired:
            return f"no sample is more than {EDGE_SECONDS:g} s away from implausible ones: {found}"
        return f"no plausible sample: {found}"
    if quality.missing == 1:
        return "every sample is missing"
    if _never_changes(quality.lowest, quality.highest):
        return "flat: every sample has the same value"
    q, r = quality, rules
    words = {
        "gap": f"a gap of {q.longest_gap:.4g} s (at most {r.max_gap:g} s is repaired)",
        "missing": f"{_percent(q.missing)} of the samples are missing "
        f"(at most {_percent(r.max_missing)})",
        "flat": f"{_percent(q.flat)} of the samples are flat (at most {_percent(r.max_flat)})",
        "clipped": f"{_percent(q.clipped)} of the samples are clipped "
        f"(at most {_percent(r.max_clipped)})",
        "jitter": f"uneven sampling times, steps vary by {_percent(q.jitter)} "
        f"(at most {_percent(r.max_jitter)})",
        "short": f"only {q.duration:.1f} s long, at least {r.min_duration:g} s are needed"
        + (" (--min-duration)" if q.duration >= MIN_SECONDS else ""),
        "steps": f"jumps of the level that does not come back: {q.steps:g} "
        f"(at most {r.max_steps:g})",
        "noise": f"varies by {q.signal_to_noise:.2g} times its noise or resolution "
        f"(at least {r.min_signal_to_noise:g})",
    }
    excess = {name: float(value) for name, value in _excess(vars(quality), rules).items()}
    broken = sorted((name for name in words if excess[name] > 1), key=lambda name: -excess[name])
    said = [words[name] for name in broken]
    if q.implausible and {"gap", "missing"} & set(broken):
        said.append(
            f"implausible are {implausible_words(q, r)}, and {EDGE_SECONDS:g} s on both sides of "
            "them count as missing"
        )
    return "; ".join(said) or None


def implausible_words(quality: Quality, rules: Rules) -> str:
    """Which samples of a recording are implausible, the most frequent kind first."""
    names = kind_words(rules)
    shares = {name: getattr(quality, name) for name in KINDS if getattr(quality, name)}
    order = sorted(shares, key=lambda name: -shares[name])
    return ", ".join(f"{_percent(shares[name])} {names[name]}" for name in order)


def kind_words(rules: Rules) -> dict[str, str]:
    """What each kind of implausible samples is called in a sentence."""
    return {
        "zeros": "zeros",
        "sentinels": "codes for missing values",
        "out_of_range": f"outside {rules.min_eda:g} to {rules.max_eda:g} uS",
        "too_fast": f"with changes faster than {rules.max_slope:g} uS/s",
        "spikes": "spikes",
        "dips": "dips of contact",
    }


def severity(table: pd.DataFrame, rules: Rules) -> NDArray[np.float64]:
    """How bad recordings are: the largest ratio of a measure to its limit.

    Parameters
    ----------
    table : DataFrame
        One row a recording, with the fields of `Quality` as columns.
    rules : Rules
        The limits.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        0 for a faultless recording, above 1 for one that `find_fault` refuses, infinite where there
        is no signal at all (empty, all missing, or never changing).
    """
    # Tables that were written before a measure came do not have it.
    unknown = np.full(len(table), np.nan)
    columns = {
        each.name: np.asarray(table.get(each.name, unknown), np.float64) for each in fields(Quality)
    }
    worst = np.max(list(_excess(columns, rules).values()), axis=0)
    nothing = (columns["duration"] == 0) | (columns["missing"] == 1)
    nothing |= _never_changes(columns["lowest"], columns["highest"])
    return np.where(nothing, np.inf, worst)


def worst_first(
    table: pd.DataFrame, rules: Rules, unusable: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Order recordings from the worst to the best.

    Parameters
    ----------
    table : DataFrame
        One row a recording, with the fields of `Quality` as columns.
    rules : Rules
        The limits.
    unusable : array_like of bool, shape (n_rows,), optional
        Recordings that were refused, maybe for another reason: they come first.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        Positions of the rows: unusable ones first, then by falling `severity`, then by rising
        signal over noise; equal ones stay in their order.
    """
    score = severity(table, rules)
    refused = score > 1 if unusable is None else np.asarray(unusable, np.bool_)
    clear = np.asarray(table.get("signal_to_noise", np.zeros(len(table))), np.float64)
    return np.lexsort((clear, -score, ~refused))


def _excess(
    measured: dict[str, NDArray[np.float64]], rules: Rules
) -> dict[str, NDArray[np.float64]]:
    """Ratio of each measure to its limit, above 1 exactly where a rule is broken."""
    ratios = {}
    for name, column, limit in (
        ("gap", "longest_gap", rules.max_gap * (1 + ROUNDING)),
        ("missing", "missing", rules.max_missing),
        ("flat", "flat", rules.max_flat),
        ("clipped", "clipped", rules.max_clipped),
        ("jitter", "jitter", rules.max_jitter),
        ("steps", "steps", rules.max_steps),
    ):
        # No time stamps (NaN) break no rule. A limit of 0 is broken by anything above it, but one
        # step is not worse than a recording of which everything is missing.
        value = np.asarray(measured[column], np.float64)
        value = np.where(np.isnan(value), 0.0, value)
        ratios[name] = np.where(value > limit, 1.0 + value, 0.0)
        np.divide(value, limit, out=ratios[name], where=limit > 0)
    duration = np.asarray(measured["duration"], np.float64)
    ratios["short"] = np.zeros(duration.shape)
    # A recording that is long enough is not better for being longer.
    short = (duration > 0) & (duration < rules.min_duration)
    np.divide(rules.min_duration, duration, out=ratios["short"], where=short)
    detected = np.asarray(measured["signal_to_noise"], np.float64)
    ratios["noise"] = np.zeros(detected.shape)
    weak = detected < rules.min_signal_to_noise  # not where it is unknown (NaN)
    np.divide(rules.min_signal_to_noise, detected, out=ratios["noise"], where=weak)
    return ratios


def _never_changes(
    lowest: float | NDArray[np.float64], highest: float | NDArray[np.float64]
) -> bool | NDArray[np.bool_]:
    return highest - lowest <= SAME * np.maximum(np.abs(lowest), np.abs(highest))


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"

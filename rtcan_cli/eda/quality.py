"""Is a raw recording good enough to be decomposed? Measures, rules, and a verdict in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli import choices
from rtcan_cli.eda.preprocess import MIN_SECONDS, find_problem
from rtcan_cli.eda.stretches import ROUNDING, SAME, find_stuck, repair, runs, seconds
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Quality:
    """What was measured on one recording.

    Attributes
    ----------
    duration : float
        In seconds.
    missing : float
        Share of the samples that were NaN or infinite before the repair.
    longest_gap : float
        Longest run of such samples, in seconds.
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
        Shortest recording, in seconds; at least `preprocess.MIN_SECONDS`.

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

    def __post_init__(self) -> None:
        for name, least, most, unit in (
            ("max_gap", 0.0, math.inf, " s"),
            ("max_missing", 0.0, 1.0, ""),
            ("max_flat", 0.0, 1.0, ""),
            ("max_clipped", 0.0, 1.0, ""),
            ("max_jitter", 0.0, math.inf, ""),
            ("min_duration", MIN_SECONDS, math.inf, " s"),
        ):
            value = getattr(self, name)
            # NaN fails this too. Infinity means "no limit" where there is none.
            if not least <= value <= most or (name == "min_duration" and math.isinf(value)):
                wanted = f"of {least:g}{unit} or more" if math.isinf(most) else "from 0 to 1"
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
    quality : Quality
        What was measured.
    fault : str or None
        Why the recording cannot be used, in words; None for a sound one.
    """

    eda: NDArray[np.float64]
    repaired: NDArray[np.bool_]
    quality: Quality
    fault: str | None


def inspect(
    eda: ArrayLike, sampling_rate: float, jitter: float = math.nan, rules: Rules | None = None
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

    Returns
    -------
    Inspected
        Without a fault only if `preprocess.find_problem` finds none either.
    """
    rules = rules or Rules()
    mended, repaired = repair(eda, sampling_rate, rules.max_gap)
    quality = measure(mended, sampling_rate, jitter, repaired)
    fault = find_fault(quality, rules) or find_problem(mended, sampling_rate)
    return Inspected(mended, repaired, quality, fault)


def measure(
    eda: ArrayLike,
    sampling_rate: float,
    jitter: float = math.nan,
    repaired: NDArray[np.bool_] | None = None,
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

    Returns
    -------
    Quality
    """
    signal = np.asarray(eda, dtype=np.float64)
    filled = np.zeros(signal.shape, np.bool_) if repaired is None else repaired
    known = np.isfinite(signal) & ~filled
    n_samples, n_known = signal.size, int(known.sum())
    gap = 0
    if n_known < n_samples:
        starts, lengths = runs(known)
        gap = int(lengths[~known[starts]].max())
    stuck = find_stuck(signal, sampling_rate, repaired)
    values = signal[known]
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
    )


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
        "short": f"only {q.duration:.1f} s long, at least {r.min_duration:g} s are needed",
    }
    excess = {name: float(value) for name, value in _excess(vars(quality), rules).items()}
    broken = sorted((name for name in words if excess[name] > 1), key=lambda name: -excess[name])
    return "; ".join(words[name] for name in broken) or None


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
    columns = {name: np.asarray(table[name], np.float64) for name in Quality.__dataclass_fields__}
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
        Positions of the rows: unusable ones first, then by falling `severity`; equal ones stay in
        their order.
    """
    score = severity(table, rules)
    refused = score > 1 if unusable is None else np.asarray(unusable, np.bool_)
    return np.lexsort((-score, ~refused))


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
    ):
        # No time stamps (NaN) break no rule; a limit of 0 is broken by anything above it.
        value = np.asarray(measured[column], np.float64)
        value = np.where(np.isnan(value), 0.0, value)
        ratios[name] = np.where(value > limit, np.inf, 0.0)
        np.divide(value, limit, out=ratios[name], where=limit > 0)
    duration = np.asarray(measured["duration"], np.float64)
    ratios["short"] = np.zeros(duration.shape)
    # A recording that is long enough is not better for being longer.
    short = (duration > 0) & (duration < rules.min_duration)
    np.divide(rules.min_duration, duration, out=ratios["short"], where=short)
    return ratios


def _never_changes(
    lowest: float | NDArray[np.float64], highest: float | NDArray[np.float64]
) -> bool | NDArray[np.bool_]:
    return highest - lowest <= SAME * np.maximum(np.abs(lowest), np.abs(highest))


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"

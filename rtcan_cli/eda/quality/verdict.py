"""Which rules a recording breaks: in words, and how badly."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtcan_cli.eda.artefacts import KINDS
from rtcan_cli.eda.preprocess import MIN_SECONDS
from rtcan_cli.eda.quality.measures import Quality
from rtcan_cli.eda.quality.rules import EDGE_SECONDS, Rules
from rtcan_cli.eda.stretches import ROUNDING, SAME

if TYPE_CHECKING:
    import pandas as pd


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
    names = _kind_words(rules)
    shares = {name: getattr(quality, name) for name in KINDS if getattr(quality, name)}
    order = sorted(shares, key=lambda name: -shares[name])
    return ", ".join(f"{_percent(shares[name])} {names[name]}" for name in order)


def _kind_words(rules: Rules) -> dict[str, str]:
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

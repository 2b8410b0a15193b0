"""What the name of a channel says about it: whether it is EDA, and whether that is as measured."""

from __future__ import annotations

import re

from rtcan_cli.datasets.clocks import EDA_WORDS, words_of

# What others have made of a signal is not what was measured.
_PARTS = {"phasic", "tonic", "scr", "driver", "peaks", "onsets"}
_CHANGED = {"filtered", "lowpass", "highpass", "bandpass", "detrended", "differentiated", "diff"}
_CHANGED |= {"derivative", "zscore", "zscored", "z", "log", "normalised", "normalized", "norm"}
_CHANGED |= {"standardised", "standardized", "scaled"}
_ABOUT = {"range", "reliability", "quality", "status", "unit", "units"}
_ABOUT |= {"marker", "markers", "event", "events", "label", "comment", "comments"}
_RESISTANCE = re.compile(
    r"resistance|resistiv|impedance|widerstand|résistance|resistencia|weerstand"
)
_RESISTANCE_WORDS = {"srr", "srl"}


def is_eda(name: str) -> bool:
    """Whether a channel of this name is EDA, as it was measured."""
    words = set(words_of(name))
    return bool(words & EDA_WORDS) and not words & (_PARTS | _CHANGED | _ABOUT | {"scl"})


def derived(name: str) -> str:
    """The word of a name that says that the signal was computed from another one; may be empty."""
    words = words_of(name)
    if words[-2:] == ["z", "score"]:
        return "z-score"
    return next((word for word in words if word in _PARTS | _CHANGED), "")


def is_resistance(name: str) -> bool:
    """Whether a name says skin resistance, or its response (SRR) or level (SRL)."""
    return bool(_RESISTANCE.search(name.casefold()) or _RESISTANCE_WORDS & set(words_of(name)))

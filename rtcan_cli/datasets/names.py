"""What the name of a channel says about it: whether it is EDA, as it was measured, or times."""

from __future__ import annotations

import re

from rtcan_cli.datasets.times.units import time_unit

EDA_WORDS = frozenset(
    {"eda", "gsr", "sc", "ea", "electrodermal", "conductance", "galvanic"}
    | {"skinconductance", "electrodermalactivity", "gsc"}  # GSC: MindWare
)
"""Words in the names of columns that are electrodermal activity."""

_TIME_WORDS = {"time", "timestamp", "timestamps", "datetime", "date", "elapsed", "clock", "ts"}
_TIME_WORDS |= {"zeit", "datenum"}
_OTHER_WORDS = {"response", "reaction", "peak", "rise", "recovery", "half", "duration", "delay"}

# What others have made of a signal is not what was measured.
_PARTS = {"phasic", "tonic", "scr", "driver", "peaks", "onsets"}
_CHANGED = {"filtered", "lowpass", "highpass", "bandpass", "detrended", "differentiated", "diff"}
_CHANGED |= {"clean", "cleaned", "smooth", "smoothed"}  # EDA_Clean of NeuroKit
_CHANGED |= {"derivative", "zscore", "zscored", "z", "log", "normalised", "normalized", "norm"}
_CHANGED |= {"standardised", "standardized", "scaled"}
_CHANGED |= {"filt", "detrend", "deriv", "log10", "ln", "decomposed", "slope"}
_CHANGED |= {"std", "sd", "var", "variance", "min", "max", "amplitude", "amplitudes", "latency"}
_CHANGED |= {"sqi", "artifact", "artifacts", "artefact", "artefacts", "mask", "flag", "valid"}
_ABOUT = {"range", "reliability", "quality", "status", "unit", "units"}
_ABOUT |= {"marker", "markers", "event", "events", "label", "comment", "comments"}
_RESISTANCE = re.compile(
    r"resistance|resistiv|impedance|widerstand|résistance|resistencia|weerstand"
)
_RESISTANCE_WORDS = {"srr", "srl"}
# Several sensors (EDA1), and modules of BIOPAC (EDA100C).
_NUMBERED = re.compile(r"^(eda|gsr|scr?)\d+c?$")


def words_of(name: str) -> list[str]:
    """The words of a column's name: ``LocalTimestamp`` and ``local_timestamp`` have two."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", spaced.casefold()) if word]


def _words(name: str) -> list[str]:
    """The words of a name, without numbers behind those of EDA."""
    return [_NUMBERED.sub(r"\1", word) for word in words_of(name)]


def is_eda(name: str) -> bool:
    """Whether a channel of this name is EDA, as it was measured."""
    words = set(_words(name))
    return bool(words & EDA_WORDS) and not words & (_PARTS | _CHANGED | _ABOUT | {"scl"})


def derived(name: str) -> str:
    """The word of a name that says that the signal was computed from another one; may be empty."""
    words = _words(name)
    if words[-2:] == ["z", "score"]:
        return "z-score"
    return next((word for word in words if word in _PARTS | _CHANGED), "")


def is_response(name: str) -> bool:
    """Whether a name says SCR: the phasic part of EDA, but all of it to some (PsPM)."""
    words = set(_words(name))
    return "scr" in words and not words & (_PARTS - {"scr"} | _CHANGED | _ABOUT)


def is_resistance(name: str) -> bool:
    """Whether a name says skin resistance, or its response (SRR) or level (SRL)."""
    return bool(_RESISTANCE.search(name.casefold()) or _RESISTANCE_WORDS & set(words_of(name)))


def is_time_name(name: str) -> bool:
    """Whether a column's name says that it holds times."""
    words = words_of(name)
    if len(words) == 1 and (words[0] == "t" or time_unit(words[0])):
        return True
    return bool(_TIME_WORDS.intersection(words)) and not _OTHER_WORDS.intersection(words)

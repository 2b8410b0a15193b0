"""What a recording may suffer before it is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rtcan_cli import choices
from rtcan_cli.eda.artefacts import Limits
from rtcan_cli.eda.preprocess import MIN_SECONDS
from rtcan_cli.errors import RtcanError

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

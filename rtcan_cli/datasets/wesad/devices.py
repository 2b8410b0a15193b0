"""The EDA of WESAD's two devices, in the files that the devices wrote.

*Wrist*: Empatica E4, ``EDA.csv`` in ``SX_E4_Data.zip``, 4 Hz, microsiemens, with a Unix time.
*Chest*: RespiBAN, ``SX_respiban.txt``, 700 Hz, counts of 16 bits, of which the publisher's readme
(section II.1) makes microsiemens: ``counts / 2^16 * 3 / 0.12``, as the maker's data sheet does.

Times of conditions are counted from the start of the chest device. The readme says that both
devices "need to be manually synchronised" by taps on the chest. Their own clocks do it within
seconds: the header of the chest's file has the local time of its start (in Germany in summer, UTC
+ 2 h). An audit of the published files that others made (wearable-stress-reliability, 2026) finds
the accelerometer of the publisher's synchronised files in the E4's own file, and the ECG in the
chest's: the synchronisation by taps differs from that by the clocks by -0.7 to 3.6 s in the 15
subjects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets import names
from rtcan_cli.datasets.files.columns import read_columns
from rtcan_cli.datasets.files.listing import inside
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import text
from rtcan_cli.datasets.formats.layout import Layout, read_layout
from rtcan_cli.datasets.formats.preambles import Facts, facts_of
from rtcan_cli.errors import RtcanError

_SUMMER_IN_GERMANY = 2 * 3600.0
"""Seconds by which a clock there is ahead of UTC. WESAD was recorded from May to August 2017."""

_ABOVE = 3
"""Lines above the numbers of the chest's file."""


@dataclass(frozen=True)
class Session:
    """The EDA of a whole session.

    Attributes
    ----------
    eda : ndarray of float64, shape (n_samples,)
        In microsiemens.
    sampling_rate : float
        In Hz.
    lead : float
        Seconds from its first sample to the start of the chest device's recording.
    file : RawFile
        Where it is.
    """

    eda: NDArray[np.float64]
    sampling_rate: float
    lead: float
    file: RawFile


def wrist(e4: RawFile, respiban: RawFile) -> Session:
    """What the wristband recorded.

    Parameters
    ----------
    e4 : RawFile
        ``EDA.csv``, or the zip file that holds it.
    respiban : RawFile
        The chest's file, of which only the header is read.

    Raises
    ------
    RtcanError
        If either cannot be read, or does not say when it began.
    """
    file = e4
    if e4.name.suffix.lower() == ".zip":
        found = [each for each in inside(e4) if each.name.name.lower() == "eda.csv"]
        if len(found) != 1:
            raise RtcanError(f"{e4} holds {len(found)} files EDA.csv instead of one")
        (file,) = found
    contents = text.read(file, ".")
    if contents.format != "Empatica E4":
        raise RtcanError(
            f"{file} does not begin with a Unix time and a sampling rate, as the session of an "
            "Empatica E4 does",
            hint="get it from the publisher again",
        )
    (channel,) = contents.channels
    start = _facts(_header(respiban), respiban).start
    if math.isnan(start):
        raise RtcanError(f"{respiban} does not say when it began")
    lead = start - _SUMMER_IN_GERMANY - channel.start
    return Session(np.asarray(channel.values, np.float64), channel.sampling_rate, lead, file)


def chest(respiban: RawFile) -> Session:
    """What the chest device recorded.

    Raises
    ------
    RtcanError
        If it cannot be read, has no single EDA channel, or lost frames.
    """
    header = _header(respiban)
    facts = _facts(header, respiban)
    found = [c.number for c in facts.columns if names.is_eda(c.name) and c.unit == "uS"]
    if len(found) != 1 or facts.columns[0].name.casefold() != "nseq":
        raise RtcanError(
            f"{respiban} does not begin with numbers of frames, or has {len(found)} channels of "
            "EDA in counts instead of one",
            hint="get it from the publisher again",
        )
    numbers = read_columns(respiban, (0, found[0] - 1), "\t", _ABOVE)
    if np.isnan(numbers).any():
        raise RtcanError(
            f"{respiban}: row {int(np.isnan(numbers).any(axis=1).argmax()) + 1} lacks a number",
            hint="the file is incomplete or damaged: copy or download it again",
        )
    whole = dict(zip((1, found[0]), numbers.T, strict=True))
    columns = (replace(each, numbers=whole.get(each.number)) for each in header.columns)
    eda = _facts(replace(header, columns=tuple(columns)), respiban).columns[found[0] - 1].numbers
    assert eda is not None
    return Session(eda, facts.sampling_rate, 0.0, respiban)


def _header(respiban: RawFile) -> Layout:
    """The first rows of the chest's file, with what stands above them."""
    beginning = (respiban.head() or b"").decode("utf-8", "replace")
    return read_layout(beginning[: beginning.rfind("\n") + 1], ".", respiban)


def _facts(layout: Layout, respiban: RawFile) -> Facts:
    facts = facts_of(layout, respiban)
    if facts.format != "OpenSignals recording":
        raise RtcanError(
            f"{respiban} is not a recording of OpenSignals, as WESAD's chest device has them",
            hint="get it from the publisher again",
        )
    return facts

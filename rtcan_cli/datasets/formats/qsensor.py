"""Log files of the Q Sensor wristband (Affectiva), in text.

Lines above the table say the sampling rate and the start; the names of the columns stand between
bars. A row without numbers is a press of the button, and no sample.
"""

from __future__ import annotations

import math
import re

import numpy as np

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.layout import read_layout
from rtcan_cli.datasets.formats.statements import stated_rate
from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.errors import RtcanError

_FIRST = "Log File Created by Q"
_RULE = re.compile(r"-{10,}\s*")
_START = re.compile(r"Start Time:\s*(?P<time>[\d-]+ [\d:]+)\s+Offset:(?P<zone>[+-]\d\d)\s*")
_HIGHEST = 20  # lines above the table


def is_log(beginning: str) -> bool:
    """Whether a text begins as a log file of a Q Sensor does."""
    return beginning.startswith(_FIRST)


def of_text(text: str, file: RawFile) -> Contents:
    """Read a log file.

    Parameters
    ----------
    text : str
        All of it, with line feeds alone at the ends of lines.
    file : RawFile
        Where it is from.

    Raises
    ------
    RtcanError
        If its header is not complete, or its rows are not numbers.
    """
    lines = text.split("\n")
    rule = next((i for i, line in enumerate(lines[:_HIGHEST]) if _RULE.fullmatch(line)), 0)
    rate = stated_rate(lines[:rule], file)
    if not rule or "|" not in lines[rule - 1] or math.isnan(rate):
        raise RtcanError(
            f"{file} is a log file of a Q Sensor whose header is not complete",
            hint="export it again from the program of the Q Sensor, as text",
        )
    start = next((m for line in lines[:rule] if (m := _START.fullmatch(line))), None)
    begin = math.nan
    if start and (parsed := read_times([f"{start['time']}{start['zone']}:00"])):
        begin = float(parsed[0][0])
    lines[rule] = ",".join(name.strip() for name in lines[rule - 1].split("|"))
    layout = read_layout("\n".join(lines), ".", file)
    pressed = np.array([not lines[at - 1].strip(", \r") for at in layout.lines], np.bool_)
    at_sample = np.cumsum(~pressed)[pressed]
    zero = 0.0 if math.isnan(begin) else begin
    markers = tuple(
        Marker(zero + float(n) / rate, f"button {place}") for place, n in enumerate(at_sample, 1)
    )
    channels = tuple(
        Channel(c.name, c.unit, c.numbers[~pressed], rate, begin, column=c.number)
        for c in layout.columns
        if c.numbers is not None
    )
    return Contents("Q Sensor log", channels, markers, layout.notes)

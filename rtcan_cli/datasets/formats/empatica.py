"""Sessions of the Empatica E4 wristband, as its makers export them: ``EDA.csv``.

The first line is the Unix time of the first sample, the second the sampling rate, the others hold
one value each: microsiemens in ``EDA.csv``. The wristband's other sensors have files of the same
shape, which only their names tell apart.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from rtcan_cli.datasets.files.csvfile import read_number
from rtcan_cli.datasets.files.listing import inside, list_files
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.encoding import decode
from rtcan_cli.datasets.times.units import UNIX_FIRST, UNIX_LAST
from rtcan_cli.errors import RtcanError

_OTHER_SENSORS = {"acc", "bvp", "hr", "ibi", "temp", "tags"}
_RATES = (1.0, 1024.0)


@dataclass(frozen=True)
class Session:
    """What the first two lines of a session say.

    Attributes
    ----------
    start : float
        Unix time of the first sample, in seconds.
    sampling_rate : float
        In Hz.
    """

    start: float
    sampling_rate: float


def read_session(beginning: str, file: RawFile) -> Session | None:
    """Recognise a session by its first two lines.

    Parameters
    ----------
    beginning : str
        At least the first two lines of the file.
    file : RawFile
        Where they are from.

    Returns
    -------
    Session or None
        None for a file that does not begin with a Unix time.

    Raises
    ------
    RtcanError
        If it begins with a Unix time, but no sampling rate follows, or it is another sensor's.
    """
    first, second = [*beginning.splitlines(), "", ""][:2]
    try:
        start = read_number(first.strip(), ",")
    except ValueError:
        return None
    if not UNIX_FIRST <= start <= UNIX_LAST:
        return None
    try:
        sampling_rate = read_number(second.strip(), ",")
    except ValueError:
        sampling_rate = 0.0
    if not _RATES[0] <= sampling_rate <= _RATES[1]:
        raise RtcanError(
            f"{file} begins with a Unix time, as an Empatica E4 session does, but its second line "
            f"is not a sampling rate: {second.strip()[:40]!r}",
            hint="export the session again; or take the time out, if it is not an E4 session",
        )
    stem = PurePosixPath(file.name).stem.casefold()
    if stem in _OTHER_SENSORS:
        raise RtcanError(
            f"{file} is another sensor of an Empatica E4 session, not EDA",
            hint="name EDA.csv in the column signal",
        )
    return Session(start, sampling_rate)


def of_text(text: str, session: Session, file: RawFile) -> Contents:
    """A session, and the presses of its button beside it.

    Parameters
    ----------
    text : str
        All of ``EDA.csv``, with line feeds alone at the ends of lines.
    session : Session
        What its first two lines say.
    file : RawFile
        Where it is.

    Raises
    ------
    RtcanError
        If a line is not a number.
    """
    cells = text.rstrip().split("\n")[2:]
    values = np.empty(len(cells))
    for place, cell in enumerate(cells):
        try:
            values[place] = read_number(cell, ",")
        except ValueError:
            raise RtcanError(
                f"{file}: line {place + 3} has text instead of a number: {cell.strip()[:40]!r}",
                hint="the file is incomplete or damaged: download the session again",
            ) from None
    # The wristband writes a zero before its first measurement.
    if len(values) > 1 and values[0] == 0 and values[1] != 0:
        values[0] = np.nan
    channel = Channel("EDA", "uS", values, session.sampling_rate, session.start, column=1)
    return Contents("Empatica E4", (channel,), _tags(file))


def read(file: RawFile) -> Contents:
    """Read a session from its folder or its zip file.

    Raises
    ------
    RtcanError
        If it does not hold one ``EDA.csv``, or that cannot be read.
    """
    found = [each for each in session_files(file) if each.name.name.casefold() == "eda.csv"]
    if len(found) != 1:
        what = "a folder" if os.path.isdir(file.path) else "a zip file"
        raise RtcanError(
            f"{file} is {what}, not a signal file, and with {len(found) or 'no'} EDA.csv it is not "
            "the session of an Empatica E4",
            hint="name the signal file itself",
        )
    text, _ = decode(found[0])
    session = read_session(text[:200], found[0])
    if session is None:
        raise RtcanError(
            f"{found[0]} does not begin with a Unix time and a sampling rate, as the session of an "
            "Empatica E4 does",
            hint="name the signal file itself",
        )
    return of_text(text, session, found[0])


def session_files(file: RawFile) -> list[RawFile]:
    """Files of a session that is a folder or a zip file.

    Raises
    ------
    RtcanError
        If it cannot be read, or a link leads out of the folder that was searched.
    """
    file.refuse_outside()
    if not os.path.isdir(file.path):
        return inside(file)
    listing = [each for each in list_files(file.path) if len(each.name.parts) == 1]
    return [replace(each, root=file.root) for each in listing]


def _tags(file: RawFile) -> tuple[Marker, ...]:
    """Presses of the button, from ``tags.csv`` beside a session."""
    name = file.name.with_name("tags.csv")
    if file.members:
        inner = str(PurePosixPath(file.members[-1]).with_name("tags.csv"))
        beside = replace(file, name=name, members=(*file.members[:-1], inner))
    else:
        beside = replace(file, path=file.path.with_name("tags.csv"), name=name)
    try:
        times = [read_number(cell.split(",")[0], ".") for cell in beside.text().split()]
    except (RtcanError, ValueError):
        return ()  # There is none, or it holds something else.
    known = sorted(time for time in times if UNIX_FIRST <= time <= UNIX_LAST)
    return tuple(Marker(time, f"tag {number}") for number, time in enumerate(known, start=1))

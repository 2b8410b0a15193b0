"""Sessions of the Empatica E4 wristband, as its makers export them: ``EDA.csv``.

The first line is the Unix time of the first sample, the second the sampling rate, the others hold
one value each: microsiemens in ``EDA.csv``. The wristband's other sensors have files of the same
shape, which only their names tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.rows import UNIX_FIRST, UNIX_LAST, read_number
from rtcan_cli.errors import RtcanError

HEADER_LINES = 2

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

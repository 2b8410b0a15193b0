"""Times that are written as text: dates, times of the day, and both."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.files.csvfile import has_thousands, is_number
from rtcan_cli.errors import RtcanError

# Two numbers alone may be hours and minutes as well: only a fraction says that they are seconds.
CLOCK = re.compile(r"(?:(\d+)[:h])?(\d{1,2})[:m](\d{1,2}(?(1)(?:[.,]\d+)?|[.,]\d+))s?", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_DAY, _HOUR = 86_400, 3600
_ISO = re.compile(
    r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?|\d{8}T\d{4,6}(?:[.,]\d+)?)"
    r"\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_SLASHES = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(.*)", re.ASCII)
_YEAR_SLASHES = re.compile(r"(\d{4})/(\d\d?)/(\d\d?)(.*)", re.ASCII)
_DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(.*)", re.ASCII)
_DATE_ALONE = re.compile(r"\d{4}[/.-]\d\d?[/.-]\d\d?|\d\d?[/.-]\d\d?[/.-](?:\d\d){1,2}", re.ASCII)
_OF_TIME = re.compile(
    r"(?:\d{4}[/.-]\d\d?[/.-]\d\d?|\d\d?[/.-]\d\d?[/.-](?:\d\d){1,2}|\d\d?:\d\d)\b.*", re.ASCII
)
# Hours anywhere, as in ``May 01 2024 11:58:30``, which is refused by name.
_WITH_HOURS = re.compile(r"(?<!\d)\d\d?:\d\d:\d\d", re.ASCII)
_HALF_DAY = re.compile(r"(\d\d?)(:\d\d(?::\d\d(?:[.,]\d+)?)?)\s*([ap])\.?\s?m\.?", re.I | re.A)
_UTC = re.compile(r"\s+(?:UTC|GMT)", re.ASCII)
# 20170826_140703622, as iMotions writes it.
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(\d{3})", re.ASCII)
_COLON_BEFORE_FRACTION = re.compile(r"(?<=\d:\d\d:\d\d):(?=\d{3,6})", re.ASCII)


def is_time_text(cell: str) -> bool:
    """Whether a text looks like one that `read_times` reads."""
    (cell,) = years_first([cell])
    return any(form.fullmatch(cell) for form in (_ISO, CLOCK))


def is_day(cell: str) -> bool:
    """Whether a text is a date without hours."""
    return bool(_DATE_ALONE.fullmatch(cell))


def is_of_time(cell: str) -> bool:
    """Whether a text begins as a time does, or has hours in it, whether it can be read or not."""
    return bool(_OF_TIME.fullmatch(cell) or _WITH_HOURS.search(cell))


def unreadable(place: str, cells: Sequence[str]) -> RtcanError:
    """The error for texts that `read_times` does not read.

    Parameters
    ----------
    place : str
        How the message begins.
    cells : sequence of str
        All of them; at least one is not empty.
    """
    known = [cell.strip() for cell in cells if cell.strip()]
    shown = next((cell for cell in known if not is_number(cell)), known[0])
    hint = (
        "write seconds, h:m:s or ISO 8601 (2024-05-01T10:00:00.25Z); or rename the column and give "
        "a sampling_rate"
    )
    if match := _SLASHES.fullmatch(years_first(known)[0]):
        one, other, year = f"{match[1]:0>2}", f"{match[2]:0>2}", match[3]
        place = f"{place} may have the day or the month first, so that they"
        hint = f"write the year first: {year}-{other}-{one} or {year}-{one}-{other}"
    elif has_thousands(shown):
        hint = "write the numbers without separators between thousands"
    return RtcanError(f"{place} cannot be read: {shown[:40]!r}", hint=hint)


def read_times(cells: Sequence[str]) -> tuple[NDArray[np.float64], bool] | None:
    """Times written as text: ISO 8601, or hours, minutes and seconds.

    Returns
    -------
    time : ndarray of float64
        Unix seconds, or seconds of the day; NaN where a cell is empty.
    zone_unknown : bool
        Whether they are dates without a time zone, taken as UTC.
    None
        If they are something else.
    """
    cells = years_first(cells)
    first = next(filter(None, cells), "")
    if not first:
        return None
    if CLOCK.fullmatch(first):
        return _clock_times(cells), False
    match = _ISO.fullmatch(first)
    if not match:
        return None
    text = pd.Series([cell.strip().replace(",", ".") for cell in cells], dtype=object)
    stamps = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    known = stamps.notna().to_numpy()
    nanoseconds = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
    time = np.where(known, nanoseconds / 1e9, np.nan)
    return time, match[1] is None


def years_first(cells: Sequence[str]) -> list[str]:
    """Dates and hours as ISO 8601 has them, and all other cells as they are, without spaces around.

    Points say that the day comes first. With slashes it may be the month: only a number above 12
    tells.
    """
    cells = _usual_hours([cell.strip() for cell in cells])
    first = next(filter(None, cells), "")
    order = (3, 2, 1)
    if form := next((f for f in (_DAY_FIRST, _SLASHES) if f.fullmatch(first)), None):
        if form is _SLASHES:
            found = [match for match in map(form.fullmatch, cells) if match]
            day_first = any(int(match[1]) > 12 for match in found)
            if day_first == any(int(match[2]) > 12 for match in found):
                return cells
            order = (3, 2, 1) if day_first else (3, 1, 2)
    elif _YEAR_SLASHES.fullmatch(first):
        form, order = _YEAR_SLASHES, (1, 2, 3)
    else:
        return cells

    def written(match: re.Match[str]) -> str:
        year, month, day = (int(match[i]) for i in order)
        hours = padded(match[4].lstrip(" T")) if match[4] else ""
        return f"{year}-{month:02d}-{day:02d}{' ' * bool(hours)}{hours}"

    return [form.sub(written, cell) for cell in cells]


def padded(hours: str) -> str:
    """``9:00:00`` with a zero before it, as ISO 8601 has it."""
    first, colon, rest = hours.strip().partition(":")
    return f"{first.zfill(2)}{colon}{rest}"


def _usual_hours(cells: list[str]) -> list[str]:
    """Cells with hours from 0 to 23, ``Z`` for UTC, and a point before the fraction of a second."""
    first = next(filter(None, cells), "")
    if _COMPACT.fullmatch(first):
        return [_COMPACT.sub(r"\1-\2-\3 \4:\5:\6.\7", cell) for cell in cells]
    if _HALF_DAY.search(first):

        def of_day(match: re.Match[str]) -> str:
            afternoon = match[3] in "pP"
            return f"{int(match[1]) % 12 + 12 * afternoon:02d}{match[2]}"

        cells = [_HALF_DAY.sub(of_day, cell) for cell in cells]
    elif _COLON_BEFORE_FRACTION.search(first):
        cells = [_COLON_BEFORE_FRACTION.sub(".", cell) for cell in cells]
    if first and _UTC.search(first[-4:]):
        cells = [_UTC.sub("Z", cell) for cell in cells]
    return cells


def _clock_times(cells: Sequence[str]) -> NDArray[np.float64]:
    """Seconds of h:m:s or m:s; after midnight, or without hours after a full hour, they go on."""
    time = np.full(len(cells), np.nan)
    with_hours = False
    for i, cell in enumerate(cells):
        if match := CLOCK.fullmatch(cell.strip()):
            hours, minutes, seconds = match.groups()
            with_hours |= hours is not None
            time[i] = int(hours or 0) * _HOUR + int(minutes) * 60 + float(seconds.replace(",", "."))
    known = np.flatnonzero(~np.isnan(time))
    # A spreadsheet shows 1:00:00.5 as 00:00.5.
    period = _DAY if with_hours else _HOUR
    begun = np.cumsum(np.diff(time[known], prepend=time[known[:1]]) < -period / 2)
    time[known] += period * begun
    return time

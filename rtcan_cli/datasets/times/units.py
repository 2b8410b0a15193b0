"""Units of time, and Unix times."""

from __future__ import annotations

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "days": 86400.0}
"""Seconds in each unit of time."""

UNIX_FIRST, UNIX_LAST = 1e9, 4.1e9
"""Times between these (2001 to 2099) are seconds of Unix time: no recording lasts that long."""

_SPELLED = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), "s"),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "usecs", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    "days": "days",  # a column `day` is rather that of a study
}


def time_unit(text: str) -> str | None:
    """The key of `UNITS` that a text spells; None where it is not a unit of time."""
    plain = text.strip().casefold().replace("µ", "u").replace("μ", "u").rstrip(".")
    return _SPELLED.get(plain)

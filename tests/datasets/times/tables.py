"""Tables of text with a column of times, and how rtcan reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.signals import SignalFile, Track

NAN = float("nan")
BEGIN = 1_700_000_000.0
START = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # the same


def track_of(path: Path, text: str, rate: float = NAN, column: str = "") -> Track:
    path.write_text(text, encoding="utf-8")
    return SignalFile(RawFile(path, PurePosixPath(path.name)), ".", rate).track(column)


def whole(track: Track, rate: float = NAN) -> Cut:
    row = Row(2, "s", "m", 5, 5, "x.csv", rate, NAN, NAN, "", "both", "", "", "")
    found = cut(track, row)
    assert isinstance(found, Cut), found
    return found


def clock_text(second: float, form: str) -> str:
    """One moment, as many seconds after `BEGIN`."""
    moment = START + timedelta(seconds=second)
    return {
        "time": f"{second:.4f}",
        "time [ms]": f"{1000 * second:.2f}",
        "time_us": f"{1e6 * second:.0f}",
        "minutes": f"{second / 60:.9f}",
        "unix_timestamp": f"{BEGIN + second:.4f}",
        "LocalTimestamp": f"{1000 * (BEGIN + second):.2f}",
        "timestamp": f"{1e6 * (BEGIN + second):.0f}",
        "Timestamp_ns": f"{1e9 * (BEGIN + second):.0f}",
        "": moment.isoformat(sep=" ").replace("+00:00", ""),
        "datetime": moment.isoformat(),
        "clock": f"{moment:%H:%M:%S.%f}",
        "Zeit": f"{moment:%d.%m.%Y %H:%M:%S.%f}",
        "ts": f"{25_569 + (BEGIN + second) / 86_400:.10f}",  # days as Excel counts them
        "datenum": f"{719_529 + (BEGIN + second) / 86_400:.10f}",  # as MATLAB does
        "half day": f"{moment:%I:%M:%S.%f %p}",
        "utc": f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC",
        "colons": f"{moment:%H:%M:%S:%f}",
        "minute": f"{moment:%M:%S.%f}",
    }[form]


def column_text(form: str, rows: int = 800) -> str:
    lines = []
    for i in range(rows):
        second = i / 4
        minute, rest = int(second // 60), second % 60
        stamp = {
            "time": f"{second / 60:.3f}",
            "clock": f"10:{minute:02d}",
            "time of day": "10:00:00",
            "timestamp": f"{1e6 * (BEGIN + second):.8E}",  # a spreadsheet shows few digits
            "time_ms": f'"{1000 * second:,.1f}"',
            "date,time": f"2024-05-01,10:{minute:02d}:{rest:05.2f}",
            "IBI [ms]": f"{800 + i % 7}",
            "response_time": f"{i * 7919 % 13}",
            "hr": f"{70 + i % 3}",  # heart rate, not hours
        }[form]
        lines.append(f"{stamp},{i}")
    return "\n".join([f"{form},EDA", *lines])

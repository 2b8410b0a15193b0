"""Records of PhysioNet (WFDB): a header ``.hea`` and the signal files that it names, with `wfdb`.

`wfdb` also fetches records from the network, and follows a header to wherever it points. Here only
files in the header's own folder are read.

Source: https://physionet.org/physiotools/wag/header-5.htm and signal-5.htm.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, reading
from rtcan_cli.errors import RtcanError

SUFFIXES = (".hea",)

_WANTED = "a header of a WFDB record"
_LARGEST_HEADER = 1_000_000
_MOST_SAMPLES = 300_000_000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_LARGEST_ANNOTATIONS = 20_000_000
# wfdb never ends with a note that begins like a definition and is none, or a second resolution.
_ENDLESS = re.compile(
    rb"## (?!time resolution: \d|annotation type definitions|end of definitions)"
    rb"|## time resolution(?s:.*)## time resolution"
)
_GAP = "~"  # in place of the name of a segment


def read(file: RawFile) -> Contents:
    """Read all signals of a record, and its reference annotations (``.atr``) if it has some.

    Returns
    -------
    Contents
        Date and time, if the header gives them, are of a clock whose time zone it does not say.

    Raises
    ------
    RtcanError
        If `wfdb` is missing, a signal file is not beside the header, or the record is damaged.
    """
    with reading(file, _WANTED):
        import wfdb

        if file.members:
            raise RtcanError(
                f"{file} is the header of a WFDB record in a zip file", hint="unpack the zip file"
            )
        with file.open() as stream:
            text = stream.read(_LARGEST_HEADER + 1)
            if len(text) > _LARGEST_HEADER:
                raise DamagedError("it is too long")
        place = str(file.path.with_suffix(""))
        # fsspec, which wfdb opens files with, takes these for addresses.
        if "::" in place or "://" in place or file.path.suffix != ".hea":
            raise RtcanError(
                f"{file} has a name that wfdb cannot open", hint="rename it, or its folder"
            )
        header = wfdb.rdheader(place)
        _check(header, file, wfdb)
        if isinstance(header, wfdb.MultiRecord):
            record: Any = wfdb.rdrecord(place, m2s=True, return_res=32)
            record.units = _common_units(header, record.sig_name or [], file, wfdb)
            values = list(np.asarray(record.p_signal).T)
            rates = [float(record.fs)] * len(values)
        else:
            record = wfdb.rdrecord(place, smooth_frames=False, return_res=32)
            record.units = _stated_units(text, record.units or [])
            values = record.e_p_signal or []
            rates = [float(record.fs) * each for each in record.samps_per_frame or []]
        if not all(rate > 0 and math.isfinite(rate) for rate in rates):
            raise DamagedError(f"its sampling rate is {header.fs} Hz")
        start = _start(header)
        dated = not math.isnan(start)
        notes: list[str] = []
        channels = tuple(
            Channel(
                (name or "").strip(),
                (unit or "").strip(),
                signal,
                rate,
                start,
                zone_unknown=dated,
            )
            for name, unit, signal, rate in zip(
                record.sig_name or [], record.units or [], values, rates, strict=True
            )
        )
        zero = start if dated else 0.0
        markers = _annotations(file, place, float(header.fs), zero, wfdb, notes)
    return Contents("WFDB record", channels, tuple(markers), tuple(notes))


def _stated_units(header: bytes, units: list[str]) -> list[str]:
    """Units of the signals, empty where the header does not state one.

    `wfdb` then says mV, as the format has it, also of GSR (PhysioNet's drivedb).
    """
    lines = [line for line in header.decode("utf-8", "replace").splitlines() if line.strip()]
    signals = [line.split() for line in lines if not line.startswith("#")][1:]
    if len(signals) < len(units):
        return units
    return [
        unit if len(cells) > 2 and cells[2].partition("/")[2] else ""
        for unit, cells in zip(units, signals, strict=False)
    ]


def _common_units(header: Any, signals: list[str], file: RawFile, wfdb: Any) -> list[str]:
    """Units of the signals of a record of segments, of which `wfdb` takes those of one segment."""
    found: dict[str | int, set[str]] = {}
    by_name = header.layout == "variable"
    for name in dict.fromkeys(each for each in header.seg_name if each != _GAP):
        path = file.path.parent / f"{name}.hea"
        part = wfdb.rdheader(str(path.with_suffix("")))
        if _GAP in (part.file_name or []):
            continue  # the layout has no samples
        units = _stated_units(path.read_bytes(), part.units or [])
        for place, (signal, unit) in enumerate(zip(part.sig_name or [], units, strict=True)):
            found.setdefault(signal if by_name else place, set()).add(unit)
    common = []
    for place, signal in enumerate(signals):
        units_of_signal = sorted(found.get(signal if by_name else place, {""}))
        if len(units_of_signal) > 1:
            stated = " and ".join(unit or "no unit" for unit in units_of_signal)
            raise RtcanError(
                f"{file}: its segments state different units of {signal}: {stated}",
                "correct the headers of the segments, or name one of them as a record",
            )
        common += units_of_signal
    return common


def _check(header: Any, file: RawFile, wfdb: Any) -> None:
    """Refuse headers that name files elsewhere, or claim more samples than are plausible."""
    if not header.n_sig:
        raise RtcanError(f"{file} is the header of a record without signals")
    length = header.sig_len or 0
    if length < 0 or length * header.n_sig > _MOST_SAMPLES:
        raise DamagedError(f"its header claims {length} samples of {header.n_sig} signals")
    folder = file.path.parent
    if not isinstance(header, wfdb.MultiRecord):
        names = dict.fromkeys(header.file_name or [])
        if _GAP in names:
            raise RtcanError(
                f"{file} is the layout of a record, without signals",
                hint="name the header of the record itself",
            )
        _check_beside(names, folder, file)
        claimed = length * sum(header.samps_per_frame or [1])
        if claimed > _MOST_SAMPLES:
            raise DamagedError(f"its header claims {claimed} samples")
        return
    segments = [name for name in header.seg_name if name != _GAP]
    _check_beside([f"{name}.hea" for name in segments], folder, file)
    for name in dict.fromkeys(segments):
        part = wfdb.rdheader(str(folder / name))
        if isinstance(part, wfdb.MultiRecord):
            raise DamagedError("a segment of it consists of segments")
        # The header of a layout names no files.
        _check_beside([each for each in part.file_name or [] if each != _GAP], folder, file)


def _check_beside(names: Any, folder: Path, file: RawFile) -> None:
    for name in names:
        if not _PLAIN_NAME.fullmatch(name):
            raise RtcanError(
                f"{file} names a file that is not in its own folder: {name[:60]!r}",
                hint="put all files of the record into one folder",
            )
        beside = RawFile(folder / name, file.name.with_name(name), root=file.root)
        beside.refuse_outside()
        if not beside.path.is_file():
            raise RtcanError(
                f"{file} names the file {name}, which is not beside it",
                hint="copy or download all files of the record into one folder",
            )


def _start(header: Any) -> float:
    """Unix time of the first sample; NaN where the header does not give date and time."""
    if header.base_date is None or header.base_time is None:
        return math.nan
    start = datetime.combine(header.base_date, header.base_time)
    return start.replace(tzinfo=UTC).timestamp()


def _annotations(
    file: RawFile, place: str, rate: float, zero: float, wfdb: Any, notes: list[str]
) -> list[Marker]:
    path = Path(f"{place}.atr")
    if not path.is_file():
        return []
    file_of_annotations = RawFile(path, file.name.with_suffix(".atr"), root=file.root)
    with file_of_annotations.open() as stream:
        content = stream.read(_LARGEST_ANNOTATIONS + 1)
    if len(content) > _LARGEST_ANNOTATIONS or _ENDLESS.search(content):
        notes.append(f"its annotations ({path.name}) cannot be read")
        return []
    try:
        found = wfdb.rdann(place, "atr")
        ticks = float(found.fs or rate)
        labels = zip(found.sample.tolist(), found.symbol, found.aux_note, strict=True)
        return [
            Marker(zero + at / ticks, (note or symbol).strip("\0 ")) for at, symbol, note in labels
        ]
    except Exception:  # wfdb raises almost anything; the signals do not depend on them
        notes.append(f"its annotations ({path.name}) cannot be read")
        return []

"""European Data Format: EDF, EDF+ and BioSemi's BDF, with `edfio`.

A file is a header in text, then data records of equal duration; each holds the samples of all
signals. In EDF+ and BDF+ a signal of its own holds annotations, and the time at which each record
begins, so that a recording may have gaps. BioSemi's BDF holds triggers in a signal called Status.

Source: Kemp et al., Electroencephalography and Clinical Neurophysiology 82, 1992, and Kemp &
Olivan, Clinical Neurophysiology 114, 2003; https://www.edfplus.info/specs.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, is_clock, reading
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import BDF, EDF

SUFFIXES = (".edf", ".bdf")

_WANTED = "an EDF or BDF recording"
_BIOSEMI = b"\xffBIOSEMI"
_MOST_SIGNALS = 10_000
# edfio unpacks BDF as a whole, in nine times the space; EDF is mapped into memory.
_LARGEST_BDF = 400_000_000
_ONSET = re.compile(rb"[+-]\d+(?:\.\d+)?")
_TRIGGER = 0xFFFF  # bits of BioSemi's Status; the others tell about the amplifier
_UNKNOWN_DATE = datetime(1985, 1, 1)


@dataclass(frozen=True)
class _Header:
    """What is checked before edfio reads: it believes what a header says."""

    width: int  # bytes of a sample
    size: int  # bytes of the header
    n_records: int  # -1 if the recorder was not stopped properly
    duration: float  # seconds of a record
    labels: tuple[str, ...]
    counts: tuple[int, ...]  # samples of each signal in a record
    encoding: str

    @property
    def record_size(self) -> int:
        return self.width * sum(self.counts)


def read(file: RawFile) -> Contents:
    """Read a recording.

    Returns
    -------
    Contents
        Times are of the recorder's clock, whose time zone the file does not say.

    Raises
    ------
    RtcanError
        If `edfio` is missing, or the file is incomplete, damaged or of another kind.
    """
    with reading(file, _WANTED, EDF.name, BDF.name):
        import edfio

        head = file.head() or b""
        if head[:8] != _BIOSEMI and head[:8].strip() != b"0":
            raise DamagedError("it does not begin as an EDF or BDF recording does")
        with file.open() as stream:
            header = _read_header(stream)
            n_records = _count_records(header, stream.seek(0, io.SEEK_END), file)
            offsets = _record_times(stream, header, n_records)
        if header.width == 3:
            size = header.size + n_records * header.record_size
            if size > _LARGEST_BDF:
                raise RtcanError(
                    f"{file} has {size / 1e6:.0f} MB, more than are read of BDF",
                    hint="save the EDA channel alone, with EDFbrowser or MNE",
                )
            recording: Any = edfio.read_bdf(file.content(), header_encoding=header.encoding)
        else:
            source = file.content() if file.members else file.path
            recording = edfio.read_edf(source, header_encoding=header.encoding)
        notes = []
        if header.n_records not in (n_records, -1):
            notes.append(f"its header says {header.n_records} data records, but it has {n_records}")
        start = _start(recording)
        dated = not math.isnan(start)
        zero = start if dated else 0.0
        markers = _annotations(recording, zero, notes)
        channels = []
        for signal in recording.signals:
            label = signal.label.strip("\0 ")
            rate = signal.samples_per_data_record / header.duration
            if header.width == 3 and label == "Status":
                markers += _triggers(signal.digital, rate, zero)
                continue
            if header.width == 3 and label.startswith("GSR"):
                # https://www.biosemi.nl/forum/viewtopic.php?f=7&t=1013: a factor of 31.25.
                notes.append(
                    f"the scale of BioSemi's channel {label} may not be the one of its header: "
                    "compare its values with those in ActiView"
                )
            problem = _uncalibrated(signal)
            if problem:
                notes.append(f"the channel {label} is left out: {problem}")
                continue
            time = None
            if offsets is not None:
                within = np.arange(signal.samples_per_data_record) / rate
                time = (zero + offsets[:, None] + within).ravel()
                if not is_clock(time):
                    raise DamagedError("its data records overlap in time")
            # Single precision holds 24 bits, as many as a sample has.
            values = signal.data.astype(np.float32)
            unit = signal.physical_dimension.strip("\0 ")
            channels.append(Channel(label, unit, values, rate, start, time, zone_unknown=dated))
    name = f"{'BDF' if header.width == 3 else 'EDF'}{'+' if recording.reserved[3:4] == '+' else ''}"
    ordered = tuple(sorted(markers, key=lambda marker: marker.time))
    return Contents(name, tuple(channels), ordered, tuple(notes))


def _read_header(stream: Any) -> _Header:
    head = stream.read(256)
    if len(head) < 256:
        raise EOFError
    n_signals = int(head[252:256])
    if not 0 < n_signals < _MOST_SIGNALS or int(head[184:192]) != 256 * (n_signals + 1):
        raise DamagedError("its header does not say how many signals it has")
    fields = stream.read(256 * n_signals)
    if len(fields) < 256 * n_signals:
        raise EOFError
    # The format is ASCII, but many recorders write µS, as Latin-1 or as UTF-8.
    try:
        fields.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "latin-1"
    at = 216 * n_signals
    header = _Header(
        width=3 if head[:8] == _BIOSEMI else 2,
        size=256 * (n_signals + 1),
        n_records=int(head[236:244]),
        duration=float(head[244:252]),
        labels=tuple(
            fields[16 * i : 16 * (i + 1)].decode("latin-1").strip("\0 ") for i in range(n_signals)
        ),
        counts=tuple(int(fields[at + 8 * i : at + 8 * (i + 1)]) for i in range(n_signals)),
        encoding=encoding,
    )
    if min(header.counts) < 1:
        raise DamagedError("its header has a signal without samples")
    return header


def _count_records(header: _Header, size: int, file: RawFile) -> int:
    """How many whole data records there are."""
    if all(label.endswith(" Annotations") for label in header.labels):
        raise RtcanError(f"{file} holds annotations, but no signals")
    if not (header.duration > 0 and math.isfinite(header.duration)):
        raise DamagedError(f"its data records last {header.duration:g} s")
    n_records = (size - header.size) // header.record_size
    if n_records < header.n_records:
        raise RtcanError(
            f"{file} is incomplete: its header says {header.n_records} data records, but it has "
            f"{n_records}",
            hint="copy or download it again",
        )
    if n_records < 1:
        raise RtcanError(f"{file} holds no data", hint="check that the recording was started")
    return n_records


def _record_times(stream: Any, header: _Header, n_records: int) -> NDArray[np.float64] | None:
    """Where each data record begins, in seconds from the first; None if there are no gaps."""
    name = f"{'BDF' if header.width == 3 else 'EDF'} Annotations"
    if name not in header.labels:
        return None
    signal = header.labels.index(name)
    within = header.width * sum(header.counts[:signal])
    onsets = np.empty(n_records)
    for record in range(n_records):
        stream.seek(header.size + record * header.record_size + within)
        found = _ONSET.match(stream.read(min(40, header.width * header.counts[signal])))
        if not found:
            raise DamagedError(f"its data record {record + 1} does not say when it begins")
        onsets[record] = float(found[0])
    offsets = onsets - onsets[0]
    # Writers round; what is less than half a sample of the fastest signal is not a gap.
    fastest = header.duration / max(
        count
        for count, label in zip(header.counts, header.labels, strict=True)
        if not label.endswith(" Annotations")
    )
    regular = np.arange(n_records) * header.duration
    return None if np.abs(offsets - regular).max() <= fastest / 2 else offsets


def _start(recording: Any) -> float:
    """Unix time of the first sample; NaN where it is not known."""
    try:
        start: datetime = recording.startdatetime
    except ValueError:  # an anonymised date
        return math.nan
    if start.date() == _UNKNOWN_DATE.date():
        return math.nan
    return start.replace(tzinfo=UTC).timestamp()


def _annotations(recording: Any, zero: float, notes: list[str]) -> list[Marker]:
    try:
        return [Marker(zero + each.onset, each.text) for each in recording.annotations]
    except ValueError:
        notes.append("its annotations cannot be read")
        return []


def _triggers(status: NDArray[Any], rate: float, zero: float) -> list[Marker]:
    """Where the trigger code of BioSemi's Status signal changes to another than none."""
    codes = status & _TRIGGER
    changes = np.flatnonzero(np.diff(codes, prepend=codes[:1]) != 0)
    return [Marker(zero + at / rate, str(codes[at])) for at in changes.tolist() if codes[at]]


def _uncalibrated(signal: Any) -> str:
    """Why values cannot be given in the signal's unit; empty if they can."""
    try:
        low, high = signal.physical_range
        digital_low, digital_high = signal.digital_range
    except ValueError:
        return "its range is not given in numbers"
    if not all(map(math.isfinite, (low, high))) or low == high or digital_low == digital_high:
        return f"its range is {low:g} to {high:g} for {digital_low} to {digital_high}"
    return ""

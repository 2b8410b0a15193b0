"""Extensible Data Format, as LabRecorder of LabStreamingLayer writes it, with `pyxdf`.

A file is a row of chunks: the streams' descriptions in XML, their samples with time stamps, and
measurements of how far their clocks are apart. `pyxdf` brings all streams to one clock, of the
computer that recorded, which does not count from a date.

Source: https://github.com/sccn/xdf/wiki/Specifications, version 1.0.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import Any, BinaryIO, cast
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, is_clock, logged, reading

SUFFIXES = (".xdf",)

_HEADER, _SAMPLES, _WITH_XML = 2, 3, (1, 2, 6)
_OF_STREAM = (2, 3, 4, 6)
_SIZES = {"double64": 8, "float32": 4, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "string": 1}
# Packets arrive early and late. A step that is off by more than this share of a sample, and by more
# than packets usually are, is a gap; at most one of a second is taken for a late packet.
_OFF, _SMALL, _SPREAD = 0.5, 0.1, 2.0
_LONGEST = 1.0
_FEW_EARLY = 3


def read(file: RawFile) -> Contents:
    """Read all streams of numbers, and those of text or numbered events as markers.

    Raises
    ------
    RtcanError
        If `pyxdf` is missing, or the file is incomplete, damaged or of another kind.
    """
    with reading(file, "an XDF recording"):
        import pyxdf

        content = io.BytesIO(file.content())
        counts = _check(content)
        content.seek(0)
        with logged("pyxdf") as errors:
            # What pyxdf takes for jitter may be a gap of many samples.
            streams, _ = pyxdf.load_xdf(content, dejitter_timestamps=False)
        if errors:
            raise DamagedError(errors[0])
        return _contents(streams, counts)


def _check(stream: BinaryIO) -> Counter[int]:
    """Hold chunks against the size of the file; pyxdf takes memory for what they claim.

    Returns
    -------
    Counter of int to int
        How many samples each stream has.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if stream.read(4) != b"XDF:":
        raise DamagedError("it does not begin as an XDF recording does")
    smallest: dict[int, int] = {}
    counts: Counter[int] = Counter()
    while stream.tell() < size:
        length = _length(stream)
        end = stream.tell() + length
        if end > size:
            raise EOFError
        tag = int.from_bytes(stream.read(2), "little")
        name = int.from_bytes(stream.read(4), "little") if tag in _OF_STREAM else 0
        if tag in _WITH_XML:
            text = stream.read(end - stream.tell())
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise DamagedError("a description in it defines entities")
            if tag == _HEADER:
                info = ElementTree.fromstring(text.decode("utf-8", "replace"))
                n_channels = int(info.findtext("channel_count") or 0)
                kind = info.findtext("channel_format") or ""
                if n_channels < 1 or kind not in _SIZES:
                    raise DamagedError(f"a stream has {n_channels} channels of {kind[:20]}")
                smallest[name] = 1 + n_channels * _SIZES[kind]
        elif tag == _SAMPLES:
            n_samples = _length(stream)
            if name not in smallest or n_samples * smallest[name] > length:
                raise DamagedError(f"a chunk of {length} bytes claims {n_samples} samples")
            counts[name] += n_samples
        stream.seek(end)
    return counts


def _length(stream: BinaryIO) -> int:
    n_bytes = int.from_bytes(stream.read(1), "little")
    if n_bytes not in (1, 4, 8):
        raise DamagedError("a chunk does not say how long it is")
    return int.from_bytes(stream.read(n_bytes), "little")


def _contents(streams: list[dict[str, Any]], counts: Counter[int]) -> Contents:
    channels: list[Channel] = []
    markers: list[Marker] = []
    notes: list[str] = []
    streams_of: list[str] = []
    for stream in streams:
        info = stream["info"]
        name, kind = _text(info, "name"), _text(info, "type")
        time = np.asarray(stream["time_stamps"], dtype=np.float64)
        n_missing = counts[info["stream_id"]] - len(time)
        if n_missing:
            # pyxdf drops samples that were sent when the stream was being closed.
            notes.append(f"stream {name}: {n_missing} samples after its end are left out")
        if len(time) == 0:
            notes.append(f"stream {name}: no samples")
            continue
        rate = float(_text(info, "nominal_srate") or 0)
        values = stream["time_series"]
        texts = _text(info, "channel_format") == "string"
        if texts or (rate == 0 and "marker" in kind.casefold()):
            rows = zip(time.tolist(), values, strict=True)
            markers += [Marker(at, " ".join(str(each) for each in row)) for at, row in rows]
            continue
        if rate > 0:
            time = _without_jitter(time, 1 / rate)
        if not is_clock(time):
            notes.append(f"stream {name} is left out: its time stamps do not increase")
            continue
        labels, units = _described(info, values.shape[1])
        for index, (label, unit) in enumerate(zip(labels, units, strict=True)):
            number = f" {index + 1}" if values.shape[1] > 1 else ""
            channels.append(
                Channel(
                    label or f"{kind or name}{number}",
                    unit,
                    values[:, index],
                    rate if rate > 0 else np.nan,
                    time=time,
                )
            )
            streams_of.append(name)
    ordered = sorted(markers, key=lambda marker: marker.time)
    return Contents("XDF", _told_apart(channels, streams_of), tuple(ordered), tuple(notes))


def _without_jitter(time: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Times of a regular stream, on a line from each gap to the next.

    Parameters
    ----------
    time : ndarray of float64, shape (n_samples,)
        As they were received, in seconds.
    period : float
        From one sample to the next, as the stream says it.
    """
    if len(time) < 3 or not np.isfinite(time).all():
        return time
    off = np.diff(time) - period
    # Lost samples only make steps longer: those that are shorter tell how packets spread.
    early = -off[off < -_SMALL * period]
    spread = _SPREAD * float(np.quantile(early, 0.95)) if len(early) >= _FEW_EARLY else 0.0
    limit = min(max(_OFF * period, spread), max(_LONGEST, _OFF * period))
    while True:
        breaks = np.flatnonzero(np.abs(off) > limit) + 1
        smooth = np.concatenate([_on_a_line(part) for part in np.split(time, breaks)])
        limit *= 2
        # A packet that came late, and the next one before its end, does not make a gap.
        if is_clock(smooth) or limit > _LONGEST:
            return smooth


def _on_a_line(time: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(time) < 3:
        return time
    place = np.arange(len(time)) - (len(time) - 1) / 2
    middle = time.mean()
    return middle + place * float(place @ (time - middle) / (place @ place))


def _text(info: dict[str, Any], name: str) -> str:
    """An entry of a description; pyxdf gives all as lists."""
    return str((info.get(name) or [""])[0] or "").strip()


def _described(info: dict[str, Any], n_channels: int) -> tuple[list[str], list[str]]:
    """Labels and units of a stream's channels; empty where it does not say."""
    about: Any = (info.get("desc") or [None])[0] or {}
    listed: Any = (about.get("channels") or [None])[0] if isinstance(about, dict) else None
    entries = cast("list[Any]", listed.get("channel") or []) if isinstance(listed, dict) else []
    entries = [each if isinstance(each, dict) else {} for each in entries]
    if len(entries) != n_channels:
        entries = [{}] * n_channels
    return [_text(each, "label") for each in entries], [_text(each, "unit") for each in entries]


def _told_apart(channels: list[Channel], streams: list[str]) -> tuple[Channel, ...]:
    """Channels of equal names, with the name of their stream before it."""
    times = Counter(channel.name for channel in channels)
    return tuple(
        Channel(
            f"{stream} {each.name}" if times[each.name] > 1 else each.name,
            each.unit,
            each.values,
            each.sampling_rate,
            each.start,
            each.time,
        )
        for each, stream in zip(channels, streams, strict=True)
    )

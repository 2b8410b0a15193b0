"""Raw data of the EmbracePlus wristband (Avro), with `fastavro`.

Empatica's cloud keeps a file for each quarter of an hour or so, ``<participant>_<time>.avro``; a
folder or zip file of these is one recording. A file holds one record; under ``rawData`` each sensor
has the time of its first sample in microseconds of Unix time, a sampling rate and values. EDA is in
microsiemens.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, reading
from rtcan_cli.datasets.times.rates import is_same_rate
from rtcan_cli.errors import RtcanError, some

SUFFIXES = (".avro",)

_UNITS = {"eda": "uS", "temperature": "degC", "bvp": "nW"}
_MAGIC = b"Obj\x01"
_LARGEST = 500_000_000
_DEEPEST = 20
_SYNC = 16  # bytes that end a block
# Corrections of the clock, in seconds, are much shorter (up to 0.13 in recordings of seven hours),
# and copies of a file much longer.
_CORRECTED = 1.0


def read(file: RawFile) -> Contents:
    """Read the sensors that have one value a sample, and the button presses as markers.

    Raises
    ------
    RtcanError
        If `fastavro` is missing, or the file is incomplete, damaged or no EmbracePlus recording.
    """
    with reading(file, "raw data of an EmbracePlus (Avro)"):
        import fastavro

        content = io.BytesIO(file.content())
        if content.getvalue()[:4] != _MAGIC:
            raise DamagedError("it does not begin as an Avro file does")
        reader = fastavro.reader(content)
        _check_schema(reader.writer_schema)
        after = content.tell()
        _check_blocks(content, str(reader.codec))
        content.seek(after)
        records = list(reader)
        if len(records) != 1 or not isinstance(records[0], dict):
            raise DamagedError(f"it holds {len(records)} records instead of one")
        raw = records[0].get("rawData")
        if not isinstance(raw, dict):
            raise RtcanError(
                f"{file} is an Avro file, but no raw data of an EmbracePlus: it has no rawData",
                hint="name the files below raw_data/v6 of Empatica's download",
            )
        channels = [
            channel
            for name, sensor in raw.items()
            if isinstance(sensor, dict) and (channel := _channel(name, sensor)) is not None
        ]
        tags = (raw.get("tags") or {}).get("tagsTimeMicros") or []
        markers = tuple(Marker(at / 1e6, "tag") for at in sorted(map(int, tags)))
    return Contents("EmbracePlus raw data", tuple(channels), markers)


def read_parts(parts: Sequence[RawFile], folder: object) -> Contents:
    """Read the files of one recording, joined in the order of time; what lies between is missing.

    Parameters
    ----------
    parts : sequence of RawFile
        One or more, named ``<participant>_<time>.avro``.
    folder : object
        What to call all of them.

    Raises
    ------
    RtcanError
        If one cannot be read, or they are of several participants, overlap, or differ in their
        sampling rate.
    """
    people = participants(parts)
    if len(people) > 1:
        raise RtcanError(
            f"{folder} holds raw data of {len(people)} participants: {some(sorted(people))}",
            hint="a folder for each, or name a single file",
        )
    found = [read(each) for each in parts]
    names = dict.fromkeys(channel.name for each in found for channel in each.channels)
    channels = tuple(
        _joined([c for each in found for c in each.channels if c.name == name], folder)
        for name in names
    )
    markers = tuple(sorted((m for each in found for m in each.markers), key=lambda m: m.time))
    return Contents(found[0].format, channels, markers)


def participants(files: Iterable[RawFile]) -> set[str]:
    """Whose files these are, by their names."""
    return {each.name.stem.rpartition("_")[0] for each in files}


def _joined(parts: list[Channel], folder: object) -> Channel:
    """One sensor of several files."""
    first, *_ = parts = sorted(parts, key=lambda each: each.start)
    if not all(is_same_rate(each.sampling_rate, first.sampling_rate) for each in parts):
        raise RtcanError(
            f"{folder}: the sampling rate of {first.name} differs from file to file",
            hint="name the files one by one",
        )
    times = [each.start + np.arange(len(each.values)) / each.sampling_rate for each in parts]
    for i, (one, other) in enumerate(pairwise(parts)):
        room, over = other.start - one.start, times[i][-1] + 1 / one.sampling_rate - other.start
        if over > 0:
            # The band corrects its clock between files by fractions of a second: the samples of the
            # file are spread evenly to where the next one begins.
            rate = len(times[i]) / room if room > 0 else math.inf
            if over > _CORRECTED or not is_same_rate(rate, one.sampling_rate):
                raise RtcanError(
                    f"{folder}: its files overlap in time by {over:.3g} s",
                    hint="delete copies of a file",
                )
            times[i] = one.start + np.arange(len(times[i])) / rate
    values = np.concatenate([each.values for each in parts])
    return replace(first, values=values, time=np.concatenate(times))


def _channel(name: str, sensor: dict[str, Any]) -> Channel | None:
    """A sensor's values; None for what has several values a sample, or was not recorded."""
    values = np.asarray(sensor.get("values") or [], dtype=np.float32)
    rate = float(sensor.get("samplingFrequency") or 0)
    if len(values) == 0 or "timestampStart" not in sensor:
        return None
    if not (values.ndim == 1 and 0 < rate < 1e6):
        raise DamagedError(f"its sensor {name} has a sampling rate of {rate:g} Hz")
    return Channel(name, _UNITS.get(name, ""), values, rate, sensor["timestampStart"] / 1e6)


def _check_schema(schema: Any, within: tuple[str, ...] = ()) -> None:
    """Refuse what lets a few bytes ask for endless values: items of no size, types in themselves.

    Parameters
    ----------
    schema : object
        Of the file, as `fastavro` has parsed it.
    within : tuple of str
        Names of the types that it lies in, without their namespaces.
    """
    if len(within) > _DEEPEST:
        raise DamagedError("its schema is too deep")
    if isinstance(schema, str):
        if schema.rpartition(".")[2] in within:
            raise DamagedError("a type in its schema holds itself")
    elif isinstance(schema, list):
        for each in schema:
            _check_schema(each, (*within, ""))
    elif isinstance(schema, dict):
        if schema.get("type") in ("record", "fixed") and _is_empty(schema):
            raise DamagedError("a type in its schema has no size")
        name = str(schema.get("name") or "").rpartition(".")[2]
        for each in schema.get("fields") or ():
            _check_schema(each.get("type"), (*within, name))
        for key in ("items", "values"):
            if key in schema:
                if _is_empty(schema[key]):
                    raise DamagedError("items in its schema have no size")
                _check_schema(schema[key], (*within, ""))
        if not isinstance(schema.get("type"), str):
            _check_schema(schema.get("type"), (*within, ""))


def _is_empty(schema: Any) -> bool:
    """Whether its values take no bytes; empty types that have a name are refused where they are."""
    if not isinstance(schema, dict):
        return bool(schema == "null")
    if schema.get("type") == "record":
        return all(_is_empty(each.get("type")) for each in schema.get("fields") or ())
    return (schema.get("type") == "fixed" and not schema.get("size")) or schema.get(
        "type"
    ) == "null"


def _check_blocks(stream: io.BytesIO, codec: str) -> None:
    """Hold the blocks that follow the header against the file, and against what they unpack to."""
    if codec not in ("null", "deflate"):
        raise DamagedError(f"it is compressed by {codec[:20]}, which is not read")
    size = len(stream.getvalue())
    total = 0
    while stream.tell() < size:
        _read_long(stream)  # how many records
        length = _read_long(stream)
        if length < 0 or stream.tell() + length + _SYNC > size:
            raise EOFError
        packed = stream.read(length)
        stream.seek(_SYNC, io.SEEK_CUR)
        if codec == "deflate":
            length = len(zlib.decompressobj(-15).decompress(packed, _LARGEST))
        total += length
        if total >= _LARGEST:
            raise DamagedError(f"it unpacks to more than {_LARGEST / 1e6:.0f} MB")


def _read_long(stream: BinaryIO) -> int:
    """A whole number of Avro: seven bits a byte, the lowest first, the sign in the last bit."""
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte or shift > 63:
            raise EOFError
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return (value >> 1) ^ -(value & 1)

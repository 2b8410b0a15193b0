"""AcqKnowledge files of BIOPAC systems, with `bioread`.

The format is not published; `bioread` knows it from many files, of AcqKnowledge 3 to 5.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, logged, reading

SUFFIXES = (".acq",)

# A system has 16 analog, 16 digital and 16 computed channels at most.
_MOST_CHANNELS = 64
# bioread looks for the types of all channels in 4096 places, and reads as many event markers as the
# file claims to have.
_MOST_READS = 50_000
# bioread lays out as many samples as it takes until all channels meet.
_LONGEST_PATTERN = 1_000_000
_PIECE = 1 << 20


def read(file: RawFile) -> Contents:
    """Read all channels and event markers.

    Raises
    ------
    RtcanError
        If `bioread` is missing, or the file is incomplete, damaged or of another kind.
    """
    with reading(file, "an AcqKnowledge recording"):
        import bioread.data_reader
        import bioread.reader

        stream = _Watched(file.content())
        _check_head(stream)
        with logged("bioread"):
            reader = bioread.reader.Reader.read_headers(stream)
            if reader.datafile is None:
                raise DamagedError("it does not begin as an AcqKnowledge recording does")
            _check_sizes(reader, stream)
            stream.left = _MOST_READS
            data = bioread.data_reader.DataReader(stream, reader.datafile, reader.data_start_offset)
            data.read_data()
        return _contents(reader.datafile, reader.event_markers is None)


class _Watched(io.BytesIO):
    """A file in memory that gives up where bioread would go on for hours."""

    left = _MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if size is None or size < 0 or self.left < 0:
            raise DamagedError("its headers contradict each other")
        return super().read(size)


def _check_head(stream: BinaryIO) -> None:
    head = stream.read(12)
    if len(head) < 12:
        raise EOFError
    # The version is a small number in the right order of bytes.
    order = min("<>", key=lambda each: struct.unpack(f"{each}I", head[2:6]))
    (n_channels,) = struct.unpack(f"{order}h", head[10:12])
    if not 1 <= n_channels <= _MOST_CHANNELS:
        raise DamagedError("it does not begin as an AcqKnowledge recording does")
    stream.seek(0)


def _check_sizes(reader: Any, stream: BinaryIO) -> None:
    """Hold what the headers claim against the file; bioread takes memory for it."""
    channels = reader.datafile.channels
    size = stream.seek(0, io.SEEK_END)
    if not channels or min(each.point_count for each in channels) < 0:
        raise DamagedError("a channel has fewer than no samples")
    if not (reader.samples_per_second > 0 and math.isfinite(reader.samples_per_second)):
        raise DamagedError(f"its sampling rate is {reader.samples_per_second:g} Hz")
    if math.lcm(*(each.frequency_divider for each in channels)) > _LONGEST_PATTERN or any(
        each.frequency_divider < 1 for each in channels
    ):
        raise DamagedError("the sampling rates of its channels do not fit together")
    if not reader.is_compressed:
        if reader.data_start_offset + sum(each.data_length for each in channels) > size:
            raise EOFError
        return
    if len(reader.channel_compression_headers) != len(channels):
        raise EOFError
    for channel, where in zip(channels, reader.channel_compression_headers, strict=True):
        stream.seek(where.compressed_data_offset)
        packed = stream.read(where.compressed_data_len)
        if _unpacked_size(packed, channel.data_length) != channel.data_length:
            raise DamagedError(f"the channel {channel.name} has another length than it says")


def _unpacked_size(packed: bytes, most: int) -> int:
    """What a channel unpacks to; more than `most` bytes are not counted to their end."""
    inflate = zlib.decompressobj()
    total = 0
    while not inflate.eof and total <= most:
        piece = inflate.decompress(packed, _PIECE)
        if not piece:
            break
        total += len(piece)
        packed = inflate.unconsumed_tail
    return total


def _contents(datafile: Any, no_markers: bool) -> Contents:
    channels = tuple(
        Channel(
            each.name.strip("\0 "),
            each.units.strip("\0 "),
            np.asarray(each.data).astype(np.float64, copy=False),
            float(each.samples_per_second),
        )
        for each in datafile.channels
    )
    notes = ["its event markers cannot be read"] if no_markers else []
    # Counted in samples of the file, not of a channel.
    rate = float(datafile.samples_per_second)
    markers = sorted(
        (
            Marker(each.sample_index / rate, (each.text or "").strip("\0 "))
            for each in datafile.event_markers or ()
        ),
        key=lambda marker: marker.time,
    )
    # In some files of AcqKnowledge 5, markers are counted from before the first sample. Those that
    # fall into the recording are then wrong as well.
    end = max(len(each.values) / each.sampling_rate for each in channels)
    if any(not 0 <= marker.time <= end for marker in markers):
        notes.append(f"its {len(markers)} event markers are left out: some lie outside of it")
        markers = []
    return Contents("AcqKnowledge", channels, tuple(markers), tuple(notes))

"""OGG: pages are followed to the last one, which says that it is the last. The format: RFC 3533."""

from __future__ import annotations

import zlib

from rtcan_cli.audio.checked import Checked, broken, convert, cut_in
from rtcan_cli.errors import RtcanError

_HEADER = 27
_BEGINS, _ENDS = 2, 4
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check(content: bytes, name: str) -> Checked:
    """Count the samples of an OGG file with Vorbis or Opus in it.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in messages.

    Raises
    ------
    RtcanError
        If it is cut off or damaged between its pages, or contains several streams or another codec.
    """
    at, n_streams, flags, rate, skipped = 0, 0, 0, 0, 0
    first, last = -1, 0
    while at < len(content):
        head = content[at : at + _HEADER]
        sizes = content[at + _HEADER : at + _HEADER + head[26]] if len(head) == _HEADER else b""
        if head[:4] != b"OggS"[: len(head)]:
            if flags & _ENDS and (content[at : at + 3] == b"TAG" or not content[at:].strip(b"\0")):
                break
            place = f"after {last / (rate or 1):.1f} s"
            raise broken(name, f"damaged: {place} no OGG page follows")
        begin = at + _HEADER + len(sizes)
        end = begin + sum(sizes)
        seconds = max(last - skipped, 0) / (rate or 1)
        if len(head) < _HEADER or len(sizes) < head[26] or end > len(content):
            raise cut_in(name, seconds, "a page")
        if _checksum(content[at:end]) != int.from_bytes(head[22:26], "little"):
            raise broken(name, f"damaged: a page after {seconds:.1f} s has a wrong checksum")
        flags = head[5]
        if flags & _BEGINS:
            n_streams += 1
            rate, skipped = _clock(content[begin:end])
        granule = int.from_bytes(head[6:14], "little", signed=True)
        if granule > 0:
            first = granule if first < 0 else first
            last = granule
        at = end
    seconds = max(last - skipped, 0) / (rate or 1)
    if n_streams != 1:
        raise RtcanError(f"{name} contains {n_streams} streams instead of one", convert(name))
    if not rate:
        raise RtcanError(
            f"{name} is OGG audio with a codec that is not read (Vorbis and Opus are)",
            convert(name),
        )
    if not flags & _ENDS:
        raise broken(name, f"incomplete: it has no last page after {seconds:.1f} s")
    # A stream may have begun before the file, which then lacks samples of its first page.
    return Checked(content, max(last - skipped, 0), max(first, 0))


def _checksum(page: bytes) -> int:
    """OGG's CRC-32: zlib's, but with the bits the other way round and nothing inverted."""
    zeroed = page[:22] + bytes(4) + page[26:]
    mirrored = zlib.crc32(zeroed.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _clock(packet: bytes) -> tuple[int, int]:
    """Rate in Hz at which pages count samples, and how many a decoder leaves out at the start."""
    if packet[:7] == b"\x01vorbis":
        return int.from_bytes(packet[12:16], "little"), 0
    if packet[:8] == b"OpusHead":
        return 48000, int.from_bytes(packet[10:12], "little")
    return 0, 0

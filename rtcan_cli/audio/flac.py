"""FLAC: the last frame gives the number of samples.

The header may say 0 where the encoder did not know the length, or something wrong. But every frame
is numbered and has checksums. The format: RFC 9639.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from rtcan_cli.audio.checked import GET_AGAIN, Checked, broken, incomplete
from rtcan_cli.errors import RtcanError

_STREAMINFO = 8  # where it begins, after the marker and its own header
_FRAME_HEADERS = 64  # bytes of a frame in addition to its samples, at most
_TRIES = 100
_BLOCK_SIZES = {1: 192, **{k: 576 << (k - 2) for k in range(2, 6)}}
_BLOCK_SIZES |= {k: 256 << (k - 8) for k in range(8, 16)}


def check(content: bytes, name: str) -> Checked:
    """Count the samples of a FLAC file, and put their number into its header.

    Parameters
    ----------
    content : bytes
        The file, without tags in front of it.
    name : str
        What to call it in messages.

    Raises
    ------
    RtcanError
        If its last frame is not whole, or there are fewer samples than it declares.
    """
    if len(content) < _STREAMINFO + 34:
        raise RtcanError(f"{name} is incomplete: it ends in its header", GET_AGAIN)
    if content[-128:-125] == b"TAG":
        content = content[:-128]
    packed = int.from_bytes(content[18:26], "big")
    rate, declared = packed >> 44, packed & (1 << 36) - 1
    n_channels, n_bytes = (packed >> 41 & 7) + 1, ((packed >> 36 & 31) + 8) // 8
    block = int.from_bytes(content[10:12], "big")
    longest = block * n_channels * n_bytes + _FRAME_HEADERS * n_channels
    found = _last_frame(content, block, longest)
    if found is None or not rate:
        raise broken(name, "incomplete or damaged: it does not end in a whole frame")
    if found < declared:
        raise incomplete(name, found / rate, declared / rate)
    length = (packed >> 36 << 36 | found).to_bytes(8, "big")
    return Checked(content[:18] + length + content[26:], found)


def _last_frame(content: bytes, block: int, longest: int) -> int | None:
    """The number of samples up to the end of the last frame, if its checksum is right."""
    # Sound may look like a frame's header, but not with both checksums.
    least = max(_STREAMINFO + 34, len(content) - longest)
    ends = ((at, _samples_at_end(content, at, block)) for at in _candidates(content, least))
    for at, end in islice(((at, end) for at, end in ends if end is not None), _TRIES):
        if _crc16(content[at:]) == 0:
            return end
    return None


def _candidates(content: bytes, least: int) -> Iterator[int]:
    at = len(content)
    while (at := content.rfind(b"\xff", least, at)) >= 0:
        if content[at + 1 : at + 2] in (b"\xf8", b"\xf9"):
            yield at


def _samples_at_end(content: bytes, at: int, block: int) -> int | None:
    """Samples up to the end of the frame whose header is here; None if there is none."""
    head = content[at : at + 17]
    if len(head) < 7:
        return None
    size_code, rate_code = head[2] >> 4, head[2] & 15
    number, length = _coded_number(head[4:11])
    place = 4 + length
    if not length or size_code == 0 or rate_code == 15 or head[3] >> 4 > 10 or head[3] & 1:
        return None
    if size_code in (6, 7):
        width = size_code - 5
        n_samples = int.from_bytes(head[place : place + width], "big") + 1
        place += width
    else:
        n_samples = _BLOCK_SIZES[size_code]
    place += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if place >= len(head) or _crc8(head[: place + 1]) != 0:
        return None
    variable = head[1] & 1
    return (number if variable else number * block) + n_samples


def _coded_number(head: bytes) -> tuple[int, int]:
    """A number coded as UTF-8 codes characters, and its bytes; 0 bytes if it is not one."""
    first = head[0]
    if first < 0x80:
        return first, 1
    length = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= length <= 7 or len(head) < length:
        return 0, 0
    number = first & (0x7F >> length)
    for byte in head[1:length]:
        if byte >> 6 != 2:
            return 0, 0
        number = number << 6 | byte & 0x3F
    return number, length


@lru_cache
def _table(polynomial: int, bits: int) -> list[int]:
    top, mask = 1 << (bits - 1), (1 << bits) - 1
    table = []
    for value in range(256):
        value <<= bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return table


def _crc8(content: bytes) -> int:
    table, crc = _table(0x07, 8), 0
    for byte in content:
        crc = table[crc ^ byte]
    return crc


def _crc16(content: bytes) -> int:
    table, crc = _table(0x8005, 16), 0
    for byte in content:
        crc = (crc << 8 & 0xFFFF) ^ table[crc >> 8 ^ byte]
    return crc

"""WAV, AIFF and AU: how much sound there is, and how much their headers declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from rtcan_cli.audio.checked import GET_AGAIN, Checked, convert, incomplete
from rtcan_cli.errors import RtcanError

# Written where the length was not known when the sound began: nothing, or the largest there is,
# which some programs round down.
_UNKNOWN = 0x7FFF0000
_CODECS = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law", 0xFFFE: "PCM or float"}
_MOST_JUNK = 0.01

_Order = Literal["little", "big"]


def check_wav(content: bytes, name: str) -> Checked:
    """Count the samples of a WAV file (also of the kinds RF64 and RIFX).

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in messages.

    Raises
    ------
    RtcanError
        If it is incomplete, contains more than its header declares, or uses an unsupported codec.
    """
    order: _Order = "big" if content[:4] == b"RIFX" else "little"
    fmt = fact = long = b""
    for kind, begin, size in _chunks(content, order):
        if kind == b"fmt ":
            fmt = content[begin : begin + size]
        elif kind == b"fact":
            fact = content[begin : begin + size]
        elif kind == b"ds64":
            long = content[begin : begin + size]
        elif kind == b"data":
            break
    else:
        raise RtcanError(f"{name} is incomplete: it ends before its sound begins", GET_AGAIN)
    codec = int.from_bytes(fmt[:2], order)
    if codec not in _CODECS:
        raise RtcanError(
            f"{name} is a WAV file with the unsupported codec number {codec}", convert(name)
        )
    rate, width = int.from_bytes(fmt[4:8], order), int.from_bytes(fmt[12:14], order)
    if not rate or not width:
        raise RtcanError(
            f"{name} is damaged: its header states no sampling rate or no channels", GET_AGAIN
        )
    if size == 0xFFFFFFFF and long:
        size = int.from_bytes(long[8:16], "little")
    size = _true_size(content, begin, size, width * rate, name, order)
    n_samples = size // width
    size = n_samples * width
    parts = [_chunk(b"fmt ", fmt, order)]
    if fact:
        parts.append(_chunk(b"fact", n_samples.to_bytes(4, order), order))
    parts.append(_chunk(b"data", content[begin : begin + size], order))
    body = b"WAVE" + b"".join(parts)
    form = b"RIFX" if order == "big" else b"RIFF"
    return Checked(_chunk(form, body, order), n_samples)


def check_aiff(content: bytes, name: str) -> Checked:
    """Count the samples of an AIFF file, as `check_wav` does."""
    common, place, begin, size = b"", 0, 0, 0
    for kind, start, length in _chunks(content, "big"):
        if kind == b"COMM":
            common, place = content[start : start + length], start
        elif kind == b"SSND":
            begin, size = start, length
            # It is usually last; what follows is not needed, but may contain COMM.
            if common:
                break
    if not common or not begin:
        raise RtcanError(f"{name} is incomplete: it ends before its sound begins", GET_AGAIN)
    n_channels, bits = int.from_bytes(common[:2], "big"), int.from_bytes(common[6:8], "big")
    exponent, mantissa = int.from_bytes(common[8:10], "big"), common[10:18]
    rate = int.from_bytes(mantissa, "big") * 2.0 ** (exponent - 16383 - 63)
    codec = common[18:22] if content[8:12] == b"AIFC" else b"NONE"
    if codec not in (b"NONE", b"twos", b"sowt", b"fl32", b"FL32", b"fl64", b"FL64", b"raw "):
        raise RtcanError(
            f"{name} is an AIFF file with the codec {codec.decode('latin1')!r}, which is not read",
            convert(name),
        )
    width = n_channels * -(-bits // 8)
    if not rate or not width:
        raise RtcanError(
            f"{name} is damaged: its header states no sampling rate or no channels", GET_AGAIN
        )
    size = _true_size(content, begin, size, width * rate, name, "big", extra=8)
    n_samples = (size - 8) // width
    declared = int.from_bytes(common[2:6], "big")
    if n_samples < declared < _UNKNOWN:
        raise incomplete(name, n_samples / rate, declared / rate)
    corrected = bytearray(content[: begin + size])
    corrected[place + 2 : place + 6] = n_samples.to_bytes(4, "big")
    corrected[begin - 4 : begin] = size.to_bytes(4, "big")
    corrected[4:8] = (len(corrected) - 8).to_bytes(4, "big")
    return Checked(bytes(corrected), n_samples)


def check_au(content: bytes, name: str) -> Checked:
    """Count the samples of an AU file, as `check_wav` does."""
    begin, size, codec, rate, n_channels = (
        int.from_bytes(content[at : at + 4], "big") for at in range(4, 24, 4)
    )
    width = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(codec, 0) * n_channels
    if not width or not rate:
        raise RtcanError(
            f"{name} is an AU file with the codec number {codec}, which is not read", convert(name)
        )
    size = _true_size(content, begin, size, width * rate, name, "big")
    corrected = content[:8] + size.to_bytes(4, "big") + content[12 : begin + size]
    return Checked(corrected, size // width)


def _chunks(content: bytes, order: _Order) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and declared size of each chunk, the last of which may be cut."""
    at = 12
    while at + 8 <= len(content):
        size = int.from_bytes(content[at + 4 : at + 8], order)
        yield content[at : at + 4], at + 8, size
        at += 8 + size + size % 2


def _chunk(kind: bytes, body: bytes, order: _Order) -> bytes:
    return kind + len(body).to_bytes(4, order) + body + b"\0" * (len(body) % 2)


def _true_size(
    content: bytes,
    begin: int,
    size: int,
    bytes_a_second: float,
    name: str,
    order: _Order,
    extra: int = 0,
) -> int:
    """Bytes of sound: as declared, or to the end of the file where that is not known."""
    left = len(content) - begin
    if size <= extra or (size > left and size >= _UNKNOWN):
        return left
    if size > left:
        raise incomplete(name, (left - extra) / bytes_a_second, (size - extra) / bytes_a_second)
    # Chunks may follow, or tags; but not more sound.
    at = begin + size + (size % 2 if content[:4] != b".snd" else 0)
    while at + 8 <= len(content) and _is_chunk(content, at, order):
        length = int.from_bytes(content[at + 4 : at + 8], order)
        at += 8 + length + length % 2
    rest = content[at:]
    tag = rest[:3] in (b"TAG", b"ID3") or not rest.strip(b"\0")
    if len(rest) > _MOST_JUNK * size and not tag:
        seconds = (size - extra) / bytes_a_second
        raise RtcanError(
            f"{name} declares {seconds:.1f} s of sound, but {len(rest)} bytes follow, which would "
            f"be {len(rest) / bytes_a_second:.1f} s more",
            f"if they are sound: ffmpeg -ignore_length 1{convert(name)[6:]}",
        )
    return size


def _is_chunk(content: bytes, at: int, order: _Order) -> bool:
    name = content[at : at + 4]
    fits = int.from_bytes(content[at + 4 : at + 8], order) <= len(content) - at - 8
    return fits and name not in (b"RIFF", b"FORM") and all(32 <= each < 127 for each in name)

"""MPEG audio, layers 1 to 3: frames are counted.

An MP3 file is a row of frames. A header of Xing's or Fraunhofer's that says how many may be missing
or wrong, and a decoder then guesses from the size of the file and of the first frame: wrong where
the bitrate varies, or where a picture lies in the file. Here every frame is found by the header of
the one before it. The decoder is given the frames alone, behind the file's own header only if
that one is right.

The format: ISO/IEC 11172-3 and 13818-3; tags: id3.org, and the LAME project's "MP3 Info Tag".
"""

from __future__ import annotations

from dataclasses import dataclass

from rtcan_cli.audio.checked import GET_AGAIN, Checked, broken, convert, cut_in, incomplete
from rtcan_cli.errors import RtcanError

_BITRATES = {  # kbit/s by (version 1 or not, layer); 0 stands for free and is not read
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)
_DIVISORS = {3: 1, 2: 2, 0: 4}  # of the sampling rate, for MPEG 1, 2 and 2.5

# This many headers in a row do not occur by chance.
_ENOUGH = 4
# Bytes behind the sound that programs may have left there, where no header says that all frames are
# there: fewer than this, beside tags, and zeros up to a frame.
_MOST_JUNK = 1024
# Zeros beside a tag, as programs leave that take another tag away. A copy or download loses whole
# blocks, which hardly ever begin or end where a tag does, and are mostly larger than this.
_MOST_ZEROS = 8192
_LYRICS = 11 + 5100 + 9  # bytes of Lyrics3 of version 1, at the most
# Taken away by decoders at both ends where the encoder says how much it added, at the most.
_MOST_ADDED = 2 * 4095 + 529


@dataclass(frozen=True)
class _Header:
    """The four bytes at the start of a frame.

    Attributes
    ----------
    first : bool
        MPEG version 1, and not 2 or 2.5.
    layer, rate, channels, n_samples, size : int
        Layer, sampling rate in Hz, channels, samples of a channel, bytes of the frame.
    """

    first: bool
    layer: int
    rate: int
    channels: int
    n_samples: int
    size: int

    @property
    def stream(self) -> tuple[bool, int, int, int]:
        """What is the same in all frames of a file."""
        return self.first, self.layer, self.rate, self.channels


def is_mpeg(content: bytes) -> bool:
    """Whether there are frames, perhaps behind something else."""
    return _first_frame(content, skip_tags(content)) is not None


def check(content: bytes, name: str) -> Checked:
    """Count the frames of an MP3 file.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in messages.

    Returns
    -------
    Checked

    Raises
    ------
    RtcanError
        If it contains no frames, ends within a frame, has fewer frames than it declares,
        is damaged, or changes its sampling rate or number of channels.
    """
    begin = _first_frame(content, skip_tags(content))
    if begin is None:
        raise RtcanError(f"{name} contains no MP3 frames", convert(name))
    head = _header(content, begin)
    assert head is not None
    end = _end_of_sound(content)
    info = _info_frame(content, begin, head)
    start = begin + (head.size if info else 0)
    runs, n_frames = _frames(content, start, end, head, name)
    seconds = n_frames * head.n_samples / head.rate
    declared = info.n_frames if info else None
    # Where all frames are there that a header declares, nothing that follows is missing sound.
    if n_frames != declared:
        _check_rest(content, runs, end, head, seconds, name)
    # Some encoders count the header's own frame.
    if declared is not None and n_frames < declared - 1:
        raise incomplete(name, seconds, declared * head.n_samples / head.rate)
    sound = b"".join(content[one:other] for one, other in runs)
    n_samples = n_frames * head.n_samples
    first = _corrected(content[begin:start], info, n_frames) if info else None
    if first is None:
        return Checked(_behind_padding(sound, head, n_frames), n_samples)
    return Checked(first + sound, n_samples, _MOST_ADDED)


def skip_tags(content: bytes, position: int = 0) -> int:
    """Where the sound may begin: behind ID3v2 tags, whose pictures may look like sound."""
    while content[position : position + 3] in (b"ID3", b"TAG") and len(content) >= position + 10:
        if content[position : position + 3] == b"TAG":  # of the file before, where two were joined
            position += 227 if content[position + 3 : position + 4] == b"+" else 128
            continue
        flags, size = content[position + 5], content[position + 6 : position + 10]
        if max(size) >= 0x80:
            break
        position += 10 + _sevens(size) + (10 if flags & 0x10 else 0)
    return min(position, len(content))


def _sevens(size: bytes) -> int:
    """A number of four bytes with seven bits each, so that it never looks like a frame."""
    return size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]


def _end_of_sound(content: bytes) -> int:
    """Where tags begin that are written behind the sound: ID3v1, ID3v2.4, Lyrics3, APE."""
    end = len(content)
    while True:
        before = end
        if content[end - 128 : end - 125] == b"TAG":
            end -= 128
            if content[end - 227 : end - 223] == b"TAG+":
                end -= 227
        if content[end - 10 : end - 7] == b"3DI" and max(content[end - 4 : end]) < 0x80:
            end -= 20 + _sevens(content[end - 4 : end])
        if content[end - 9 : end] == b"LYRICS200" and content[end - 15 : end - 9].isdigit():
            end -= 15 + int(content[end - 15 : end - 9])
        if content[end - 9 : end] == b"LYRICSEND":
            begin = content.rfind(b"LYRICSBEGIN", max(0, end - _LYRICS), end)
            end = begin if begin >= 0 else end
        if content[end - 32 : end - 24] == b"APETAGEX":
            size = int.from_bytes(content[end - 20 : end - 16], "little")
            has_header = content[end - 9] & 0x80
            end -= size + (32 if has_header else 0)
        if end == before or end <= 0:
            return max(end, 0)


def _skip_empty(content: bytes, at: int, end: int) -> tuple[int, int, bool]:
    """Pass over tags and zeros: where they end, how many zeros, and whether there is a tag."""
    n_zeros, has_tag = 0, False
    while True:
        behind = min(skip_tags(content, at), end)
        has_tag |= behind > at
        rest = content[behind:end]
        zeros = len(rest) - len(rest.lstrip(b"\0"))
        if behind + zeros == at:
            return at, n_zeros, has_tag
        n_zeros += zeros
        at = behind + zeros


def _header(content: bytes, at: int) -> _Header | None:
    if content[at : at + 1] != b"\xff" or at + 4 > len(content):
        return None
    second, third, fourth = content[at + 1 : at + 4]
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    bitrate, rate = third >> 4, third >> 2 & 3
    if second < 0xE0 or version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    first = version == 3
    hertz = _RATES[rate] // _DIVISORS[version]
    bits = 1000 * _BITRATES[first, layer][bitrate]
    padding = third >> 1 & 1
    n_samples = 384 if layer == 1 else 576 if layer == 3 and not first else 1152
    slot = 4 if layer == 1 else 1
    size = (n_samples // 8 // slot * bits // hertz + padding) * slot
    return _Header(first, layer, hertz, 1 if fourth >> 6 == 3 else 2, n_samples, size)


def _first_frame(content: bytes, start: int) -> int | None:
    """The first place from which on frames follow each other."""
    at = content.find(b"\xff", start)
    while at >= 0:
        if _in_a_row(content, at):
            return at
        at = content.find(b"\xff", at + 1)
    return None


def _in_a_row(content: bytes, at: int) -> bool:
    """Whether some frames of one stream follow each other, or all that are left do."""
    first = _header(content, at)
    here, number = first, 0
    while first and here and here.stream == first.stream and number < _ENOUGH:
        number += 1
        at += here.size
        if at >= len(content):
            return number > 1
        here = _header(content, at)
    return number == _ENOUGH or (number > 1 and not content[at:].strip(b"\0"))


def _frames(
    content: bytes, start: int, end: int, head: _Header, name: str
) -> tuple[list[tuple[int, int]], int]:
    """Stretches of frames (first byte, byte behind the last), and the number of frames.

    What lies between is passed over only if it is a tag or a few zeros.
    """
    runs: list[tuple[int, int]] = []
    at, begin, n_frames = start, start, 0
    while at < end:
        here = _header(content, at)
        if here and here.stream == head.stream:
            if at + here.size > end:
                break
            at += here.size
            n_frames += 1
            continue
        behind, n_zeros, has_tag = _skip_empty(content, at, end)
        following = _first_frame(content, behind)
        if following is None or following >= end:
            break
        after = _header(content, following)
        seconds = n_frames * head.n_samples / head.rate
        if after is None or after.stream != head.stream:
            raise RtcanError(
                f"{name} changes its sampling rate or its number of channels after {seconds:.1f} s",
                convert(name),
            )
        if following > behind or n_zeros > _most_zeros(head, has_tag):
            what = f"{following - at} bytes after {seconds:.1f} s are not MP3"
            raise broken(name, f"damaged: {what}")
        runs.append((begin, at))
        begin = at = following
    runs.append((begin, at))
    return runs, n_frames


def _most_zeros(head: _Header, has_tag: bool) -> int:
    """How many zeros may follow a frame without being lost sound."""
    return _MOST_ZEROS if has_tag else max(head.size, _MOST_JUNK)


def _check_rest(
    content: bytes,
    runs: list[tuple[int, int]],
    end: int,
    head: _Header,
    seconds: float,
    name: str,
) -> None:
    """Raise RtcanError if what follows the last frame may be sound, or stand in its place."""
    at = runs[-1][1]
    here = _header(content, at)
    if at < end and here and here.stream == head.stream:
        raise cut_in(name, seconds, "a frame")
    behind, n_zeros, has_tag = _skip_empty(content, at, end)
    rest = content[behind:end].rstrip(b"\0")
    n_zeros += end - behind - len(rest)
    has_tag |= end < len(content)
    if len(rest) < _MOST_JUNK and n_zeros <= _most_zeros(head, has_tag):
        return
    what = f"incomplete or damaged: its last {end - at} bytes, after {seconds:.1f} s, are"
    if rest:
        raise broken(name, f"{what} not MP3")
    raise RtcanError(
        f"{name} is {what} zeros",
        f"{GET_AGAIN}; a download that breaks off may leave zeros; if the song is whole: "
        f"{convert(name)}",
    )


@dataclass(frozen=True)
class _Info:
    """A frame without sound that describes the others.

    Attributes
    ----------
    place : int or None
        Where in it Xing's header begins; None for Fraunhofer's, which decoders do not know.
    n_frames : int or None
        Frames that it declares.
    """

    place: int | None
    n_frames: int | None


def _side_info(head: _Header) -> int:
    """Bytes between a frame's header and its sound."""
    if head.first:
        return 17 if head.channels == 1 else 32
    return 9 if head.channels == 1 else 17


def _info_frame(content: bytes, at: int, head: _Header) -> _Info | None:
    place = 4 + _side_info(head)
    frame = content[at : at + head.size]
    if frame[36:40] == b"VBRI":
        return _Info(None, int.from_bytes(frame[50:54], "big"))
    if frame[place : place + 4] not in (b"Xing", b"Info"):
        return None
    has_frames = len(frame) >= place + 12 and frame[place + 7] & 1
    declared = int.from_bytes(frame[place + 8 : place + 12], "big") if has_frames else None
    return _Info(place, declared)


def _corrected(frame: bytes, info: _Info, n_frames: int) -> bytes | None:
    """A file's own header with the true number of frames; None where there is no place for it."""
    if info.place is None or info.n_frames is None:
        return None
    if info.n_frames >= n_frames:
        return frame[: info.place + 8] + n_frames.to_bytes(4, "big") + frame[info.place + 12 :]
    return None  # Files put together: what the first one says of its ends is not true of all.


def _behind_padding(sound: bytes, head: _Header, n_frames: int) -> bytes:
    """Frames behind an empty ID3 tag that is large enough for the decoder's guess.

    libsndfile reads no more samples than mpg123 first guesses, from the size of the file and that
    of the first frame; but it ends where the frames do. A header with the true number would say
    how many samples to leave out at the start as well.
    """
    needed = (n_frames + 1) * (_header(sound, 0) or head).size * 11 // 10
    size = max(0, needed - len(sound))
    if size == 0:
        return sound
    sevens = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + sevens + bytes(size) + sound

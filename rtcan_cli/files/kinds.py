"""What a file really is, by its first bytes, whatever its name says.

A reader that meets a file of another kind says which kind, and what to do with it, instead of
calling it damaged. The table lists what people have in place of recordings and songs: other
formats of the same data, archives, web pages and pointers that stand in for large files. General
libraries for this know neither MATLAB's and Octave's formats nor such pointers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rtcan_cli.errors import RtcanError

HEAD = 4096
"""How many bytes from the start of a file are needed."""

AUDIO_SUFFIXES = (
    *(".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".au"),
    *(".m4a", ".aac", ".mp4", ".wma", ".webm", ".mka", ".caf", ".ape", ".wv", ".amr"),
)
"""How names of audio files end: first of those that are read, then of others."""

_V7 = "load it in {} and save it with -v7"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    name : str
        With its article, as in "is an HTML page".
    hint : str
        What to do with it where another kind is needed; empty where nothing can be said.
    """

    name: str
    hint: str = ""


@dataclass(frozen=True)
class AudioKind(Kind):
    """A kind of audio file, or of video with sound; `hint` is empty."""


def kind_of(head: bytes) -> Kind | None:
    """Recognise a file.

    Parameters
    ----------
    head : bytes
        Its first `HEAD` bytes, or all if it has fewer.

    Returns
    -------
    Kind or None
        None for what is not known, such as tables of text.
    """
    for test, kind in _KINDS:
        if test(head):
            return kind
    return None


def another_kind(head: bytes, what: object, wanted: str, *fitting: str) -> RtcanError | None:
    """The error for a file of another kind than is wanted.

    Parameters
    ----------
    head : bytes
        Its first bytes.
    what : object
        The file, as it is to be called.
    wanted : str
        What is needed, with its article.
    *fitting : str
        Names of kinds that are not errors.

    Returns
    -------
    RtcanError or None
        None if it is of a fitting kind, or of one that is not known.
    """
    kind = kind_of(head)
    if kind is None or kind.name in fitting:
        return None
    if kind is EMPTY:
        return RtcanError(f"{what} is empty: it has 0 bytes, and should be {wanted}", kind.hint)
    if kind is ZEROS:
        where = "contains only" if len(head) < HEAD else "begins with thousands of"
        return RtcanError(f"{what} {where} zero bytes, and should be {wanted}", kind.hint)
    return RtcanError(f"{what} is {kind.name}, not {wanted}", kind.hint or None)


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _has(at: int, *pieces: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(pieces, at)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == form


def _ogg(codec: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"OggS") and codec in head[:128]


def _markup(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script"))


def _pointer_of_annex(head: bytes) -> bool:
    return b"\n" not in head.rstrip() and b"/annex/objects/" in head[:400]


def _id3(head: bytes) -> bool:
    return head[:3] == b"ID3" and len(head) > 9 and head[3] < 5 and max(head[6:10]) < 0x80


def _mpeg(head: bytes) -> bool:
    """An MPEG audio frame's header: no reserved version, layer, bitrate or sampling rate."""
    return (
        len(head) > 3
        and head[0] == 0xFF
        and head[1] != 0xFE  # text in UTF-16
        and head[1] & 0xE0 == 0xE0
        and head[1] & 0x18 != 0x08
        and head[1] & 0x06 != 0
        and head[2] & 0xF0 != 0xF0
        and head[2] & 0x0C != 0x0C
    )


def _matlab_4(head: bytes) -> bool:
    """A header of five small integers: type, rows, columns, complex or not, length of the name.

    Type is a decimal number whose digits are byte order, 0, type of numbers, kind of matrix.
    """
    for order in ("little", "big"):
        fields = [int.from_bytes(head[at : at + 4], order) for at in range(0, 20, 4)]
        kind, rows, columns, is_complex, length = fields
        digits = [kind // 1000, kind // 100 % 10, kind // 10 % 10, kind % 10]
        fits = digits[0] <= 4 and digits[1] == 0 and digits[2] <= 5 and digits[3] <= 2
        name = head[20 : 20 + length]
        if (
            fits
            and (digits[0] == 1) == (order == "big")
            and rows < 1 << 28
            and columns < 1 << 28
            and is_complex <= 1
            and 2 <= length <= 64
            and re.fullmatch(rb"[A-Za-z][A-Za-z0-9_]*\0", name)
        ):
            return True
    return False


EMPTY = Kind("empty", "check whether the copy or download was finished, and the disk has room")
ZEROS = Kind(
    "only zero bytes",
    "check where it comes from: a copy or download that breaks off may leave zeros in its place",
)
HTML = Kind(
    "an HTML page",
    "open it in a browser, it says why (log in? too many downloads?); then save the file itself",
)
HDF5 = Kind("an HDF5 file")
MATLAB_4 = Kind("a MATLAB file of version 4", _V7.format("MATLAB or Octave"))
MATLAB_5 = Kind("a MATLAB file of version 5 to 7")
MATLAB_73 = Kind("a MATLAB file of version 7.3 (HDF5)", _V7.format("MATLAB"))
ZIP = Kind("a zip file", "unpack it")
NPY = Kind("a NumPy file (.npy)")
GZIP = Kind("a gzip file", "unpack it: gunzip FILE.gz")
PICKLE = Kind("a Python pickle")
MP3 = AudioKind("MP3 audio")
WAV = AudioKind("WAV audio")
FLAC = AudioKind("FLAC audio")
OGG = AudioKind("OGG audio")
AIFF = AudioKind("AIFF audio")
AU = AudioKind("AU audio")
ID3 = AudioKind("audio with an ID3 tag")

_OFFICE_HINT = "save it as CSV in UTF-8"
OFFICE = Kind("an Office document (.xlsx, .docx)", _OFFICE_HINT)
ANNEX = Kind("a git-annex pointer", "git annex get FILE (or datalad get FILE), in its repository")
EDF = Kind("an EDF recording", "give it a name that ends in .edf")
BDF = Kind("a BDF recording", "give it a name that ends in .bdf")
_UNPACK = "unpack it"

#: In this order: special kinds before those that they are made of.
_KINDS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (lambda head: not head, EMPTY),
    (lambda head: not head.strip(b"\0"), ZEROS),
    (_markup, HTML),
    (
        _starts(b"version https://git-lfs.github.com/spec/"),
        Kind("a Git LFS pointer", "git lfs pull, in the repository that contains it"),
    ),
    (_pointer_of_annex, ANNEX),
    (_starts(b"MATLAB 7.3 MAT-file"), MATLAB_73),
    (_starts(b"\x89HDF\r\n\x1a\n"), HDF5),
    (_has(512, b"\x89HDF\r\n\x1a\n"), HDF5),
    (_starts(b"MATLAB 5.0 MAT-file"), MATLAB_5),
    (_has(124, b"\0\x01IM", b"\x01\0MI"), MATLAB_5),
    (
        lambda head: head.startswith(b"# Created by Octave") or b"\n# type: " in head[:200],
        Kind("an Octave text file", "load it in Octave and save it with -v7"),
    ),
    (
        _starts(b"Octave-1-L", b"Octave-1-B"),
        Kind("an Octave binary file", "load it in Octave and save it with -v7"),
    ),
    (_starts(b"\x93NUMPY"), NPY),
    (
        lambda head: head.startswith(b"PK\x03\x04") and b"[Content_Types].xml" in head,
        OFFICE,
    ),
    (_starts(b"PK\x03\x04", b"PK\x05\x06"), ZIP),
    (
        _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        Kind("an old Office document (.xls)", _OFFICE_HINT),
    ),
    (_starts(b"\x1f\x8b"), GZIP),
    (_starts(b"7z\xbc\xaf\x27\x1c"), Kind("a 7-Zip archive", _UNPACK)),
    (_starts(b"Rar!\x1a\x07"), Kind("a RAR archive", _UNPACK)),
    (_starts(b"\xfd7zXZ\0"), Kind("an xz file", _UNPACK)),
    (lambda head: head[:3] == b"BZh" and head[4:10] == b"1AY&SY", Kind("a bzip2 file", _UNPACK)),
    (_starts(b"\x28\xb5\x2f\xfd"), Kind("a Zstandard file", _UNPACK)),
    (_has(257, b"ustar"), Kind("a tar archive", _UNPACK)),
    (_starts(b"%PDF-"), Kind("a PDF document")),
    (_starts(b"\x89PNG\r\n\x1a\n"), Kind("a PNG picture")),
    (_starts(b"\xff\xd8\xff"), Kind("a JPEG picture")),
    (_starts(b"GIF8"), Kind("a GIF picture")),
    (_starts(b"SQLite format 3\0"), Kind("an SQLite database")),
    (_starts(b"PAR1\x15"), Kind("a Parquet file", "read it with pandas and save it as CSV")),
    (
        lambda head: bool(re.fullmatch(rb"0 {7}.{160}\d\d\.\d\d\.\d\d", head[:176])),
        EDF,
    ),
    (_starts(b"\xffBIOSEMI"), BDF),
    (_riff(b"WAVE"), WAV),
    (_riff(b"AVI "), AudioKind("an AVI video")),
    (_starts(b"fLaC\0", b"fLaC\x80"), FLAC),
    (_ogg(b"theora"), AudioKind("an OGG video")),
    (_ogg(b"Speex   "), AudioKind("OGG audio (Speex)")),
    (_ogg(b"\x7fFLAC"), AudioKind("OGG audio (FLAC)")),
    (_starts(b"OggS\0"), OGG),
    (lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"), AIFF),
    (_starts(b".snd\0"), AU),
    (_has(4, b"ftypM4A", b"ftypM4B"), AudioKind("MP4 audio (M4A, AAC)")),
    (_has(4, b"ftypqt"), AudioKind("a QuickTime video")),
    (_has(4, b"ftyp"), AudioKind("MP4 audio or video (AAC)")),
    (
        lambda head: head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head[:64],
        AudioKind("WebM audio or video"),
    ),
    (_starts(b"\x1aE\xdf\xa3"), AudioKind("Matroska audio or video")),
    (_starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), AudioKind("Windows Media audio (WMA, ASF)")),
    (_starts(b"caff\0"), AudioKind("Core Audio (CAF)")),
    (_starts(b"riff\x2e\x91\xcf\x11"), AudioKind("Wave64 audio")),
    (
        lambda head: head[:4] == b"MAC " and b"\0" < head[5:6] < b"\x20",
        AudioKind("Monkey's Audio (APE)"),
    ),
    (_starts(b"wvpk"), AudioKind("WavPack audio")),
    (_starts(b"#!AMR"), AudioKind("AMR audio")),
    (_starts(b"DSD \x1c\0"), AudioKind("DSD audio")),
    (_starts(b".RMF\0"), AudioKind("RealMedia audio")),
    (_starts(b"\xff\xf1", b"\xff\xf9"), AudioKind("AAC audio")),
    (_starts(b"MThd\0"), Kind("a MIDI file", "it contains notes, not sound: render it to audio")),
    (_id3, ID3),
    (_mpeg, MP3),
    (_matlab_4, MATLAB_4),
    (_starts(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), PICKLE),
)

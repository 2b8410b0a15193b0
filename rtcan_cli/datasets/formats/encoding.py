"""Text of recordings -> letters: UTF-8, or what older programs of Windows write."""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import EMPTY, HEAD, another_kind

LARGEST = 500_000_000
"""Bytes; more is not read."""

# In UTF-8 alone, or in no letters of Windows.
_NOT_WINDOWS = re.compile(rb"[\x80-\xff]{2}|[\x80-\xa0]")


def decode(file: RawFile) -> tuple[str, tuple[str, ...]]:
    """The text of a file with line feeds alone at the ends of lines, and notes about it.

    Text is UTF-8. Where it is not, single bytes that are letters of Western Europe are those of
    Windows, in which many programs still write the sign for micro.

    Raises
    ------
    RtcanError
        If it is too large, of another kind, or in another encoding.
    """
    with file.open() as stream:
        if not file.members and stream.seek(0, io.SEEK_END) > LARGEST:
            raise RtcanError(
                f"{file} is a text of {stream.tell() / 1e6:.0f} MB",
                hint="write a file for each session, or save the values as .npy",
            )
    content = file.content()
    notes: tuple[str, ...] = ()
    other = another_kind(content[:HEAD], file, "a table in text (CSV)", EMPTY.name)
    if other is not None:
        raise other
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        wide = content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
        if wide or b"\0" in content[:HEAD] or _NOT_WINDOWS.search(content):
            raise RtcanError(
                f"{file} is {'UTF-16 text, not UTF-8' if wide else 'not UTF-8 text'}",
                hint=f"iconv -f {'UTF-16' if wide else 'GBK'} -t UTF-8 FILE > NEW"
                + ("" if wide else " (or -f ISO-8859-1, ..., as it was written)"),
            ) from None
        text = content.decode("cp1252")
        notes = ("text in the encoding of Windows (cp1252), not UTF-8",)
    if "\0" in text:
        raise RtcanError(
            f"{file} is not UTF-8 text: it holds NUL characters",
            hint="iconv -f UTF-16LE -t UTF-8 FILE > NEW, if it is text at all",
        )
    if "\r" in text:
        text = re.sub("\r+\n", "\n", text).replace("\r", "\n")
    return text, notes

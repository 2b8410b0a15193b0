"""What text from LabChart has between its rows: comments, and the headers of further blocks.

A comment stands behind the last cell of the row at which it was made: ``#* text``, or ``#2 text``
for the channel 2. A recording that was stopped and started again has several blocks, each with a
header.
"""

from __future__ import annotations

import re

from rtcan_cli.datasets.files.csvfile import read_number
from rtcan_cli.errors import RtcanError

_COMMENT = re.compile(r"\t#(?:\*|\d+)?\s*(?P<text>[^\t]*)$")
_HEADER = re.compile(r"[A-Za-z]+=")
_BLOCK = "Interval="


def is_export(text: str) -> bool:
    """Whether a text is that of LabChart."""
    top = text[:10_000].split("\n", 12)[:12]
    return all(any(line.startswith(key) for line in top) for key in (_BLOCK, "ChannelTitle="))


def rows_alone(text: str, decimal: str, source: object) -> tuple[str, dict[int, str]]:
    """The text without comments behind its rows, and with its headers marked as comments.

    Parameters
    ----------
    text : str
        All of it, with line feeds alone at the ends of lines.
    decimal : {".", ","}
        The decimal mark.
    source : object
        What to call the file.

    Returns
    -------
    text : str
        With as many lines.
    comments : dict of str
        By the number of their line, from 1.

    Raises
    ------
    RtcanError
        If the times of a block begin again.
    """
    lines = text.split("\n")
    blocks = sum(line.startswith(_BLOCK) for line in lines)
    comments: dict[int, str] = {}
    last, block, above = -1.0, 0, True
    for i, line in enumerate(lines):
        if _HEADER.match(line):
            block += line.startswith(_BLOCK)
            above = True
            lines[i] = f"# {line}"
            continue
        if "\t#" in line and (match := _COMMENT.search(line)):
            comments[i + 1] = match["text"].strip()
            lines[i] = line[: match.start()]
        if blocks > 1:
            try:
                time = read_number(line.partition("\t")[0], decimal)
            except ValueError:
                continue
            if above and time <= last:
                raise RtcanError(
                    f"{source} has {blocks} blocks of LabChart, and the times of block {block} "
                    f"begin again at {time:g} s (line {i + 1})",
                    hint="export each block to a file of its own",
                )
            last, above = time, False
    return "\n".join(lines), comments

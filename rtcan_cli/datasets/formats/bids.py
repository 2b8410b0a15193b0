"""Physiological recordings in BIDS: ``*_physio.tsv.gz`` with a description ``*_physio.json``.

The table has no header; the description names its columns, their units, the sampling rate, and when
the first sample was taken, counted from the beginning of the run. Events of the run, in
``*_events.tsv``, become markers.

Source: Brain Imaging Data Structure 1.10, "Physiological recordings", and its inheritance
principle: a description may lie in a folder above, with fewer parts in its name.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile, printable
from rtcan_cli.datasets.files.tsv import read_rows
from rtcan_cli.datasets.formats.bids_clock import place_samples
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, reading
from rtcan_cli.datasets.units import parse_unit, split_unit
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import GZIP

SUFFIXES = ("_physio.tsv.gz",)

DESCRIPTION = "dataset_description.json"
"""What the folder of a dataset holds."""

SIMULATED = "Simulated"
"""Field of that file, not part of the standard: whether rtcan's simulator made the data."""

MISSING = {"", "n/a"}
"""Cells that say that a value is missing; the standard knows the second."""

_LARGEST = 500_000_000  # bytes of text
_MOST_NUMBERS = 125_000_000  # which take 1 GB
_LARGEST_JSON = 1_000_000
_LARGEST_NUMBER = 1e12  # seconds or hertz
_LONGEST_LINE = 1 << 16
_CLOCK = "timestamp"
_ABOVE = 3  # folders above that of the recording: modality, session, subject


def read(file: RawFile) -> Contents:
    """Read a recording, its description, and the events of its run if there are some.

    Returns
    -------
    Contents
        Times count from the beginning of the run, as those of events do.

    Raises
    ------
    RtcanError
        If there is no description, it lacks the sampling rate or the columns, or the table is
        damaged or has other columns.
    """
    if file.members:
        raise RtcanError(f"{file} is a BIDS recording in a zip file", hint="unpack the zip file")
    about = _describe(file)
    with reading(file, "a BIDS recording (.tsv.gz)", GZIP.name):
        notes: list[str] = []
        names = about.get("Columns")
        if not isinstance(names, list) or not names:
            raise _wrong(file, "has no list of Columns", "name all columns of the table there")
        names = [str(name) for name in names]
        rate = _number(about, "SamplingFrequency", file)
        if not rate > 0:
            raise _wrong(file, f"says {rate:g} Hz as SamplingFrequency", "correct it")
        start = _start(about, file, notes)
        values = _table(file, names, notes)
    units = [_unit(about, name, names) for name in names]
    columns = list(zip(names, units, values.T, strict=True))
    kept, time, found = place_samples(file, columns, rate, start)
    channels = tuple(
        Channel(name, unit, each if kept is None else each[kept], rate, time=time)
        for name, unit, each in columns
        if name != _CLOCK
    )
    notes.extend(found)
    return Contents("BIDS recording", channels, _events(file, notes), tuple(notes))


def _stem(file: RawFile) -> str:
    """The name without its ending: ``sub-01_task-rest_physio``."""
    return file.path.name.removesuffix(".gz").removesuffix(".tsv")


def described(file: RawFile, suffix: str) -> dict[str, Any]:
    """The fields of all descriptions that hold for a file; the nearest goes before.

    Parameters
    ----------
    file : RawFile
        A table, ``*_<suffix>.tsv`` or ``.tsv.gz``.
    suffix : str
        ``physio`` or ``events``.

    Raises
    ------
    RtcanError
        If one of them is damaged.
    """
    parts = set(_stem(file).split("_"))
    about: dict[str, Any] = {}
    folder = file.path.parent
    for _ in range(_ABOVE + 1):
        found = [
            path
            for path in sorted(folder.glob(f"*{suffix}.json"))
            if set(path.name.removesuffix(".json").split("_")) <= parts
        ]
        # The one with most parts in its name goes before.
        for path in sorted(found, key=lambda path: -len(path.name.split("_"))):
            about = read_json(RawFile(path, file.name.with_name(path.name), root=file.root)) | about
        at_root = file.root is not None and os.path.realpath(folder) == str(file.root)
        if at_root or (folder / DESCRIPTION).exists():
            break
        folder = folder.parent
    return about


def _describe(file: RawFile) -> dict[str, Any]:
    """What the descriptions say of a recording."""
    about = described(file, "physio")
    if not about:
        raise RtcanError(
            f"{file} has no description: {_stem(file)}.json is not beside it",
            hint="copy it from the dataset; it names the columns and the sampling rate",
        )
    return about


def read_json(file: RawFile) -> dict[str, Any]:
    """A description, of which no more is read than one can have.

    Raises
    ------
    RtcanError
        If it cannot be read, or is not a JSON object.
    """
    with reading(file, "a description in JSON"), file.open() as stream:
        text = stream.read(_LARGEST_JSON + 1)
        if len(text) > _LARGEST_JSON:
            raise DamagedError("it is too long")
        try:
            about = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            about = None
        if not isinstance(about, dict):
            raise DamagedError("it is not a JSON object")
        return about


def _wrong(file: RawFile, what: str, hint: str) -> RtcanError:
    return RtcanError(f"{file}: its description (.json) {what}", hint)


def _number(about: dict[str, Any], name: str, file: RawFile) -> float:
    value = about.get(name)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not abs(value) <= _LARGEST_NUMBER  # as integers that are too large for a float
    ):
        found = "is missing" if name not in about else f"is {printable(json.dumps(value))[:40]}"
        raise _wrong(
            file, f"has no number as {name}: it {found}", "a number without quotes and brackets"
        )
    return float(value)


def _start(about: dict[str, Any], file: RawFile, notes: list[str]) -> float:
    """Seconds from the beginning of the run to the first sample; 0 where nothing is said."""
    if about.get("StartTime") is not None:
        return _number(about, "StartTime", file)
    notes.append("the description has no StartTime: the recording is taken to begin with the run")
    return 0.0


def _unit(about: dict[str, Any], name: str, names: Sequence[str]) -> str:
    """The unit of a column: in its own description, its name, or one that holds for the file.

    Beside the standard's way, some write ``Units`` once for all columns (scripts around MNE), or
    as a list in the order of the columns (OpenNeuro's ds000201).
    """
    column = about.get(name)
    unit = column.get("Units", "") if isinstance(column, dict) else ""
    shared = about.get("Units", "")
    if not unit and isinstance(shared, list) and len(shared) == len(names):
        unit = shared[names.index(name)]
    elif not unit and isinstance(shared, str) and parse_unit(shared):
        unit = shared
    if not unit:
        unit = split_unit(name)[1]
    return unit.strip() if isinstance(unit, str) else ""


def _table(file: RawFile, names: Sequence[str], notes: list[str]) -> NDArray[np.float64]:
    """The numbers of a packed table, shape (n_rows, n_columns).

    It is unpacked twice, to count its lines and to read them piece by piece, so that no more than
    its numbers and one piece are in memory: short lines take a fraction of what numbers take.
    """
    packed, width = file.content(), len(names)
    n_lines = sum(_n_lines(piece) for piece in _pieces(packed))
    if n_lines * width > _MOST_NUMBERS:
        raise DamagedError(f"it has more than {_MOST_NUMBERS / 1e6:.0f} million numbers")
    values = np.empty((n_lines, width))
    n_rows = n_passed = n_titles = 0
    for number, piece in enumerate(_pieces(packed)):
        if number == 0 and _has_titles(piece, names):
            # The standard has no header line; pandas writes one unless it is told not to.
            notes.append("its first line, with the names of the columns, was skipped")
            piece, n_titles = piece.partition(b"\n")[2], 1
        lines = io.TextIOWrapper(io.BytesIO(piece.replace(b"n/a", b"nan")), encoding="utf-8-sig")
        try:
            block = np.loadtxt(lines, delimiter="\t", comments=None, ndmin=2)
        except ValueError as error:
            raise _bad_line(piece, n_passed + n_titles, width, file) or error from error
        if block.size and block.shape[1] != width:
            if n_passed:
                raise DamagedError(
                    f"line {n_passed + n_titles + 1} has {block.shape[1]} columns, and its "
                    f"description names {width}"
                )
            raise _wrong(
                file,
                f"names {width} columns, but the table has {block.shape[1]}",
                "Columns names all columns of the table, in their order; numbers of rows, as "
                "pandas writes them, are one",
            )
        n_own = _n_lines(piece)
        # Empty lines may stand at the end alone: samples behind one would seem to be earlier.
        skipped = len(block) < n_own and len(block) < _n_lines(piece.rstrip())
        if skipped or (len(block) and n_rows < n_passed):
            raise DamagedError("it has an empty line; what is missing is n/a")
        values[n_rows : n_rows + len(block)] = block
        n_rows += len(block)
        n_passed += n_own
    if not n_rows:
        raise DamagedError("it has no samples")
    return values[:n_rows]


def _has_titles(text: bytes, names: Sequence[str]) -> bool:
    """Whether the first line has the names of the columns."""
    first = text.partition(b"\n")[0].decode("utf-8-sig", "replace").strip()
    return first.split("\t") == list(names) and not all(map(_is_number, names))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # which Python takes between digits, and NumPy does not


def _bad_line(text: bytes, n_above: int, n_columns: int, file: RawFile) -> RtcanError | None:
    """The first line that is not a row of numbers, and what is wrong with it."""
    width = 0
    lines = text.decode("utf-8-sig", "replace").splitlines()
    for number, line in enumerate(lines, start=n_above + 1):
        if not line.strip():
            continue
        cells = line.replace("n/a", "nan").split("\t")
        width = width or len(cells)
        bad = next((cell for cell in cells if not _is_number(cell)), None)
        if bad is None and len(cells) == width:
            continue
        if bad is None:
            what = f"has {len(cells)} cells, the lines above it {width}"
        elif len(cells) == 1 < n_columns:
            what = f"is {printable(bad)[:40]!r}: its cells are not separated by tabs"
        else:
            what = f"has {printable(bad)[:40]!r} in the place of a number"
        return RtcanError(
            f"{file}: line {number} {what}",
            "the table has numbers separated by tabs, n/a where a sample is missing, and no names",
        )
    return None


def _pieces(packed: bytes) -> Iterator[bytes]:
    """The text of a packed table in pieces of whole lines; the end of the last may be missing.

    Too much of it, or a line without an end, ends it early.
    """
    n_bytes, rest = 0, b""
    if packed and not packed.startswith(b"\x1f\x8b"):
        raise DamagedError("it is not packed with gzip")
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as unpacked:
        while piece := unpacked.read(_LONGEST_LINE):
            if len(piece) == _LONGEST_LINE and b"\n" not in piece:
                raise DamagedError(f"it has a line of more than {_LONGEST_LINE} characters")
            n_bytes += len(piece)
            if n_bytes > _LARGEST:
                raise DamagedError(f"it has more than {_LARGEST / 1e6:.0f} MB of text")
            whole, end, after = piece.rpartition(b"\n")
            if end:
                yield rest + whole + end
                rest = after
            else:
                rest += after
    if rest:  # gzip has checked the length of what it packed, so this line is whole, too
        yield rest


def _n_lines(text: bytes) -> int:
    """How many lines it has, whatever ends them; the last need not have an end."""
    ends = text.count(b"\n")
    if b"\r" in text:
        ends += text.count(b"\r") - text.count(b"\r\n")
    return ends + (bool(text) and not text.endswith((b"\n", b"\r")))


def _events(file: RawFile, notes: list[str]) -> tuple[Marker, ...]:
    """Events of the run, from the table beside the recording."""
    parts = [each for each in _stem(file).split("_")[:-1] if not each.startswith("recording-")]
    path = Path(file.path.parent, "_".join([*parts, "events.tsv"]))
    if not path.is_file():
        return ()
    table = RawFile(path, file.name.with_name(path.name), root=file.root)
    rows = [row for row in read_rows(table) if any(cell.strip() for cell in row)]
    header = rows[0] if rows else []
    if "onset" not in header:
        notes.append(f"{path.name} has no column onset, and is not used")
        return ()
    onset = header.index("onset")
    label = header.index("trial_type") if "trial_type" in header else None
    markers = []
    for row in rows[1:]:
        try:
            at = float(row[onset])
        except (ValueError, IndexError):
            notes.append(f"{path.name}: an event without an onset is left out")
            continue
        if math.isfinite(at):
            markers.append(Marker(at, row[label] if label is not None and label < len(row) else ""))
    return tuple(sorted(markers, key=lambda marker: marker.time))

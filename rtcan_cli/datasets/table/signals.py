"""The signal files that a lab's own table names: text with columns, NumPy arrays, E4 sessions."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.npyfile import open_npy
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.empatica import HEADER_LINES, Session, read_session
from rtcan_cli.datasets.table.rows import column_name, read_number, read_text
from rtcan_cli.errors import RtcanError

KINDS = (".csv", ".tsv", ".txt", ".npy")

_LARGEST_TEXT = 500_000_000
_SLOWEST_STEP = 0.5
_EDA_NAMES = {
    *("eda", "gsr", "sc", "eda_us", "gsr_us", "sc_us"),
    *("skin_conductance", "electrodermal_activity", "galvanic_skin_response"),
}
_TIME = re.compile(
    r"(?:time|t|seconds|timestamp)[\s_]*[(\[]?(?P<unit>s|sec|seconds|ms|milliseconds|us|µs)?[)\]]?",
    re.IGNORECASE,
)
_UNITS = {"ms": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "µs": 1e-6}


@dataclass(frozen=True)
class Track:
    """One signal of a file, whole.

    Attributes
    ----------
    source : RawFile
        The file.
    name : str
        Which signal of the file; empty where there is only one.
    eda : ndarray of float or int, shape (n_samples,)
        May be mapped into memory: not to be written to.
    sampling_rate : float
        In Hz; NaN where the file does not say.
    start : float
        Unix time of the first sample; NaN where the file does not say.
    time : ndarray of float64, shape (n_samples,), or None
        Sampling times in seconds, increasing; None where the file has none.
    """

    source: RawFile
    name: str
    eda: NDArray[Any]
    sampling_rate: float = math.nan
    start: float = math.nan
    time: NDArray[np.float64] | None = None


class SignalFile:
    """A signal file that is read once, however many trials are cut out of it.

    Parameters
    ----------
    file : RawFile
        Where it is; a file of its own.
    decimal : {".", ","}
        The decimal mark. With a comma, a point is understood too.

    Raises
    ------
    RtcanError
        If it is not there, of an unknown kind, too large or damaged.
    """

    def __init__(self, file: RawFile, decimal: str) -> None:
        self._file, self._decimal = file, decimal
        self._tracks: dict[str, Track] = {}
        self._array: NDArray[Any] | None = None
        self._text = ""
        _check(file)
        if file.name.suffix.casefold() == ".npy":
            self._array = open_npy(file)
        else:
            self._text = read_text(file).rstrip("\r\n")

    def track(self, column: str) -> Track:
        """One of its signals.

        Parameters
        ----------
        column : str
            Name, or number from 1; empty where the file has one signal only.

        Raises
        ------
        RtcanError
            If there is no such column, or it holds something else than numbers.
        """
        if column not in self._tracks:
            if self._array is not None:
                self._tracks[column] = self._array_track(self._array, column)
            else:
                self._tracks[column] = self._text_track(column)
        return self._tracks[column]

    def _array_track(self, values: NDArray[Any], column: str) -> Track:
        if values.ndim == 1:
            values = values[:, None]
        n_samples, n_columns = values.shape
        if 0 < n_samples < n_columns:
            raise RtcanError(
                f"{self._file} has {n_samples} rows and {n_columns} columns, but rows are samples",
                hint="save the transposed array",
            )
        index = self._choose([""] * n_columns, column, None)
        return Track(self._file, f"column {index + 1}" * (n_columns > 1), values[:, index])

    def _text_track(self, column: str) -> Track:
        session = read_session(self._text[:200], self._file)
        if session:
            return self._session_track(session, column)
        first = re.split("[\r\n]", self._text, maxsplit=1)[0]
        delimiter = _delimiter(first, self._decimal)
        header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
        named = any(not _is_value(cell, self._decimal) for cell in header)
        names = header if named else [""] * max(len(header), 1)
        clock = _find_clock(names)
        index = self._choose(names, column, clock)
        wanted = [index] if clock is None else [index, clock]
        values = self._columns(delimiter, len(names), int(named), wanted)
        label = f"column {names[index] or index + 1}" if len(names) > 1 else ""
        if clock is None:
            return Track(self._file, label, values[0])
        return Track(self._file, label, values[0], time=self._time(values[1], names[clock]))

    def _session_track(self, session: Session, column: str) -> Track:
        if column not in ("", "1"):
            raise RtcanError(
                f"{self._file} is an Empatica E4 session, which has no column {column!r}",
                hint="leave the cell empty",
            )
        (values,) = self._columns("\t", 1, HEADER_LINES, [0], ",")
        return Track(self._file, "Empatica E4", values, session.sampling_rate, start=session.start)

    def _choose(self, names: Sequence[str], column: str, clock: int | None) -> int:
        """The column that is meant, counted from 0."""
        plain = [column_name(name) for name in names]
        if column:
            same = [i for i, name in enumerate(plain) if name and name == column_name(column)]
            if len(same) == 1:
                return same[0]
            if re.fullmatch("0*[1-9][0-9]{0,5}", column) and int(column) <= len(names):
                return int(column) - 1
            raise RtcanError(
                f"{self._file} has no single column {column!r}: {_listed(names)}",
                hint="as `column` the name of one of these, or its number from 1",
            )
        signals = [i for i in range(len(names)) if i != clock]
        eda = [i for i in signals if plain[i] in _EDA_NAMES]
        for found in (signals, eda):
            if len(found) == 1:
                return found[0]
        raise RtcanError(
            f"{self._file} does not tell which column is EDA: {_listed(names)}",
            hint="say so as `column`: its name, or its number from 1",
        )

    def _columns(
        self, delimiter: str, width: int, skip: int, wanted: list[int], decimal: str | None = None
    ) -> list[NDArray[np.float64]]:
        """Some columns, all of whose rows must be complete."""
        columns = [array("d") for _ in wanted]
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=delimiter)
        decimal = decimal or self._decimal
        try:
            for cells in reader:
                if reader.line_num <= skip:
                    continue
                cells = cells or [""]
                if len(cells) != width:
                    raise RtcanError(
                        f"{self._file}: line {reader.line_num} has {len(cells)} columns instead "
                        f"of {width}",
                        hint="the file is incomplete or damaged: copy or export it again",
                    )
                for column, index in zip(columns, wanted, strict=True):
                    column.append(self._number(cells[index], decimal, reader.line_num))
        except csv.Error as error:
            raise RtcanError(
                f"{self._file} is not a CSV file: line {reader.line_num}: {error}"
            ) from error
        return [np.frombuffer(column) if column else np.empty(0) for column in columns]

    def _number(self, cell: str, decimal: str, line: int) -> float:
        try:
            # Nearly all cells are plain numbers, which float() reads ten times as fast.
            return float(cell)
        except ValueError:
            pass
        try:
            return read_number(cell.strip(), decimal)
        except ValueError:
            raise RtcanError(
                f"{self._file}: line {line} holds something else than a number: "
                f"{cell.strip()[:40]!r}",
                hint="--decimal , if that is a decimal comma"
                if "," in cell and decimal != ","
                else None,
            ) from None

    def _time(self, time: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        """Sampling times in seconds, checked."""
        match = _TIME.fullmatch(name)
        time = time * _UNITS.get((match["unit"] or "s").casefold() if match else "s", 1.0)
        if len(time) < 2:
            return time
        steps = np.diff(time)
        wrong = np.flatnonzero(~(steps > 0))
        if len(wrong):
            raise RtcanError(
                f"{self._file}: line {int(wrong[0]) + 3} of the column {name!r} is not later than "
                "the line above it",
                hint="times must increase; if they are none, rename the column and give a "
                "sampling_rate",
            )
        step = float(np.median(steps))
        if step > _SLOWEST_STEP:
            raise RtcanError(
                f"{self._file}: the times in the column {name!r} lie {step:g} apart, which would "
                f"be {1 / step:.3g} Hz",
                hint=f"call the column {name}_ms if these are milliseconds; if they number the "
                "samples, call it otherwise and give a sampling_rate",
            )
        return time


def _check(file: RawFile) -> None:
    """Refuse what cannot be a signal. Links are followed: they are the user's own."""
    if file.name.suffix.casefold() not in KINDS:
        raise RtcanError(
            f"{file} is of a kind that is not read",
            hint=f"signals are read from {', '.join(KINDS)}",
        )
    if not os.path.exists(file.path):
        raise RtcanError(f"{file} does not exist", hint="correct the path in the table")
    with file.open() as stream:
        size = stream.seek(0, io.SEEK_END)
    if size > _LARGEST_TEXT and file.name.suffix.casefold() != ".npy":
        raise RtcanError(
            f"{file} is a text of {size / 1e6:.0f} MB",
            hint="write a file for each session, or save the values as .npy",
        )


def _delimiter(first: str, decimal: str) -> str:
    """What separates the columns, judged by the first line."""
    for delimiter in ("\t", ";"):
        if delimiter in first:
            return delimiter
    # A comma in the one number of a line is its decimal mark. Else no number holds a tab.
    return "," if "," in first and not (decimal == "," and _is_value(first, ",")) else "\t"


def _is_value(cell: str, decimal: str) -> bool:
    try:
        read_number(cell.strip(), decimal)
    except ValueError:
        return False
    return True


def _find_clock(names: Sequence[str]) -> int | None:
    """The column with the sampling times, if there is one beside others."""
    clocks = [index for index, name in enumerate(names) if _TIME.fullmatch(name)]
    return clocks[0] if clocks and len(names) > 1 else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8]) if any(names) else "without names"
    return f"there {'is' if len(names) == 1 else 'are'} {len(names)} ({shown})"

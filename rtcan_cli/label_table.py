"""Labels from elsewhere: a table of subjects, stimuli and classes, matched to trials."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli.datasets.identifiers import plain
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError, permission_hint
from rtcan_cli.files.kinds import EMPTY, HEAD, another_kind
from rtcan_cli.labels import NO_LABEL, trial_names
from rtcan_cli.trial_key import TRIAL_KEY, hearing

COLUMNS = ("subject", "stimulus", "arousal", "valence")
"""Order of the columns where a table has no header that names them."""

REPETITION = "repetition"
"""A further column, where a header names it."""

_SEPARATORS = (",", ";", "\t")
_WORDS = {
    "subject": ("subject", "participant", "listener", "user"),
    "stimulus": ("stimulus", "music", "song", "video", "clip"),
    "arousal": ("arousal",),
    "valence": ("valence",),
}
_EXAMPLES = 3
_HINT = f"without a header the columns are {', '.join(COLUMNS)}; a header can name them"


@dataclass(frozen=True)
class Matched:
    """Labels of the trials that one has.

    Attributes
    ----------
    labels : DataFrame
        `subject`, `stimulus`, `repetition`, `song`, `valence`, `arousal`, in the order of the
        trials; -1 for no label.
    n_used : int
        Rows of the table that are trials.
    n_foreign : int
        Rows of the table that are none.
    n_unlabelled : int
        Trials that the table does not have.
    """

    labels: pd.DataFrame
    n_used: int
    n_foreign: int
    n_unlabelled: int


def read_label_table(path: str | Path) -> pd.DataFrame:
    """Read a table of labels.

    Parameters
    ----------
    path : str or Path
        Text in UTF-8, one row for each trial; columns between commas, semicolons or tabs. With a
        header, its names say which column is which; one called ``repetition`` says which of
        several hearings of a stimulus is meant; further columns are left alone. Without
        one there are four: subject, stimulus, arousal, valence, as in the table that Yin et al.
        (2022) published. Labels are 1 (high) and 0 (low), also as ``1.0`` and ``0.0``; an empty
        cell or ``nan`` is not a label.

    Returns
    -------
    DataFrame
        `line` (in the file, from 1), `subject`, `stimulus` (text, as written), `repetition` (0
        where the table does not say), `valence`, `arousal`: 1 high, 0 low, -1 for no label.

    Raises
    ------
    RtcanError
        If the file is not such a table; the line is named.
    """
    rows = _rows(Path(path))
    header = rows[0][1]
    if len(header) > len(COLUMNS) and not header[0]:  # the index that pandas writes has no name
        rows = [(line, row[1:]) for line, row in rows]
        header = header[1:]
    places, repetition = list(range(len(COLUMNS))), None
    if any(target in name.lower() for name in header for target in TARGETS):
        places, repetition = _places(header, path)
        del rows[0]
    elif len(header) != len(COLUMNS):
        raise RtcanError(
            f"{path} has {len(header)} columns, and no header that names them",
            hint=f"give it a header, or just the columns {', '.join(COLUMNS)}, in this order",
        )
    elif header == [str(place) for place in places]:  # how pandas names columns without names
        del rows[0]
    if not rows:
        raise RtcanError(f"{path} holds no labels", hint="one row for each trial is needed")
    table = []
    for line, row in rows:
        if len(row) < len(header):
            raise RtcanError(
                f"{path}: line {line} has {len(row)} columns instead of {len(header)}",
                hint="the file is incomplete or damaged: copy or download it again",
            )
        where = f"{path}: line {line}"
        subject, stimulus, *classes = _read_row([row[place] for place in places], where)
        number = 0 if repetition is None else _repetition(row[repetition], where)
        table.append((line, subject, stimulus, number, *classes))
    return pd.DataFrame(table, columns=["line", *TRIAL_KEY, *TARGETS])


def match_labels(table: pd.DataFrame, trials: pd.DataFrame, source: object) -> Matched:
    """Find the label of each trial.

    Names are compared as text. Only where a name is unknown, a ``.0`` that a program put behind a
    whole number is left out.

    Parameters
    ----------
    table : DataFrame
        What `read_label_table` returns.
    trials : DataFrame
        `subject`, `stimulus`, `repetition` (1 if left out); each once.
    source : object
        What to call the table's file in messages.

    Returns
    -------
    Matched

    Raises
    ------
    RtcanError
        If no row is one of the trials, rows of the same trial disagree, or a row may be any of
        several hearings.
    """
    names = trial_names(trials)
    keys = list(names[list(TRIAL_KEY)].itertuples(index=False, name=None))
    subjects, stimuli = (dict.fromkeys(trials[name]) for name in ("subject", "stimulus"))
    hearings: dict[tuple[str, str], list[int]] = {}
    for who, what, number in keys:
        hearings.setdefault((who, what), []).append(number)
    found: dict[tuple[str, str, int], tuple[int, int, int]] = {}
    wanted, n_used = set(keys), 0
    if REPETITION not in table:
        table = table.assign(**{REPETITION: 0})
    rows = table[["line", *TRIAL_KEY, *TARGETS]]
    for line, subject, stimulus, repetition, valence, arousal in rows.itertuples(index=False):
        pair = (
            subject if subject in subjects else plain(subject),
            stimulus if stimulus in stimuli else plain(stimulus),
        )
        there = hearings.get(pair, [1])
        if not repetition and len(there) > 1:
            raise RtcanError(
                f"{source}: line {line} does not say which of {len(there)} hearings of subject "
                f"{pair[0]}, stimulus {pair[1]} it labels",
                hint="a header and a column repetition, as in the table of the trials",
            )
        key = (*pair, repetition or there[0])
        earlier = found.setdefault(key, (line, valence, arousal))
        if earlier[1:] != (valence, arousal):
            raise RtcanError(
                f"{source}: lines {earlier[0]} and {line} disagree on subject {key[0]}, stimulus "
                f"{key[1]}{hearing(key[2])}",
                hint="keep the right one",
            )
        n_used += key in wanted
    if not n_used:
        raise RtcanError(
            f"{source}: none of its {len(table)} rows is a trial: its subjects are "
            f"{_some(table['subject'])}, those of the recordings {_some(subjects)}; its "
            f"stimuli are {_some(table['stimulus'])}, those of the recordings "
            f"{_some(stimuli)}",
            hint=_HINT,
        )
    none = (0, NO_LABEL, NO_LABEL)
    classes = np.array([found.get(key, none)[1:] for key in keys], dtype=np.int64)
    return Matched(
        names.assign(valence=classes[:, 0], arousal=classes[:, 1]),
        n_used,
        len(table) - n_used,
        sum(key not in found for key in keys),
    )


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Rows that are not empty, with the numbers of their lines."""
    if path.exists() and not path.is_file():
        raise RtcanError(
            f"{path} is a folder, not a table of labels"
            if path.is_dir()
            else f"{path} is not a regular file",
            hint="name the CSV file with the labels",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RtcanError(
            f"{path} cannot be read: {error.strerror or error}", permission_hint(error)
        ) from error
    other = another_kind(content[:HEAD], path, "a table of labels (CSV)", EMPTY.name)
    if other is not None:
        raise other
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RtcanError(f"{path} is not UTF-8 text", hint="save it as CSV in UTF-8") from None
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_SEPARATORS, key=first.count))
    rows = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise RtcanError(
            f"{path} is not a table of labels: line {reader.line_num}: {error}"
        ) from error
    if not rows:
        raise RtcanError(f"{path} is empty", hint="copy or download it again")
    return rows


def _places(header: Sequence[str], path: object) -> tuple[list[int], int | None]:
    """Where `COLUMNS` are, and the repetition if it is there."""
    names = [name.lower() for name in header]
    places = []
    for column in COLUMNS:
        fitting = [k for k, name in enumerate(names) if any(w in name for w in _WORDS[column])]
        if column in TARGETS:
            # A table may hold the ratings as well.
            fitting = [k for k in fitting if "label" in names[k]] or fitting
        else:
            # It may say both what a stimulus is called here and which song it is.
            fitting = [k for k in fitting if names[k] == column] or fitting
        if len(fitting) != 1:
            problem = "more than one column names" if fitting else "no column names"
            raise RtcanError(
                f"{path}: {problem} the {column} in its header: {', '.join(header)[:200]}",
                hint=f"name the columns {', '.join(COLUMNS)}",
            )
        places += fitting
    numbered = [k for k, name in enumerate(names) if name == REPETITION]
    if len(numbered) > 1:
        raise RtcanError(f"{path}: two columns are called {REPETITION}", hint="rename one")
    return places, numbered[0] if numbered else None


def _read_row(row: Sequence[str], where: str) -> tuple[str, str, int, int]:
    """Subject, stimulus, valence and arousal from the cells of `COLUMNS`."""
    cells = dict(zip(COLUMNS, row, strict=True))
    if not cells["subject"] or not cells["stimulus"]:
        raise RtcanError(
            f"{where} names no subject or no stimulus", hint="complete it, or delete the line"
        )
    classes = []
    for target in TARGETS:
        label = _label(cells[target])
        if label is None:
            raise RtcanError(
                f"{where}: the {target} label is {cells[target][:30]!r}, not 0 or 1", hint=_HINT
            )
        classes.append(label)
    return cells["subject"], cells["stimulus"], classes[0], classes[1]


def _repetition(cell: str, where: str) -> int:
    """The number of a hearing, from 1; 0 where the cell is empty."""
    if cell.lower() in ("", "nan", "na"):
        return 0
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (number >= 1 and number.is_integer()):
        raise RtcanError(
            f"{where}: the repetition is {cell[:30]!r}, not a whole number from 1",
            hint="1 the first time that the subject heard the stimulus, 2 the second time",
        )
    return int(number)


def _label(cell: str) -> int | None:
    """0 or 1, -1 for no label, or None for anything else."""
    if cell.lower() in ("", "nan", "na"):
        return NO_LABEL
    try:
        value = float(cell)
    except ValueError:
        return None
    return int(value) if value in (0.0, 1.0) else None


def _some(names: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:_EXAMPLES]) + (", ..." if len(distinct) > _EXAMPLES else "")

"""Learning curves as a CSV file that grows while networks train."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rtcan_cli import platforms
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.links import open_regular
from rtcan_cli.steps.training.curves import Curve
from rtcan_cli.training.fold import HISTORY

#: What tells a row from all others.
_KEY = ("dataset", "run", "target", "fold", "candidate", "epoch")
COLUMNS = (*_KEY[:2], "simulated", *_KEY[2:], *HISTORY, "best_epoch")


class CurveLog:
    """A CSV file with a row for each epoch of each network, see `opened`.

    Parameters
    ----------
    path : Path
        The file, for messages.
    file : file
        Open for appending.
    there : iterable of str
        Rows that it has.
    """

    def __init__(self, path: Path, file: io.FileIO, there: Iterable[str]) -> None:
        self._path, self._file, self._there = path, file, set(there)

    def take(self, curve: Curve, known: int) -> None:
        """Write the rows of a curve that are not there, at once and to the disk's cache.

        Raises
        ------
        RtcanError
            If they cannot be written.
        """
        new = [row for row in _rows(curve, known) if row not in self._there]
        content = "".join(new).encode()
        try:
            while content:
                content = content[self._file.write(content) or 0 :]
        except OSError as error:
            raise _cannot_write(self._path, error) from error
        self._there.update(new)

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, runs: set[tuple[str, str]], kept: Iterable[Curve]
    ) -> Iterator[CurveLog]:
        """Open a log, or begin it; what was trained before is in it from the start.

        Rows of other runs stay. Rows of these runs stay if they are those of epochs that are kept;
        others are of a training that is to be done again, and go.

        Parameters
        ----------
        path : Path
            The file.
        runs : set of (str, str)
            Datasets and names of the runs that are to be trained, or are there.
        kept : iterable of Curve
            What is known of them.

        Raises
        ------
        RtcanError
            If there is another file in its place, another process writes to it, or it cannot be
            written.
        """
        valid = {row for curve in kept for row in _rows(curve, 0)}
        with ExitStack() as stack:
            try:
                file = stack.enter_context(_locked(path))
                before = _lines(path, file.readall())
                rows = [row for row in before[1:] if _run_of(row) not in runs or row in valid]
                if before != [_HEADER, *rows]:
                    if platforms.OPEN_FILES_STAY:
                        file.close()  # who opens it now keeps it from being replaced
                    write_whole(path, "".join([_HEADER, *rows]))
                    file = stack.enter_context(_locked(path))
            except OSError as error:
                raise _cannot_write(path, error) from error
            yield cls(path, file, rows)  # an error of what is done meanwhile is not the log's


def _rows(curve: Curve, first: int) -> list[str]:
    """Lines of the epochs of a curve after the first so many."""
    best, history = curve.best_epochs(), curve.history
    about = (curve.dataset, curve.run, curve.simulated, curve.target, curve.fold, curve.candidate)
    return [
        _line([*about, k + 1, *(f"{history[name][k]:.6g}" for name in HISTORY), best[k]])
        for k in range(first, curve.n_epochs)
    ]


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


_HEADER = _line(COLUMNS)


def _run_of(row: str) -> tuple[str, str]:
    cells = next(csv.reader([row]), [])
    return (cells[0], cells[1]) if len(cells) == len(COLUMNS) else ("", "")


@contextmanager
def _locked(path: Path) -> Iterator[io.FileIO]:
    """A file that this process alone writes to, open for reading and appending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with io.FileIO(open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a+") as file:
        try:
            platforms.lock(file.fileno())
        except BlockingIOError:
            raise RtcanError(
                f"{path}: another process writes its learning curves to it", "another --log"
            ) from None
        except OSError:
            pass  # of a file system that does not support locks
        file.seek(0)
        yield file


def _lines(path: Path, content: bytes) -> list[str]:
    """Lines of a log, without one that a killed process has left unfinished.

    Raises
    ------
    RtcanError
        If the file is not a log: it is left alone.
    """
    lines = content.decode(errors="replace").splitlines(keepends=True)
    if lines and lines[0] != _HEADER:
        raise RtcanError(
            f"{path}: is there already, and is not a log of learning curves",
            "another name for --log",
        )
    return [line for line in lines if line.endswith("\n")]


def _cannot_write(path: Path, error: OSError) -> RtcanError:
    return RtcanError(f"{path}: cannot be written: {error.strerror or error}", "another --log")

"""What readers that use a library have in common: it may be missing, and may raise anything."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.raw import RawFile, unreadable
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import failed_import


class DamagedError(ValueError):
    """What is wrong with a file's content, in words that its owner understands."""


@contextmanager
def reading(file: RawFile, wanted: str, *fitting: str) -> Iterator[None]:
    """Turn whatever the body raises into one clear error, and keep its warnings to itself.

    Parameters
    ----------
    file : RawFile
        The file that is read.
    wanted : str
        What it should be, with its article, such as ``"an EDF recording"``.
    *fitting : str
        Names of the kinds in `rtcan_cli.files.kinds` that it may be.

    Raises
    ------
    RtcanError
        If a library is missing, or the file cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except RtcanError:
        raise
    except ImportError as error:
        raise failed_import(str(file), error) or error from error
    except Exception as error:  # damaged files make libraries raise almost anything
        other = file.of_another_kind(wanted, *fitting)
        # What a library says is about numbers, keys and shapes of its own.
        plain = isinstance(error, (DamagedError, OSError, EOFError))
        raise other or unreadable(file, error if plain else LookupError()) from error


@contextmanager
def logged(name: str) -> Iterator[list[str]]:
    """Collect the errors that a library logs, which nobody would see otherwise.

    Parameters
    ----------
    name : str
        Of its logger.

    Yields
    ------
    list of str
        Grows while the body runs.
    """
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger = logging.getLogger(name)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [Collect(logging.ERROR)], False
    logger.setLevel(logging.ERROR)
    try:
        yield messages
    finally:
        logger.handlers, logger.propagate = before[0], before[1]
        logger.setLevel(before[2])


def is_clock(time: NDArray[np.float64]) -> bool:
    """Whether times are finite, and each is later than the one before."""
    return bool(np.isfinite(time).all() and (np.diff(time) > 0).all())

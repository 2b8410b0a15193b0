"""Options that take a list: one run for each entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import typer


def entries(
    option: str,
    given: Sequence[str] | None,
    read: Callable[[str], Any],
    usual: Any,
    separator: str | None = ",",
) -> list[Any]:
    """Read an option that may be given several times, each time with a list.

    Parameters
    ----------
    option : str
        The option, for the error.
    given : sequence of str, optional
        What the user typed, once for each time.
    read : callable
        Turns one entry into its value; raises ValueError, with what is wrong, if it is not valid.
    usual : object
        The only entry, if the option was not given.
    separator : str, optional
        What separates entries; None if an entry may hold commas.

    Returns
    -------
    list
        Each value once, in the order given.

    Raises
    ------
    typer.BadParameter
        If an entry is not valid.
    """
    if not given:
        return [usual]
    words = [word.strip() for text in given for word in text.split(separator or "\0")]
    try:
        return list(dict.fromkeys(read(word) for word in words))
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """Read one of some names."""

    def read(word: str) -> str:
        if word not in names:
            raise ValueError(f"'{word}' is not one of {', '.join(names)}")
        return word

    return read


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """Read a whole number in a range."""

    def read(word: str) -> int:
        try:
            number = int(word)
        except ValueError:
            raise ValueError(f"'{word}' is not a whole number") from None
        if number < lowest or (highest is not None and number > highest):
            limit = f"from {lowest} to {highest}" if highest is not None else f"{lowest} or more"
            raise ValueError(f"{number} is out of range: must be {limit}")
        return number

    return read

"""What the checks of all formats share."""

from __future__ import annotations

from dataclasses import dataclass

from rtcan_cli.command_line import quoted
from rtcan_cli.errors import RtcanError

GET_AGAIN = "fetch or unpack the file again"


@dataclass(frozen=True)
class Checked:
    """A complete audio file.

    Attributes
    ----------
    content : bytes
        The file with its true length where a header declares one, and without data that are not
        sound.
    n_samples : int
        Samples of a channel that were counted.
    n_around : int
        How many of these a decoder may leave out, since the encoder has put them around the sound.
    """

    content: bytes
    n_samples: int
    n_around: int = 0


def incomplete(name: str, there: float, declared: float) -> RtcanError:
    """The error for a file that was cut off.

    Parameters
    ----------
    name : str
        The file, as it is to be called.
    there, declared : float
        How long it is, and how long it should be, in seconds.
    """
    return RtcanError(f"{name} is incomplete: {there:.1f} s of {declared:.1f} s", GET_AGAIN)


def cut_in(name: str, there: float, what: str) -> RtcanError:
    """The error for a file that ends within one of its pieces, after this many seconds."""
    return broken(name, f"incomplete: it ends in the middle of {what}, after {there:.1f} s")


def broken(name: str, what: str) -> RtcanError:
    """The error for a file that may be whole elsewhere; `what` says how it is broken."""
    return RtcanError(f"{name} is {what}", f"{GET_AGAIN}; if there is no other: {convert(name)}")


def convert(name: str) -> str:
    """The command that turns a file into one that can be read."""
    file = name.rpartition("/")[2]
    stem = file.rpartition(".")[0] or "song"
    if file.lower() == f"{stem}.wav".lower():  # or it would be read and written at once
        stem += "_converted"
    return f"ffmpeg -i {quoted(name)} {quoted(f'{stem}.wav')}"

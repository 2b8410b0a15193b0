"""Whether new music features are of the set that a run was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.origin import Settings
from rtcan_cli.runs.run import Run
from rtcan_cli.stores import music_set


def trained_set(run: Run, trained: Settings) -> str | None:
    """What the songs of a run were described by; None if neither its stores nor the run tell."""
    if "music" in trained:
        return music_set(trained["music"])
    return run.provenance.music or None


def check_music(run: Run, trained: Settings, new: Mapping[str, Any], what: object) -> None:
    """Refuse music features of another set than those that a run was trained on.

    Parameters
    ----------
    run : Run
        The run that shall answer.
    trained : dict
        Settings of the stores it was trained on.
    new : mapping
        Parameters of the new music store.
    what : object
        What to call the new features.

    Raises
    ------
    RtcanError
        If they are of another set: equal numbers of features would hide it.
    """
    old, other = trained_set(run, trained), music_set(new)
    if old is not None and old != other:
        raise RtcanError(
            f"{run.name} was trained on music features of {old}, and those of {what} are of "
            f"{other}",
            f"music features of {old} for {what}",
        )

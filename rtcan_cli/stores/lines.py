"""Command lines about a store, by where it is: with its dataset, and its workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.stores.schema import SCHEMAS


def place_of(path: Path) -> tuple[Path, str] | None:
    """The workspace and the dataset that a store belongs to, by its path; None if to none."""
    folder = path.parent if path.parent.name else path.absolute().parent
    if folder.name == "runs":
        folder = folder.parent if folder.parent.name else folder.absolute().parent
    return (folder.parent, folder.name) if folder.name in PROFILES else None


def line_that_makes(path: Path, kind: str, **options: object) -> CommandLine:
    """The line that makes a store of a kind, in a workspace or elsewhere.

    Parameters
    ----------
    path : Path
        The store.
    kind : str
        Its kind. A run is made by many options, which its path does not show: for a run this is
        the line that lists the runs that are there.
    **options : object
        Further options of the line, see `command_line`.

    Returns
    -------
    CommandLine
        The line; in a workspace without recordings the one that comes before all others.
    """
    command, place = SCHEMAS[kind].command, place_of(path)
    if kind == "run":
        return command_line("info", workspace=place[0] if place else None)
    if place is None or path.name != f"{kind}.h5":
        if kind == "recordings":
            return command_line(command, "DATASET", "RAW", workspace=None, output=path, **options)
        return command_line(
            command, workspace=None, recordings_store="RECORDINGS", output=path, **options
        )
    workspace, dataset = place
    if kind == "recordings":
        return command_line(command, dataset, "RAW", workspace=workspace, **options)
    if not path.with_name("recordings.h5").exists():
        return line_that_makes(path.with_name("recordings.h5"), "recordings")
    return command_line(command, dataset=dataset, workspace=workspace, **options)


def how_to_make_again(path: Path, kind: str | None) -> str:
    """What to do about a store that cannot be used, in words; the line where it is known."""
    if kind is None:
        return "the command that made it, with --force, to make it again"
    if kind == "run":
        return (
            f"the line that trained it, with --force; for all runs: {line_that_makes(path, kind)}"
        )
    return f"{line_that_makes(path, kind, force=True)}, to make it again"


def line_on_runs(command: str, paths: Sequence[Path], **options: object) -> CommandLine:
    """The line that runs a command on runs, by their names in a workspace, or by their paths.

    Parameters
    ----------
    command : str
        A command that takes runs as its arguments.
    paths : sequence of Path
        Run stores.
    **options : object
        Further options, see `command_line`.
    """
    places = {
        place_of(path) if path.parent.name == "runs" and path.suffix == ".h5" else None
        for path in paths
    }
    place = places.pop() if len(places) == 1 else None
    if place is None:
        return command_line(command, *paths, workspace=None, **options)
    workspace, dataset = place
    names = [path.stem for path in paths]
    return command_line(command, *names, dataset=dataset, workspace=workspace, **options)

"""Command lines that rtcan prints, as a user types them: the one place that makes them.

Messages that put them together by hand forget quotes, the workspace or the dataset, and the line
then fails where it is typed.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

#: Folder of the stores unless ``--workspace`` or the environment variable names another one.
WORKSPACE = "rtcan-stores"
WORKSPACE_VARIABLE = "RTCAN_WORKSPACE"

#: Words that mean themselves in PowerShell and in cmd. A comma makes a list in PowerShell.
_PLAIN = re.compile(r"[\w./\\:+=-]+")


def usual_workspace() -> Path:
    """Folder of the stores that commands use without being told."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or WORKSPACE)


class CommandLine(str):
    """A text that can be typed as it is, which tells it from words about a command."""

    __slots__ = ()


def command_line(
    command: str, *arguments: object, workspace: Path | None = None, **options: object
) -> CommandLine:
    """Make the line that runs a command.

    Parameters
    ----------
    command : str
        Name of the command, such as ``train``.
    *arguments : object
        Its arguments. What a user has to fill in is a word in capitals, such as ``RAW``.
    workspace : Path, optional
        Folder of the stores; named in the line where it is not the one that is used anyway.
    **options : object
        Its options, with ``_`` for ``-``: None and False leave an option out, True sets a switch,
        a list gives the option once for each entry.

    Returns
    -------
    CommandLine
        The line, quoted for a POSIX shell; on Windows for PowerShell and cmd.
    """
    words = ["rtcan", command, *map(str, arguments)]
    for name, value in options.items():
        words += _option(name, value)
    if workspace is not None and not _is_usual(workspace):
        words += _option("workspace", workspace)
    return CommandLine(" ".join(map(quoted, words)))


def quoted(word: str) -> str:
    """One word as the shells of this system read it as one."""
    return _quoted_on_windows(word) if sys.platform == "win32" else shlex.quote(word)


def _quoted_on_windows(word: str) -> str:
    """A word in double quotes if it has a letter with a meaning in PowerShell or cmd.

    A quote in it becomes an escaped one, as programs there read their arguments.
    """
    if _PLAIN.fullmatch(word):
        return word
    # Backslashes are themselves, but for those before a quote.
    inside = re.sub(r'(\\*)("|$)', lambda end: end[1] * 2 + ('\\"' if end[2] else ""), word)
    return f'"{inside}"'


def _option(name: str, value: object) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (option, str(each))]


def _is_usual(workspace: Path) -> bool:
    """Whether commands use this workspace without being told."""
    return os.path.abspath(workspace) == os.path.abspath(usual_workspace())

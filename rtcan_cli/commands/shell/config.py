"""Options of a command in a TOML file: read before the options of the line, which win over it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import typer

from rtcan_cli.commands.shell.usage import Command
from rtcan_cli.files.atomic import write_whole

#: Options that are about one call, not about what is made.
_NOT_KEPT = {"config", "save-config", "json", "quiet", "debug", "help"}


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take the options of a file as defaults: a callback of ``--config``, called before others.

    Raises
    ------
    typer.BadParameter
        If the file cannot be read, is not TOML, or names an option that the command does not have.
    """
    if path is None:
        return None
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise typer.BadParameter(f"{path}: {why}") from error
    options = _options(context)
    defaults = {}
    for name, value in found.items():
        option = options.get(name.replace("_", "-"))
        if option is None:
            said = f"the command has no option --{name}"
            if isinstance(context.command, Command):
                said = context.command.of_earlier_versions(f"--{name.replace('_', '-')}") or said
            raise typer.BadParameter(f"{path}: {said}")
        if isinstance(value, dict):
            raise typer.BadParameter(f"{path}: [{name}] is a table, but options have no parts")
        defaults[option.name] = _as_typed(value, option.multiple)
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def save_config(context: typer.Context, path: Path) -> None:
    """Write the options that were given, on the line or in a file, as TOML."""
    lines = []
    for name, option in _options(context).items():
        source = context.get_parameter_source(option.name)
        value = context.params.get(option.name)
        if value is None or source is None or source.name in ("DEFAULT", "ENVIRONMENT"):
            continue
        lines.append(f"{name} = {_in_toml(value)}")
    command = f"# rtcan {context.info_name} --config {path.name}\n"
    write_whole(path, command + "\n".join(lines) + "\n")


def _options(context: typer.Context) -> dict[str, Any]:
    """Options of the command that a file can hold, by their long names without dashes."""
    named = {
        max(each.opts, key=len).removeprefix("--"): each
        for each in context.command.params
        if each.param_type_name == "option"
    }
    return {name: option for name, option in named.items() if name not in _NOT_KEPT}


def _as_typed(value: Any, multiple: bool) -> Any:
    """A value of a file as it would be typed: text, or a list of texts, or a switch."""
    if multiple:
        return [str(each) for each in (value if isinstance(value, list) else [value])]
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, bool) else str(value)


def _in_toml(value: Any) -> str:
    # JSON's text, numbers and lists are TOML's, too.
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_toml, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)

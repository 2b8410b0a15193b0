"""What results are made of: values, tables with declared columns, and notes.

A result is plain data. Scores are fractions of 1, times are in seconds, and what was not measured
is NaN or None. The same fields and columns are there for simulated and for real data, for one run
and for many. `as_data` turns a result into the object that ``--json`` prints; `describe` says which
keys that object has. A change of either needs another `SCHEMA_VERSION`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from rtcan_cli.command_line import CommandLine
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    import pandas as pd

#: Version of all results together: counted up when a key or a column changes its name or meaning.
SCHEMA_VERSION = 5

Kind = Literal["integer", "number", "text", "boolean"]


@dataclass(frozen=True)
class Column:
    """A column of a table in a result.

    Parameters
    ----------
    kind : {"integer", "number", "text", "boolean"}
        What its cells are; any of them may be missing.
    meaning : str
        What they say.
    unit : str
        Unit of numbers, empty if they have none; scores are a ``fraction``.
    """

    kind: Kind
    meaning: str
    unit: str = ""


def value(meaning: str, unit: str = "", **options: Any) -> Any:
    """A field of a result that holds a value; options are those of `dataclasses.field`."""
    return field(metadata={"meaning": meaning, "unit": unit}, **options)


def table(meaning: str, columns: Mapping[str, Column], **options: Any) -> Any:
    """A field of a result that holds a DataFrame with these columns, in this order."""
    return field(metadata={"meaning": meaning, "columns": dict(columns)}, **options)


@dataclass(frozen=True)
class Note:
    """A sentence that users should not miss.

    Parameters
    ----------
    kind : str
        What it is about, in snake case; stable, for programs.
    text : str
        The sentence, for people.
    command : CommandLine, optional
        What helps: a line that can be typed, never words. Words in capitals have to be filled in.
    """

    kind: str = value("What it is about, for programs")
    text: str = value("The sentence, for people")
    command: CommandLine | None = value(
        "What helps: a command line to type, with what is to be filled in as words in capitals",
        default=None,
    )


def note_of(error: RtcanError, kind: str, text: str) -> Note:
    """A note about a problem; its hint is the command if it is one, or else part of the text."""
    if error.hint is None or isinstance(error.hint, CommandLine):
        return Note(kind, text, error.hint)
    return Note(kind, f"{text}; try: {error.hint}")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a step answers.

    Parameters
    ----------
    notes : tuple of Note
        What users should not miss.
    files : tuple of Path
        What the step wrote, or found already written.
    """

    #: The subcommand that gives it.
    command: ClassVar[str] = ""

    notes: tuple[Note, ...] = value("Sentences that users should not miss", default=())
    files: tuple[Path, ...] = value("Files that were written", default=())

    def __post_init__(self) -> None:
        """Hold tables against the columns that are declared for them."""
        for each in dataclasses.fields(self):
            columns, found = each.metadata.get("columns"), getattr(self, each.name)
            if columns is not None and found is not None and list(found.columns) != list(columns):
                raise ValueError(
                    f"{type(self).__name__}.{each.name} has the columns {list(found.columns)}, "
                    f"declared are {list(columns)}"
                )


def empty(columns: Mapping[str, Column]) -> pd.DataFrame:
    """A table of these columns without rows."""
    import pandas as pd

    return pd.DataFrame(columns=list(columns))


def joined(tables: Sequence[pd.DataFrame], columns: Mapping[str, Column]) -> pd.DataFrame:
    """Tables one below the other; without any, an empty one of these columns."""
    import pandas as pd

    return pd.concat(tables, ignore_index=True) if tables else empty(columns)


def as_data(result: Result) -> dict[str, Any]:
    """A result as one object of plain JSON types."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": result.command,
        "result": type(result).__name__,
        **plain(result),
    }


def plain(found: object) -> Any:
    """Plain JSON types; a table becomes a list of objects, what is not a finite number null."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {each.name: plain(getattr(found, each.name)) for each in dataclasses.fields(found)}
    if hasattr(found, "to_dict") and hasattr(found, "columns"):
        return [plain(row) for row in found.to_dict("records")]
    if isinstance(found, Mapping):
        return {str(key): plain(each) for key, each in found.items()}
    if isinstance(found, list | tuple | set | frozenset):
        return [plain(each) for each in found]
    if isinstance(found, Path):
        return str(found)
    if hasattr(found, "tolist"):  # an array or a scalar of NumPy
        return plain(found.tolist())
    if type(found).__name__ in ("NAType", "NaTType"):  # pandas, which is not imported here
        return None
    if hasattr(found, "isoformat"):
        return found.isoformat()
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found


def describe(kind: type) -> dict[str, Any]:
    """The keys of a result, or of a dataclass within one: what each holds, and in which unit."""
    hints = get_type_hints(kind, localns=_names())
    described: dict[str, Any] = {}
    for each in dataclasses.fields(kind):
        about = each.metadata
        entry: dict[str, Any] = {"type": _type_name(hints[each.name])}
        entry |= {name: about[name] for name in ("meaning", "unit") if about.get(name)}
        if "columns" in about:
            entry["columns"] = {
                name: {key: text for key, text in dataclasses.asdict(column).items() if text}
                for name, column in about["columns"].items()
            }
        if (inner := _dataclass_in(hints[each.name])) is not None:
            entry["fields"] = describe(inner)
        described[each.name] = entry
    return described


def _names() -> dict[str, Any]:
    import pandas as pd

    return {"pd": pd}


def _dataclass_in(hint: Any) -> type | None:
    for each in (hint, *get_args(hint)):
        if isinstance(each, type) and dataclasses.is_dataclass(each):
            return each
    return None


_JSON_NAMES = {
    int: "integer",
    float: "number",
    str: "text",
    CommandLine: "text",
    bool: "boolean",
    Path: "text",
}


def _type_name(hint: Any) -> str:
    """What a hint is in JSON, in words."""
    arguments: Sequence[Any] = [each for each in get_args(hint) if each is not Ellipsis]
    if get_origin(hint) in (tuple, list):
        return f"list of {_type_name(arguments[0])}"
    if get_origin(hint) is dict:
        return f"object of {_type_name(arguments[1])}"
    if type(None) in arguments:
        (other,) = (each for each in arguments if each is not type(None))
        return f"{_type_name(other)} or null"
    if hint in _JSON_NAMES:
        return _JSON_NAMES[hint]
    if getattr(hint, "__name__", "") == "DataFrame":
        return "list of rows"
    return "object"

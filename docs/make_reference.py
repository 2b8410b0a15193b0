"""Write docs/reference.md from the command line itself and docs/stores.md from the schema.

Both are committed, so that they can be read without building anything; a test fails if they are
not what this script writes.
"""

from __future__ import annotations

from pathlib import Path

import typer
from typer.testing import CliRunner

from rtcan_cli.app import app
from rtcan_cli.stores.schema import SCHEMA_VERSION, SCHEMAS

HERE = Path(__file__).parent
WIDTH = 100

STORES_INTRODUCTION = f"""\
# Stores

Every step writes one HDF5 file (schema version {SCHEMA_VERSION}). This page is made from
`rtcan_cli/stores/schema.py`, which is also what a store is checked against when it is written. How
stores behave is told in [the architecture](architecture.md).

A workspace holds `<dataset>/recordings.h5`, `labels.h5`, `components.h5`, `music.h5` and
`<dataset>/runs/<run>.h5`. Axes of the same name have the same length within a store. Text is UTF-8.
Every dataset has the attributes `unit`, `shape` and `meaning`; every store has the root attributes
`kind`, `schema_version`, `package_version`, `created`, `command`, `dataset`, `parameters` and
`inputs` (JSON), `simulated` and `content_id`.

A table loads in one line:

```python
import h5py, pandas as pd

trials = pd.DataFrame({{k: v[()] for k, v in h5py.File("recordings.h5")["trials"].items()}})
```

The samples of recording `i` are `signals/<channel>[offsets[i]:offsets[i + 1]]`."""


def reference() -> str:
    """The help of every command, as it is printed."""
    names = list(typer.main.get_command(app).commands)
    parts = [
        "# Command reference",
        "This page is what `rtcan COMMAND --help` prints. Every command takes `--json`, `--quiet` "
        "and `--debug`. Exit codes: 0 done, 1 a problem (one line on stderr says which), 2 wrong "
        "usage, 130 interrupted.",
        _help_of(),
    ]
    for name in names:
        parts += [f"## rtcan {name}", _help_of(name)]
    return "\n\n".join(parts) + "\n"


def _help_of(*command: str) -> str:
    result = CliRunner().invoke(
        app,
        [*command, "--help"],
        prog_name="rtcan",
        terminal_width=WIDTH,
        env={"RTCAN_WORKSPACE": ""},
    )
    return f"```text\n{result.output.strip()}\n```"


def stores() -> str:
    """What each kind of store holds."""
    parts = [STORES_INTRODUCTION]
    for schema in SCHEMAS.values():
        rows = [
            f"| `{field.path}` | {' x '.join(field.shape)} | {field.dtype or 'as trained'} "
            f"| {field.unit} | {field.meaning} |"
            for field in schema.fields
        ]
        parts += [
            f"## {schema.kind}",
            f"Made by `rtcan {schema.command}`: {schema.meaning}.",
            "\n".join(
                ["| dataset | shape | type | unit | meaning |", "|---|---|---|---|---|", *rows]
            ),
        ]
    return "\n\n".join(parts) + "\n"


PAGES = {"reference.md": reference, "stores.md": stores}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")

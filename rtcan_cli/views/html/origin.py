"""Where everything in a report comes from: readable tables, and the lines that make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views.html.render import Grid, Part
from rtcan_cli.views.run import dataset_title

_HEADS = ["made by", "made", "content id", "made from", "settings"]


def origin(result: WorkspaceReport) -> Iterator[Part]:
    """The commands, then each store and run."""
    if result.commands:
        text = (
            "These lines make all of it again, in this order. Of tables that were imported only "
            "the name of the file is known."
        )
        yield Part("All commands", notes=[text], commands=result.commands)
    for (name, simulated), stores in result.stores.groupby(["dataset", "simulated"], sort=False):
        title = f"Stores of {dataset_title(str(name), bool(simulated))}"
        rows = [[row["kind"], *_made(row)] for _, row in stores.iterrows()]
        yield Part(title, [_table(title, "store", rows)])
    for (name, simulated), runs in result.runs.groupby(["dataset", "simulated"], sort=False):
        title = f"Runs of {dataset_title(str(name), bool(simulated))}"
        rows = [[row["run"], *_made(row)] for _, row in runs.iterrows()]
        trained = [
            [row["run"], row["hardware"], row["software"], row["tables"] or "-"]
            for _, row in runs.iterrows()
        ]
        heads = ["run", "trained on", "with", "stands in"]
        where = Grid(f"{title}: machines", heads, [False] * len(heads), trained)
        yield Part(title, [_table(title, "run", rows), where])


def _table(title: str, first: str, rows: list[list[str]]) -> Grid:
    heads = [first, *_HEADS]
    return Grid(f"{title}: origin", heads, [False] * len(heads), rows)


def _made(row: pd.Series) -> list[str]:
    inputs = json.loads(row["inputs"])
    return [
        row["made_by"],
        f"{row['created'][:16].replace('T', ' ')} UTC by rtcan {row['version']}",
        row["content_id"],
        ", ".join(f"{kind} {content}" for kind, content in inputs.items()),
        settings_in_words(json.loads(row["parameters"])),
    ]


def settings_in_words(found: Mapping[str, object]) -> str:
    """Settings as ``name value``, in one line; what is not set is left out."""
    return ", ".join(
        f"{name.replace('_', ' ')} {_word(each)}"
        for name, each in found.items()
        if each is not None
    )


def _word(found: object) -> str:
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, Mapping):
        return f"({settings_in_words(found)})"
    if isinstance(found, list | tuple):
        return " ".join(map(_word, found)) if found else "none"
    return f"{found:g}" if isinstance(found, float) else str(found)

"""Where everything in a report comes from: readable tables, and the lines that make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pandas as pd

from rtcan_cli.results.report import WorkspaceReport
from rtcan_cli.views.html.render import Grid, Part
from rtcan_cli.views.run import dataset_title


def origin(result: WorkspaceReport) -> Iterator[Part]:
    """The commands, then each store and run."""
    if result.commands:
        text = (
            "Run these commands in order to reproduce the report. For imported tables, only the "
            "file name is recorded."
        )
        yield Part("All commands", notes=[text], commands=result.commands)
    for (name, simulated), stores in result.stores.groupby(["dataset", "simulated"], sort=False):
        title = f"Stores of {dataset_title(str(name), bool(simulated))}"
        yield Part(title, _tables(title, "store", stores.assign(store=stores["kind"])))
    for (name, simulated), runs in result.runs.groupby(["dataset", "simulated"], sort=False):
        title = f"Runs of {dataset_title(str(name), bool(simulated))}"
        yield Part(title, _tables(title, "run", runs))


def _tables(title: str, what: str, rows: pd.DataFrame) -> list[Grid]:
    """When and from what each was made, and with which settings."""
    heads = {what: what, "made": "made", "content_id": "content id", "made_from": "made from"}
    more = {"hardware": "trained on", "software": "with", "tables": "stands in"}
    heads |= {name: head for name, head in more.items() if name in rows}
    made = [f"{each[:16].replace('T', ' ')} UTC" for each in rows["created"]]
    inputs = [
        ", ".join(f"{kind} {content}" for kind, content in json.loads(each).items())
        for each in rows["inputs"]
    ]
    shown = rows.assign(made=made, made_from=inputs)
    shown["made"] += " by rtcan " + rows["version"]
    settings = [settings_in_words(json.loads(each)) for each in rows["parameters"]]
    return [
        _grid(f"{title}: origin", list(heads.values()), shown[list(heads)].to_numpy().tolist()),
        _grid(
            f"{title}: settings",
            [what, "settings"],
            [list(each) for each in zip(rows[what], settings, strict=True)],
        ),
    ]


def _grid(caption: str, heads: list[str], rows: list[list[str]]) -> Grid:
    texts = [[cell or "-" for cell in row] for row in rows]
    return Grid(caption, heads, [False] * len(heads), texts)


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

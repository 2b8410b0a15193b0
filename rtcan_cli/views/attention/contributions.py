"""What EDA and music contributed to answers, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.results.attention.contributions import PartContributions
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark

_SCALES = {"probability": "P(high)", "logit": "logit of P(high)"}
_VERDICTS = {"not_shown": "not shown to help", "hardly_used": "hardly used"}


def page(result: PartContributions) -> Page:
    """How much each part decides, by class, and which groups of music features."""
    run = result.run
    facts: dict[str, object] = {
        "dataset": dataset_title(run.dataset, run.simulated),
        "run": run.name,
        "contributions to": f"{_SCALES[result.scale]}, as the run stored it, not calibrated",
        "baseline": f"up to {result.n_background} training trials of each fold",
    }
    tables = [_parts(result), _classes(result)]
    if len(result.music):
        tables.append(_music(result))
    if len(result.checks):
        tables.append(_checks(result))
    return Page(
        facts=facts, tables=tables, notes=note_lines(result.notes), files=list(result.files)
    )


def _with_interval(table: pd.DataFrame, name: str, factor: float = 1, digits: int = 3) -> list[str]:
    """Numbers with their intervals, as one text each."""
    numbers = factor * table[[name, f"{name}_low", f"{name}_high"]].to_numpy(float)
    numbers = numbers.round(digits) + 0.0  # no zero has a sign
    return [
        "-"
        if pd.isna(mean)
        else f"{mean:.{digits}f}"
        if pd.isna(low)
        else f"{mean:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
        for mean, low, high in numbers
    ]


def _parts(result: PartContributions) -> Table:
    found = result.parts
    columns = [
        "target", "part", "size", "share [%]", "classified differently without [%]",
        "AUC lost if exchanged", "verdict",
    ]  # fmt: skip
    cells = [
        found["target"],
        found["part"],
        _with_interval(found, "size"),
        _with_interval(found, "share", 100, 0),
        _with_interval(found, "changed", 100, 0),
        _with_interval(found, "drop"),
        found["verdict"].replace(_VERDICTS),
    ]
    if (found["score"] != "auc").any():
        columns[5] = "score lost if exchanged"
    title = (
        f"Contribution of EDA and music: mean absolute values, 95 % over subjects"
        f"{mark(result.run.simulated)}"
    )
    return Table(title, columns, list(zip(*cells, strict=True)))


def _classes(result: PartContributions) -> Table:
    found = result.averages
    found = found[found["group"].isin(["all", "true", "called"])]
    which = [
        "all" if group == "all" else f"{group} {name}"
        for group, name in zip(found["group"], found["name"], strict=True)
    ]
    cells = [
        found["target"],
        which,
        found["n_trials"],
        _with_interval(found, "eda"),
        _with_interval(found, "music"),
    ]
    columns = ["target", "trials", "n", "EDA", "music"]
    title = f"Mean contribution to {_SCALES[result.scale]}, 95 % over subjects"
    return Table(title + mark(result.run.simulated), columns, list(zip(*cells, strict=True)))


def _music(result: PartContributions) -> Table:
    found = result.music
    cells = [
        found["target"],
        found["features"],
        found["n_features"],
        _with_interval(found, "size"),
        _with_interval(found, "share", 100, 0),
    ]
    columns = ["target", "features", "n", "size", "share [%]"]
    title = f"Inside the music: mean absolute contributions{mark(result.run.simulated)}"
    return Table(title, columns, list(zip(*cells, strict=True)))


def _checks(result: PartContributions) -> Table:
    columns = ["target", "part", "rank correlation", "sd", "networks", "weights"]
    title = f"Compared with networks of randomised weights{mark(result.run.simulated)}"
    return Table(title, columns, result.checks.to_numpy(object).tolist())

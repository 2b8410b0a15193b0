"""The signal quality of recordings, for a person."""

from __future__ import annotations

import re

import pandas as pd

from rtcan_cli.datasets.absolute import unit_in_words
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.data.quality import MEASURES, Quality
from rtcan_cli.views.data.left_out import left_out_table
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title

#: Heads of the columns of measures.
HEADS = {
    "duration": "seconds",
    "missing": "missing [%]",
    "longest_gap": "longest gap [s]",
    "flat": "flat [%]",
    "clipped": "clipped [%]",
    "lowest": "lowest",
    "highest": "highest",
    "jitter": "jitter [%]",
    "repaired": "repaired [%]",
    "implausible": "implausible [%]",
    "zeros": "zeros [%]",
    "sentinels": "codes [%]",
    "out_of_range": "out of range [%]",
    "too_fast": "too fast [%]",
    "spikes": "spikes [%]",
    "dips": "dips [%]",
    "steps": "steps",
    "resolution": "resolution",
    "noise": "noise",
    "signal_to_noise": "signal/noise",
}
# Of single recordings, the kinds of implausible samples are together in one column.
_OF_ALL = (
    *("lowest", "highest", "zeros", "sentinels", "out_of_range", "too_fast", "spikes", "dips"),
    *("resolution", "noise"),
)
_LIMIT = re.compile(r" \([^)]*\)")  # the rules stand above the table


def page(result: Quality) -> Page:
    """The rules, how each measure spreads, and the worst recordings."""
    facts = {
        "store": result.store,
        "dataset": dataset_title(result.dataset, result.simulated),
        "EDA unit": unit_in_words(result.eda_unit, profile(result.dataset)),
        "EDA polarity": result.eda_polarity,
        "recordings": result.n_recordings,
        "left out": result.n_left_out,
        "with repaired gaps": result.n_repaired,
        "with implausible samples": result.n_implausible,
        "used, but hardly above their noise": result.n_below_noise,
        "rules": " ".join(
            [f"{rule.option} {rule.limit:g}" for rule in result.rules]
            + ["--keep-artefacts"] * result.artefacts_kept
        ),
    }
    return Page(
        facts=facts,
        tables=[_spread_table(result), *left_out_table(result.left_out), _worst_table(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def shown(name: str, found: float) -> float:
    """A measure as it is shown: shares in per cent."""
    return 100 * found if MEASURES[name].unit == "fraction" else found


def _spread_table(result: Quality) -> Table:
    columns = ["measure", "least", "5 %", "median", "95 %", "most"]
    rows = [
        [HEADS[name], *(shown(name, each) for each in numbers)]
        for name, *numbers in result.spread.dropna().itertuples(index=False)
    ]
    return Table("All recordings", columns, rows)


def _worst_table(result: Quality) -> Table:
    worst = result.worst
    names = ["subject", "stimulus", *result.told_apart_by]
    known = set(result.spread.dropna()["measure"]) - set(_OF_ALL)
    measures = [name for name in HEADS if name in known]
    rows = [
        [
            *(row[name] for name in names),
            *(shown(name, row[name]) for name in measures),
            "yes" if pd.isna(row["problem"]) else f"no: {_LIMIT.sub('', row['problem'])}",
        ]
        for row in worst.to_dict("records")
    ]
    columns = [*names, *(HEADS[name] for name in measures), "used"]
    return Table(f"The worst {len(rows)} of {result.n_recordings}", columns, rows)

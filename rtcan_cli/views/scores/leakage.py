"""The same network by protocol, for a person."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.scores.leakage import Leakage, known_in_words
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title


def page(result: Leakage) -> Page:
    """For each series of runs: accuracy by protocol and target, and differences."""
    return Page(
        tables=[table for _, rows in result.protocols.groupby("series") for table in _tables(rows)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _tables(rows: pd.DataFrame) -> Iterator[Table]:
    first = rows.iloc[0]
    about = f"{dataset_title(first['dataset'], first['simulated'])}, {first['model']}"
    word = profile(first["dataset"]).stimulus_word
    columns = ["protocol", "in training", "trains on", "tests", "accuracy [%]", "95 % from", "to"]
    for target, part in rows.groupby("target", sort=False):
        cells: list[list[object]] = [
            [
                row.protocol,
                known_in_words(row.subject_known, row.stimulus_known, word),
                *(round(row.n_training), row.n_trials),
                *(100 * x for x in (row.accuracy, row.low, row.high, row.majority_accuracy)),
            ]
            for row in part.itertuples()
        ]
        title = f"{about}, {target}: accuracy by protocol, 95 % interval over subjects"
        yield Table(title, [*columns, "majority"], cells)
    cells = [
        [
            *(row.target, row.protocol, int(row.n_common)),
            *(100 * x for x in (row.difference, row.difference_low, row.difference_high)),
        ]
        for row in rows[rows["protocol"] != rows["last_protocol"]].itertuples()
    ]
    columns = ["target", "protocol", "common trials", "points", "95 % from", "to"]
    title = f"{about}: accuracy less that of '{first['last_protocol']}', on common trials"
    yield Table(title, columns, cells)

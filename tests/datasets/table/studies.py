"""A small study with a table of trials, and what is read of it."""

from __future__ import annotations

import pickle
from pathlib import Path

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Excluded, RawDataset, Trial
from rtcan_cli.errors import RtcanError

HEADER = "subject,stimulus,valence,arousal,signal,sampling_rate"


def study(folder: Path, *rows: str, header: str = HEADER, name: str = "trials.csv") -> Path:
    """A folder with a table; every signal that it names is there, four values each."""
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    for number, file in enumerate(("a.csv", "b.csv", "c.csv")):
        (folder / file).write_text("".join(f"{number}.{i}\n" for i in range(4)))
    return folder


def read(
    raw: Path, options: TableOptions | None = None
) -> tuple[RawDataset, list[Trial], list[Excluded], list[RtcanError]]:
    dataset = open_raw("table", raw, options)
    # As in another process.
    items = [item for part in dataset.parts for item in pickle.loads(pickle.dumps(part))()]
    trials = [item for item in items if isinstance(item, Trial)]
    excluded = [item for item in items if isinstance(item, Excluded)]
    errors = [item for item in items if isinstance(item, RtcanError)]
    assert len(trials) + len(excluded) + len(errors) == len(items)
    return dataset, trials, excluded, errors

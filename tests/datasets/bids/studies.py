"""A small study in BIDS, and what is read of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Item, RawDataset, Trial
from rtcan_cli.errors import RtcanError

RATE = 8.0
EVENTS = """onset\tduration\ttrial_type\tstim_file\tvalence\tarousal
2\t10\tmusic\tsongs/a.wav\t6\t3
20\t10\tmusic\tsongs/b.wav\t2\tn/a
35\t1\trest\tn/a\tn/a\tn/a
"""

MICROSIEMENS = {"eda": {"Units": "uS"}}
FIRST = "sub-01/ses-1/func/sub-01_ses-1_task-music"
"""The first run of the study: its files without their suffix."""


def signal(seconds: float = 40, seed: int = 0) -> np.ndarray:
    return 5 + np.cumsum(np.random.default_rng(seed).normal(0, 0.01, int(seconds * RATE)))


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_physio(
    path: Path, columns: dict[str, np.ndarray], about: dict[str, Any] | None = None, **top: Any
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    text = "\n".join("\t".join("n/a" if x != x else repr(x) for x in row) for row in rows)
    path.with_name(f"{path.name}.tsv.gz").write_bytes(gzip.compress(text.encode()))
    given = {"SamplingFrequency": RATE, "StartTime": 0, "Columns": list(columns), **top}
    write_json(path.with_name(f"{path.name}.json"), given | (about or {}))


def write_run(folder: Path, columns: dict[str, np.ndarray], about: dict[str, Any]) -> Path:
    """A dataset of a single run."""
    write_json(folder / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0"})
    place = folder / "sub-01" / "beh" / "sub-01_task-music"
    write_physio(place.with_name(f"{place.name}_physio"), columns, about)
    place.with_name(f"{place.name}_events.tsv").write_text(EVENTS)
    return folder


def write_study(folder: Path) -> None:
    """Two subjects, one with two sessions, of which EDA is one column of three."""
    write_json(folder / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0"})
    for stem in ("sub-01/ses-1/func/sub-01_ses-1", "sub-01/ses-2/func/sub-01_ses-2"):
        place = folder / f"{stem}_task-music_physio"
        columns = {"cardiac": signal(seed=1), "eda": signal(), "trigger": np.zeros(320)}
        write_physio(place, columns, MICROSIEMENS)
        (folder / f"{stem}_task-music_events.tsv").write_text(EVENTS)
    place = folder / "sub-02" / "beh" / "sub-02_task-music"
    write_physio(
        place.with_name(f"{place.name}_recording-skin_physio"),
        {"GSR": signal(seed=2)},
        {"GSR": {"Units": "nS"}},
        StartTime=-2.5,
    )
    write_physio(place.with_name(f"{place.name}_recording-heart_physio"), {"cardiac": signal()})
    place.with_name(f"{place.name}_events.tsv").write_text(EVENTS)


def items(dataset: RawDataset) -> list[Item]:
    return [item for part in dataset.parts for item in part()]


def trials(dataset: RawDataset) -> dict[tuple[str, str, int], Trial]:
    return {
        (item.subject, item.stimulus, item.repetition): item
        for item in items(dataset)
        if isinstance(item, Trial)
    }


def problems(dataset: RawDataset) -> str:
    found = [str(each) for each in (*dataset.damaged, *items(dataset))]
    return "\n".join(found)


def problems_or_error(study: Path) -> str:
    try:
        return problems(open_raw("bids", study))
    except RtcanError as error:
        return str(error)

"""Recordings and components stores -> features store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial as bind
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE, DOMAINS, VERSION
from rtcan_cli.eda.resample import resample
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create

_ROWS = 1024  # recordings whose features are in memory at a time
COMPONENTS = ("phasic", "tonic", "driver")


def describe_recordings(
    recordings: Path,
    components: Path,
    output: Path,
    onset: float,
    jobs: int | Cluster = -1,
    force: bool = False,
) -> Report:
    """Compute the features of every decomposed recording; go on where a call stopped.

    Recordings that were not decomposed, or are too short without their onset, stay in the store
    with the reason and without numbers.

    Raises
    ------
    RtcanError
        If a store is missing, the components were not made from these recordings, or no recording
        can be described.
    """
    with Store(recordings, "recordings") as raw, Store(components, "components") as parts:
        made = parts.provenance
        if made.inputs.get("recordings") != raw.content_id:
            raise RtcanError(
                f"{components}: was not made from {recordings}",
                f"rtcan decompose --dataset {raw.provenance.dataset}",
            )
        provenance = Provenance(
            "eda-features",
            made.dataset,
            {"catalogue": VERSION, "onset": onset},
            {"recordings": raw.content_id, "components": parts.content_id},
            made.simulated,
        )
        if not is_current(output, "features", provenance, force):
            partial = Partial(output, provenance.digest())
            table = parts.table("recordings")
            with partial.held():
                _describe_missing(raw, parts, table, partial, onset, jobs)
                with create(output, "features", provenance) as writer:
                    problems = _write(writer, table, partial)
                    if all(problems):
                        partial.discard()
                        raise RtcanError(
                            f"no recording can be described; the first problem: {problems[0]}"
                        )
                partial.discard()
    return summarise(output)


class Recordings(Sequence[tuple[dict[str, NDArray[Any]], float, str]]):
    """Some recordings with their components, each read when its turn comes."""

    def __init__(self, raw: Store, parts: Store, rows: list[int], table: pd.DataFrame) -> None:
        self._raw, self._parts, self._rows = raw, parts, rows
        self._raw_rate = raw.table("recordings")["sampling_rate"].to_numpy()
        self._sampling_rate = table["sampling_rate"].to_numpy()
        self._problem = table["problem"].to_numpy()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: Any) -> Any:
        row = self._rows[position]
        problem = str(self._problem[row])
        rate = float(self._sampling_rate[row])
        signals = {}
        if not problem:
            signals = {name: self._parts.signal(name, row) for name in COMPONENTS}
            raw = self._raw.signal("eda", row)
            signals["original"] = resample(raw, float(self._raw_rate[row]), rate)
        return signals, rate, problem


def _describe_missing(
    raw: Store,
    parts: Store,
    table: pd.DataFrame,
    partial: Partial,
    onset: float,
    jobs: int | Cluster,
) -> None:
    # What a power cut left unreadable counts as not there.
    finished = {name for name in partial.names() if partial.get(name) is not None}
    missing = [index for index in range(len(table)) if str(index) not in finished]
    if finished and missing:
        console.say(f"going on: {len(finished)} of {len(table)} recordings are already described")
    work = bind(describe_recording, onset=onset)

    def name(position: int) -> str:
        return "trial {subject}:{stimulus}".format(**table.iloc[missing[position]])

    with console.progress(len(table), "EDA features", "recording", done=len(finished)) as bar:
        signals = Recordings(raw, parts, missing, table)
        for position, outcome in map_unordered(
            work, signals, jobs, name=name, show=bar.set_postfix_str
        ):
            item = (
                {"problem": np.array(outcome)} if isinstance(outcome, str) else {"value": outcome}
            )
            partial.put(str(missing[position]), item)
            bar.update()


def describe_recording(
    recording: tuple[dict[str, NDArray[Any]], float, str], onset: float
) -> NDArray[np.float64] | str:
    """Features of one recording (signals, sampling rate, known problem), or why it has none."""
    signals, sampling_rate, known_problem = recording
    if known_problem:
        return known_problem
    try:
        return eda_features(**signals, sampling_rate=sampling_rate, onset=onset)
    except RtcanError as error:
        return str(error)


def _write(writer: StoreWriter, table: pd.DataFrame, partial: Partial) -> list[str]:
    """Write what was kept, some recordings at a time; return each one's problem."""
    problems = []
    for start in range(0, len(table), _ROWS):
        values = np.full((min(_ROWS, len(table) - start), len(CATALOGUE)), np.nan)
        for row in range(len(values)):
            item = partial.get(str(start + row))
            assert item is not None, f"recording {start + row} was described above"
            if "value" in item:
                values[row] = item["value"]
            problems.append(str(item.get("problem", "")))
        writer.append_rows("features/value", values)
    writer.write_table("recordings", table.assign(problem=problems))
    for column in ("name", "unit", "domain", "formula"):
        writer.write(f"features/{column}", [getattr(each, column) for each in CATALOGUE])
    return problems


def summarise(path: Path) -> Report:
    """Describe a features store: how many of each domain, and what has none and why."""
    with Store(path, "features") as store:
        table = store.table("recordings")
        names, domain = store.array("features/name"), store.array("features/domain")
        lowest, highest = np.full(len(names), np.inf), np.full(len(names), -np.inf)
        for values in store.blocks("features/value"):
            lowest = np.fmin(lowest, np.fmin.reduce(values))
            highest = np.fmax(highest, np.fmax.reduce(values))
        made = store.provenance
    described = (table["problem"] == "").to_numpy()
    constant = lowest == highest
    report = Report("eda-features", files=[path])
    report.facts = {
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "recordings": len(table),
        "described": int(described.sum()),
        "features": len(names),
        "onset": f"{made.parameters['onset']:g} s",
    }
    rows = [
        [each, int((domain == each).sum()), int(constant[domain == each].sum())] for each in DOMAINS
    ]
    columns = ["domain", "features", "same for every recording"]
    report.tables.append(Table("Features", columns, rows))
    if not described.all():
        left_out = table.loc[~described, "problem"].value_counts()
        report.tables.append(
            Table("Not described", ["reason", "recordings"], list(left_out.items()))
        )
    return report

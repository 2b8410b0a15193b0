"""Recordings and components stores -> features store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.features.catalogue import CATALOGUE, DOMAINS, VERSION
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.features_work import features_work
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.recording_blocks import cut, keep_blocks, missing_blocks, name_of
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.schema import OFFSETS

_ROWS = 1024  # recordings whose features are in memory at a time


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
                blocks = _describe_missing(raw, parts, table, partial, onset, jobs)
                with create(output, "features", provenance) as writer:
                    problems = _write(writer, table, blocks, partial)
                    if all(problems):
                        partial.discard()
                        raise RtcanError(
                            f"no recording can be described; the first problem: {problems[0]}"
                        )
                partial.discard()
    return summarise(output)


def _describe_missing(
    raw: Store,
    parts: Store,
    table: pd.DataFrame,
    partial: Partial,
    onset: float,
    jobs: int | Cluster,
) -> list[range]:
    """Describe and keep what is not yet; return all blocks."""
    blocks = cut(raw.array(OFFSETS))
    wanted = [blocks[i] for i in missing_blocks(blocks, partial)]
    done = len(table) - sum(map(len, wanted))
    if done and wanted:
        console.say(f"going on: {done} of {len(table)} recordings are already described")
    work = features_work(raw, parts, onset, partial)
    with console.progress(len(table), "EDA features", "recording", done=done) as bar:
        for rows in keep_blocks(wanted, work, partial, jobs, table, bar.set_postfix_str):
            bar.update(len(rows))
    return blocks


def _write(
    writer: StoreWriter, table: pd.DataFrame, blocks: list[range], partial: Partial
) -> list[str]:
    """Write what was kept, some recordings at a time; return each one's problem."""
    problems: list[str] = []
    waiting: list[NDArray[np.float64]] = []
    for number, rows in enumerate(blocks, start=1):
        item = partial.get(name_of(rows))
        assert item is not None, f"recordings {name_of(rows)} were described above"
        problems += map(str, item["problem"])
        waiting.append(item["value"])
        if sum(map(len, waiting)) >= _ROWS or number == len(blocks):
            writer.append_rows("features/value", np.concatenate(waiting))
            waiting = []
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

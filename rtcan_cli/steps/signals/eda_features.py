"""Recordings and components stores -> features store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.eda.features.catalogue import CATALOGUE, DOMAINS, RECORDED, VERSION
from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import Note
from rtcan_cli.results.signals.decomposition import LEFT_OUT_COLUMNS
from rtcan_cli.results.signals.eda_features import DOMAIN_COLUMNS, EdaFeatures
from rtcan_cli.runs.durations import common_window, lengths_of, unlike
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.reasons import grouped
from rtcan_cli.steps.signals.blocks import (
    BlockWork,
    cut,
    keep_blocks,
    missing_blocks,
    name_of,
    names_in,
)
from rtcan_cli.steps.signals.eda_features_work import Decomposed, features_work
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.schema import OFFSETS

_ROWS = 1024  # recordings whose features are in memory at a time


def describe_recordings(
    recordings: Path,
    components: Path,
    output: Path,
    onset: float,
    jobs: int | Cluster = -1,
    force: bool = False,
    window: Window | None = None,
) -> EdaFeatures:
    """Compute the features of every decomposed recording; go on where a call stopped.

    Recordings that were not decomposed, or are too short without their onset or for the window,
    stay in the store with the reason and without numbers. With a window, that part of what follows
    the onset is described, of all recordings.

    Raises
    ------
    RtcanError
        If a store is missing, the components were not made from these recordings, or no recording
        can be described.
    """
    if window is not None:
        window = common_window(window, components, onset)
    with Store(recordings, "recordings") as raw, Store(components, "components") as parts:
        made = parts.provenance
        if made.inputs.get("recordings") != raw.content_id:
            raise RtcanError(
                f"{components}: was not made from {recordings}",
                line_that_makes(components, "components"),
            )
        provenance = Provenance(
            "eda-features",
            made.dataset,
            {
                "catalogue": VERSION,
                "onset": onset,
                # Left out where there is none: stores made before are still current.
                **({} if window is None else {"window": str(window)}),
                **stored_kind(raw.provenance.parameters).parameters,
            },
            {"recordings": raw.content_id, "components": parts.content_id},
            made.simulated,
        )
        if not is_current(output, "features", provenance, force):
            partial = Partial(output, provenance.digest())
            with partial.held():
                work = features_work(raw, parts, onset, window)
                blocks = _describe_missing(raw, parts, partial, work, jobs)
                with create(output, "features", provenance) as writer:
                    _write(writer, parts, blocks, partial)
                partial.discard()
    result = features_result(output)
    if window is not None:
        return result
    return replace(result, notes=(*result.notes, *_length_notes(components, onset, output)))


def _length_notes(components: Path, onset: float, output: Path) -> list[Note]:
    """Say it where recordings that are described as a whole differ much in length."""
    found = unlike(lengths_of(components, onset))
    if found is None:
        return []
    text = (
        f"{found.description}: features such as the number of responses tell how long a recording "
        "was"
    )
    if found.window is None:
        return [Note("lengths_differ", text)]
    text += (
        f". To describe the first {found.short} s of all, without the {found.n_shorter} that are "
        "shorter"
    )
    line = line_that_makes(output, "features", window=found.window)
    return [Note("lengths_differ", text, line)]


def _describe_missing(
    raw: Store,
    parts: Store,
    partial: Partial,
    work: BlockWork[list[Decomposed]],
    jobs: int | Cluster,
) -> list[range]:
    """Describe and keep what is not yet; return all blocks."""
    blocks = cut(raw.array(OFFSETS))
    missing = missing_blocks(blocks, partial, "described")
    n = sum(map(len, blocks))
    done = n - sum(map(len, missing))
    with console.progress(n, "EDA features", "recording", done=done) as bar:
        for rows in keep_blocks(missing, work, partial, jobs, bar.set_postfix_str):
            bar.update(len(rows))
    return blocks


def _write(writer: StoreWriter, parts: Store, blocks: list[range], partial: Partial) -> None:
    """Write what was kept, some recordings at a time.

    Raises
    ------
    RtcanError
        If no recording can be described; what was kept is removed then.
    """
    table, problems = writer.table("recordings"), Counter[str]()
    waiting: list[NDArray[np.float64]] = []
    for number, rows in enumerate(blocks, start=1):
        item = partial.get(name_of(rows))
        assert item is not None, f"recordings {name_of(rows)} were described above"
        rates = parts.rows("recordings/sampling_rate", rows)
        problem = item["problem"].tolist()
        table.extend({**names_in(parts, rows), "sampling_rate": rates, "problem": problem})
        problems.update(problem)
        waiting.append(item["value"])
        if sum(map(len, waiting)) >= _ROWS or number == len(blocks):
            writer.append_rows("features/value", np.concatenate(waiting))
            waiting = []
    if "" not in problems:
        partial.discard()
        raise RtcanError(
            f"no recording can be described; the first problem: {next(iter(problems))}"
        )
    for column in ("name", "domain", "formula"):
        writer.write(f"features/{column}", [getattr(each, column) for each in CATALOGUE])
    recorded = stored_kind(parts.provenance.parameters).axis_unit
    units = [recorded if each.unit == RECORDED else each.unit for each in CATALOGUE]
    writer.write("features/unit", units)


def features_result(path: Path) -> EdaFeatures:
    """Describe a features store: how many of each domain, and what has none and why."""
    with Store(path, "features") as store:
        problems = Counter[str]()
        for block in store.blocks("recordings/problem"):
            problems.update(block)
        names, domain = store.array("features/name"), store.array("features/domain")
        lowest, highest = np.full(len(names), np.inf), np.full(len(names), -np.inf)
        for values in store.blocks("features/value"):
            lowest = np.fmin(lowest, np.fmin.reduce(values))
            highest = np.fmax(highest, np.fmax.reduce(values))
        made = store.provenance
    n, described = problems.total(), problems.pop("", 0)
    constant, kind = lowest == highest, stored_kind(made.parameters)
    rows = [
        [each, int((domain == each).sum()), int(constant[domain == each].sum())] for each in DOMAINS
    ]
    return EdaFeatures(
        dataset=made.dataset,
        simulated=made.simulated,
        eda_unit=kind.unit,
        eda_polarity=kind.polarity,
        n_recordings=n,
        n_described=described,
        n_features=len(names),
        onset=made.parameters["onset"],
        window=made.parameters.get("window"),
        domains=pd.DataFrame(rows, columns=list(DOMAIN_COLUMNS)),
        left_out=pd.DataFrame(grouped(problems), columns=list(LEFT_OUT_COLUMNS)),
        notes=(Note("falling_responses", kind.warning),) if kind.warning else (),
        files=(path,),
    )

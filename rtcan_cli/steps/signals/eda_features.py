"""Recordings and components stores -> features store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.absolute import axis_unit
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
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

Values = NDArray[np.float64]
Scale = tuple[Values, Values]
#: Unit of features that are relative to those of the same subject.
SUBJECT_UNIT = "subject's SD"
_SAME = 1e-12  # of the mean: a spread of rounding
_ROWS = 1024  # recordings whose features are in memory at a time


def describe_recordings(
    recordings: Path,
    components: Path,
    output: Path,
    onset: float,
    jobs: int | Cluster = -1,
    force: bool = False,
    window: Window | None = None,
    within_subject: bool = False,
) -> EdaFeatures:
    """Compute the features of every decomposed recording; go on where a call stopped.

    Recordings that were not decomposed, or are too short without their onset or for the window,
    stay in the store with the reason and without numbers. With a window, that part of what follows
    the onset is described, of all recordings. `within_subject` brings each feature to mean 0 and
    standard deviation 1 over the recordings of each subject; it needs no labels, and all recordings
    of a subject (without a label, too) count.

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
                **({"within_subject": True} if within_subject else {}),
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
                    _write(writer, parts, blocks, partial, within_subject)
                partial.discard()
    result = features_result(output)
    if window is not None:
        return result
    return replace(
        result, notes=(*result.notes, *_length_notes(components, onset, output, within_subject))
    )


def _length_notes(components: Path, onset: float, output: Path, within_subject: bool) -> list[Note]:
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
    text += f". To describe {found.first_part}"
    own = {"within_subject": True} if within_subject else {}
    line = line_that_makes(output, "features", window=found.window, **own)
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


def _write(
    writer: StoreWriter, parts: Store, blocks: list[range], partial: Partial, within_subject: bool
) -> None:
    """Write what was kept, some recordings at a time.

    Raises
    ------
    RtcanError
        If no recording can be described; what was kept is removed then.
    """
    table, problems = writer.table("recordings"), Counter[str]()
    waiting: list[NDArray[np.float64]] = []
    scales = _subject_scales(parts, blocks, partial) if within_subject else {}
    for number, rows in enumerate(blocks, start=1):
        item = partial.get(name_of(rows))
        assert item is not None, f"recordings {name_of(rows)} were described above"
        rates = parts.rows("recordings/sampling_rate", rows)
        problem = item["problem"].tolist()
        table.extend({**names_in(parts, rows), "sampling_rate": rates, "problem": problem})
        problems.update(problem)
        value = item["value"]
        if within_subject:
            value = _scaled(value, names_in(parts, rows)["subject"], scales)
        waiting.append(value)
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
    kind = stored_kind(parts.provenance.parameters)
    recorded = axis_unit(kind.axis_unit, profile(parts.provenance.dataset))
    units = [recorded if each.unit == RECORDED else each.unit for each in CATALOGUE]
    if within_subject:
        units = [SUBJECT_UNIT] * len(units)
    writer.write("features/unit", units)


def _subject_scales(parts: Store, blocks: list[range], partial: Partial) -> dict[str, Scale]:
    """Mean and standard deviation of each feature over the recordings of each subject."""
    n: Counter[str] = Counter()
    total: dict[str, Values] = {}
    squares: dict[str, Values] = {}
    for about in ("mean", "spread"):  # in two passes, so that nothing is lost to rounding
        for rows in blocks:
            item = partial.get(name_of(rows))
            assert item is not None, "described above"
            subjects = names_in(parts, rows)["subject"]
            for subject, value in zip(subjects, item["value"], strict=True):
                if np.isnan(value).any():  # it has a problem, and no features
                    continue
                if about == "mean":
                    n[subject] += 1
                    total[subject] = total.get(subject, 0.0) + value
                else:
                    apart = (value - total[subject] / n[subject]) ** 2
                    squares[subject] = squares.get(subject, 0.0) + apart
    return {each: (total[each] / n[each], np.sqrt(squares[each] / n[each])) for each in n}


def _scaled(value: Values, subjects: Iterable[str], scales: dict[str, Scale]) -> Values:
    """Features in standard deviations of the subject; 0 where they are the same in all of them."""
    scaled = np.full_like(value, np.nan)
    for row, subject in enumerate(subjects):
        if subject in scales:
            mean, sd = scales[subject]
            varies = sd > _SAME * np.abs(mean)
            z = np.where(varies, (value[row] - mean) / np.where(varies, sd, 1.0), 0.0)
            scaled[row] = np.where(np.isnan(value[row]), np.nan, z)
    return scaled


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
        within_subject=made.parameters.get("within_subject", False),
        domains=pd.DataFrame(rows, columns=list(DOMAIN_COLUMNS)),
        left_out=pd.DataFrame(grouped(problems), columns=list(LEFT_OUT_COLUMNS)),
        notes=(Note("falling_responses", kind.warning),) if kind.warning else (),
        files=(path,),
    )

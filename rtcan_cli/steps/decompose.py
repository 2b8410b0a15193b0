"""Recordings store -> components store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.blocks import CHANNELS, PARTS
from rtcan_cli.eda.methods import TITLES, Method, cvxeda_method, get_ready
from rtcan_cli.eda.preprocess import MIN_SAMPLING_RATE
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.decompose_work import Reader, decompose_work
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.recording_blocks import cut, keep_blocks, missing_blocks, name_of
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.schema import OFFSETS

#: A component that varies that many times as much as the signal is cancelled by another one.
_SUSPICIOUS_VARIANCE = 10


def decompose_recordings(
    recordings: Path,
    output: Path,
    method: Method | None = None,
    rate: float | None = None,
    jobs: int | Cluster = -1,
    force: bool = False,
) -> Report:
    """Decompose every recording of a store; go on where an interrupted call stopped.

    Recordings that ingest found unusable, or that cannot be decomposed, stay in the store without
    samples and with the reason.

    Parameters
    ----------
    recordings, output : Path
        The store to read and the one to write.
    method : Method, optional
        How, by default cvxEDA as published; see `rtcan_cli.eda.methods`.
    rate : float, optional
        Sampling rate in Hz to which recordings are brought first. Those that are sampled more
        slowly stay as they are.
    jobs : int or Cluster
        Processes that work, -1 for all cores; or the cluster that does.
    force : bool
        Do it even if nothing changed.

    Raises
    ------
    RtcanError
        If the recordings store is missing or damaged, or the rate cannot show a response.
    """
    method = method or cvxeda_method()
    if rate is not None and not MIN_SAMPLING_RATE <= rate < np.inf:
        raise RtcanError(
            f"recordings sampled at {rate:g} Hz cannot be decomposed",
            f"a rate of at least {MIN_SAMPLING_RATE:g} Hz",
        )
    with Store(recordings, "recordings") as store:
        made = store.provenance
        provenance = Provenance(
            "decompose",
            made.dataset,
            {
                "decomposition": method.name,
                **({} if rate is None else {"rate": rate}),
                **method.parameters,
            },
            {"recordings": store.content_id},
            made.simulated,
        )
        if not is_current(output, "components", provenance, force):
            partial = Partial(output, provenance.digest())
            with partial.held():
                with create(output, "components", provenance) as writer:
                    _decompose(store, rate, method, partial, writer, jobs)
                partial.discard()
    return summarise(output)


def _decompose(
    store: Store,
    rate: float | None,
    method: Method,
    partial: Partial,
    writer: StoreWriter,
    jobs: int | Cluster,
) -> None:
    """Decompose what is not yet, and write blocks in their order as soon as those before are."""
    reader, table = Reader(store, rate), store.table("recordings")
    blocks = cut(store.array(OFFSETS))
    missing = missing_blocks(blocks, partial)
    ready = set(blocks) - {blocks[i] for i in missing}
    done = sum(map(len, ready))
    if ready and missing:
        console.say(f"going on: {done} of {len(table)} recordings are already decomposed")
    written: list[dict[str, NDArray[Any]]] = []

    def write_ready() -> None:
        # Compressing takes long: this way it is done while the workers go on.
        while len(written) < len(blocks) and blocks[len(written)] in ready:
            written.append(_write_block(partial, name_of(blocks[len(written)]), writer))

    write_ready()
    if missing:
        get_ready(method)
    work = decompose_work(store, reader, rate, method, partial)
    wanted = [blocks[i] for i in missing]
    with console.progress(len(table), "decomposing", "recording", done=done) as bar:
        for rows in keep_blocks(wanted, work, partial, jobs, table, bar.set_postfix_str):
            ready.add(rows)
            bar.update(len(rows))
            write_ready()
    columns = {name: np.concatenate([each[name] for each in written]) for name in written[0]}
    columns["sampling_rate"] = reader.sampling_rate
    writer.write_table("recordings", table.assign(**columns))


def _write_block(partial: Partial, name: str, writer: StoreWriter) -> dict[str, NDArray[Any]]:
    """Append the signals of a finished block to the store; its columns of the table are left."""
    item = partial.get(name)
    assert item is not None, f"recordings {name} were decomposed above"
    ends = np.cumsum(item.pop("samples"))
    signals = {channel: np.split(item.pop(channel), ends[:-1]) for channel in CHANNELS}
    for row in range(len(ends)):
        writer.append_signals({channel: signals[channel][row] for channel in CHANNELS})
    return item


def summarise(path: Path) -> Report:
    """Describe a components store: how, how fast, how much each part explains, what failed."""
    with Store(path, "components") as store:
        table = store.table("recordings")
        seconds = float((np.diff(store.array(OFFSETS)) / table["sampling_rate"]).sum())
        made = store.provenance
    name, parameters = made.parameters["decomposition"], made.parameters
    solved = table[table["problem"] == ""]
    by_cvxopt = int((solved["solver"] == "cvxopt").sum())
    rate = parameters.get("rate")
    report = Report("decompose", files=[path])
    report.facts = {
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "method": _title(parameters),
        "sampling rate [Hz]": _range(table["sampling_rate"]),
        "recordings": len(table),
        "decomposed": len(solved),
        "seconds of signal": seconds,
        "processor time [ms] per second of signal": (
            1e3 * float(solved["seconds"].sum()) / seconds if seconds else None
        ),
    }
    if parameters.get("time_constants") == "fitted" and len(solved):
        report.facts["median time constants [s]"] = ", ".join(
            f"{solved[tau].median():.3g}" for tau in ("tau1", "tau0")
        )
    if name == "cvxeda":
        report.facts["median duality gap"] = float(solved["gap"].median()) if len(solved) else None
        report.facts["largest duality gap"] = float(solved["gap"].max()) if len(solved) else None
        report.facts["solved by cvxopt"] = by_cvxopt
    if name == "cvxeda" and parameters["solver"] == "auto" and by_cvxopt:
        why = (
            "the structured solver's certificate failed"
            if parameters["alpha"] > 0
            else "the structured solver needs an alpha above 0"
        )
        report.notes.append(f"solved by cvxopt, because {why}: {by_cvxopt} recordings")
    if rate is not None and (slower := int((table["sampling_rate"] < rate).sum())):
        report.notes.append(f"sampled below {rate:g} Hz already, and not changed: {slower}")
    largest = solved[[f"{part}_variance" for part in PARTS]].max(axis=1)
    if cancelling := int((largest > _SUSPICIOUS_VARIANCE).sum()):
        advice = "a larger --alpha helps" if name == "cvxeda" else "draw some with --plot"
        report.notes.append(
            f"in {cancelling} of {len(solved)} recordings components cancel each other, with more "
            f"than {_SUSPICIOUS_VARIANCE} times the variance of the signal: {advice}"
        )
    rows = [
        [part, *(float(q) for q in np.quantile(solved[f"{part}_variance"], [0.5, 0.05, 0.95]))]
        for part in PARTS
        if len(solved)
    ]
    # The components are not orthogonal, so their variances need not add up to the signal's 1.
    columns = ["component", "median variance", "5 %", "95 %"]
    title = "Variance of each component (the z-scored signal has 1)"
    report.tables.append(Table(title, columns, rows))
    if len(solved) < len(table):
        left_out = table.loc[table["problem"] != "", "problem"].value_counts()
        report.tables.append(
            Table("Not decomposed", ["reason", "recordings"], list(left_out.items()))
        )
    return report


def _title(parameters: dict[str, Any]) -> str:
    name = parameters["decomposition"]
    details = {
        "cvxeda": "alpha {alpha:g}, gamma {gamma:g}",
        "highpass": "{cutoff:g} Hz",
        "median": "{window:g} s",
    }.get(name, "response {tau1:g} s, {tau0:g} s")
    if parameters.get("time_constants") == "fitted":
        details = "response fitted to each recording"
    return f"{TITLES[name]}, {details.format(**parameters)}"


def _range(values: pd.Series) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"

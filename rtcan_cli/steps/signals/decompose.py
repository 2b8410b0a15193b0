"""Recordings store -> components store."""

from __future__ import annotations

from collections import Counter, deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.blocks import CHANNELS, PARTS
from rtcan_cli.eda.methods import TITLES, Method, cvxeda_method, get_ready
from rtcan_cli.eda.preprocess import MIN_SAMPLING_RATE
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.signals.blocks import cut, keep_blocks, missing_blocks, name_of, names_in
from rtcan_cli.steps.signals.decompose_work import decompose_work, sampling_rate
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
                **stored_kind(made.parameters).parameters,
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
    blocks = cut(store.array(OFFSETS))
    missing = missing_blocks(blocks, partial, "decomposed")
    ready = set(blocks) - set(missing)
    n, done = sum(map(len, blocks)), sum(map(len, ready))
    table, unwritten = writer.table("recordings"), deque(blocks)

    def write_ready() -> None:
        # Compressing takes long: this way it is done while the workers go on.
        while unwritten and unwritten[0] in ready:
            rows = unwritten.popleft()
            columns = _write_signals(partial, name_of(rows), writer)
            rates = sampling_rate(store, rows, rate)
            table.extend({**names_in(store, rows), "sampling_rate": rates, **columns})

    write_ready()
    if missing:
        get_ready(method)
    work = decompose_work(store, rate, method)
    with console.progress(n, "decomposing", "recording", done=done) as bar:
        for rows in keep_blocks(missing, work, partial, jobs, bar.set_postfix_str):
            ready.add(rows)
            bar.update(len(rows))
            write_ready()


def _write_signals(partial: Partial, name: str, writer: StoreWriter) -> dict[str, NDArray[Any]]:
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
        return _summarise(store)


def _summarise(store: Store) -> Report:
    made, problems = store.provenance, Counter[str]()
    for block in store.blocks("recordings/problem"):
        problems.update(block)
    n, solved = problems.total(), problems.pop("", 0)

    def column(name: str) -> NDArray[np.float64]:
        """Of the recordings that were decomposed; one column is in memory at a time."""
        blocks = store.table_blocks("recordings", name, "problem")
        return np.concatenate([values[problem == ""] for values, problem in blocks])

    seconds = float(store.seconds(range(n)).sum())
    rates = store.array("recordings/sampling_rate")
    name, parameters = made.parameters["decomposition"], made.parameters
    by_cvxopt = int((column("solver") == "cvxopt").sum())
    rate = parameters.get("rate")
    report = Report("decompose", files=[store.path])
    report.facts = {
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "EDA": stored_kind(parameters).description,
        "method": _title(parameters),
        "sampling rate [Hz]": _range(rates),
        "recordings": n,
        "decomposed": solved,
        "seconds of signal": seconds,
        "processor time [ms] per second of signal": (
            1e3 * float(column("seconds").sum()) / seconds if seconds else None
        ),
    }
    if warning := stored_kind(parameters).warning:
        report.notes.append(warning)
    if parameters.get("time_constants") == "fitted" and solved:
        report.facts["median time constants [s]"] = ", ".join(
            f"{np.median(column(tau)):.3g}" for tau in ("tau1", "tau0")
        )
    if name == "cvxeda":
        gap = column("gap")
        report.facts["median duality gap"] = float(np.median(gap)) if solved else None
        report.facts["largest duality gap"] = float(gap.max()) if solved else None
        report.facts["solved by cvxopt"] = by_cvxopt
    if name == "cvxeda" and parameters["solver"] == "auto" and by_cvxopt:
        why = (
            "the structured solver's certificate failed"
            if parameters["alpha"] > 0
            else "the structured solver needs an alpha above 0"
        )
        report.notes.append(f"solved by cvxopt, because {why}: {by_cvxopt} recordings")
    if rate is not None and (slower := int((rates < rate).sum())):
        report.notes.append(f"sampled below {rate:g} Hz already, and not changed: {slower}")
    suspicious, rows = np.zeros(solved, dtype=bool), []
    for part in PARTS if solved else ():
        variance = column(f"{part}_variance")
        suspicious |= variance > _SUSPICIOUS_VARIANCE
        rows.append([part, *(float(q) for q in np.quantile(variance, [0.5, 0.05, 0.95]))])
    if cancelling := int(suspicious.sum()):
        advice = "a larger --alpha helps" if name == "cvxeda" else "draw some with --plot"
        report.notes.append(
            f"in {cancelling} of {solved} recordings components cancel each other, with more "
            f"than {_SUSPICIOUS_VARIANCE} times the variance of the signal: {advice}"
        )
    # The components are not orthogonal, so their variances need not add up to the signal's 1.
    columns = ["component", "median variance", "5 %", "95 %"]
    title = "Variance of each component (the z-scored signal has 1)"
    report.tables.append(Table(title, columns, rows))
    if problems:
        left_out = [list(each) for each in problems.most_common()]
        report.tables.append(Table("Not decomposed", ["reason", "recordings"], left_out))
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


def _range(values: NDArray[np.float64]) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"

"""Recordings store -> components store."""

from __future__ import annotations

from collections import Counter, deque
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.cluster import Cluster
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.eda.blocks import PARTS, SIGNALS
from rtcan_cli.eda.compiled import IS_COMPILED, is_kept
from rtcan_cli.eda.methods import WITH_DRIVER, Method, cvxeda_method, get_ready
from rtcan_cli.eda.preprocess import MIN_SAMPLING_RATE
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import Note
from rtcan_cli.results.signals.decomposition import (
    COMPONENT_COLUMNS,
    LEFT_OUT_COLUMNS,
    Decomposition,
)
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.steps.reasons import grouped
from rtcan_cli.steps.signals.blocks import cut, keep_blocks, missing_blocks, name_of, names_in
from rtcan_cli.steps.signals.decompose_work import decompose_work, sampling_rate
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.schema import OFFSETS
from rtcan_cli.trial_key import TRIAL_KEY, trial_name

#: A component that varies that many times as much as the signal is cancelled by another one.
_SUSPICIOUS_VARIANCE = 10
#: Memory that cvxEDA takes for a sample (benchmarks/README.md), and from where it is much.
_BYTES, _MUCH = 200, 10**9
#: What is suggested for long recordings: responses last for seconds.
_ENOUGH_HZ = 16.0
#: Parameters of the methods; each method has some of them.
_PARAMETERS = ("solver", "gamma", "cutoff", "window", "time_constants")


def decompose_recordings(
    recordings: Path,
    output: Path,
    method: Method | None = None,
    rate: float | None = None,
    jobs: int | Cluster = -1,
    force: bool = False,
) -> Decomposition:
    """Decompose every recording of a store; go on where an interrupted call stopped.

    Recordings that ingest found unusable, or that cannot be decomposed, stay in the store without
    samples and with the reason.

    Parameters
    ----------
    recordings, output : Path
        The store to read and the one to write.
    method : Method, optional
        How, by default cvxEDA with a penalty that follows the noise; see `rtcan_cli.eda.methods`.
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
    return decomposition_result(output)


def _decompose(
    store: Store,
    rate: float | None,
    method: Method,
    partial: Partial,
    writer: StoreWriter,
    jobs: int | Cluster,
) -> None:
    """Decompose what is not yet, and write blocks in their order as soon as those before are."""
    blocks = cut(store.array(OFFSETS), in_rows=not IS_COMPILED)
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
        _prepare(store, rate, method, jobs)
    work = decompose_work(store, rate, method)
    with console.progress(n, "decomposing", "recording", done=done) as bar:
        for rows in keep_blocks(missing, work, partial, jobs, bar.set_postfix_str):
            ready.add(rows)
            bar.update(len(rows))
            write_ready()


def _prepare(store: Store, rate: float | None, method: Method, jobs: int | Cluster) -> None:
    """Do once what processes would do side by side, and look how long the recordings are."""
    rows = range(store.length("recordings/problem"))
    rates = sampling_rate(store, rows, rate)
    samples = store.seconds(rows) * rates
    if not isinstance(jobs, Cluster):
        if method.name in WITH_DRIVER:
            _tell_of_compiling(method.name)
        get_ready(method, samples.max())
    if method.name == "cvxeda":
        _tell_of_memory(samples, rates)


def _tell_of_compiling(method: str) -> None:
    if not IS_COMPILED:
        if method == "cvxeda":
            console.say(
                "Numba is not installed: this takes some ten times as long, more above 10 Hz or "
                "for few recordings. To spare the time: pip install 'rtcan-cli[solvers]', or a "
                "lower --rate"
            )
    elif not is_kept():
        console.say("compiling the solver, which is done once: some 15 s")


def _tell_of_memory(samples: NDArray[np.float64], rates: NDArray[np.float64]) -> None:
    """Say before the work that a long recording needs much memory, and what spares it."""
    longest = int(samples.argmax())
    # Without Numba, NumPy works on two recordings at least (`rtcan_cli.eda.lockstep`).
    need = _BYTES * (1 if IS_COMPILED else 2) * samples[longest] / 1e9
    if need * 1e9 > _MUCH and rates[longest] > _ENOUGH_HZ:
        less = need * _ENOUGH_HZ / rates[longest]
        console.say(
            f"the longest recording has {samples[longest]:,.0f} samples, which takes about "
            f"{need:.2g} GB of memory in each process; --rate {_ENOUGH_HZ:g} takes {less:.2g} GB"
        )


def _write_signals(partial: Partial, name: str, writer: StoreWriter) -> dict[str, NDArray[Any]]:
    """Append the signals of a finished block to the store; its columns of the table are left."""
    item = partial.get(name)
    assert item is not None, f"recordings {name} were decomposed above"
    ends = np.cumsum(item.pop("samples"))
    signals = {channel: np.split(item.pop(channel), ends[:-1]) for channel in SIGNALS}
    for row in range(len(ends)):
        writer.append_signals({channel: signals[channel][row] for channel in SIGNALS})
    return item


def decomposition_result(path: Path) -> Decomposition:
    """Describe a components store: how, how fast, how much each part explains, what failed."""
    with Store(path, "components") as store:
        return _result(store)


def _result(store: Store) -> Decomposition:
    made, problems = store.provenance, Counter[str]()
    for block in store.blocks("recordings/problem"):
        problems.update(block)
    n, solved = problems.total(), problems.pop("", 0)

    def column(name: str) -> NDArray[Any]:
        """Of the recordings that were decomposed; one column is in memory at a time."""
        blocks = store.table_blocks("recordings", name, "problem")
        return np.concatenate([values[problem == ""] for values, problem in blocks])

    def known(name: str) -> NDArray[Any] | None:
        """That column; None if it says nothing or an earlier version did not write it."""
        values = column(name) if solved and store.holds(f"recordings/{name}") else None
        return None if values is None or np.isnan(values).any() else values

    def quantile(name: str, share: float = 0.5) -> float | None:
        """Of a number that all recordings of the store have, or none: they share the method."""
        values = known(name)
        return None if values is None else float(np.quantile(values, share))

    rates, parameters = store.array("recordings/sampling_rate"), made.parameters
    kind, name = stored_kind(parameters), parameters["decomposition"]
    convex, rate = name == "cvxeda", parameters.get("rate")
    by_cvxopt = int((column("solver") == "cvxopt").sum()) if convex else None
    most, components = np.zeros(solved), []
    for part in PARTS if solved else ():
        variance = column(f"{part}_variance")
        most = np.maximum(most, variance)
        components.append([part, *np.quantile(variance, [0.5, 0.05, 0.95]).tolist()])
    notes = [Note("falling_responses", kind.warning)] if kind.warning else []
    given = parameters.get("alpha")
    alpha, alphas, raised = None if given == "auto" else given, known("alpha"), known("raised")
    if by_cvxopt and parameters["solver"] == "auto":
        notes.append(_fallback_note(by_cvxopt, alpha))
    if rate is not None and (slower := int((rates < rate).sum())):
        text = f"sampled below {rate:g} Hz already, and not changed: {slower}"
        notes.append(Note("sampled_more_slowly", text))
    suspicious = most > _SUSPICIOUS_VARIANCE
    if cancelling := int(suspicious.sum()):
        notes.append(_cancelling_note(store, suspicious, most, given))
    if given == "auto" and raised is not None and raised.any():
        notes.append(_raised_note(store, raised))
    return Decomposition(
        dataset=made.dataset,
        simulated=made.simulated,
        eda_unit=kind.unit,
        eda_polarity=kind.polarity,
        method=name,
        **{each: parameters.get(each) for each in _PARAMETERS},
        alpha=alpha,
        median_alpha=quantile("alpha") if alpha is None else alpha,
        lowest_alpha=alpha if alphas is None else float(alphas.min()),
        highest_alpha=alpha if alphas is None else float(alphas.max()),
        n_alpha_raised=int((raised > 0).sum()) if given == "auto" and raised is not None else None,
        median_noise=quantile("noise"),
        tau_fast=quantile("tau1"),
        tau_fast_low=quantile("tau1", 0.05),
        tau_fast_high=quantile("tau1", 0.95),
        tau_slow=quantile("tau0"),
        tau_slow_low=quantile("tau0", 0.05),
        tau_slow_high=quantile("tau0", 0.95),
        rate=rate,
        lowest_sampling_rate=float(rates.min()),
        highest_sampling_rate=float(rates.max()),
        n_recordings=n,
        n_decomposed=solved,
        n_solved_by_cvxopt=by_cvxopt,
        n_cancelling=cancelling,
        median_gap=quantile("gap"),
        largest_gap=float(column("gap").max()) if convex and solved else None,
        signal_seconds=float(store.seconds(range(n)).sum()),
        cpu_seconds=float(column("seconds").sum()),
        components=pd.DataFrame(components, columns=list(COMPONENT_COLUMNS)),
        left_out=pd.DataFrame(grouped(problems), columns=list(LEFT_OUT_COLUMNS)),
        notes=tuple(notes),
        files=(store.path,),
    )


def _fallback_note(count: int, alpha: float | None) -> Note:
    why = (
        "the structured solver's certificate failed"
        if alpha != 0
        else "the structured solver needs an alpha above 0"
    )
    return Note("solved_by_cvxopt", f"solved by cvxopt, because {why}: {count} recordings")


def _cancelling_note(
    store: Store, suspicious: NDArray[np.bool_], variance: NDArray[np.float64], given: object
) -> Note:
    """How many recordings have components that cancel each other; `given` is --alpha, if any."""
    advice = ", which --alpha auto takes into account" if isinstance(given, float) else ""
    text = (
        f"in {suspicious.sum()} of {suspicious.size} recordings components cancel each other, with "
        f"more than {_SUSPICIOUS_VARIANCE} times the variance of the signal"
    )
    return _note_on_artefacts(store, "components_cancel", text, variance, advice)


def _raised_note(store: Store, raised: NDArray[np.int64]) -> Note:
    text = (
        f"in {(raised > 0).sum()} of {raised.size} recordings alpha was raised further than the "
        "noise asks for, so that components do not cancel each other"
    )
    return _note_on_artefacts(store, "alpha_raised", text, raised)


def _note_on_artefacts(
    store: Store, kind: str, text: str, badness: NDArray[Any], advice: str = ""
) -> Note:
    """What to look at, and in which recording first: the worst of those that were decomposed."""
    table = store.table("recordings", [*TRIAL_KEY, "problem"])
    worst = table[table["problem"] == ""].iloc[int(badness.argmax())]
    text += (
        f": look for artefacts first (jumps, contact dips), then for noise{advice}; the worst is "
        f"{trial_name(*worst[list(TRIAL_KEY)])} (decompose --plot)"
    )
    recordings = store.path.with_name("recordings.h5")
    line = command_line("info", recordings, quality=True, plot=True)
    return Note(kind, text, line if recordings.exists() else None)

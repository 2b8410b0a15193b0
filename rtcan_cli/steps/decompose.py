"""Recordings store -> components store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial as bind
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.cvxeda import CvxedaParameters, Decomposition
from rtcan_cli.eda.cvxeda import decompose as cvxeda
from rtcan_cli.eda.preprocess import find_problem, zscore
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.decomposition import decomposition
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.stores import Partial, Provenance, Store, create
from rtcan_cli.stores.schema import OFFSETS

CHANNELS = ("phasic", "tonic", "driver", "residual")


def decompose_recordings(
    recordings: Path,
    output: Path,
    parameters: CvxedaParameters | None = None,
    jobs: int = -1,
    force: bool = False,
) -> Report:
    """Decompose every recording of a store; go on where an interrupted call stopped.

    Recordings that cannot be decomposed (flat, too short, missing samples) stay in the store
    without samples and with the reason.
    """
    parameters = parameters or CvxedaParameters()
    with Store(recordings, "recordings") as store:
        made = store.provenance
        provenance = Provenance(
            "decompose",
            made.dataset,
            {"decomposition": "cvxeda", **asdict(parameters)},
            {"recordings": store.content_id},
            made.simulated,
        )
        if not is_current(output, "components", provenance, force):
            partial = Partial(output, provenance.digest())
            table = store.table("recordings")
            _decompose_missing(store, table, partial, parameters, jobs)
            _assemble(table, partial, output, provenance)
            partial.discard()
    return summarise(output)


class Recordings(Sequence[tuple[NDArray[np.float64], float]]):
    """Some recordings of a store, each read when its turn comes, so that few are in memory."""

    def __init__(self, store: Store, rows: list[int], sampling_rate: NDArray[np.float64]) -> None:
        self._store, self._rows, self._sampling_rate = store, rows, sampling_rate

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: Any) -> Any:
        row = self._rows[position]
        return self._store.signal("eda", row), float(self._sampling_rate[row])


def _decompose_missing(
    store: Store, table: pd.DataFrame, partial: Partial, parameters: CvxedaParameters, jobs: int
) -> None:
    # What a power cut left unreadable counts as not there.
    finished = {name for name in partial.names() if partial.get(name) is not None}
    missing = [index for index in range(len(table)) if str(index) not in finished]
    if finished and missing:
        console.say(f"going on: {len(finished)} of {len(table)} recordings are already decomposed")
    signals = Recordings(store, missing, table["sampling_rate"].to_numpy())
    work = bind(decompose_recording, parameters=parameters)
    with console.progress(len(table), "decomposing", "recording", done=len(finished)) as bar:
        for position, outcome in map_unordered(work, signals, jobs):
            partial.put(str(missing[position]), _as_arrays(outcome))
            bar.update()


def decompose_recording(
    recording: tuple[NDArray[np.float64], float], parameters: CvxedaParameters
) -> Decomposition | str:
    """Decompose one recording (samples, sampling rate), or say why that cannot be done."""
    eda, sampling_rate = recording
    problem = find_problem(eda, sampling_rate)
    if problem:
        return problem
    try:
        return cvxeda(zscore(eda), sampling_rate, parameters)
    except RtcanError as error:
        return str(error)


def _as_arrays(outcome: Decomposition | str) -> dict[str, Any]:
    if isinstance(outcome, str):
        empty = np.zeros(0, np.float32)
        return {
            **dict.fromkeys(CHANNELS, empty),
            "certificate": np.array([np.nan, np.nan, 0.0]),
            "problem": np.array(outcome),
        }
    return {
        **{channel: getattr(outcome, channel).astype(np.float32) for channel in CHANNELS},
        "certificate": np.array([outcome.objective, outcome.gap, outcome.iterations]),
        "problem": np.array(""),
    }


def _assemble(table: pd.DataFrame, partial: Partial, output: Path, provenance: Provenance) -> None:
    certificates, problems = [], []
    with create(output, "components", provenance) as store:
        for index in range(len(table)):
            item = partial.get(str(index))
            assert item is not None, f"recording {index} was decomposed above"
            store.append_signals({channel: item[channel] for channel in CHANNELS})
            certificates.append(item["certificate"])
            problems.append(str(item["problem"]))
        objective, gap, iterations = zip(*certificates, strict=True)
        store.write_table(
            "recordings",
            table.assign(objective=objective, gap=gap, iterations=iterations, problem=problems),
        )


def summarise(path: Path) -> Report:
    """Describe a components store: how much each component explains, and what failed and why."""
    with Store(path, "components") as store:
        table = store.table("recordings")
        offsets = store.array(OFFSETS)
        simulated, dataset = store.provenance.simulated, store.provenance.dataset
        parameters = store.provenance.parameters
        variances = {
            channel: _variances(store.array(f"signals/{channel}"), offsets)
            for channel in ("phasic", "tonic", "residual")
        }
    solved = table["problem"] == ""
    report = Report("decompose", files=[path])
    report.facts = {
        "dataset": profile(dataset).title + (" (simulated)" if simulated else ""),
        "method": f"cvxEDA, alpha {parameters['alpha']:g}, gamma {parameters['gamma']:g}",
        "recordings": len(table),
        "decomposed": int(solved.sum()),
        "seconds of signal": float((np.diff(offsets) / table["sampling_rate"]).sum()),
        "largest duality gap": float(table.loc[solved, "gap"].max()) if solved.any() else None,
    }
    rows = [
        [channel, *(float(q) for q in np.quantile(values[solved.to_numpy()], [0.5, 0.05, 0.95]))]
        for channel, values in variances.items()
        if solved.any()
    ]
    # The components are not orthogonal, so their variances need not add up to the signal's 1.
    columns = ["component", "median variance", "5 %", "95 %"]
    title = "Variance of each component (the z-scored signal has 1)"
    report.tables.append(Table(title, columns, rows))
    if not solved.all():
        left_out = table.loc[~solved, "problem"].value_counts()
        report.tables.append(
            Table("Not decomposed", ["reason", "recordings"], list(left_out.items()))
        )
    return report


def _variances(values: NDArray[np.float32], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array(
        [values[start:stop].var() if stop > start else np.nan for start, stop in pairwise(offsets)]
    )


def require_trial(recordings: Path, trial: str) -> None:
    """Check, before long work, that a trial to be drawn is there.

    Raises
    ------
    RtcanError
        If there is no such ``subject:stimulus``.
    """
    with Store(recordings, "recordings") as store:
        table = store.table("recordings")
    names = table["subject"] + ":" + table["stimulus"]
    if trial not in set(names):
        raise RtcanError(
            f"{recordings}: has no EDA of the trial '{trial}' (subject:stimulus)",
            f"--plot {names.iloc[0]}, for example",
        )


def plot_trial(components: Path, trial: str, folder: Path) -> list[Path]:
    """Draw the decomposition of ``subject:stimulus``, a figure for each of its recordings."""
    subject, _, stimulus = trial.partition(":")
    with Store(components, "components") as store:
        table = store.table("recordings")
        rows = table[(table["subject"] == subject) & (table["stimulus"] == stimulus)]
        dataset, simulated = store.provenance.dataset, store.provenance.simulated
        files = []
        for index, row in rows.iterrows():
            if row["problem"]:
                raise RtcanError(f"that recording was not decomposed: {row['problem']}")
            phasic, tonic, driver, residual = (
                store.signal(channel, int(str(index))) for channel in CHANNELS
            )
            figure = decomposition(
                phasic + tonic + residual,
                tonic,
                phasic,
                driver,
                residual,
                row["sampling_rate"],
                title=f"{profile(dataset).title}, subject {subject}, "
                f"{profile(dataset).stimulus_word} {stimulus}"
                + ("" if row["target"] == "both" else f", {row['target']} hearing"),
                onset=profile(dataset).onset,
                simulated=simulated,
            )
            suffix = "" if row["target"] == "both" else f"_{row['target']}"
            stem = folder / dataset / f"decomposition_subject_{subject}_stimulus_{stimulus}{suffix}"
            files += save(figure, stem)
    return files

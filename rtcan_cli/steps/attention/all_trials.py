"""Run store -> where its networks look on average, and around skin conductance responses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial as bind
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import CLASS_NAMES, MAP, SEED, Explained, MapName
from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain.architecture import relative
from rtcan_cli.explain.average import Curve, density, over_subjects
from rtcan_cli.explain.maps import attribute_trials
from rtcan_cli.explain.responses import NULLS, WINDOWS, Locked, lock
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.links import folder_below
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.average import attention_average
from rtcan_cli.plots.attention.responses import attention_responses
from rtcan_cli.plots.save import save
from rtcan_cli.plots.style import PAPER, Look
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.trials import Chunk

#: Equal parts of a trial that averages are drawn and written for.
N_BINS = 100
#: Trials count as equally long if their lengths differ by no more than this share.
_SAME_LENGTH = 0.02


@dataclass(frozen=True)
class TrialMaps:
    """The maps of all trials of one target.

    Parameters
    ----------
    trials : DataFrame
        From `rtcan_cli.steps.attention.trials.tested_trials`, with ``predicted`` and ``explained``
        (0 low, 1 high) and ``duration`` [s].
    share : NDArray of float32 (n, C, L)
        Weights in times the even share, see `rtcan_cli.explain.average.density`; NaN if empty.
    onset : float
        Second of each recording at which its trial begins.
    events : dict of str to list of arrays
        Seconds of ``onset`` and ``peak`` of the responses in each trial, from its beginning.
    """

    trials: pd.DataFrame
    share: NDArray[np.float32]
    onset: float
    events: dict[str, list[NDArray[np.float64]]]


def explain_all(
    run_path: Path,
    sources: Sources,
    figures: Path,
    *,
    targets: tuple[str, ...] | None = None,
    method: MapName = MAP,
    explained: Explained = "predicted",
    relative_to_untrained: bool = False,
    max_trials: int | None = None,
    seed: int = SEED,
    jobs: int = -1,
    look: Look = PAPER,
) -> Report:
    """Explain all test trials of a run, each by the network of the fold that tests it.

    Writes the mean weight over time, by predicted and by true class and by channel, and the weight
    around skin conductance responses, as figures and CSV.

    Parameters
    ----------
    run_path : Path
        Run store.
    sources : Sources
        The stores it was made from.
    figures : Path
        Folder to write to.
    targets : tuple of str, optional
        Those of the run by default.
    method : {"guided-gradcam", "gradcam", "integrated-gradients"}
    explained : {"predicted", "true", "low", "high"}
        The class whose score is explained.
    relative_to_untrained : bool
        Divide by what untrained networks look at (`rtcan_cli.explain.architecture`).
    max_trials : int, optional
        Draw so many trials of each target.
    seed : int
        Of that draw, of permutations and of untrained networks.
    jobs : int
        Processes; -1 for all cores.
    look : Look
        Size, colours, resolution and formats of the figures.

    Raises
    ------
    RtcanError
        If the networks cannot be explained, or the stores are not those the run was made from.
    """
    run = Run.load(run_path)
    explain_trials.check_can_be_explained(run, method)
    predicted, notes = explain_trials.targets_of(run, targets)
    explain_trials.check_sources(run, sources)
    report = Report("gradcam", notes=notes)
    report.facts = {
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "run": run.name,
        "map": method + (", relative to untrained networks" if relative_to_untrained else ""),
        "class explained": explained,
    }
    folder = folder_below(figures, run.dataset.name, run.name)
    mark = ", simulated data" if run.simulated else ""
    averages, tests = [], []
    for target in predicted:
        trials, n_tested = explain_trials.tested_trials(run, sources, target, max_trials, seed)
        if len(trials) < n_tested:
            report.notes.append(
                f"{target}: {len(trials)} of {n_tested} trials, selected by the seed"
            )
        work = explain_trials.chunks(run, sources, target, trials)
        maps = _explain(work, method, explained, jobs)
        if relative_to_untrained:
            average = untrained_of_run(work, method, seed, jobs)
            maps = TrialMaps(maps.trials, relative(maps.share, average), maps.onset, maps.events)
        n_empty = int(np.isnan(maps.share[:, 0, 0]).sum())
        if n_empty:
            report.notes.append(
                f"{target}: {n_empty} maps are empty, because there was no evidence for the class; "
                "they are left out"
            )
        title = f"{run.dataset.title}, {target}, {run.network}"
        about: dict[str, Any] = {"title": title, "simulated": run.simulated, "look": look}
        words = _words(method, explained, relative_to_untrained)
        ending = explain_trials.ending(method, explained, relative_to_untrained)
        curves = average_curves(maps)
        time, unit = _time(maps)
        averages += _average_rows(target, curves, time)
        table = _average_table(curves, time)
        figure = attention_average(table, unit=unit, method=words, **about)
        stem = f"attention_average_{target}{ending}"
        report.files += save(figure, folder / stem, look.formats, look.dpi)
        report.files.append(_write(table.assign(time_unit=unit), folder / stem, run))
        locked = lock_to_responses(maps, seed)
        if not locked:
            report.notes.append(f"{target}: no skin conductance response in these trials")
            continue
        tests += _locked_rows(target, locked)
        stem = f"attention_responses_{target}{ending}"
        table = _locked_table(locked)
        figure = attention_responses(table, method=words, **about)
        report.files += save(figure, folder / stem, look.formats, look.dpi)
        report.files.append(_write(table, folder / stem, run))
    columns = ["target", "trials", "of class", "n", "subjects", "highest at", "weight there"]
    columns += ["first 5 %", "last 5 %"]
    report.tables.append(Table(f"Mean weight, in times the even share{mark}", columns, averages))
    columns = ["target", "event", "n", "seconds around", "weight", "95 % from", "to"]
    columns += [word for name in NULLS for word in (name, f"p ({name})")]
    if tests:
        title = f"Weight around skin conductance responses, in times the even share{mark}"
        report.tables.append(Table(title, columns, tests))
    if run.is_imported:
        report.notes.append("an imported network may have been trained on these trials")
    return report


def _words(method: str, explained: str, relative_to_untrained: bool) -> str:
    words = (
        f"{method}, class {explained}"
        if explained in CLASS_NAMES
        else f"{method}, {explained} class"
    )
    return words + (", relative to untrained networks" if relative_to_untrained else "")


def _explain(work: list[Chunk], method: MapName, explained: Explained, jobs: int) -> TrialMaps:
    total = sum(len(chunk.trials) for chunk in work)
    found: dict[int, TrialMaps] = {}
    one = bind(explain_chunk, method=method, explained=explained)
    with console.progress(total, f"maps, {work[0].target}", "trial") as bar:
        for index, maps in map_unordered(one, work, jobs):
            found[index] = maps
            bar.update(len(maps.trials))
    ordered = [found[index] for index in range(len(work))]
    return TrialMaps(
        trials=pd.concat([each.trials for each in ordered], ignore_index=True),
        share=np.concatenate([each.share for each in ordered]),
        onset=ordered[0].onset,
        events={
            name: [times for each in ordered for times in each.events[name]]
            for name in ordered[0].events
        },
    )


def explain_chunk(chunk: Chunk, method: MapName, explained: Explained) -> TrialMaps:
    """Maps and responses of some trials of one network."""
    data = explain_trials.load(chunk)
    chosen = explain_trials.classes(explained, chunk.trials)
    maps = attribute_trials(data.model, data.eda, data.music, chosen, method=method)
    predicted = np.where(maps.probability > 0.5, maps.class_index, 1 - maps.class_index)
    return TrialMaps(
        trials=chunk.trials.assign(
            predicted=predicted if chosen is not None else maps.class_index,
            explained=maps.class_index,
            duration=data.duration,
        ),
        share=density(maps.channels),
        onset=data.onset,
        events=explain_trials.responses(chunk, data.onset),
    )


def untrained_of_run(
    work: list[Chunk], method: MapName, seed: int, jobs: int
) -> NDArray[np.float64]:
    """Average map (L,) of untrained networks over some trials of each fold."""
    firsts = list({chunk.fold: chunk for chunk in reversed(work)}.values())
    one = bind(explain_trials.untrained_of, method=method, seed=seed)
    found = {}
    with console.progress(len(firsts), "untrained networks", "fold") as bar:
        for index, average in map_unordered(one, firsts, jobs):
            found[index] = average
            bar.update()
    # In their order: the sum's last bits must not depend on which process was faster.
    there = [found[index] for index in sorted(found) if np.isfinite(found[index]).all()]
    if not there:
        raise RtcanError("the maps of all untrained networks are empty", "without --relative")
    return np.mean(there, axis=0)


def average_curves(maps: TrialMaps) -> dict[str, dict[str, Curve]]:
    """Mean weights over time in `N_BINS` parts: group of curves to name of curve.

    Groups are ``predicted`` and ``true`` (class), ``channel`` and ``all``.
    """
    subject = maps.trials["subject"].to_numpy(str)
    parts = np.array_split(maps.share, min(N_BINS, maps.share.shape[2]), axis=2)
    binned = np.stack([part.mean(axis=2) for part in parts], axis=2)
    summed = binned.sum(axis=1)
    found: dict[str, dict[str, Curve]] = {}
    for group, column in (("predicted", "predicted"), ("true", "label")):
        masks = {name: maps.trials[column] == k for k, name in enumerate(CLASS_NAMES)}
        found[group] = {
            name: over_subjects(summed[mask], subject[mask])
            for name, mask in masks.items()
            if mask.any()
        }
    if binned.shape[1] == len(CHANNELS):
        found["channel"] = {
            name: over_subjects(binned[:, k], subject) for k, name in enumerate(CHANNELS)
        }
    found["all"] = {"all": over_subjects(summed, subject)}
    return found


def lock_to_responses(maps: TrialMaps, seed: int) -> dict[str, Locked]:
    """Weight around onsets and peaks of responses; empty if there is none."""
    weight = maps.share.sum(axis=1)
    there = ~np.isnan(weight[:, 0])
    own = maps.trials[there]
    found = {}
    for name, events in maps.events.items():
        locked = lock(
            weight[there],
            own["duration"].to_numpy(),
            [times for times, kept in zip(events, there, strict=True) if kept],
            own["subject"].to_numpy(str),
            own["fold"].to_numpy(),
            WINDOWS[name],
            seed=seed,
        )
        if locked is not None:
            found[name] = locked
    return found


def _time(maps: TrialMaps) -> tuple[NDArray[np.float64], str]:
    """Middle of each part: in seconds of the recording, or in % of trials of unlike length."""
    n_bins = min(N_BINS, maps.share.shape[2])
    middle = (np.arange(n_bins) + 0.5) / n_bins
    duration = maps.trials["duration"].to_numpy()
    if np.ptp(duration) <= _SAME_LENGTH * duration.mean():
        return maps.onset + middle * duration.mean(), "s"
    return 100 * middle, "% of the trial"


def _average_rows(
    target: str, curves: dict[str, dict[str, Curve]], time: NDArray[np.float64]
) -> list[list[object]]:
    rows: list[list[object]] = []
    edge = max(1, round(0.05 * len(time)))
    for group in ("all", "predicted", "true"):
        for name, curve in curves[group].items():
            if not curve.n_trials:  # all maps of this class are empty
                continue
            top = int(np.nanargmax(curve.mean))
            ends = (float(part.mean()) for part in (curve.mean[:edge], curve.mean[-edge:]))
            size = (curve.n_trials, curve.n_subjects)
            row: list[object] = [
                target,
                group,
                name,
                *size,
                float(time[top]),
                float(curve.mean[top]),
                *ends,
            ]
            rows.append(row)
    return rows


def _average_table(curves: dict[str, dict[str, Curve]], time: NDArray[np.float64]) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame(
            {
                "group": group,
                "curve": name,
                "time": time,
                "mean": curve.mean,
                "low": curve.low,
                "high": curve.high,
                "n_subjects": curve.n_subjects,
                "n_trials": curve.n_trials,
            }
        )
        for group, named in curves.items()
        for name, curve in named.items()
    )


def _locked_rows(target: str, locked: dict[str, Locked]) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, each in locked.items():
        inside = (each.seconds >= each.window[0]) & (each.seconds <= each.window[1])
        interval = [float(np.nanmean(x[inside])) for x in (each.curve.low, each.curve.high)]
        window = f"{each.window[0]:g} to {each.window[1]:g}"
        row: list[object] = [target, name, each.n_events, window, each.weight, *interval]
        for null in each.nulls.values():
            row += [null.expected, null.p_value]
        rows.append(row)
    return rows


def _locked_table(locked: dict[str, Locked]) -> pd.DataFrame:
    tables = []
    for name, each in locked.items():
        columns: dict[str, Any] = {
            "event": name,
            "seconds": each.seconds,
            "mean": each.curve.mean,
            "low": each.curve.low,
            "high": each.curve.high,
        }
        for title, null in each.nulls.items():
            stem = title.replace(" ", "_")
            columns |= {f"{stem}_mean": null.mean, f"{stem}_low": null.low}
            columns |= {f"{stem}_high": null.high, f"{stem}_p": null.p_value}
        columns |= dict(zip(("window_from", "window_to"), each.window, strict=True))
        columns["n_events"] = each.n_events
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables)


def _write(table: pd.DataFrame, stem: Path, run: Run) -> Path:
    path = stem.with_suffix(".csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, table.assign(simulated=run.simulated).to_csv(index=False))
    return path

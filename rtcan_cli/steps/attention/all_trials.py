"""Run store -> where its networks look on average, and around skin conductance responses."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from rtcan_cli.explain.responses import WINDOWS, Locked, cumulative, lock
from rtcan_cli.files.links import folder_below
from rtcan_cli.files.mapped import MappedRows, folder_for
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.average import attention_average
from rtcan_cli.plots.attention.responses import attention_responses
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.results.attention.average import (
    AROUND_COLUMNS,
    AVERAGE_COLUMNS,
    PEAK_COLUMNS,
    RESPONSE_COLUMNS,
    AverageAttention,
)
from rtcan_cli.results.base import Note, joined
from rtcan_cli.results.csv import write_table
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.skill import map_notes
from rtcan_cli.steps.attention.trials import Chunk
from rtcan_cli.steps.attention.use_of_eda import moved, use_notes

#: Equal parts of a trial that averages are drawn and written for.
N_BINS = 100
#: What the figure of responses says of its tests.
_DRAWN = ["event", "n_events", "window_from", "window_to", "random_times_p", "other_trials_p"]
#: Trials count as equally long if their lengths differ by no more than this share.
_SAME_LENGTH = 0.02


@dataclass(frozen=True)
class TrialMaps:
    """The maps of all trials of one target.

    Parameters
    ----------
    trials : DataFrame
        From `rtcan_cli.steps.attention.trials.tested_trials`, with ``predicted`` and ``explained``
        (0 low, 1 high), ``begin`` and ``duration`` [s] of what the network sees, and the columns
        `rtcan_cli.steps.attention.use_of_eda.MOVED`.
    parts : NDArray of float32 (n, C, n_parts)
        Mean weight in `N_BINS` equal parts of the trial, in times the even share, see
        `rtcan_cli.explain.average.density`; NaN if empty.
    total : NDArray of float64 (n_rows, L + 1)
        `rtcan_cli.explain.responses.cumulative` weight, summed over channels, of maps that are not
        empty; it may be read from a file (`rtcan_cli.files.mapped`).
    row : NDArray of int64 (n,)
        Row of each trial in `total`; -1 if its map is empty.
    events : dict of str to list of arrays
        Seconds of ``onset`` and ``peak`` of the responses in what is seen, from its beginning.
    """

    trials: pd.DataFrame
    parts: NDArray[np.float32]
    total: NDArray[np.float64]
    row: NDArray[np.int64]
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
) -> AverageAttention:
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
    folder = folder_below(figures, run.dataset.name, run.name)
    words = _words(method, explained, relative_to_untrained)
    ending = explain_trials.ending(method, explained, relative_to_untrained)
    files: list[Path] = []
    peaks, averages, tests, around = [], [], [], []
    for target in predicted:
        trials, n_tested = explain_trials.tested_trials(run, sources, target, max_trials, seed)
        if len(trials) < n_tested:
            text = f"{target}: {len(trials)} of {n_tested} trials, drawn by the seed"
            notes.append(Note("drawn_trials", text))
        work = explain_trials.chunks(run, sources, target, trials)
        average = untrained_of_run(work, method, seed, jobs) if relative_to_untrained else None
        maps = _explain(work, method, explained, average, jobs)
        notes += map_notes(run, target)
        notes += use_notes(run, target, maps.trials)
        n_empty = np.count_nonzero(maps.row < 0)
        if n_empty:
            text = (
                f"{n_empty} maps are empty, because nothing spoke for the class; they are left out"
            )
            notes.append(Note("empty_maps", f"{target}: {text}"))
        if _begin_differs(maps):
            text = (
                "times count from the beginning of the window, which is not the same in all trials"
            )
            notes.append(Note("time_in_window", f"{target}: {text}"))
        title = f"{run.dataset.title}, {target}: {label_of(run)}"
        about_it: dict[str, Any] = {"title": title, "simulated": run.simulated, "look": look}
        curves = average_curves(maps)
        averages.append(_average_table(target, curves, maps))
        peaks.append(_peaks(averages[-1]))
        timed, unit = _timed(averages[-1])
        figure = attention_average(timed, unit=unit, method=words, **about_it)
        stem = folder / f"attention_average_{target}{ending}"
        files += save(figure, stem, look)
        csv = stem.with_suffix(".csv")
        files.append(write_table(averages[-1], csv, simulated=run.simulated))
        locked = lock_to_responses(maps, seed)
        if not locked:
            text = f"{target}: no skin conductance response in these trials"
            notes.append(Note("no_responses", text))
            continue
        tests.append(_response_table(target, locked))
        around.append(_around_table(target, locked))
        drawn = around[-1].merge(tests[-1][_DRAWN], on="event")
        figure = attention_responses(drawn, method=words, **about_it)
        stem = folder / f"attention_responses_{target}{ending}"
        files += save(figure, stem, look)
        csv = stem.with_suffix(".csv")
        files.append(write_table(around[-1], csv, simulated=run.simulated))
    if run.is_imported:
        text = "an imported network may have been trained on these trials"
        notes.append(Note("imported_network", text))

    return AverageAttention(
        run=about(run),
        imported=run.is_imported,
        map_name=method,
        explained=explained,
        relative=relative_to_untrained,
        peaks=joined(peaks, PEAK_COLUMNS),
        average=joined(averages, AVERAGE_COLUMNS),
        responses=joined(tests, RESPONSE_COLUMNS),
        around_responses=joined(around, AROUND_COLUMNS),
        notes=tuple(notes),
        files=tuple(files),
    )


def _words(method: str, explained: str, relative_to_untrained: bool) -> str:
    words = (
        f"{method}, class {explained}"
        if explained in CLASS_NAMES
        else f"{method}, {explained} class"
    )
    return words + (", relative to untrained networks" if relative_to_untrained else "")


def _explain(
    work: list[Chunk],
    method: MapName,
    explained: Explained,
    average: NDArray[np.float64] | None,
    jobs: int,
) -> TrialMaps:
    total = sum(len(chunk.trials) for chunk in work)
    found: dict[int, TrialMaps] = {}
    one = bind(explain_chunk, method=method, explained=explained, average=average)
    components = work[0].sources.components
    assert components is not None, "RTCAN-1D sees signals"
    kept = MappedRows(folder_for(components), "maps")
    with console.progress(total, f"maps, {work[0].target}", "trial") as bar:
        for index, maps in map_unordered(one, work, jobs, start_up=explain_trials.START_UP):
            # Of the maps themselves only the parts stay in memory.
            rows = np.array([*map(kept.append, maps.total), -1])
            found[index] = replace(maps, total=np.empty((0, 0)), row=rows[maps.row])
            bar.update(len(maps.trials))
    ordered = [found[index] for index in range(len(work))]
    return TrialMaps(
        trials=pd.concat([each.trials for each in ordered], ignore_index=True),
        parts=np.concatenate([each.parts for each in ordered]),
        total=kept.array(),
        row=np.concatenate([each.row for each in ordered]),
        events={
            name: [times for each in ordered for times in each.events[name]]
            for name in ordered[0].events
        },
    )


def explain_chunk(
    chunk: Chunk,
    method: MapName,
    explained: Explained,
    average: NDArray[np.float64] | None = None,
) -> TrialMaps:
    """Maps and responses of some trials of one network.

    Parameters
    ----------
    chunk, method, explained
        As of `explain_all`.
    average : NDArray of float64 (L,), optional
        What untrained networks look at, to divide the maps by.
    """
    data = explain_trials.load(chunk)
    chosen = explain_trials.classes(explained, chunk.trials)
    maps = attribute_trials(data.model, data.eda, data.music, chosen, method=method)
    predicted = np.where(maps.probability > 0.5, maps.class_index, 1 - maps.class_index)
    share = density(maps.channels)
    if average is not None:
        share = relative(share, average)
    parts = np.array_split(share, min(N_BINS, share.shape[2]), axis=2)
    there = ~np.isnan(share[:, 0, 0])
    return TrialMaps(
        trials=chunk.trials.assign(
            predicted=predicted if chosen is not None else maps.class_index,
            explained=maps.class_index,
            begin=data.begin,
            duration=data.duration,
            **moved(data, chunk.trials),
        ),
        parts=np.stack([part.mean(axis=2) for part in parts], axis=2),
        total=cumulative(share[there].sum(axis=1)),
        row=np.where(there, np.cumsum(there) - 1, -1),
        events=explain_trials.responses(chunk, data.onset, data.window),
    )


def untrained_of_run(
    work: list[Chunk], method: MapName, seed: int, jobs: int
) -> NDArray[np.float64]:
    """Average map (L,) of untrained networks over some trials of each fold."""
    firsts = list({chunk.fold: chunk for chunk in reversed(work)}.values())
    one = bind(explain_trials.untrained_of, method=method, seed=seed)
    found = {}
    with console.progress(len(firsts), "untrained networks", "fold") as bar:
        for index, average in map_unordered(one, firsts, jobs, start_up=explain_trials.START_UP):
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
    summed = maps.parts.sum(axis=1)
    found: dict[str, dict[str, Curve]] = {}
    for group, column in (("predicted", "predicted"), ("true", "label")):
        masks = {name: maps.trials[column] == k for k, name in enumerate(CLASS_NAMES)}
        found[group] = {
            name: over_subjects(summed[mask], subject[mask])
            for name, mask in masks.items()
            if mask.any()
        }
    if maps.parts.shape[1] == len(CHANNELS):
        found["channel"] = {
            name: over_subjects(maps.parts[:, k], subject) for k, name in enumerate(CHANNELS)
        }
    found["all"] = {"all": over_subjects(summed, subject)}
    return found


def lock_to_responses(maps: TrialMaps, seed: int) -> dict[str, Locked]:
    """Weight around onsets and peaks of responses; empty if there is none."""
    there = maps.row >= 0
    own = maps.trials[there]
    found = {}
    for name, events in maps.events.items():
        locked = lock(
            maps.total,
            own["duration"].to_numpy(),
            [times for times, kept in zip(events, there, strict=True) if kept],
            own["subject"].to_numpy(str),
            own["fold"].to_numpy(),
            WINDOWS[name],
            row=maps.row[there],
            seed=seed,
        )
        if locked is not None:
            found[name] = locked
    return found


def _average_table(
    target: str, curves: dict[str, dict[str, Curve]], maps: TrialMaps
) -> pd.DataFrame:
    n_bins = maps.parts.shape[2]
    middle = (np.arange(n_bins) + 0.5) / n_bins
    duration = maps.trials["duration"].to_numpy()
    alike = np.ptp(duration) <= _SAME_LENGTH * duration.mean()
    begin = 0.0 if _begin_differs(maps) else maps.trials["begin"].mean()
    parts = [
        pd.DataFrame(
            {
                "target": target,
                "group": group,
                "curve": name,
                "position": middle,
                "time": begin + middle * duration.mean() if alike else np.nan,
                "mean": curve.mean,
                "low": curve.low,
                "high": curve.high,
                "n_trials": curve.n_trials,
                "n_subjects": curve.n_subjects,
            },
            columns=list(AVERAGE_COLUMNS),
        )
        for group, named in curves.items()
        for name, curve in named.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _begin_differs(maps: TrialMaps) -> bool:
    """Whether what is seen begins at other times in other recordings, as the last seconds do."""
    begin, duration = maps.trials["begin"], maps.trials["duration"]
    return bool(np.ptp(begin) > _SAME_LENGTH * duration.mean())


def _timed(average: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Curves in seconds, or in % of trials of unlike length; and the unit."""
    if average["time"].notna().all():
        return average, "s"
    return average.assign(time=100 * average["position"]), "% of the trial"


def _peaks(average: pd.DataFrame) -> pd.DataFrame:
    rows = []
    shown = average[average["group"] != "channel"]
    # All trials first.
    order = {"all": 0, "predicted": 1, "true": 2}
    shown = shown.sort_values("group", key=lambda group: group.map(order), kind="stable")
    for _, curve in shown.groupby(["group", "curve"], sort=False):
        if not curve["n_trials"].iloc[0]:  # all maps of this class are empty
            continue
        edge = max(1, round(0.05 * len(curve)))
        top = curve.loc[curve["mean"].idxmax()]
        weights = {
            "weight": top["mean"],
            "first_weight": curve["mean"].iloc[:edge].mean(),
            "last_weight": curve["mean"].iloc[-edge:].mean(),
        }
        rows.append({**top, **weights})
    return pd.DataFrame(rows, columns=list(PEAK_COLUMNS))


def _response_table(target: str, locked: dict[str, Locked]) -> pd.DataFrame:
    rows = []
    for name, each in locked.items():
        row = {
            "target": target,
            "event": name,
            "n_events": each.n_events,
            "window_from": each.window[0],
            "window_to": each.window[1],
            "weight": each.weight,
            "low": each.low,
            "high": each.high,
        }
        for title, null in each.nulls.items():
            stem = title.replace(" ", "_")
            row |= {stem: null.expected, f"{stem}_p": null.p_value}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def _around_table(target: str, locked: dict[str, Locked]) -> pd.DataFrame:
    tables = []
    for name, each in locked.items():
        columns: dict[str, Any] = {
            "target": target,
            "event": name,
            "seconds": each.seconds,
            "mean": each.curve.mean,
            "low": each.curve.low,
            "high": each.curve.high,
        }
        for title, null in each.nulls.items():
            stem = title.replace(" ", "_")
            columns |= {f"{stem}_mean": null.mean, f"{stem}_low": null.low}
            columns |= {f"{stem}_high": null.high}
        tables.append(pd.DataFrame(columns, columns=list(AROUND_COLUMNS)))
    return pd.concat(tables, ignore_index=True)

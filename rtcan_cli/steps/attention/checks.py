"""Run store -> how far the maps of its networks can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from functools import partial as bind
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import FILL, MAP, SEED, Explained, Fill, MapName
from rtcan_cli.explain.average import over_subjects
from rtcan_cli.explain.deletion import (
    area,
    deletion_curve,
    insertion_curve,
    order_by,
    random_order,
    shares,
)
from rtcan_cli.explain.maps import attribute_trials
from rtcan_cli.explain.randomise import cascade, rank_correlation, top_overlap
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.links import folder_below
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.check import attention_check
from rtcan_cli.plots.save import save
from rtcan_cli.plots.style import PAPER, Look
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.trials import Chunk

#: Trials that are checked unless the user wants more or fewer.
N_CHECKED = 100
SIMILARITIES = ("rank correlation", "overlap of the highest tenth")
MEASURES = dict(zip(SIMILARITIES, (rank_correlation, top_overlap), strict=True))
ORDERS = ("map", "size of the input", "random")
_RANDOM_ORDERS = 5  # averaged
#: Rank correlation with the map of a randomised network, below which a map follows the weights,
#: and above which it does not.
FOLLOWS, IGNORES = 0.2, 0.5

Values = NDArray[np.float64]


@dataclass(frozen=True)
class CheckedMaps:
    """What was found for n trials.

    Parameters
    ----------
    subject : NDArray of str (n,)
    stages : list of str
        Randomised parts, from the output to the input.
    similarity : dict of str to NDArray (n, n_stages)
    weight : NDArray (n, L)
        The maps.
    share : NDArray (points,)
    deletion, insertion : dict of str to NDArray (n, points)
        By order.
    """

    subject: NDArray[np.str_]
    stages: list[str]
    similarity: dict[str, Values]
    weight: NDArray[np.float32]
    share: Values
    deletion: dict[str, Values]
    insertion: dict[str, Values]

    @cached_property
    def other(self) -> dict[str, Values]:
        """Similarity (n,) of each map to that of a trial of another subject; NaN without one."""
        found, other = of_another_subject(self.subject)
        return {
            name: np.where(found, measure(self.weight, self.weight[other]), np.nan)
            for name, measure in MEASURES.items()
        }


def check_explanation(
    run_path: Path,
    sources: Sources,
    figures: Path,
    *,
    targets: tuple[str, ...] | None = None,
    method: MapName = MAP,
    explained: Explained = "predicted",
    fill: Fill = FILL,
    max_trials: int = N_CHECKED,
    seed: int = SEED,
    jobs: int = -1,
    look: Look = PAPER,
) -> Report:
    """Test whether the maps of a run follow the weights, and the decisions follow the maps.

    Parameters
    ----------
    run_path, sources, figures, targets, method, explained, seed, jobs, look
        As of `rtcan_cli.steps.attention.all_trials.explain_all`.
    fill : {"interpolate", "mean"}
        What stands in the place of segments that are taken out.
    max_trials : int
        Test trials that are drawn.

    Raises
    ------
    RtcanError
        If the networks cannot be explained, or the stores are not those the run was made from.
    """
    run = Run.load(run_path)
    explain_trials.check_can_be_explained(run, method)
    predicted, notes = explain_trials.targets_of(run, targets)
    explain_trials.check_sources(run, sources)
    mark = ", simulated data" if run.simulated else ""
    report = Report("gradcam", notes=notes)
    report.facts = {
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "run": run.name,
        "map": method,
        "class explained": explained,
    }
    folder = folder_below(figures, run.dataset.name, run.name)
    similar, decisive, verdicts = [], [], []
    for target in predicted:
        trials, _ = explain_trials.tested_trials(run, sources, target, max_trials, seed)
        work = explain_trials.chunks(run, sources, target, trials)
        found = _check(work, method, explained, fill, seed, jobs)
        similar += _similar_rows(target, found)
        rows, gain = _decisive_rows(target, found)
        decisive += rows
        verdicts += [f"{target}: {follows(found, method)}", f"{target}: {gain}"]
        ending = explain_trials.ending(method, explained)
        stem = folder / f"attention_check_{target}{ending}"
        table = _table(found)
        figure = attention_check(
            table,
            title=f"{run.dataset.title}, {target}, {run.network}, {len(trials)} trials",
            method=method,
            simulated=run.simulated,
            look=look,
        )
        report.files += save(figure, stem, look.formats, look.dpi)
        csv = stem.with_suffix(".csv")
        write_whole(csv, table.assign(simulated=run.simulated).to_csv(index=False))
        report.files.append(csv)
    columns = ["target", "randomised down to", *SIMILARITIES]
    title = f"Similarity to the original map, mean over subjects{mark}"
    report.tables.append(Table(title, columns, similar))
    columns = ["target", "order", "deletion", "insertion", "map less this, deletion", "from", "to"]
    columns += ["map less this, insertion", "from ", "to "]
    title = f"Mean P(class explained) under deletion and insertion, 95 % over subjects{mark}"
    report.tables.append(Table(title, columns, decisive))
    report.notes += verdicts
    if method == "guided-gradcam" and any(_is_weak(verdict) for verdict in verdicts):
        report.notes.append("compare with --map gradcam and --map integrated-gradients")
    return report


def _check(
    work: list[Chunk], method: MapName, explained: Explained, fill: Fill, seed: int, jobs: int
) -> CheckedMaps:
    one = bind(check_chunk, method=method, explained=explained, fill=fill, seed=seed)
    found: dict[int, CheckedMaps] = {}
    total = sum(len(chunk.trials) for chunk in work)
    with console.progress(total, f"checks, {work[0].target}", "trial") as bar:
        for index, checked in map_unordered(one, work, jobs):
            found[index] = checked
            bar.update(len(checked.subject))
    parts = [found[index] for index in range(len(work))]

    def joined(name: str) -> dict[str, Values]:
        named = [getattr(part, name) for part in parts]
        return {key: np.concatenate([each[key] for each in named]) for key in named[0]}

    return CheckedMaps(
        subject=np.concatenate([part.subject for part in parts]),
        stages=parts[0].stages,
        similarity=joined("similarity"),
        weight=np.concatenate([part.weight for part in parts]),
        share=parts[0].share,
        deletion=joined("deletion"),
        insertion=joined("insertion"),
    )


def check_chunk(
    chunk: Chunk, method: MapName, explained: Explained, fill: Fill, seed: int
) -> CheckedMaps:
    """Check the maps of some trials of one network."""
    data = explain_trials.load(chunk)
    model, eda, music = data.model, data.eda, data.music
    maps = attribute_trials(
        model, eda, music, explain_trials.classes(explained, chunk.trials), method=method
    )
    weight, chosen = maps.weight, maps.class_index
    names, similarity = [], {name: [] for name in MEASURES}  # type: ignore[var-annotated]
    for name, network in cascade(model, eda, music, seed + chunk.fold):
        again = attribute_trials(network, eda, music, chosen, method=method).weight
        names.append(name)
        for key, measure in MEASURES.items():
            similarity[key].append(measure(weight, again))
    n, length = weight.shape
    # Chunks are checked apart from each other, and draw other orders all the same.
    own_seed = [seed, chunk.fold, *chunk.trials.index[:1]]
    orders = {
        "map": [order_by(weight)],
        "size of the input": [order_by(np.abs(eda).sum(axis=1))],
        "random": [random_order(n, length, [*own_seed, k]) for k in range(_RANDOM_ORDERS)],
    }
    known = (model, eda, music, chosen)
    return CheckedMaps(
        subject=chunk.trials["subject"].to_numpy(str),
        stages=names,
        similarity={key: np.stack(values, axis=1) for key, values in similarity.items()},
        weight=weight,
        share=shares(length),
        deletion={
            name: np.mean([deletion_curve(*known, order, fill) for order in several], axis=0)
            for name, several in orders.items()
        },
        insertion={
            name: np.mean([insertion_curve(*known, order, fill) for order in several], axis=0)
            for name, several in orders.items()
        },
    )


def of_another_subject(
    subject: NDArray[np.str_],
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """For each trial one of another subject, drawn at random.

    Returns
    -------
    found : NDArray of bool (n,)
        Whether there is one.
    other : NDArray of int64 (n,)
        Its position; the trial's own if there is none.
    """
    rng = np.random.default_rng(SEED)
    other = np.arange(len(subject))
    for i, who in enumerate(subject):
        others = np.flatnonzero(subject != who)
        if len(others):
            other[i] = rng.choice(others)
    return other != np.arange(len(subject)), other


def _similar_rows(target: str, found: CheckedMaps) -> list[list[object]]:
    curves = [over_subjects(found.similarity[name], found.subject).mean for name in SIMILARITIES]
    rows: list[list[object]] = [
        [target, stage, *(float(curve[k]) for curve in curves)]
        for k, stage in enumerate(found.stages)
    ]
    rows.append([target, "(another subject)", *(_mean(found.other[name]) for name in SIMILARITIES)])
    return rows


def _decisive_rows(target: str, found: CheckedMaps) -> tuple[list[list[object]], str]:
    """Areas under the curves with what the map gains, and the same as a sentence."""
    areas = {
        what: {name: area(curve, found.share) for name, curve in curves.items()}
        for what, curves in (("deletion", found.deletion), ("insertion", found.insertion))
    }
    rows: list[list[object]] = []
    gains: dict[tuple[str, str], list[float]] = {}
    for name in ORDERS:
        row: list[object] = [target, name]
        row += [_mean_of_subjects(areas[what][name], found.subject) for what in areas]
        for what in areas:
            apart = areas[what]["map"] - areas[what][name]
            curve = over_subjects(apart[:, None], found.subject)
            gains[what, name] = [float(x[0]) for x in (curve.mean, curve.low, curve.high)]
            row += [None] * 3 if name == "map" else gains[what, name]
        rows.append(row)
    deleted, inserted = gains["deletion", "random"], gains["insertion", "random"]
    right = deleted[2] < 0, inserted[1] > 0
    word = {2: "matters", 1: "matters in part", 0: "is not shown to matter"}[sum(right)]
    sentence = (
        f"what the map marks {word} for the decision: compared with random segments, "
        f"removing it changes P by {deleted[0]:+.3f} ({deleted[1]:+.3f} to "
        f"{deleted[2]:+.3f}), inserting it by {inserted[0]:+.3f} ({inserted[1]:+.3f} to "
        f"{inserted[2]:+.3f})"
    )
    return rows, sentence


def follows(found: CheckedMaps, method: str) -> str:
    """One sentence: whether a map follows the weights of the network."""
    name = SIMILARITIES[0]
    final = over_subjects(found.similarity[name][:, -1:], found.subject)
    mean, low, high = (float(x[0]) for x in (final.mean, final.low, final.high))
    word = "follows" if abs(mean) < FOLLOWS else "ignores" if mean > IGNORES else "partly follows"
    other = _mean(found.other[name])
    beside = "" if np.isnan(other) else f"; that of another subject's map is {other:.2f}"
    return (
        f"the {method} map {word} the weights: after all are randomised, its rank correlation with "
        f"the original is {mean:.2f} ({low:.2f} to {high:.2f}){beside}"
    )


def _is_weak(verdict: str) -> bool:
    return any(word in verdict for word in ("ignores", "partly follows", "is not shown"))


def _mean(values: Values) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _mean_of_subjects(values: Values, subject: NDArray[np.str_]) -> float:
    return float(over_subjects(values[:, None], subject).mean[0])


def _table(found: CheckedMaps) -> pd.DataFrame:
    """Everything in the figure, one row a point of a curve."""
    parts: list[tuple[str, str, Any, Values]] = [
        ("similarity", name, found.stages, values) for name, values in found.similarity.items()
    ]
    parts += [("other", name, [""], values[:, None]) for name, values in found.other.items()]
    parts += [("deletion", name, found.share, values) for name, values in found.deletion.items()]
    parts += [("insertion", name, found.share, values) for name, values in found.insertion.items()]
    tables = []
    for what, name, where, values in parts:
        curve = over_subjects(values, found.subject)
        columns: dict[str, Any] = {"test": what, "curve": name, "at": list(where)}
        columns |= {"mean": curve.mean, "low": curve.low, "high": curve.high}
        columns["n_trials"] = curve.n_trials
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables)

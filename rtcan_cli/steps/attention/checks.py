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
from rtcan_cli.files.links import folder_below
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.check import attention_check
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.results.attention.check import (
    AREA_COLUMNS,
    CURVE_COLUMNS,
    VERDICT_COLUMNS,
    AttentionCheck,
)
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_table
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.trials import Chunk

#: Trials that are checked unless the user wants more or fewer.
N_CHECKED = 100
SIMILARITIES = ("rank_correlation", "top_overlap")
MEASURES = dict(zip(SIMILARITIES, (rank_correlation, top_overlap), strict=True))
ORDERS = ("map", "input_size", "random")
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
        Parts that are randomised, from the output to the input.
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
) -> AttentionCheck:
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
    folder = folder_below(figures, run.dataset.name, run.name)
    files: list[Path] = []
    verdicts, areas, curves = [], [], []
    for target in predicted:
        trials, _ = explain_trials.tested_trials(run, sources, target, max_trials, seed)
        work = explain_trials.chunks(run, sources, target, trials)
        found = _check(work, method, explained, fill, seed, jobs)
        curves.append(_curves(target, found))
        areas.append(_areas(target, found))
        row, sentences = _verdict(target, found, areas[-1], method)
        verdicts.append(row)
        notes += sentences
        ending = explain_trials.ending(method, explained)
        stem = folder / f"attention_check_{target}{ending}"
        figure = attention_check(
            curves[-1],
            title=f"{run.dataset.title}, {target}: {label_of(run)}, {len(trials)} trials",
            method=method,
            simulated=run.simulated,
            look=look,
        )
        files += save(figure, stem, look)
        csv = stem.with_suffix(".csv")
        files.append(write_table(curves[-1], csv, simulated=run.simulated))
    weak = any(row["weights"] != "follows" or row["decision"] == "not_shown" for row in verdicts)
    if method == "guided-gradcam" and weak:
        text = "compare with --map gradcam and --map integrated-gradients"
        notes.append(Note("other_maps", text))
    return AttentionCheck(
        run=about(run),
        map_name=method,
        explained=explained,
        verdicts=pd.DataFrame(verdicts, columns=list(VERDICT_COLUMNS)),
        areas=pd.concat(areas, ignore_index=True),
        curves=pd.concat(curves, ignore_index=True),
        notes=tuple(notes),
        files=tuple(files),
    )


def _check(
    work: list[Chunk], method: MapName, explained: Explained, fill: Fill, seed: int, jobs: int
) -> CheckedMaps:
    one = bind(check_chunk, method=method, explained=explained, fill=fill, seed=seed)
    found: dict[int, CheckedMaps] = {}
    total = sum(len(chunk.trials) for chunk in work)
    with console.progress(total, f"checks, {work[0].target}", "trial") as bar:
        for index, checked in map_unordered(one, work, jobs, start_up=explain_trials.START_UP):
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
        "input_size": [order_by(np.abs(eda).sum(axis=1))],
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


def _curves(target: str, found: CheckedMaps) -> pd.DataFrame:
    """Everything in the figure, one row a point of a curve."""
    parts: list[tuple[str, str, dict[str, Any], Values]] = [
        ("similarity", name, {"stage": found.stages}, values)
        for name, values in found.similarity.items()
    ]
    parts += [("other_subject", name, {}, values[:, None]) for name, values in found.other.items()]
    for test, curves in (("deletion", found.deletion), ("insertion", found.insertion)):
        parts += [(test, name, {"share": found.share}, values) for name, values in curves.items()]
    tables = []
    for test, name, where, values in parts:
        curve = over_subjects(values, found.subject)
        columns: dict[str, Any] = {"target": target, "test": test, "curve": name, **where}
        columns |= {"mean": curve.mean, "low": curve.low, "high": curve.high}
        columns["n_trials"] = curve.n_trials
        tables.append(pd.DataFrame(columns).reindex(columns=list(CURVE_COLUMNS)))
    return pd.concat(tables, ignore_index=True)


def _areas(target: str, found: CheckedMaps) -> pd.DataFrame:
    """Areas under the curves, and what the map gains over each order."""
    rows: list[dict[str, Any]] = []
    for test, curves in (("deletion", found.deletion), ("insertion", found.insertion)):
        areas = {name: area(curve, found.share) for name, curve in curves.items()}
        for name in ORDERS:
            row = {"target": target, "test": test, "order": name}
            row["area"] = over_subjects(areas[name][:, None], found.subject).mean[0]
            if name != "map":
                gain = over_subjects((areas["map"] - areas[name])[:, None], found.subject)
                row |= {"difference": gain.mean[0], "low": gain.low[0], "high": gain.high[0]}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(AREA_COLUMNS))


def _verdict(
    target: str, found: CheckedMaps, areas: pd.DataFrame, method: str
) -> tuple[dict[str, Any], list[Note]]:
    """Whether the map follows the weights, and the decision the map: as a row and as sentences."""
    measure = SIMILARITIES[0]
    final = over_subjects(found.similarity[measure][:, -1:], found.subject)
    mean, low, high = (float(x[0]) for x in (final.mean, final.low, final.high))
    weights = follows_weights(mean)
    other = float(over_subjects(found.other[measure][:, None], found.subject).mean[0])
    beside = "" if np.isnan(other) else f"; that of another subject's map is {other:.2f}"
    word = "partly follows" if weights == "partly" else weights
    followed = (
        f"the {method} map {word} the weights: once all are randomised, its rank correlation with "
        f"the original is {mean:.2f} ({low:.2f} to {high:.2f}){beside}"
    )
    gains = areas[areas["order"] == "random"].set_index("test")
    deleted, inserted = gains.loc["deletion"], gains.loc["insertion"]
    right = int(deleted["high"] < 0) + int(inserted["low"] > 0)
    decision = {2: "matters", 1: "partly", 0: "not_shown"}[right]
    word = {2: "matters", 1: "matters in part", 0: "is not shown to matter"}[right]
    decided = (
        f"what the map marks {word} for the decision: compared with random segments, taking it "
        f"out changes P by {_signed(deleted)}, bringing it in by {_signed(inserted)}"
    )
    row = {"target": target, "weights": weights, "rank_correlation": mean, "low": low}
    row |= {"high": high, "decision": decision}
    return row, [
        Note("map_and_weights", f"{target}: {followed}"),
        Note("map_and_decision", f"{target}: {decided}"),
    ]


def follows_weights(correlation: float) -> str:
    """What an explanation does with the weights, by how like it is that of randomised ones."""
    if abs(correlation) < FOLLOWS:
        return "follows"
    return "ignores" if correlation > IGNORES else "partly"


def _signed(gain: pd.Series) -> str:
    return f"{gain['difference']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"

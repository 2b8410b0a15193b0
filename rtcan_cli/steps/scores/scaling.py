"""Runs on more and more subjects -> the paper's Fig. 4, and what twice as many would give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.evaluation.scaling import FORMS, Scaling, scaling
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.plots.scaling import LOOKS, ScalingCurve
from rtcan_cli.plots.scaling import scaling as draw
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.scores.scaling import (
    ACCURACY_COLUMNS,
    EXTRAPOLATION_COLUMNS,
    SubjectScaling,
)
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.paper.rows import (
    has_paper_network,
    is_eligible,
    settings_like,
    too_few_subjects,
)

#: Percentages of the subjects in the paper's Fig. 4.
SHARES = (10, 40, 70, 100)


def follow_subjects(
    runs: Sequence[Run],
    figures: Path | None = None,
    workspace: Path | None = None,
    dataset: str = "pmemo",
    look: Look = PAPER,
) -> SubjectScaling:
    """Show accuracy by number of subjects for each model, with a law through the points.

    Parameters
    ----------
    runs : sequence of Run
        Those count that differ in nothing but their share of the subjects. Of several such series
        of a model, the longest is shown, and of these the newest.
    figures : Path, optional
        Folder for ``figure4.csv`` and a figure for each dataset.
    workspace : Path, optional
        Folder of the stores, for the line that trains what is missing.
    dataset : str
        What that line trains on where there is no run.
    look : Look
        Size, colours and resolution of the figures.

    Raises
    ------
    RtcanError
        If no model was trained on more than one number of subjects; the hint says what to train.
    """
    found = _series(sorted(filter(is_eligible, runs), key=lambda run: run.created, reverse=True))
    if not found:
        dataset = next((run.dataset.name for run in runs), dataset)
        raise RtcanError(
            "no model was trained on several numbers of subjects with all else equal",
            # The subjects would come with the folds of another run.
            replace(settings_like(runs, dataset), splits_from=None).line(
                dataset, workspace, subjects=_shares(runs, dataset)
            ),
        )
    accuracy, extrapolation, files, notes = [], [], [], []
    for (dataset, simulated), models in found.items():
        title = profile(dataset).title
        about = title + (" (simulated)" if simulated else "")
        followed = list(_follow(models))
        for model, target, each in followed:
            same = {"dataset": dataset, "simulated": simulated, "model": model, "target": target}
            accuracy.append(_accuracy(each).assign(**same))
            if each.form is not None:
                extrapolation.append(same | _extrapolated(each))
        notes += _notes(about, followed)
        if figures is not None:
            drawn = list(models)[: len(LOOKS)]
            if rest := [model for model in models if model not in drawn]:
                text = f"{about}: not drawn, because there is no room: {', '.join(rest)}"
                notes.append(Note("not_drawn", text))
            figure = draw(
                _curves(dataset, simulated, [each for each in followed if each[0] in drawn]),
                title=f"{title}: accuracy by number of subjects",
                simulated=simulated,
                look=look,
            )
            stem = f"figure4_{dataset}" + ("_simulated" if simulated else "")
            files += save(figure, figures / stem, look)
    text = (
        "accuracy over all tested trials; intervals over subjects, networks not trained again; "
        "beyond the largest number the law is an assumption that the points cannot show"
    )
    notes.append(Note("intervals", text))
    result = SubjectScaling(
        accuracy=pd.concat(accuracy, ignore_index=True)[list(ACCURACY_COLUMNS)],
        extrapolation=pd.DataFrame(extrapolation, columns=list(EXTRAPOLATION_COLUMNS)),
        notes=tuple(notes),
    )
    if figures is not None:
        files += write_csv(result, figures, stems={"accuracy": "figure4"})
    return replace(result, files=tuple(files))


def _shares(runs: Sequence[Run], dataset: str) -> str:
    """Those of the paper's shares that can be dealt into folds."""
    able = [share for share in SHARES if too_few_subjects(runs, dataset, share) is None]
    return ",".join(f"{share}%" for share in able or SHARES)


def _series(runs: Sequence[Run]) -> dict[tuple[str, bool], dict[str, list[Run]]]:
    """Runs by dataset and mark, and by the name of their model, that differ only in subjects."""
    alike: dict[str, dict[str | None, Run]] = {}
    for run in runs:
        made = run.provenance
        same = {**run.settings.parameters(), "subjects": None}
        key = json.dumps([made.dataset, made.simulated, made.inputs, same], sort_keys=True)
        alike.setdefault(key, {}).setdefault(run.settings.subjects, run)
    found: dict[tuple[str, bool], dict[str, list[Run]]] = {}
    for series in sorted(alike.values(), key=len, reverse=True):
        if len(series) > 1:
            first = next(iter(series.values()))
            models = found.setdefault((first.dataset.name, first.simulated), {})
            models.setdefault(_label(first), list(series.values()))
    return found


def _label(run: Run) -> str:
    """The paper's name of a model, if Table 3 has it with the same inputs, or else rtcan's."""
    chosen = has_paper_network(run) and run.settings.spec.variant == run.dataset.variant
    if chosen or run.model_name != choices.MODEL:
        for row in published.conditions(3).itertuples():
            if (row.model, row.fusion) == (run.model_name, run.settings.fusion):
                return str(row.label) + (", music" if row.inputs == "music" else "")
    return label_of(run)


def _follow(models: dict[str, list[Run]]) -> Iterator[tuple[str, str, Scaling]]:
    for model, runs in console.counted(models.items(), "numbers of subjects", "model"):
        for target in runs[0].settings.targets:
            for run in runs:
                run.scores(target)  # looks at the folds first
            sets = [run.trials(target) for run in runs]
            yield model, target, scaling(sets, seed=runs[0].settings.seed)


def _curves(
    dataset: str, simulated: bool, followed: Sequence[tuple[str, str, Scaling]]
) -> list[ScalingCurve]:
    """What is drawn; the paper's numbers, of real people, never stand beside simulated ones."""
    paper = published.conditions(3)
    paper = paper[(paper["dataset"] == dataset) & (paper["inputs"] != "music") & (not simulated)]
    paper = paper.rename(columns={"n_subjects": "n", "paper_accuracy": "score"})
    curves = []
    for model, target, each in followed:
        printed = paper[(paper["label"] == model) & (paper["target"] == target)]
        points, law = (
            table.assign(**100 * table[["score", "low", "high"]])
            for table in (each.points, each.curve)
        )
        curves.append(ScalingCurve(model, target, points, law, printed[["n", "score"]]))
    return curves


def _accuracy(each: Scaling) -> pd.DataFrame:
    """What was measured, and the law through it."""
    parts = [each.points.assign(what="measured")]
    if len(each.curve):
        parts.append(each.curve.assign(what="law"))
    names = {"n": "n_subjects", "score": "accuracy"}
    return pd.concat(parts).assign(law=each.form).rename(columns=names)


def _extrapolated(each: Scaling) -> dict[str, object]:
    """What the law says of twice the largest number of subjects."""
    last = each.curve.iloc[-1]
    row = {"law": each.form, "n_subjects": 2 * int(each.points["n"].iloc[-1])}
    row |= {"accuracy": last["score"], "low": last["low"], "high": last["high"]}
    return row | dict(zip(("gain", "gain_low", "gain_high"), each.gain, strict=True))


def _notes(about: str, followed: Sequence[tuple[str, str, Scaling]]) -> list[Note]:
    least, *_ = FORMS.values()
    few = {model: len(each.points) for model, _, each in followed if len(each.points) < least}
    notes = []
    for model, n in few.items():
        instead = "a straight line in log n is fitted instead" if n == 3 else "no law is fitted"
        text = (
            f"{about}, {model}: {n} numbers of subjects are too few for a power law, which has "
            f"three parameters; {instead}"
        )
        notes.append(Note("too_few_points", text))
    if len(few) < len({model for model, *_ in followed}):
        n = max(len(each.points) for _, _, each in followed)
        text = (
            f"{about}: a power law has three parameters, and stands on {n} points: take what it "
            "says of more subjects as a guess"
        )
        notes.append(Note("law_is_a_guess", text))
    return notes

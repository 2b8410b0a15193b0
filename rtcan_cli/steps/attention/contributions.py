"""Run store -> what EDA and music each contributed to its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial as bind
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import BACKGROUND, SEED, Scale
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain.feature_groups import columns_of_groups
from rtcan_cli.files.links import folder_below
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.contributions import contributions as draw
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.results.attention.contributions import (
    AVERAGE_COLUMNS,
    CHECK_COLUMNS,
    MUSIC_COLUMNS,
    PART_COLUMNS,
    TRIAL_COLUMNS,
    PartContributions,
)
from rtcan_cli.results.base import Note, joined
from rtcan_cli.results.csv import write_table
from rtcan_cli.runs.inputs import Sources, sources_for
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.attention import contribution_tables as tables
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.fold_contributions import FoldFound, FoldWork, How, explain_fold
from rtcan_cli.steps.attention.networks import predicts_one
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.choice import take

#: Networks with randomised weights for each fold.
_RANDOMISED = 3


def newest_fused(
    workspace: Workspace, dataset: str | None, targets: Sequence[str] | None = None
) -> Path:
    """The run that is taken of those of EDA and music, for one of the targets.

    If there is none, as `Workspace.find_run`. Of several, see `rtcan_cli.stores.choice.take`.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    runs = [run for path in workspace.runs(dataset) if (run := Run.load(path)).is_fused]
    runs = [run for run in runs if predicts_one(run, targets)] or runs
    if runs:
        return take([run.path for run in runs], " on EDA and music")
    return workspace.find_run(None, dataset)


def check_fused(run: Run) -> None:
    """Raise RtcanError if the models of a run do not see both parts."""
    if run.is_fused:
        return
    if run.is_imported:
        raise RtcanError(
            f"{run.path}: holds an imported network, whose training trials are not known: there "
            "is no baseline to compare with",
            f"{run.line_of_the_network()}, and the run that it makes",
        )
    settings, dataset = run.settings, run.dataset.name
    if "music" in settings.model.fusion and settings.model.eda in ("signals", "features"):
        hint: Any = run.line(fusion="music")
    else:
        hint = command_line("train", dataset=dataset, fusion="music", workspace=run.workspace)
    if run.workspace is None or not Workspace(run.workspace).store(dataset, "music").exists():
        music = command_line("music-features", dataset=dataset, workspace=run.workspace)
        hint = f"{music}, which needs the audio of the songs; then {hint}"
    inputs = settings.model.inputs(settings.fusion)
    raise RtcanError(
        f"{run.path}: its models see {inputs}; contributions are of EDA and music together", hint
    )


def fused_sources(
    run_path: Path, workspace: Workspace, given: Mapping[str, Path | None] | None = None
) -> Sources:
    """The stores that a run of EDA and music was made from: those given by kind, or its own.

    Raises
    ------
    RtcanError
        If its models do not see both, or do not see what is in a store that is given.
    """
    run = Run.load(run_path)
    check_fused(run)
    sources = sources_for(run.settings, workspace, run.dataset.name, given)
    for kind, path in (given or {}).items():
        if path is not None and getattr(sources, kind) is None:
            raise RtcanError(
                f"--{kind}-store: the models of this run see no {kind}", "the same without it"
            )
    return sources


def explain_contributions(
    run_path: Path, sources: Sources, figures: Path, *, look: Look = PAPER, **options: Any
) -> PartContributions:
    """What EDA and music contributed to the answers of a run, as tables and figures.

    Parameters
    ----------
    run_path, sources, options
        As of `contributions_of_run`.
    figures : Path
        Folder to write to.
    look : Look
        Size, colours, resolution and formats of the figures.
    """
    result = contributions_of_run(run_path, sources, **options)
    run = Run.load(run_path)
    folder = folder_below(figures, run.dataset.name, run.name)
    ending = "" if result.scale == "probability" else f"_{result.scale}"
    files: list[Path] = []
    for target in result.parts["target"].unique():
        found = {
            name: table[table["target"] == target]
            for name in ("parts", "averages", "music", "trials", "checks")
            if len(table := getattr(result, name))
        }
        stem = folder / f"contributions_{target}{ending}"
        figure = draw(
            found["parts"],
            found["averages"],
            found.get("music", result.music),
            scale=result.scale,
            title=f"{run.dataset.title}, {target}: {label_of(run)}",
            simulated=run.simulated,
            look=look,
        )
        files += save(figure, stem, look)
        files += [
            write_table(table, stem.with_name(f"{stem.name}_{name}.csv"), simulated=run.simulated)
            for name, table in found.items()
        ]
    return replace(result, files=tuple(files))


def contributions_of_run(
    run_path: Path,
    sources: Sources,
    *,
    targets: tuple[str, ...] | None = None,
    scale: Scale = "probability",
    n_background: int = BACKGROUND,
    split_music: bool = True,
    max_trials: int | None = None,
    check: bool = False,
    seed: int = SEED,
    jobs: int = -1,
) -> PartContributions:
    """What EDA and music contributed to the answer to each test trial of a run, and on average.

    Each trial is explained by the model of the fold that tests it, with training trials of that
    fold as the baseline. Answers are those that the run stored: they are not calibrated.

    Parameters
    ----------
    run_path : Path
        Run store.
    sources : Sources
        The stores it was made from.
    targets : tuple of str, optional
        Those of the run by default.
    scale : {"probability", "logit"}
        What contributions sum to.
    n_background : int
        Training trials of each fold that are drawn for its baseline, at most.
    split_music : bool
        Whether contributions of groups of music features are computed.
    max_trials : int, optional
        Draw so many test trials of each target.
    check : bool
        Whether contributions are compared with those of networks with randomised weights.
    seed : int
        Of all draws.
    jobs : int
        Processes; -1 for all cores.

    Raises
    ------
    RtcanError
        If the models do not see EDA and music, or the stores are not those the run was made from.
    """
    run = Run.load(run_path)
    check_fused(run)
    predicted, notes = explain_trials.targets_of(run, targets)
    explain_trials.check_sources(run, sources)
    groups, group_notes = _groups(sources) if split_music else ({}, [])
    notes += group_notes
    randomised = _RANDOMISED if check and run.settings.model.is_network else 0
    if check and not randomised:
        text = f"a {run.model_name} has no weights that could be randomised"
        notes.append(Note("not_randomised", text))
    how = How(scale, groups, seed, n_randomised=randomised)
    parts, averages, music, trials, checks = [], [], [], [], []
    for target in predicted:
        work, n_tested = _work(run, sources, target, n_background, max_trials, seed)
        found = _explain(work, how, jobs)
        table = pd.concat([each.trials for each in found], ignore_index=True)
        if len(table) < n_tested:
            text = f"{target}: {len(table)} of {n_tested} trials, drawn by the seed"
            notes.append(Note("drawn_trials", text))
        notes += tables.doubts(target, table, scale)
        exchanged = {
            part: np.concatenate([each.exchanged[part] for each in found], axis=1)
            for part in tables.PARTS
        }
        rows = tables.parts_table(target, table, exchanged, scale)
        within = any(each.within for each in found)
        notes += [tables.verdict_note(row, scale, within) for row in rows.to_dict("records")]
        if within:
            text = (
                "in folds with one subject, EDA is exchanged among the trials of that subject: "
                "what it says of the subject in general stays"
            )
            notes.append(Note("exchanged_within", f"{target}: {text}"))
        parts.append(rows)
        averages.append(tables.averages_table(target, table, scale))
        notes += tables.folds_note(averages[-1])
        music.append(tables.music_table(target, table, groups))
        trials.append(table)
        if randomised:
            checks.append(
                tables.checks_table(target, np.concatenate([each.similarity for each in found]))
            )

    notes += _songs_in_training(run, predicted)

    return PartContributions(
        run=about(run),
        scale=scale,
        n_background=n_background,
        parts=joined(parts, PART_COLUMNS),
        averages=joined(averages, AVERAGE_COLUMNS),
        music=joined(music, MUSIC_COLUMNS),
        trials=joined(trials, TRIAL_COLUMNS),
        checks=joined(checks, CHECK_COLUMNS),
        notes=tuple(notes),
    )


def contributions_of_trial(
    run_path: Path,
    sources: Sources,
    subject: str,
    stimulus: str,
    *,
    repetition: int | None = None,
    targets: tuple[str, ...] | None = None,
    scale: Scale = "probability",
    n_background: int = BACKGROUND,
    seed: int = SEED,
) -> pd.DataFrame:
    """What EDA and music contributed to the answer to one trial.

    Parameters
    ----------
    run_path, sources, targets, scale, n_background, seed
        As of `contributions_of_run`, which gives the same numbers.
    subject, stimulus : str
        The trial.
    repetition : int, optional
        Which hearing; the first that is tested by default.

    Returns
    -------
    DataFrame
        With the columns `TRIAL_COLUMNS`: one row a target whose model tests the trial.

    Raises
    ------
    RtcanError
        As of `contributions_of_run`, or if no model of the run tests the trial.
    """
    run = Run.load(run_path)
    check_fused(run)
    explain_trials.check_sources(run, sources)
    how = How(scale, _groups(sources)[0], seed, n_exchanges=0)
    rows = []
    for target in explain_trials.targets_of(run, targets)[0]:
        tested = _tested(run, target)
        own = tested[(tested["subject"] == subject) & (tested["stimulus"] == stimulus)]
        if repetition is not None:
            own = own[own["repetition"] == repetition]
        for fold in own["fold"].head(1):
            background = _background(run, target, fold, n_background, seed)
            work = FoldWork(run.path, sources, target, fold, own.head(1), background)
            rows.append(explain_fold(work, how).trials)
    if not rows:
        raise RtcanError(f"{run.path}: no model tests subject {subject}, stimulus {stimulus}")
    return pd.concat(rows, ignore_index=True)


def _songs_in_training(run: Run, targets: Sequence[str]) -> list[Note]:
    """Say that models may remember the songs of their test trials, if they do."""
    audit = pd.concat([run.audit(target) for target in targets])
    seen, tested = int(audit["stimulus_in_training"].sum()), int(audit["test"].sum())
    if not seen:
        return []
    text = (
        f"{seen} of {tested} test trials are of songs that also trained their model: what music "
        "contributes includes what the model remembers of these songs"
    )
    settings = run.settings
    # Other protocols have other numbers of folds.
    can = settings.protocol == "subject" and "subject+stimulus" in settings.model.protocols
    line = run.line(protocol="subject+stimulus") if can else None
    return [Note("songs_in_training", text, line)]


def _tested(run: Run, target: str) -> pd.DataFrame:
    table = run.trials(target)
    return table[table["fold"].isin(run.trained_folds(target)) & table["probability"].notna()]


def _background(run: Run, target: str, fold: int, n: int, seed: int) -> pd.DataFrame:
    """Training trials of a fold, drawn by the seed."""
    train = run.roles(target)[fold].train
    rng = np.random.default_rng([seed, fold])
    drawn = np.sort(rng.choice(train, min(n, len(train)), replace=False))
    return run.trials(target).iloc[drawn]


def _work(
    run: Run, sources: Sources, target: str, n_background: int, max_trials: int | None, seed: int
) -> tuple[list[FoldWork], int]:
    """The folds of a target, and how many trials are tested in all."""
    tested = _tested(run, target)
    n_tested = len(tested)
    if not n_tested:
        raise RtcanError(f"{run.path}: no trained fold tests a trial for {target}")
    if max_trials is not None and max_trials < n_tested:
        drawn = np.random.default_rng(seed).choice(n_tested, max_trials, replace=False)
        tested = tested.iloc[np.sort(drawn)]
    return [
        FoldWork(
            run.path,
            sources,
            target,
            int(str(fold)),
            own,
            _background(run, target, int(str(fold)), n_background, seed),
        )
        for fold, own in tested.groupby("fold")
    ], n_tested


def _groups(sources: Sources) -> tuple[dict[str, NDArray[np.intp]], list[Note]]:
    """Columns of the groups of music features, and what to say of those without a known name."""
    assert sources.music is not None, "the run hears music"
    with Store(sources.music, "music") as store:
        names = [str(name) for name in store.array("features/name")]
    groups = columns_of_groups(names)
    unknown = len(groups.get("other", ())) if groups else len(names)
    if not unknown:
        return groups, []
    which = f"{unknown} of {len(names)}" if groups else f"all {len(names)}"
    left = "they are the group 'other'" if groups else "the music is not split into groups"
    text = f"the names of {which} music features are not openSMILE's: {left}"
    return groups, [Note("unknown_features", text)]


def _explain(work: list[FoldWork], how: How, jobs: int) -> list[FoldFound]:
    found: dict[int, FoldFound] = {}
    total = sum(len(each.own) for each in work)
    with console.progress(total, f"contributions, {work[0].target}", "trial") as bar:
        for index, each in map_unordered(bind(explain_fold, how=how), work, jobs):
            found[index] = each
            bar.update(len(each.trials))
    return [found[index] for index in range(len(work))]

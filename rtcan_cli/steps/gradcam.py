"""Run stores -> where in time the networks looked, for one subject and one stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain import Attribution, attribute
from rtcan_cli.plots.attention_columns import AttentionPanel, attention_columns
from rtcan_cli.plots.attention_heat import attention_heat
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.assemble import Sources, trial_input
from rtcan_cli.steps.runs import Run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.data import standardise

#: The networks of the paper's Figs. 5 to 8, and what each shows.
SHOWN = {
    "Rb": "Rb: channel attention",
    "Rd": "Rd: temporal attention",
    "Rf": "Rf: channel and temporal attention",
}


@dataclass(frozen=True)
class Explained:
    """One run's decision about the trial, and where it looked."""

    run: Run
    fold: int
    truth: int
    attribution: Attribution


def choose_run(workspace: Workspace, dataset: str | None, subject: str, stimulus: str) -> Path:
    """The newest run with a network that tests this trial, or the newest run if none does.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    for path in workspace.runs(dataset):
        run = Run.load(path)
        tested = run.predictions.dropna(subset=["probability"])
        if (
            run.can_be_explained
            and not run.is_imported
            and ((tested["subject"] == subject) & (tested["stimulus"] == stimulus)).any()
        ):
            return path
    return workspace.find_run(None, dataset)


def sources_of(workspace: Workspace, run_path: Path) -> Sources:
    """The workspace's stores that a run of it was made from."""
    run = Run.load(run_path)
    paths = {kind: workspace.store(run.dataset.name, kind) for kind in run.provenance.inputs}
    return Sources(paths["components"], paths["labels"], paths.get("music"))


def explain_trial(
    run_path: Path,
    sources: Sources,
    subject: str,
    stimulus: str,
    figures: Path,
    companions: list[Path] | None = None,
    formats: tuple[str, ...] = ("png", "svg", "pdf"),
) -> Report:
    """Draw the paper's Figs. 5 to 8 for one trial: attention as columns and as a heat strip.

    The network used is always the one that neither trained nor validated on this subject. Of an
    imported network nobody knows that, and the table says so.

    Parameters
    ----------
    run_path : Path
        Run store.
    sources : Sources
        The stores it was made from.
    subject, stimulus : str
        The trial.
    figures : Path
        Folder to write to.
    companions : list of Path, optional
        Other runs, newest first. Those of the variants Rb, Rd and Rf that share everything else
        with the run are shown beside it.
    formats : tuple of str
        Endings of the picture files.

    Raises
    ------
    RtcanError
        If no network of the run tests this subject, or the stores are not those it was made from.
    """
    first = Run.load(run_path)
    _check_sources(first, sources)
    runs = _side_by_side(first, companions or [])
    report = Report("gradcam")
    report.facts = {
        "dataset": first.dataset.title + (" (simulated)" if first.simulated else ""),
        "subject": subject,
        first.dataset.stimulus_word: stimulus,
        "runs": ", ".join(run.name for run in runs),
    }
    folder = figures / first.dataset.name
    rows = []
    problems: dict[str, RtcanError] = {}
    for target in first.settings.targets:
        try:
            eda, seconds = _trial(first, sources, target, subject, stimulus)
            music = _music(sources, stimulus)
        except RtcanError as error:
            problems[target] = error
            continue
        explained = [
            found
            for run in runs
            if (found := _explain(run, target, subject, stimulus, eda, music)) is not None
        ]
        if not explained:
            continue
        for each in explained:
            call = each.attribution
            rows.append(
                [
                    target,
                    each.run.settings.spec.variant,
                    each.fold,
                    _class_name(each.truth),
                    _class_name(call.class_index),
                    call.probability,
                    float(seconds[int(call.weight.argmax())]) if not call.is_empty else None,
                ]
            )
            if call.is_empty:
                report.notes.append(
                    f"{target}, {each.run.name}: nothing in its attention spoke for this class, so "
                    "its map is empty"
                )
        report.files += _draw(explained, target, subject, stimulus, eda, seconds, folder, formats)
    if not rows and problems:
        raise next(iter(problems.values()))
    report.notes += [f"{target}: not shown: {error}" for target, error in problems.items()]
    if not rows:
        raise RtcanError(
            f"{run_path}: no trained fold tests subject '{subject}' with stimulus '{stimulus}'",
            _suggestion(first),
        )
    columns = ["target", "variant", "fold", "true", "called", "P(called)", "peak at [s]"]
    mark = ", simulated data" if first.simulated else ""
    title = f"The network of the fold that tests this subject{mark}"
    if first.is_imported:
        title = f"An imported network, which may have been trained on this trial{mark}"
    report.tables.append(Table(title, columns, rows))
    shown = {run.settings.spec.variant for run in runs}
    for variant in sorted(SHOWN.keys() - shown) if not first.is_imported else ():
        options = first.settings.options(first.dataset.name, variant=variant, test_subject=subject)
        report.notes.append(f"to see {variant} beside it, as in the paper: rtcan train {options}")
    return report


def _check_sources(run: Run, sources: Sources) -> None:
    ids, _ = sources.check()
    for kind, made_from in run.provenance.inputs.items():
        if ids.get(kind) != made_from:
            raise RtcanError(
                f"{run.path}: was trained on other {kind} than the present store holds",
                f"rtcan train --dataset {run.dataset.name}, to train on the present ones",
            )


def _side_by_side(first: Run, companions: list[Path]) -> list[Run]:
    """The run and its newest relatives, which differ in nothing but the variant, in paper order."""
    found = {first.settings.spec.variant: first}
    for path in companions:
        run = Run.load(path)
        variant = run.settings.spec.variant
        if variant in SHOWN and variant not in found and _kin(run) == _kin(first):
            found[variant] = run
    return [found[name] for name in sorted(found)]


def _kin(run: Run) -> dict[str, Any]:
    ignored = ("variant", "targets", "test_subject")
    settings = {k: v for k, v in run.settings.parameters().items() if k not in ignored}
    return settings | {"inputs": run.provenance.inputs}


def _trial(
    run: Run, sources: Sources, target: str, subject: str, stimulus: str
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Network input (3, length) of a trial, and the time of each of its samples."""
    settings = run.settings
    assert sources.components is not None, "what can be explained sees signals"
    with Store(sources.components, "components") as store:
        table = store.table("recordings")
        rows = table[
            (table["subject"] == subject)
            & (table["stimulus"] == stimulus)
            & table["target"].isin([target, "both"])
        ]
        if rows.empty:
            subjects = table.loc[table["stimulus"] == stimulus, "subject"].unique()
            word = run.dataset.stimulus_word
            raise RtcanError(
                f"{sources.components}: has no trial of subject '{subject}', {word} '{stimulus}'",
                f"one of the subjects who had this {word}: {', '.join(subjects[:8])}"
                if len(subjects)
                else f"one of the {word}s: {', '.join(table['stimulus'].unique()[:8])}",
            )
        row = rows.iloc[0]
        if row["problem"]:
            raise RtcanError(f"that recording was not decomposed: {row['problem']}")
        index, rate = int(str(rows.index[0])), float(row["sampling_rate"])
        eda = trial_input(store, index, rate, settings.onset, settings.spec.length)
        end = (len(store.signal("phasic", index)) - 1) / rate
    return eda, np.linspace(settings.onset, end, settings.spec.length)


def _music(sources: Sources, stimulus: str) -> NDArray[np.float32] | None:
    if sources.music is None:
        return None
    with Store(sources.music, "music") as store:
        rows = np.flatnonzero(store.array("stimuli/stimulus") == stimulus)
        if not len(rows):
            raise RtcanError(f"{sources.music}: has no features of '{stimulus}'", "another --music")
        return store.array("features/value")[rows[0]]


def _explain(
    run: Run,
    target: str,
    subject: str,
    stimulus: str,
    eda: NDArray[np.float32],
    music: NDArray[np.float32] | None,
) -> Explained | None:
    """Explain one run's decision, or None if none of its networks tests this trial."""
    trials = run.trials(target)
    mine = trials[(trials["subject"] == subject) & (trials["stimulus"] == stimulus)]
    if mine.empty:
        return None
    # The one network of an imported run tests no trial, but answers to all of them.
    fold = 1 if run.is_imported else int(mine["fold"].iloc[0])
    if fold not in run.trained_folds(target):
        return None
    network = run.network_of_fold(target, fold)
    vector = None
    if music is not None and network.music_mean is not None and network.music_sd is not None:
        vector = standardise(music[None], network.music_mean, network.music_sd)[0]
    return Explained(run, fold, int(mine["label"].iloc[0]), attribute(network.model, eda, vector))


def _draw(
    explained: list[Explained],
    target: str,
    subject: str,
    stimulus: str,
    eda: NDArray[np.float32],
    seconds: NDArray[np.float64],
    folder: Path,
    formats: tuple[str, ...],
) -> list[Path]:
    panels = [
        AttentionPanel(
            SHOWN.get(each.run.settings.spec.variant, each.run.settings.spec.variant),
            each.attribution.weight,
            each.attribution.class_index,
            each.attribution.probability,
        )
        for each in explained
    ]
    first = explained[0]
    about: dict[str, Any] = {
        "target": target,
        "subject": subject,
        "music": f"{first.run.dataset.stimulus_word} {stimulus}",
        "true_class": first.truth,
        "simulated": first.run.simulated,
    }
    stem = f"{target}_subject_{subject}_music_{stimulus}"
    numbers = pd.DataFrame({"time_s": seconds, **dict(zip(CHANNELS, eda, strict=True))})
    for each in explained:
        variant = each.run.settings.spec.variant
        numbers[f"weight_{variant}"] = each.attribution.weight
        for name, values in zip(CHANNELS, each.attribution.channels, strict=True):
            numbers[f"attribution_{variant}_{name}"] = values
    files = save(
        attention_columns(seconds, eda, panels, **about),
        folder / f"attention_columns_{stem}",
        formats,
    )
    files += save(
        attention_heat(seconds, eda, panels, **about), folder / f"attention_heat_{stem}", formats
    )
    csv = folder / f"attention_{stem}.csv"
    numbers.assign(simulated=first.run.simulated).to_csv(csv, index=False)
    return [*files, csv]


def _class_name(code: int) -> str:
    return "high" if code else "low"


def _suggestion(run: Run) -> str:
    tested = run.predictions.dropna(subset=["probability"])
    some = tested[["subject", "stimulus"]].drop_duplicates().head(3)
    pairs = "; ".join(f"--subject {s} --music {m}" for s, m in some.itertuples(index=False))
    return f"a trial that it tests: {pairs}"

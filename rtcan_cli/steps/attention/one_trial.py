"""Run stores -> where in time the networks looked, for one subject and one stimulus."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import CLASS_NAMES, MAP, SEED, Explained, MapName
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.explain import Attribution, attribute
from rtcan_cli.explain.architecture import relative
from rtcan_cli.explain.average import density
from rtcan_cli.files.links import folder_below, part_of_name
from rtcan_cli.plots.attention.columns import AttentionPanel, attention_columns
from rtcan_cli.plots.attention.heat import attention_heat
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.results.attention.trial import DECISION_COLUMNS, SAMPLE_COLUMNS, TrialAttention
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_table
from rtcan_cli.runs.inputs import Key, Sources
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.networks import SHOWN, side_by_side
from rtcan_cli.steps.attention.skill import map_notes
from rtcan_cli.steps.attention.trials import Chunk, Loaded
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import RECORDING_COLUMNS
from rtcan_cli.trial_key import TRIAL_KEY, ending, hearing

#: How a trial is drawn: the paper's Figs. 5 and 7, and 6 and 8.
WAYS = {"columns": attention_columns, "heat": attention_heat}
FIGURES = frozenset((way, target) for way in WAYS for target in TARGETS)


@dataclass(frozen=True)
class Explanation:
    """One run's decision about the trial, and where it looked."""

    run: Run
    fold: int
    truth: int
    attribution: Attribution
    data: Loaded

    @property
    def eda(self) -> NDArray[np.float32]:
        """Network input (3, L)."""
        return self.data.eda[0]

    @property
    def called(self) -> tuple[int, float]:
        """The class that is called, and its probability; another one may be explained."""
        call = self.attribution
        if call.probability < 0.5:
            return 1 - call.class_index, 1 - call.probability
        return call.class_index, call.probability

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Time of each sample of the input since the recording began."""
        begin = self.data.begin[0]
        return np.linspace(begin, begin + self.data.duration[0], self.eda.shape[1])


@dataclass(frozen=True)
class How:
    """How a decision is explained; see `explain_trial`."""

    method: MapName
    explained: Explained
    relative: bool
    seed: int


def explain_trial(
    run_path: Path,
    sources: Sources,
    subject: str,
    stimulus: str,
    figures: Path,
    companions: list[Path] | None = None,
    *,
    targets: tuple[str, ...] | None = None,
    method: MapName = MAP,
    repetition: int | None = None,
    explained: Explained = "predicted",
    relative_to_untrained: bool = False,
    seed: int = SEED,
    drawn: Collection[tuple[str, str]] = FIGURES,
    look: Look = PAPER,
) -> TrialAttention:
    """Draw the paper's Figs. 5 to 8 for one trial: attention as columns and as a heat strip.

    The network used is always the one that neither trained nor validated on this subject. For
    an imported network this is not known, and the table says so.

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
    targets : tuple of str, optional
        Those of the run by default.
    repetition : int, optional
        Which hearing, where the subject met the stimulus more than once; by default the first that
        the run tests, and the report says so.
    method : {"guided-gradcam", "gradcam", "integrated-gradients"}
    explained : {"predicted", "true", "low", "high"}
        The class whose score is explained.
    relative_to_untrained : bool
        Divide by what untrained networks look at (`rtcan_cli.explain.architecture`).
    seed : int
        Of the untrained networks.
    drawn : collection of (str, str)
        Which figures: ``columns`` or ``heat``, and the target.
    look : Look
        Size, colours, resolution and formats of the figures.

    Raises
    ------
    RtcanError
        If no network of the run tests this subject, or the stores are not those it was made from.
    """
    first = Run.load(run_path)
    explain_trials.check_can_be_explained(first, method)
    targets, notes = explain_trials.targets_of(first, targets)
    explain_trials.check_sources(first, sources)
    heard = _hearings(first, targets, subject, stimulus)
    chosen = repetition or (heard[0] if heard else 1)
    key = (subject, stimulus, chosen)
    beside = {}
    for target in targets:
        tests = partial(tested_fold, target=target, key=key)
        beside[target] = side_by_side(first, companions or [], tests)
    runs = [run for found in beside.values() for run in found]
    how = How(method, explained, relative_to_untrained, seed)
    if repetition is None and len(heard) > 1:
        others = ", ".join(str(each) for each in heard[1:])
        text = (
            f"the subject met it {len(heard)} times: repetition {chosen} is shown; --repetition "
            f"takes another ({others})"
        )
        notes.append(Note("repetitions", text))
    folder = folder_below(figures, first.dataset.name, first.name)
    decisions: list[dict[str, object]] = []
    samples: list[pd.DataFrame] = []
    files: list[Path] = []
    problems: dict[str, RtcanError] = {}
    for target in console.counted(targets, "maps and figures", "target"):
        try:
            recording = recording_of(first, sources, target, key)
            found = [
                each
                for run in beside[target]
                if (each := explain(run, sources, target, recording, how)) is not None
            ]
        except RtcanError as error:
            problems[target] = error
            continue
        if not found:
            continue
        decisions += [_decision(target, each) for each in found]
        for each in found:
            notes += map_notes(each.run, target, each.run.name)
        notes += [
            Note(
                "empty_map",
                f"{target}, {each.run.name}: nothing in its attention spoke for this class, so "
                "its map is empty",
            )
            for each in found
            if each.attribution.is_empty
        ]
        who, what = part_of_name(subject), part_of_name(stimulus)
        stem = f"{target}_subject_{who}_music_{what}{ending(chosen)}"
        stem += explain_trials.ending(method, explained, relative_to_untrained)
        ways = [way for way in WAYS if (way, target) in drawn]
        files += _draw(found, target, recording, folder, stem, ways, look)
        samples.append(pd.concat([_samples(target, each) for each in found], ignore_index=True))
        csv = folder / f"attention_{stem}.csv"
        files.append(write_table(samples[-1], csv, simulated=first.simulated))
    if not decisions and problems:
        raise next(iter(problems.values()))
    notes += [Note("not_shown", f"{name}: not shown: {why}") for name, why in problems.items()]
    if not decisions:
        raise RtcanError(
            f"{run_path}: no trained fold tests subject '{subject}' with stimulus '{stimulus}'"
            f"{hearing(chosen)} for {' or '.join(targets)}",
            _suggestion(first, targets, key),
        )
    shown = {run.settings.spec.variant for run in runs}
    for variant in sorted(SHOWN.keys() - shown) if not first.is_imported else ():
        line = first.line(variant=variant, test_subject=subject)
        notes.append(Note("variant_missing", f"to see {variant} beside it, as in the paper", line))
    return TrialAttention(
        run=about(first),
        imported=first.is_imported,
        subject=subject,
        stimulus=stimulus,
        repetition=chosen,
        n_repetitions=len(heard),
        map_name=method,
        explained=explained,
        relative=relative_to_untrained,
        decisions=pd.DataFrame(decisions, columns=list(DECISION_COLUMNS)),
        samples=pd.concat(samples, ignore_index=True),
        notes=tuple(notes),
        files=tuple(files),
    )


def _hearings(run: Run, targets: tuple[str, ...], subject: str, stimulus: str) -> list[int]:
    """The repetitions of a stimulus for which a trained fold tests the subject."""
    table = run.predictions
    mine = table[(table["subject"] == subject) & (table["stimulus"] == stimulus)]
    return [
        int(number)
        for number in sorted(mine["repetition"].unique())
        if any(tested_fold(run, target, (subject, stimulus, number)) for target in targets)
    ]


def recording_of(run: Run, sources: Sources, target: str, key: Key) -> dict[str, Any]:
    """Keys, row and rate of the recording of a trial."""
    subject, stimulus, repetition = key
    assert sources.components is not None, "what can be explained sees signals"
    with Store(sources.components, "components") as store:
        table = store.table("recordings", RECORDING_COLUMNS)
        kind = stored_kind(store.provenance.parameters)
    rows = table[
        (table["subject"] == subject)
        & (table["stimulus"] == stimulus)
        & (table["repetition"] == repetition)
        & table["target"].isin([target, "both"])
    ]
    if rows.empty:
        mine = (table["subject"] == subject) & table["target"].isin([target, "both"])
        heard = table.loc[mine & (table["stimulus"] == stimulus), "repetition"]
        met = table.loc[mine, "stimulus"].unique().tolist()
        word = run.dataset.stimulus_word
        if len(heard):
            hint = f"--repetition {' or '.join(str(each) for each in sorted(heard.unique()))}"
        elif met:
            hint = f"one of the {word}s that this subject had: {some(met)}"
        else:
            hint = f"one of the subjects: {some(table['subject'].unique().tolist())}"
        raise RtcanError(
            f"{sources.components}: has no trial of subject '{subject}', {word} '{stimulus}'"
            f"{hearing(repetition)}",
            hint=hint,
        )
    row = rows.iloc[0]
    if row["problem"]:
        raise RtcanError(f"that recording was not decomposed: {row['problem']}")
    return {
        **dict(zip(TRIAL_KEY, key, strict=True)),
        "recording": int(str(rows.index[0])),
        "sampling_rate": float(row["sampling_rate"]),
        "signal": kind.name,
    }


def explain(
    run: Run, sources: Sources, target: str, recording: dict[str, Any], how: How
) -> Explanation | None:
    """Explain one run's decision, or None if none of its networks tests this trial."""
    found = tested_fold(
        run, target, (recording["subject"], recording["stimulus"], recording["repetition"])
    )
    if found is None:
        return None
    fold, truth = found
    trial = pd.DataFrame([{**recording, "label": truth}])
    data = explain_trials.load(Chunk(run.path, sources, target, fold, trial), run)
    chosen = explain_trials.classes(how.explained, trial)
    attribution = attribute(
        data.model,
        data.eda[0],
        None if data.music is None else data.music[0],
        None if chosen is None else int(chosen[0]),
        method=how.method,
    )
    if how.relative and not attribution.is_empty:
        tested, _ = explain_trials.tested_trials(run, sources, target, None, how.seed)
        chunk = Chunk(run.path, sources, target, fold, tested[tested["fold"] == fold])
        average = explain_trials.untrained_of(chunk, how.method, how.seed)
        share = relative(density(attribution.weight[None, None]), average)[0, 0]
        attribution = replace(attribution, weight=(share / share.max()).astype(np.float32))
    return Explanation(run, fold, truth, attribution, data)


def tested_fold(run: Run, target: str, key: Key) -> tuple[int, int] | None:
    """The trained fold of a run that tests a trial, and the trial's label."""
    if target not in run.settings.targets:
        return None
    trials = run.trials(target)
    mine = trials[(trials[list(TRIAL_KEY)] == list(key)).all(axis=1)]
    if mine.empty:
        return None
    # The one network of an imported run tests no trial, but answers to all of them.
    fold = 1 if run.is_imported else int(mine["fold"].iloc[0])
    return (fold, int(mine["label"].iloc[0])) if fold in run.trained_folds(target) else None


def _decision(target: str, each: Explanation) -> dict[str, object]:
    call = each.attribution
    called, probability = each.called
    return {
        "target": target,
        "run": each.run.name,
        "variant": each.run.settings.spec.variant,
        "fold": each.fold,
        "true_class": CLASS_NAMES[each.truth],
        "called_class": CLASS_NAMES[called],
        "called_probability": probability,
        "explained_class": CLASS_NAMES[call.class_index],
        "explained_probability": call.probability,
        "peak": None if call.is_empty else float(each.seconds[int(call.weight.argmax())]),
    }


def _draw(
    found: list[Explanation],
    target: str,
    recording: dict[str, Any],
    folder: Path,
    stem: str,
    ways: Sequence[str],
    look: Look,
) -> list[Path]:
    panels = [_panel(each) for each in found]
    first = found[0]
    about: dict[str, Any] = {
        "target": target,
        "subject": recording["subject"],
        "music": f"{first.run.dataset.stimulus_word} {recording['stimulus']}"
        f"{hearing(recording['repetition'])}",
        "true_class": first.truth,
        "name": recording["signal"],
        "simulated": first.run.simulated,
        "look": look,
    }
    files = []
    for way in ways:
        figure = WAYS[way](first.seconds, first.eda, panels, **about)
        files += save(figure, folder / f"attention_{way}_{stem}", look)
    return files


def _panel(each: Explanation) -> AttentionPanel:
    variant, call = each.run.settings.spec.variant, each.attribution
    name = SHOWN.get(variant, variant)
    return AttentionPanel(name, call.weight, *each.called, call.class_index)


def _samples(target: str, each: Explanation) -> pd.DataFrame:
    """Signals, weights and maps, one row a sample."""
    call = each.attribution
    columns = {
        "target": target,
        "run": each.run.name,
        "variant": each.run.settings.spec.variant,
        "time": each.seconds,
        **dict(zip(CHANNELS, each.eda, strict=True)),
        "weight": call.weight,
    }
    if len(call.channels) == len(CHANNELS):
        maps = zip(CHANNELS, call.channels, strict=True)
        columns |= {f"attribution_{name}": values for name, values in maps}
    return pd.DataFrame(columns, columns=list(SAMPLE_COLUMNS))


def _suggestion(run: Run, targets: tuple[str, ...], key: tuple[str, str, int]) -> str | None:
    """The line that explains another trial, one that a run tests for one of the targets."""
    tested = run.predictions.dropna(subset=["probability"])
    tested = tested[tested["target"].isin(targets) & (tested["label"] >= 0)]
    # Another hearing, then another trial of the same subject or stimulus, before all others.
    near = tested[list(TRIAL_KEY)].eq(list(key)).sum(axis=1)
    tested = tested.loc[near[near < len(key)].sort_values(ascending=False, kind="stable").index]
    if tested.empty:
        return None
    other = tested.iloc[0]
    elsewhere = run.workspace is None
    return command_line(
        "gradcam",
        run.path if elsewhere else run.name,
        subject=other["subject"],
        music=other["stimulus"],
        repetition=other["repetition"] if other["repetition"] > 1 else None,
        target=other["target"] if targets != run.settings.targets else None,
        dataset=None if elsewhere else run.dataset.name,
        workspace=run.workspace,
    )

"""Run store -> what EDA and music each contributed to its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial as bind
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from rtcan_cli import console
from rtcan_cli.choices import BACKGROUND, CLASS_NAMES, SEED, Scale
from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import difference_intervals, intervals, ratio_intervals
from rtcan_cli.explain import contributions as explain
from rtcan_cli.explain.contributions import Answer, partners
from rtcan_cli.explain.feature_groups import GROUPS, columns_of_groups
from rtcan_cli.explain.fused import answer_of, answer_of_network, network_inputs
from rtcan_cli.explain.randomise import rank_correlation, untrained
from rtcan_cli.files.links import folder_below
from rtcan_cli.models.weights import rebuild
from rtcan_cli.parallel import map_unordered
from rtcan_cli.plots.attention.contributions import contributions as draw
from rtcan_cli.plots.save import save
from rtcan_cli.plots.style import PAPER, Look
from rtcan_cli.results.attention.contributions import (
    AVERAGE_COLUMNS,
    CHECK_COLUMNS,
    MUSIC_COLUMNS,
    PART_COLUMNS,
    TRIAL_COLUMNS,
    PartContributions,
)
from rtcan_cli.results.base import Column, Note, empty
from rtcan_cli.results.csv import write_csv
from rtcan_cli.runs.inputs import Sources, new_trials
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.checks import follows_weights
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.calibrate import log_odds
from rtcan_cli.trial_key import TRIAL_KEY

PARTS = ("EDA", "music")
#: Times that the EDA, or the music, is exchanged among the test trials of a fold.
_EXCHANGES = 10
#: Networks with randomised weights for each fold.
_RANDOMISED = 3
#: A part is ignored if its share of the contributions is below this, or its mean size below that.
IGNORED_SHARE = 0.1
IGNORED_SIZE: Mapping[Scale, float] = {"probability": 0.01, "logit": 0.04}
#: Contributions and baseline sum to what the run stored within this.
TOLERANCE = 1e-3

Values = NDArray[np.float64]


@dataclass(frozen=True)
class FoldWork:
    """The test trials of one fold.

    Parameters
    ----------
    run : Path
        Run store.
    sources : Sources
        The stores it was made from.
    target : str
    fold : int
        From 1.
    own, background : DataFrame
        Rows of the run's predictions: what is explained, and training trials of the fold.
    """

    run: Path
    sources: Sources
    target: str
    fold: int
    own: pd.DataFrame
    background: pd.DataFrame


@dataclass(frozen=True)
class How:
    """How trials are explained; see `contributions_of_run`.

    Parameters
    ----------
    groups : dict of str to array of int
        Columns of groups of music features; empty if the music is not split.
    """

    scale: Scale
    groups: Mapping[str, NDArray[np.intp]]
    seed: int
    n_exchanges: int = _EXCHANGES
    n_randomised: int = 0


@dataclass(frozen=True)
class FoldFound:
    """What was found for the n test trials of a fold.

    Parameters
    ----------
    trials : DataFrame
        With the columns of `TRIAL_COLUMNS`.
    exchanged : dict of str to array (n_exchanges, n)
        P(high) with the EDA, or the music, of other trials; NaN where there is no other.
    within : bool
        Whether the only subject of the fold gave its own trials in exchange.
    similarity : array (n_randomised, 2)
        Rank correlation of the contributions of EDA and music with those of randomised networks.
    """

    trials: pd.DataFrame
    exchanged: dict[str, Values]
    within: bool
    similarity: Values


def is_fused(run: Run) -> bool:
    """Whether the models of a run see EDA and music, and their training trials are known."""
    settings = run.settings
    sees = settings.model.sees(settings.fusion)
    return settings.fusion == "music" and sees in ("signals", "features") and not run.is_imported


def newest_fused(
    workspace: Workspace, dataset: str | None, targets: Sequence[str] | None = None
) -> Path:
    """The newest run of EDA and music, for one of the targets; else the newest run.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    runs = [run for path in workspace.networks_first(dataset) if is_fused(run := Run.load(path))]
    runs.sort(key=lambda run: targets is not None and not {*targets} & {*run.settings.targets})
    return runs[0].path if runs else workspace.find_run(None, dataset)


def check_fused(run: Run) -> None:
    """Raise RtcanError if the models of a run do not see both parts."""
    if is_fused(run):
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
        figure = draw(
            *(
                each[each["target"] == target]
                for each in (result.parts, result.averages, result.music)
            ),
            scale=result.scale,
            title=f"{run.dataset.title}, {target}, {run.network}",
            simulated=run.simulated,
            look=look,
        )
        files += save(figure, folder / f"contributions_{target}{ending}", look)
    stems = {
        name: f"contributions_{name}{ending}"
        for name in ("parts", "averages", "music", "trials", "checks")
    }
    files += write_csv(result, folder, simulated=run.simulated, stems=stems)
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
    randomised = _RANDOMISED if check and run.settings.model.learner is None else 0
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
        notes += _doubts(target, table, scale)
        rows = _parts(target, table, found, scale)
        notes += [_verdict_note(row, scale) for row in rows.to_dict("records")]
        if any(each.within for each in found):
            text = "in folds with one listener, EDA is exchanged among the trials of that listener"
            notes.append(Note("exchanged_within", f"{target}: {text}"))
        parts.append(rows)
        averages.append(_averages(target, table, scale))
        music.append(_music(target, table, groups))
        trials.append(table)
        if randomised:
            checks.append(_checks(target, found))

    def joined(tables: list[pd.DataFrame], columns: Mapping[str, Column]) -> pd.DataFrame:
        return pd.concat(tables, ignore_index=True) if tables else empty(columns)

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


def explain_fold(work: FoldWork, how: How) -> FoldFound:
    """Contributions to the answers to the test trials of one fold."""
    run = Run.load(work.run)
    trained = run.model_of_fold(work.target, work.fold)
    every = pd.concat([work.own, work.background])
    keys = list(every[list(TRIAL_KEY)].itertuples(index=False, name=None))
    settings = run.settings
    loaded, _ = new_trials(
        work.sources,
        work.target,
        settings.onset,
        settings.spec.length,
        settings.model.features,
        settings.window,
        wanted=set(keys),
    )
    place = zip(*(getattr(loaded, name).tolist() for name in TRIAL_KEY), strict=True)
    row_of = {key: row for row, key in enumerate(place)}
    if missing := [key for key in keys if key not in row_of]:
        subject, stimulus, _ = missing[0]
        raise RtcanError(
            f"{run.path}: subject {subject}, stimulus {stimulus} is not in the present stores",
            f"{run.line(force=True)}, to train on the present ones",
        )
    loaded = loaded.take(np.array([row_of[key] for key in keys]))
    assert loaded.song is not None, "the run hears music"
    n = len(work.own)
    own = explain.Trials(np.arange(n), loaded.song[:n])
    background = explain.Trials(np.arange(n, len(keys)), loaded.song[n:])
    columns = list(how.groups.values()) or [np.arange(loaded.n_music)]

    def explained(answer: Answer) -> explain.Contributions:
        asked = answer
        if how.scale == "logit":

            def asked(eda: explain.Rows, song: explain.Rows) -> Values:
                return log_odds(answer(eda, song))

        return explain.contributions(asked, own, background, len(columns))

    answer = answer_of(trained, loaded, columns)
    found = explained(answer)
    subject = loaded.subject[:n]
    within = n > 1 and len(np.unique(subject)) == 1
    names = {"EDA": np.arange(n).astype(str) if within else subject, "music": loaded.piece[:n]}
    exchanged = _exchange(answer, own, names, np.random.default_rng([how.seed, work.fold, 1]), how)
    similarity = []
    if how.n_randomised:
        eda, music = network_inputs(trained, loaded)
        network = rebuild(trained.weights, trained.spec)
        for k in range(how.n_randomised):
            seed = how.seed + how.n_randomised * work.fold + k
            other = untrained(network, eda[:n], music[own.song], seed)
            again = explained(answer_of_network(other, eda, music, columns))
            similarity.append(
                [
                    rank_correlation(one[None], two[None])[0]
                    for one, two in ((found.eda, again.eda), (found.music, again.music))
                ]
            )
    return FoldFound(
        _trial_table(work, found, how), exchanged, within, np.reshape(similarity, (-1, 2))
    )


def _exchange(
    answer: Answer, own: explain.Trials, names: Mapping[str, NDArray[np.str_]], rng: Any, how: How
) -> dict[str, Values]:
    """P(high) with the EDA of other subjects, and with the music of other songs.

    ``names`` has the subject, and the song, of each trial, by part.
    """
    found = {}
    for part in PARTS:
        other = partners(names[part], how.n_exchanges, rng)
        there, here = other >= 0, np.broadcast_to(np.arange(len(own.eda)), other.shape)
        eda, song = (other, here) if part == "EDA" else (here, other)
        heard = np.repeat(own.song[song[there]][:, None], max(1, len(how.groups)), axis=1)
        found[part] = np.full(other.shape, np.nan)
        found[part][there] = answer(own.eda[eda[there]], heard)
    return found


def _trial_table(work: FoldWork, found: explain.Contributions, how: How) -> pd.DataFrame:
    own = work.own
    classes = np.array(CLASS_NAMES)
    table = own[[*TRIAL_KEY, "song", "fold", "probability"]].assign(
        target=work.target,
        true_class=classes[own["label"].to_numpy(np.int64)],
        called_class=classes[(own["probability"].to_numpy() > 0.5).astype(int)],
        baseline=found.baseline,
        eda=found.eda,
        music=found.music,
        without_eda=found.without_eda,
        without_music=found.without_music,
        **{f"music_{group}": np.nan for group in GROUPS},
    )
    for k, group in enumerate(how.groups):
        table[f"music_{group}"] = found.groups[:, k]
    return table[list(TRIAL_COLUMNS)]


def _answers(table: pd.DataFrame, scale: Scale) -> Values:
    """P(high) that contributions and baseline sum to."""
    total: Values = table[["baseline", "eda", "music"]].sum(axis=1).to_numpy(float)
    return expit(total) if scale == "logit" else total


def _doubts(target: str, table: pd.DataFrame, scale: Scale) -> list[Note]:
    """What makes contributions doubtful: other answers than the stored ones, or chance."""
    notes = []
    apart = np.abs(_answers(table, scale) - table["probability"])
    if apart.max() > TOLERANCE:
        text = (
            f"{(apart > TOLERANCE).sum()} of {len(table)} answers are not those that the run "
            f"stored, and differ by up to {apart.max():.3f}"
        )
        notes.append(Note("other_answers", f"{target}: {text}"))
    auc = intervals(_scored(table, table["probability"])).loc["auc"]
    if not auc["low"] > 0.5:
        text = (
            f"AUC {auc['estimate']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}) is not above "
            "chance: contributions say what moved the answers, not what is true of listeners"
        )
        notes.append(Note("chance", f"{target}: {text}"))
    return notes


def _scored(table: pd.DataFrame, probability: Values | pd.Series) -> pd.DataFrame:
    label = (table["true_class"] == CLASS_NAMES[1]).astype(int)
    return table[[*TRIAL_KEY, "fold"]].assign(label=label, probability=probability)


def _parts(target: str, table: pd.DataFrame, found: list[FoldFound], scale: Scale) -> pd.DataFrame:
    """How much each part decides, and whether the answers are better for it."""
    size = np.abs(table[["eda", "music"]].to_numpy(float))
    subject = table["subject"].to_numpy(str)
    ones = np.ones(len(table))
    rows = []
    for k, part in enumerate(PARTS):
        changed = _changed(table, ("without_eda", "without_music")[k], scale)
        estimates = ratio_intervals(
            {
                "size": (size[:, k], ones),
                "share": (size[:, k], size.sum(axis=1)),
                "changed": (changed, ones),
            },
            subject,
        )
        row: dict[str, Any] = {"target": target, "part": part, "n_trials": len(table)}
        row["n_subjects"] = len(np.unique(subject))
        for name, (estimate, low, high) in estimates.iterrows():
            row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
        row |= _drop(table, np.concatenate([each.exchanged[part] for each in found], axis=1))
        rows.append(row | {"verdict": _verdict(row, scale)})
    return pd.DataFrame(rows, columns=list(PART_COLUMNS))


def _changed(table: pd.DataFrame, without: str, scale: Scale) -> Values:
    """Whether trials are called otherwise on average without a part."""
    called_high = table[without] > (0.5 if scale == "probability" else 0)
    changed: Values = (called_high != (table["called_class"] == CLASS_NAMES[1])).to_numpy(float)
    return changed


def _drop(table: pd.DataFrame, exchanged: Values) -> dict[str, Any]:
    """What the score loses if a part is exchanged; exchanged is (n_exchanges, n)."""
    row: dict[str, Any] = {"score": "auc"}
    row |= dict.fromkeys(("whole", "exchanged", "drop", "drop_low", "drop_high"), np.nan)
    if np.isnan(exchanged).all():
        return row
    others = [_scored(table, each) for each in exchanged]
    scores = difference_intervals([_scored(table, table["probability"])], others, n_resamples=1000)
    if np.isnan(scores.loc["auc", "difference"]):  # no fold with both classes
        row["score"] = "balanced_accuracy"
    one, other, difference, low, high, _ = scores.loc[row["score"]]
    row |= {"whole": one, "exchanged": other, "drop": difference}
    return row | {"drop_low": low, "drop_high": high}


def _verdict(row: Mapping[str, Any], scale: Scale) -> str:
    if not np.isfinite([row["share_high"], row["drop_low"]]).all():
        return "unknown"
    if row["drop_low"] > 0:
        return "helps"
    if row["share_high"] < IGNORED_SHARE or row["size_high"] < IGNORED_SIZE[scale]:
        return "ignored"
    return "harms" if row["drop_high"] < 0 else "not_shown"


def _verdict_note(row: Mapping[str, Any], scale: Scale) -> Note:
    part, verdict = row["part"], row["verdict"]
    what = "P(high)" if scale == "probability" else "the logit"
    moves = (
        f"it moves {what} by {row['size']:.3f} on average ({row['size_low']:.3f} to "
        f"{row['size_high']:.3f}), {100 * row['share']:.0f} % of what EDA and music move"
    )
    score = "AUC" if row["score"] == "auc" else "balanced accuracy"
    whose = "of other listeners" if part == "EDA" else "of other songs"
    dropped = (
        f"{score} is {row['whole']:.3f}, and {row['exchanged']:.3f} with that {whose} in its place "
        f"(difference {row['drop']:+.3f}, {row['drop_low']:+.3f} to {row['drop_high']:+.3f})"
    )
    words = {
        "helps": f"{part} helps: {moves}; {dropped}",
        "ignored": f"{part} is ignored: {moves}; {dropped}",
        "not_shown": f"{part} moves the answers, but is not shown to help: {moves}; {dropped}",
        "harms": f"{part} makes the answers worse: {moves}; {dropped}",
        "unknown": f"{part}: too few listeners or songs to say whether it is used",
    }
    kind = f"{part.lower()}_{verdict}"
    return Note(kind, f"{row['target']}: {words[verdict]}")


def _averages(target: str, table: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    low_first = {name: k for k, name in enumerate(CLASS_NAMES)}
    by = {
        "all": np.full(len(table), "all"),
        "true": table["true_class"],
        "called": table["called_class"],
        "subject": table["subject"],
        "song": table["song"],
    }
    rows = [
        {"target": target, "group": group, "name": str(name), **_average(part, scale)}
        for group, key in by.items()
        for name, part in sorted(table.groupby(key), key=lambda pair: low_first.get(pair[0], 0))
    ]
    return pd.DataFrame(rows, columns=list(AVERAGE_COLUMNS))


def _average(table: pd.DataFrame, scale: Scale) -> dict[str, Any]:
    eda, music = (table[name].to_numpy(float) for name in ("eda", "music"))
    ones, subject = np.ones(len(table)), table["subject"].to_numpy(str)
    both = np.abs(eda) + np.abs(music)
    with_interval = {"eda": (eda, ones), "music": (music, ones), "eda_share": (np.abs(eda), both)}
    row: dict[str, Any] = {"n_trials": len(table), "n_subjects": len(np.unique(subject))}
    for name, (estimate, low, high) in ratio_intervals(with_interval, subject).iterrows():
        row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    for part in ("eda", "music"):
        row[f"changed_without_{part}"] = _changed(table, f"without_{part}", scale).mean()
    return row | {"eda_size": np.abs(eda).mean(), "music_size": np.abs(music).mean()}


def _music(
    target: str, table: pd.DataFrame, groups: Mapping[str, NDArray[np.intp]]
) -> pd.DataFrame:
    size = {group: table[f"music_{group}"].abs().to_numpy(float) for group in groups}
    if not size:
        return empty(MUSIC_COLUMNS)
    subject, ones, total = table["subject"].to_numpy(str), np.ones(len(table)), sum(size.values())
    sizes = ratio_intervals({group: (each, ones) for group, each in size.items()}, subject)
    shares = ratio_intervals({group: (each, total) for group, each in size.items()}, subject)
    rows = [
        (target, group, len(groups[group]), *sizes.loc[group], *shares.loc[group])
        for group in groups
    ]
    return pd.DataFrame(rows, columns=list(MUSIC_COLUMNS))


def _checks(target: str, found: list[FoldFound]) -> pd.DataFrame:
    similarity = np.concatenate([each.similarity for each in found])
    rows = []
    for part, each in zip(PARTS, similarity.T, strict=True):
        known = each[np.isfinite(each)]
        mean, sd = (known.mean(), known.std(ddof=1)) if len(known) > 1 else (np.nan, np.nan)
        rows.append((target, part, mean, sd, len(known), follows_weights(mean)))
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS))

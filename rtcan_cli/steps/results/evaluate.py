"""Run store -> scores of each fold and of all together, the leakage check, figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli import choices
from rtcan_cli.evaluation.bootstrap import intervals, tested
from rtcan_cli.evaluation.calibration import (
    calibrated_error,
    expected_calibration_error,
    reliability,
)
from rtcan_cli.evaluation.groups import Spread, group_scores, spread
from rtcan_cli.evaluation.metrics import (
    Summary,
    confusion,
    leading_score,
    over_folds,
    overlap,
)
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots import confusion as confusion_plot
from rtcan_cli.plots import reliability as reliability_plot
from rtcan_cli.plots.learning_curves import FoldHistory, learning_curves
from rtcan_cli.plots.roc import roc
from rtcan_cli.plots.save import save
from rtcan_cli.plots.subject_strip import subject_strip
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.run import HELD_OUT, Run, describe_choices, describe_protocol
from rtcan_cli.runs.seeds import seed_note, seed_table, seeds_beside
from rtcan_cli.steps.training.import_checkpoint import evaluate_imported
from rtcan_cli.steps.training.notes import training_notes

#: Scores in percent, and scores between 0 and 1 (or -1 and 1), as the tables name them.
PERCENT = {
    "accuracy": "accuracy",
    "above_majority": "above majority",
    "f1": "F1 high",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
}
PLAIN = {
    "mcc": "MCC",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "ece": "ECE",
    "ece_if_calibrated": "ECE if calibrated",
}
N_NAMED = 3
#: Percentages that are closer than this are the same, up to rounding.
EXACT = 1e-9
#: Folds whose learning curves are drawn, at most; with a fold a subject there are hundreds.
N_CURVES = 20


@dataclass(frozen=True)
class Scores:
    """Everything that is scored for one target of a run.

    Parameters
    ----------
    folds : DataFrame
        From `rtcan_cli.evaluation.metrics.fold_scores`.
    summary : Summary
        Means over folds, as the paper reports them.
    pooled : DataFrame
        Indexed by score, fractions of 1: ``estimate`` over all tested trials, its interval ``low``
        to ``high``, the ``n_resamples`` behind it; ``mean`` and ``sd`` over ``n_folds`` folds.
    subjects, stimuli : DataFrame
        From `rtcan_cli.evaluation.groups.group_scores`.
    lead : str
        The score to judge by, from `rtcan_cli.evaluation.metrics.leading_score`.
    luck : Spread
        Of the subjects.
    """

    folds: pd.DataFrame
    summary: Summary
    pooled: pd.DataFrame
    subjects: pd.DataFrame
    stimuli: pd.DataFrame
    lead: str
    luck: Spread


def evaluate_run(path: Path, figures: Path | None = None) -> Report:
    """Score the test folds of a run; an imported network on all trials, and marked as such.

    Parameters
    ----------
    path : Path
        Run store.
    figures : Path, optional
        Folder for tables (CSV) and figures; none are made if not given.

    Raises
    ------
    RtcanError
        If a fold breaks the promise of its protocol: such scores are not shown.
    """
    run = Run.load(path)
    if run.is_imported:
        return evaluate_imported(run, figures)
    seeds = seeds_beside(run)
    report = Report("evaluate")
    report.facts = {
        "run": run.name,
        "dataset": run.dataset.title + (" (simulated)" if run.simulated else ""),
        "model": run.network,
        "recipe": run.settings.training,
        "protocol": describe_protocol(run.settings),
    }
    found = {target: score_run(run, target) for target in run.settings.targets}
    report.tables = [_fold_table(run, target, scores) for target, scores in found.items()]
    report.tables += _pooled_tables(run, found)
    if len(seeds.runs) > 1:
        title = run.dataset.title + (" (simulated)" if run.simulated else "")
        report.tables += [seed_table([seeds], target, title) for target in found]
    report.tables.append(_audit_table(run))
    for target, scores in found.items():
        report.notes += _target_notes(run, target, scores)
    if len(seeds.runs) > 1:
        others = ", ".join(each.name for each in seeds.runs[1:])
        report.notes.append(f"{seed_note([seeds])}; the other seeds: {others}")
    report.notes += describe_choices(run.models)
    report.notes += training_notes(run)
    report.notes.append(_disjoint_note(run))
    report.notes += _threshold_notes(run)
    if figures is not None:
        report.files = _write(run, found, folder_below(figures, run.dataset.name, run.name))
        n_folds = len(run.trained_folds(run.settings.targets[0]))
        if n_folds > N_CURVES and run.settings.model.step:
            report.notes.append(f"learning curves are drawn of {N_CURVES} of the {n_folds} folds")
    return report


def score_run(run: Run, target: str) -> Scores:
    """Score the tested trials of one target, by fold, all together, and by subject and stimulus.

    Raises
    ------
    RtcanError
        See `Run.scores`.
    """
    folds, summary = run.scores(target)
    trials = run.trials(target)
    pooled = intervals(trials, seed=run.settings.seed)
    label, probability = trials["label"], trials["probability"]
    pooled.loc["ece", "estimate"] = expected_calibration_error(label, probability)
    pooled.loc["ece_if_calibrated", "estimate"] = calibrated_error(
        probability, seed=run.settings.seed
    )
    gain = folds["accuracy"] - folds["majority_accuracy"]
    # A fold has few trials, so few bins: its calibration error is another quantity.
    means = over_folds(folds).drop("ece")
    means.loc["above_majority"] = gain.mean(), gain.std(ddof=1), gain.notna().sum()
    subjects = group_scores(trials)
    return Scores(
        folds=folds,
        summary=summary,
        pooled=pooled.join(means),
        subjects=subjects,
        stimuli=group_scores(trials, "stimulus"),
        lead=leading_score(tested(trials)["label"]),
        luck=spread(subjects, seed=run.settings.seed),
    )


def _fold_table(run: Run, target: str, scores: Scores) -> Table:
    folds, summary = scores.folds, scores.summary
    rows: list[list[object]] = [
        [
            str(row.fold),
            row.n,
            *(100 * x for x in (row.accuracy, row.f1, row.majority_accuracy)),
            *(row.true_high, row.false_high, row.true_low, row.false_low),
        ]
        for row in folds[folds["n"] > 0].itertuples()
    ]
    means = summary.accuracy_mean, summary.f1_mean, summary.majority_mean
    sds = summary.accuracy_sd, summary.f1_sd, summary.majority_sd
    for name, percent in (("mean", means), ("sd", sds)):
        rows.append([name, None, *(100 * x for x in percent), None, None, None, None])
    total = folds[["true_high", "false_high", "true_low", "false_low"]].sum()
    rows.append(["sum", summary.n_trials, None, None, None, *total])
    columns = ["fold", "trials", "accuracy [%]", "F1 high [%]", "majority [%]"]
    columns += ["true high", "false high", "true low", "false low"]
    return Table(f"{target}: {run.protocol.tests}{_mark(run)}", columns, rows)


def _pooled_tables(run: Run, found: dict[str, Scores]) -> list[Table]:
    """Two tables, since percentages and areas need other decimals."""
    columns = ["target", "score", "all trials", "95 % from", "to", "mean of folds", "sd", "folds"]
    tables = []
    for what, names, factor in (("In percent", PERCENT, 100), ("On other scales", PLAIN, 1)):
        rows: list[list[object]] = []
        for target, scores in found.items():
            # The score to judge by comes first.
            for name in sorted(names, key=lambda name: name != scores.lead):
                shown = names[name]
                row = scores.pooled.loc[name]
                values = factor * row[["estimate", "low", "high", "mean", "sd"]]
                n_folds = None if pd.isna(row["n_folds"]) else int(row["n_folds"])
                rows.append([target, shown, *values.tolist(), n_folds])
        title = f"{what}: all test folds together, 95 % interval over subjects{_mark(run)}"
        tables.append(Table(title, columns, rows))
    return tables


def _mark(run: Run) -> str:
    return ", simulated data" if run.simulated else ""


def _target_notes(run: Run, target: str, scores: Scores) -> list[str]:
    """What to judge by, trials without a score, and the subjects the network is bad for."""
    notes = [f"{target}: {judgement(run.trials(target), scores.pooled)}"]
    if scores.summary.n_untested:
        notes.append(
            f"{target}: {scores.summary.n_untested} trials are in folds that were not trained"
        )
    never = int((run.trials(target)["fold"] == 0).sum())
    if never:
        notes.append(
            f"{target}: {never} of {len(run.trials(target))} trials are tested by no fold of "
            "this protocol"
        )
    tested, luck = scores.subjects[scores.subjects["n"] > 0], scores.luck
    if len(tested) > 1:
        worst = ", ".join(
            f"{row.subject} ({row.n_right} of {row.n})" for row in tested.head(N_NAMED).itertuples()
        )
        notes.append(
            f"{target}: accuracy by subject has an sd of {100 * luck.sd:.1f} points, "
            f"{100 * luck.chance_sd:.1f} by chance alone (p = {luck.p_value:.2g}); "
            f"least accurate: {worst}"
        )
    return notes


def judgement(trials: pd.DataFrame, pooled: pd.DataFrame) -> str:
    """Say which score to judge by, why, and whether its interval is above what needs no skill.

    Parameters
    ----------
    trials : DataFrame
        Trials of one target.
    pooled : DataFrame
        From `rtcan_cli.evaluation.bootstrap.intervals`.
    """
    label = tested(trials)["label"]
    name, high = leading_score(label), 100 * float((label == 1).mean())
    level, score = (
        (50.0, pooled.loc[name]) if name == "balanced_accuracy" else (0.0, pooled.loc[name])
    )
    value, low, top = (100 * float(score[column]) for column in ("estimate", "low", "high"))
    if name == "balanced_accuracy":
        why = "the classes are nearly even; without skill it is 50 % in every fold"
        found, floor = f"{value:.1f} %", "50 %"
    else:
        why = (
            f"predicting one class for all trials is already right in {max(high, 100 - high):.1f} %"
        )
        found, floor = f"{value:.1f} points", "0"
    if np.isnan(low):
        verdict = f"no interval, so it cannot be told from {floor}"
    elif low > level + EXACT:
        verdict = f"its interval, {low:.1f} to {top:.1f}, is above {floor}: better than no skill"
    elif top < level - EXACT:
        verdict = f"its interval, {low:.1f} to {top:.1f}, is below {floor}: worse than no skill"
    else:
        verdict = f"its interval, {low:.1f} to {top:.1f}, includes {floor}: no skill was shown"
    return (
        f"judge by {PERCENT[name]}, since {high:.1f} % of the tested trials are high: {why}. "
        f"It is {found}; {verdict}"
    )


def _audit_table(run: Run) -> Table:
    """Test trials whose subject, or stimulus, the network that tests them was trained on."""
    word = run.dataset.stimulus_word
    rows: list[list[object]] = []
    for target in run.settings.targets:
        total = run.audit(target).sum()
        n, subject, stimulus = total[["test", "subject_in_training", "stimulus_in_training"]]
        shares = 100 * subject / n, 100 * stimulus / n
        rows.append([target, int(n), int(subject), shares[0], int(stimulus), shares[1]])
    columns = ["target", "test trials", "subject in training", "subject [%]"]
    columns += [f"{word} in training", f"{word} [%]"]
    title = f"Audit: test trials whose subject or {word} was also in training"
    return Table(title, columns, rows)


def _disjoint_note(run: Run) -> str:
    """What was checked, and what the protocol leaves on both sides."""
    target = run.settings.targets[0]
    words = {"subject": "subject", "stimulus": run.dataset.stimulus_word}
    plurals = {"subject": "subjects", "stimulus": run.dataset.stimuli_word}
    disjoint = [words[what] for what in run.protocol.disjoint]
    n_folds = len(run.trained_folds(target))
    note = (
        f"checked: in all {n_folds} trained folds no {' and no '.join(disjoint or ['trial'])} is "
        "shared between training, validation and test"
    )
    for what in (name for name in words if name not in run.protocol.disjoint):
        table = overlap(run.roles(target), run.trials(target)[HELD_OUT[what]], what)
        shared, tested = int(table["train_test"].sum()), int(table["test"].sum())
        if shared:
            seen = "also played" if what == "stimulus" else "also there"
            note += (
                f"; the {plurals[what]} are ({shared} of {tested} test {plurals[what]}, counted "
                f"fold by fold, were {seen} in training)"
            )
    return note


def _threshold_notes(run: Run) -> list[str]:
    """Which ratings the labels of training trials depend on, where that may be those of tests."""
    if "subject" in run.protocol.disjoint:
        return []  # a threshold is that of a subject, and subjects are on one side
    if run.settings.thresholds == choices.THRESHOLDS:
        return [
            "thresholds between low and high come from all ratings of a subject, so labels of "
            "training trials depend on ratings of test trials (unless they are fixed, imported or "
            "of stimulus means); --thresholds training makes them from the training trials of each "
            "fold"
        ]
    note = "thresholds between low and high come from the training trials of each fold alone"
    centre = run.thresholds[run.thresholds["fallback"].astype(bool)]
    if len(centre):
        note += (
            f"; {len(centre)} of {len(run.thresholds)} are the centre of the scale, as a subject "
            "has too few distinct ratings there"
        )
    return [note]


def _write(run: Run, found: dict[str, Scores], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "scores": pd.concat([each.folds.assign(target=t) for t, each in found.items()]),
        "intervals": pd.concat(
            [each.pooled.rename_axis("score").assign(target=t) for t, each in found.items()]
        ).reset_index(),
        "audit": pd.concat(
            [run.audit(t).assign(target=t, protocol=run.protocol.name) for t in found]
        ),
    }
    for target, scores in found.items():
        tables[f"subjects_{target}"] = scores.subjects
        tables[f"stimuli_{target}"] = scores.stimuli
    files = []
    for name, table in tables.items():
        files.append(folder / f"{name}.csv")
        write_whole(files[-1], table.assign(simulated=run.simulated).to_csv(index=False))
    for target, scores in found.items():
        files += _draw(run, target, scores, folder)
    return files


def _draw(run: Run, target: str, scores: Scores, folder: Path) -> list[Path]:
    title = f"{run.dataset.title}, {target}: {run.network}"
    trials, estimate = run.trials(target), scores.pooled["estimate"]
    label, probability = trials["label"].to_numpy(), trials["probability"].to_numpy(dtype=float)
    figures = {
        "confusion": confusion_plot.confusion(
            confusion(scores.folds), title=title, simulated=run.simulated
        ),
        "roc": roc(
            trials,
            auc=estimate["auc"],
            average_precision=estimate["average_precision"],
            title=title,
            simulated=run.simulated,
        ),
        "reliability": reliability_plot.reliability(
            reliability(label, probability, seed=run.settings.seed),
            label,
            probability,
            ece=estimate["ece"],
            calibrated_ece=estimate["ece_if_calibrated"],
            brier=estimate["brier"],
            title=title,
            simulated=run.simulated,
        ),
        "subjects": subject_strip(
            scores.subjects,
            scores.luck.chance,
            estimate["accuracy"] - estimate["above_majority"],
            p_value=scores.luck.p_value,
            title=title,
            simulated=run.simulated,
        ),
    }
    step = run.settings.model.step
    if step:  # a model without steps has no curve
        figures["learning_curves"] = learning_curves(
            _histories(run, target), title=title, step=step, simulated=run.simulated
        )
    files = []
    for name, figure in figures.items():
        files += save(figure, folder / f"{name}_{target}")
    return files


def _histories(run: Run, target: str) -> list[FoldHistory]:
    """What to draw of the training: all folds, or some spread evenly over them."""
    models = run.models[run.models["target"] == target]
    drawn = np.linspace(0, len(models) - 1, min(len(models), N_CURVES)).round().astype(int)
    histories = []
    for model in models.iloc[drawn].itertuples():
        rows = run.epochs[(run.epochs["target"] == target) & (run.epochs["fold"] == model.fold)]
        histories.append(
            FoldHistory(
                fold=model.fold,
                train_loss=rows["train_loss"].to_numpy(),
                validation_loss=rows["validation_loss"].to_numpy(),
                best_step=model.best_epoch - 1,
            )
        )
    return histories

"""Run store -> scores of each fold and of all together, the leakage check, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.command_line import CommandLine, command_line
from rtcan_cli.evaluation.bootstrap import intervals, tested
from rtcan_cli.evaluation.calibration import (
    calibrated_error,
    expected_calibration_error,
    reliability,
)
from rtcan_cli.evaluation.groups import Spread, group_scores, spread
from rtcan_cli.evaluation.metrics import (
    FoldSummary,
    confusion,
    leading_score,
    over_folds,
)
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.scores.evaluation import (
    AUDIT_COLUMNS,
    FOLD_COLUMNS,
    SCORE_COLUMNS,
    SPREAD_COLUMNS,
    STIMULUS_COLUMNS,
    SUBJECT_COLUMNS,
    VERDICT_COLUMNS,
    Evaluation,
)
from rtcan_cli.results.training.imported import ImportedEvaluation
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.present import outdated_notes
from rtcan_cli.runs.run import Run, about, describe_choices
from rtcan_cli.runs.seeds import seed_note, seed_scores, seeds_beside
from rtcan_cli.steps.scores.judgement import judgement, judgement_in_words, single_test_notes
from rtcan_cli.steps.training.imported import evaluate_imported
from rtcan_cli.steps.training.notes import training_notes

if TYPE_CHECKING:
    from rtcan_cli.plots.learning_curves import FoldHistory

#: How columns of pure rooms are called in results.
NAMES = {"n": "n_trials", "f1": "f1_high", "mean": "fold_mean", "sd": "fold_sd"}
N_NAMED = 3
#: Folds whose learning curves are drawn, at most; with a fold a subject there are hundreds.
N_CURVES = 20


@dataclass(frozen=True)
class Scores:
    """Everything that is scored for one target of a run.

    Parameters
    ----------
    folds : DataFrame
        From `rtcan_cli.evaluation.metrics.fold_scores`.
    summary : FoldSummary
        Means over folds, as the paper reports them.
    pooled : DataFrame
        A row a ``score``, the one to judge by first (``leading``): ``estimate`` over all tested
        trials, its interval ``low`` to ``high``, the ``n_resamples`` behind it; ``mean`` and ``sd``
        over ``n_folds`` folds. Fractions of 1.
    subjects, stimuli : DataFrame
        From `rtcan_cli.evaluation.groups.group_scores`.
    luck : Spread
        Of the subjects.
    """

    folds: pd.DataFrame
    summary: FoldSummary
    pooled: pd.DataFrame
    subjects: pd.DataFrame
    stimuli: pd.DataFrame
    luck: Spread

    @property
    def estimate(self) -> pd.Series:
        """Each score of all tested trials."""
        return self.pooled.set_index("score")["estimate"]

    @property
    def verdict(self) -> pd.DataFrame:
        """The score to judge by, and whether it shows skill: one row, see `judgement`."""
        lead = self.pooled[self.pooled["leading"]].iloc[0]
        tested = self.folds["n"].sum()
        high = self.folds[["true_high", "false_low"]].sum().sum() / tested
        return judgement(lead, float(high), int((self.subjects["n"] > 0).sum()), int(tested))

    @property
    def spread(self) -> pd.DataFrame:
        """How much accuracy varies over subjects: one row."""
        luck = self.luck
        return pd.DataFrame(
            [{"accuracy_sd": luck.sd, "chance_sd": luck.chance_sd, "p_value": luck.p_value}]
        )


def evaluate_run(
    path: Path, figures: Path | None = None, look: Look | None = PAPER
) -> Evaluation | ImportedEvaluation:
    """Score the test folds of a run; an imported network on all trials, and marked as such.

    Parameters
    ----------
    path : Path
        Run store.
    figures : Path, optional
        Folder for tables (CSV) and figures; none are made if not given.
    look : Look, optional
        Size, colours and resolution of the figures; if None, only tables are written.

    Raises
    ------
    RtcanError
        If a fold breaks the promise of its protocol: such scores are not shown.
    """
    run = Run.load(path)
    if run.is_imported:
        return evaluate_imported(run, figures, look)
    seeds = seeds_beside(run)
    several = [seeds] if len(seeds.runs) > 1 else []
    targets = console.counted(run.settings.targets, "scores", "target")
    found = {target: score_run(run, target) for target in targets}
    notes = outdated_notes([run])
    notes += [note for target, each in found.items() for note in _target_notes(run, target, each)]
    notes += single_test_notes(
        pd.concat([each.verdict for each in found.values()]),
        min(int((each.subjects["n"] > 0).sum()) for each in found.values()),
        _also_in_training(run),
        _line_of_report(run),
    )
    notes.append(_SUMMARIES)
    if several:
        others = ", ".join(each.name for each in seeds.runs[1:])
        notes.append(Note("seeds", f"{seed_note(several).text}; the other seeds: {others}"))
    notes += describe_choices(run.models)
    notes += training_notes(run)
    notes.append(_disjoint_note(run))
    notes += _threshold_notes(run)

    def of_targets(part: str, columns: Mapping[str, object]) -> pd.DataFrame:
        tables = [getattr(each, part).assign(target=target) for target, each in found.items()]
        return pd.concat(tables).rename(columns=NAMES)[list(columns)].reset_index(drop=True)

    result = Evaluation(
        run=about(run),
        folds=of_targets("folds", FOLD_COLUMNS),
        scores=of_targets("pooled", SCORE_COLUMNS).astype(
            {"n_resamples": "Int64", "n_folds": "Int64"}
        ),
        verdicts=of_targets("verdict", VERDICT_COLUMNS),
        subjects=of_targets("subjects", SUBJECT_COLUMNS),
        stimuli=of_targets("stimuli", STIMULUS_COLUMNS),
        spread=of_targets("spread", SPREAD_COLUMNS),
        audit=pd.concat([run.audit(target).assign(target=target) for target in found])[
            list(AUDIT_COLUMNS)
        ].reset_index(drop=True),
        seeds=seed_scores(several),
        notes=tuple(notes),
    )
    if figures is None:
        return result
    folder = folder_below(figures, run.dataset.name, run.name)
    files = write_csv(result, folder, simulated=run.simulated)
    if look is None:
        return replace(result, files=tuple(files))
    for target, scores in found.items():
        files += _draw(run, target, scores, folder, look)
    return replace(result, notes=(*notes, *_curve_notes(run)), files=tuple(files))


_SUMMARIES = Note(
    "summaries",
    "'all trials': each tested trial has the same weight, and the interval is that of this score; "
    "'mean of folds', and 'mean' below the folds: each fold has the same weight, as in "
    "cross_val_score of scikit-learn; AUC and average precision are computed within each fold in "
    "both cases, because each fold has its own model",
)


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
    lead = leading_score(tested(trials)["label"])
    pooled = pooled.join(means).rename_axis("score").reset_index()
    pooled["leading"] = pooled["score"] == lead
    pooled["score"] = pooled["score"].replace(NAMES)
    subjects = group_scores(trials)
    return Scores(
        folds=folds[folds["n"] > 0],
        summary=summary,
        pooled=pooled.sort_values("leading", ascending=False, kind="stable"),
        subjects=subjects,
        stimuli=group_scores(trials, "stimulus"),
        luck=spread(subjects, seed=run.settings.seed),
    )


def _target_notes(run: Run, target: str, scores: Scores) -> list[Note]:
    """Trials without a score, and the subjects that the network is bad for."""
    notes = [Note("judgement", f"{target}: {judgement_in_words(scores.verdict.iloc[0])}")]
    if scores.summary.n_untested:
        text = f"{scores.summary.n_untested} trials are in folds that were not trained"
        notes.append(Note("untrained_folds", f"{target}: {text}"))
    never = int((run.trials(target)["fold"] == 0).sum())
    if never:
        text = f"{never} of {len(run.trials(target))} trials are tested by no fold of this protocol"
        notes.append(Note("never_tested", f"{target}: {text}"))
    tested, luck = scores.subjects[scores.subjects["n"] > 0], scores.luck
    if len(tested) > 1:
        text = (
            f"accuracy by subject has an sd of {100 * luck.sd:.1f} points, "
            f"{100 * luck.chance_sd:.1f} by chance alone (p = {luck.p_value:.2g})"
            f"{_least_accurate(tested)}"
        )
        notes.append(Note("spread_over_subjects", f"{target}: {text}"))
    return notes


def _least_accurate(tested: pd.DataFrame) -> str:
    """Name the first few of the subjects with errors, and count those that are no better."""
    wrong = tested[tested["n_right"] < tested["n"]]
    if wrong.empty:
        return "; no subject has an error"
    named = wrong.head(N_NAMED)
    worst = ", ".join(f"{row.subject} ({row.n_right} of {row.n})" for row in named.itertuples())
    share = wrong["n_right"] / wrong["n"]
    n_more = int(np.isclose(share.iloc[N_NAMED:], share.iloc[len(named) - 1]).sum())
    more = f" and {n_more} more as accurate as {named['subject'].iloc[-1]}" if n_more else ""
    return f"; least accurate: {worst}{more}"


def _line_of_report(run: Run) -> CommandLine | None:
    """The line that tests all runs of the dataset; None if the run is kept elsewhere."""
    if run.workspace is None:
        return None
    return command_line("report", dataset=run.dataset.name, workspace=run.workspace)


def _also_in_training(run: Run) -> str:
    """Subjects and stimuli, if any of them are on both sides of a fold."""
    counts = pd.concat([run.audit(target) for target in run.settings.targets]).sum()
    plurals = {"subject": "subjects", "stimulus": run.dataset.stimuli_word}
    return " and ".join(word for what, word in plurals.items() if counts[f"{what}_in_training"] > 0)


def _disjoint_note(run: Run) -> Note:
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
        shared, tested = run.groups_seen(target, what)
        if shared:
            seen = "also played" if what == "stimulus" else "also there"
            note += (
                f"; the {plurals[what]} are ({shared} of {tested} test {plurals[what]}, summed "
                f"over {n_folds} folds, were {seen} in training)"
            )
    return Note("held_out", note)


def _threshold_notes(run: Run) -> list[Note]:
    """Which ratings the labels of training trials depend on, where that may be those of tests."""
    if "subject" in run.protocol.disjoint:
        return []  # a threshold is that of a subject, and subjects are on one side
    if run.settings.thresholds == choices.THRESHOLDS:
        text = (
            "thresholds between low and high come from all ratings of a subject, so labels of "
            "training trials depend on ratings of test trials (unless they are fixed, imported or "
            "of stimulus means); --thresholds training makes them from the training trials of each "
            "fold"
        )
        return [Note("thresholds", text)]
    text = "thresholds between low and high come from the training trials of each fold alone"
    centre = run.thresholds[run.thresholds["fallback"].astype(bool)]
    if len(centre):
        text += (
            f"; {len(centre)} of {len(run.thresholds)} are the centre of the scale, as a subject "
            "has too few distinct ratings there"
        )
    return [Note("thresholds", text)]


def _curve_notes(run: Run) -> list[Note]:
    n_folds = len(run.trained_folds(run.settings.targets[0]))
    if n_folds <= N_CURVES or not run.settings.model.step:
        return []
    text = f"learning curves are drawn of {N_CURVES} of the {n_folds} folds"
    return [Note("learning_curves", text)]


def _draw(run: Run, target: str, scores: Scores, folder: Path, look: Look) -> list[Path]:
    # These need Matplotlib, and tables do not.
    from rtcan_cli.plots import confusion as confusion_plot
    from rtcan_cli.plots import reliability as reliability_plot
    from rtcan_cli.plots.learning_curves import learning_curves
    from rtcan_cli.plots.roc import roc
    from rtcan_cli.plots.save import save
    from rtcan_cli.plots.subject_strip import subject_strip

    title = f"{run.dataset.title}, {target}: {label_of(run)}"
    trials, estimate = run.trials(target), scores.estimate
    label, probability = trials["label"].to_numpy(), trials["probability"].to_numpy(dtype=float)
    figures = {
        "confusion": confusion_plot.confusion(
            confusion(scores.folds), title=title, simulated=run.simulated, look=look
        ),
        "roc": roc(
            trials,
            auc=estimate["auc"],
            average_precision=estimate["average_precision"],
            title=title,
            simulated=run.simulated,
            look=look,
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
            look=look,
        ),
        "subjects": subject_strip(
            scores.subjects,
            scores.luck.chance,
            estimate["accuracy"] - estimate["above_majority"],
            p_value=scores.luck.p_value,
            title=title,
            simulated=run.simulated,
            look=look,
        ),
    }
    step = run.settings.model.step
    if step:  # a model without steps has no curve
        figures["learning_curves"] = learning_curves(
            _histories(run, target), title=title, step=step, simulated=run.simulated, look=look
        )
    files = []
    for name, figure in console.counted(figures.items(), f"figures, {target}", "figure"):
        files += save(figure, folder / f"{name}_{target}", look)
    return files


def _histories(run: Run, target: str) -> list[FoldHistory]:
    """What to draw of the training: all folds, or some spread evenly over them."""
    from rtcan_cli.plots.learning_curves import FoldHistory

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

"""The scores of a run, for a person."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.results.scores.evaluation import Evaluation
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import mark, run_facts, seed_tables

#: Scores that are shown in per cent, and those that are shown as they are.
PERCENT = {
    "accuracy": "accuracy",
    "above_majority": "above majority",
    "f1_high": "F1 high",
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
_COUNTS = ["true_high", "false_high", "true_low", "false_low"]


def page(result: Evaluation) -> Page:
    """Scores by fold, of all folds together, over seeds, and the audit."""
    run = result.run
    tables = [
        _fold_table(result, str(target), part)
        for target, part in result.folds.groupby("target", sort=False)
    ]
    tables += _pooled_tables(result)
    tables += seed_tables(result.seeds)
    return Page(
        facts=run_facts(run),
        tables=[*tables, _audit_table(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _fold_table(result: Evaluation, target: str, folds: pd.DataFrame) -> Table:
    percent = 100 * folds[["accuracy", "f1_high", "majority_accuracy"]]
    rows: list[list[object]] = [
        [str(fold), n, *scores, *counts]
        for fold, n, scores, counts in zip(
            folds["fold"],
            folds["n_trials"],
            percent.to_numpy().tolist(),
            folds[_COUNTS].to_numpy(int).tolist(),
            strict=True,
        )
    ]
    means, sds = percent.mean(), percent.std(ddof=1)
    # Always saying one class: of all trials, not the mean of folds of different sizes.
    n = folds["n_trials"]
    means["majority_accuracy"] = (percent["majority_accuracy"] * n).sum() / n.sum()
    rows.append(["mean", None, *means, None, None, None, None])
    rows.append(["sd", None, *sds, None, None, None, None])
    totals = folds[_COUNTS].sum().astype(int)
    rows.append(["sum", int(n.sum()), None, None, None, *totals])
    columns = ["fold", "trials", "accuracy [%]", "F1 high [%]", "majority [%]"]
    columns += [name.replace("_", " ") for name in _COUNTS]
    return Table(f"{target}: {result.run.tests}{mark(result.run.simulated)}", columns, rows)


def _pooled_tables(result: Evaluation) -> list[Table]:
    """Two tables, since percentages and areas need other decimals."""
    columns = ["target", "score", "all trials", "95 % from", "to", "mean of folds", "sd", "folds"]
    tables = []
    for what, names, factor in (("In percent", PERCENT, 100), ("On other scales", PLAIN, 1)):
        rows: list[list[object]] = []
        for _, scores in result.scores.groupby("target", sort=False):
            order = {name: place for place, name in enumerate(names)}
            known = scores[scores["score"].isin(names)]
            # The score to judge by comes first.
            place = known["score"].map(order).where(~known["leading"], -1)
            for _, row in known.loc[place.sort_values(kind="stable").index].iterrows():
                values = factor * row[["estimate", "low", "high", "fold_mean", "fold_sd"]]
                n_folds = None if pd.isna(row["n_folds"]) else int(row["n_folds"])
                rows.append([row["target"], names[row["score"]], *values.tolist(), n_folds])
        title = f"{what}: all test folds together, 95 % interval over subjects"
        tables.append(Table(title + mark(result.run.simulated), columns, rows))
    return tables


def _audit_table(result: Evaluation) -> Table:
    """Test trials whose subject, or stimulus, the network that tests them was trained on."""
    word = profile(result.run.dataset).stimulus_word
    rows: list[list[object]] = []
    for target, part in result.audit.groupby("target", sort=False):
        counts = part[["test", "subject_in_training", "stimulus_in_training"]].sum()
        n, subject, stimulus = (int(count) for count in counts)
        rows.append([target, n, subject, 100 * subject / n, stimulus, 100 * stimulus / n])
    columns = ["target", "test trials", "subject in training", "subject [%]"]
    columns += [f"{word} in training", f"{word} [%]"]
    title = f"Audit: test trials whose subject or {word} was also in training"
    return Table(title, columns, rows)

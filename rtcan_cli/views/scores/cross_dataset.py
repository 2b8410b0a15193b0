"""The scores of a run on another dataset, for a person."""

from __future__ import annotations

from rtcan_cli.results.scores.cross_dataset import CrossDatasetEvaluation
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark, run_facts
from rtcan_cli.views.scores.evaluation import PERCENT, PLAIN


def page(result: CrossDatasetEvaluation) -> Page:
    """Scores of the mean answer, and of the model of each fold."""
    run = result.run
    facts = run_facts(run)
    facts["trained on"] = facts.pop("dataset")
    facts["tested on"] = dataset_title(result.on, result.on_simulated)
    facts["subjects tested"] = result.n_subjects
    facts["trials tested"] = result.n_trials
    facts["trials left out"] = result.n_left_out
    return Page(
        facts=facts,
        tables=[*_scores(result), _models(result)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _scores(result: CrossDatasetEvaluation) -> list[Table]:
    tables = []
    for what, names, factor in (("In percent", PERCENT, 100), ("On other scales", PLAIN, 1)):
        known = result.scores[result.scores["score"].isin(list(names))]
        rows: list[list[object]] = [
            [row["target"], names[row["score"]], *(factor * row[["estimate", "low", "high"]])]
            for _, row in known.iterrows()
        ]
        title = f"{what}: the mean answer of all models, 95 % interval over subjects"
        columns = ["target", "score", "all trials", "95 % from", "to"]
        tables.append(Table(title + mark(result.simulated), columns, rows))
    return tables


def _models(result: CrossDatasetEvaluation) -> Table:
    rows: list[list[object]] = [
        [
            row["target"],
            str(row["fold"]),
            100 * row["accuracy"],
            100 * row["balanced_accuracy"],
            row["auc"],
        ]
        for _, row in result.models.iterrows()
    ]
    columns = ["target", "trained in fold", "accuracy [%]", "balanced accuracy [%]", "AUC"]
    return Table(f"The model of each fold alone{mark(result.simulated)}", columns, rows)

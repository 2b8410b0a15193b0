"""What a run says of recordings, for a person."""

from __future__ import annotations

from rtcan_cli.results.deployment.prediction import Prediction
from rtcan_cli.trial_key import TRIAL_KEY
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, folds_fact, mark

#: Trials that are shown.
SHOWN = 50


def page(result: Prediction) -> Page:
    """The first answers, and what each model says if there is one trial."""
    run = result.run
    facts: dict[str, object] = {
        "run": run.name,
        "trained on": dataset_title(run.dataset, run.simulated),
        "model": run.model,
        **folds_fact(run),
        "asked about": _asked_about(result),
        "probabilities": _calibration(result),
    }
    notes = note_lines(result.notes)
    if len(result.answers) > SHOWN:
        rest = f"the first {SHOWN} of {len(result.answers)} answers are shown"
        notes.append(rest if result.files else f"{rest}; --output FILE.csv writes all")
    tables = [_answers(result)]
    if not result.answers["target"].duplicated().any():
        tables.append(_models(result))
    if len(result.left_out):
        counts = result.left_out.groupby(["target", "reason"], sort=False).size()
        rows = [[*key, n] for key, n in counts.sort_values(ascending=False, kind="stable").items()]
        tables.append(Table("Left out", ["target", "reason", "trials"], rows))
    return Page(facts=facts, tables=tables, notes=notes, files=list(result.files))


def _asked_about(result: Prediction) -> str:
    files = [path.name for path in (result.eda_file, result.audio_file) if path is not None]
    asked = ", ".join(files) if result.dataset is None else result.dataset
    if result.all_new:
        asked += ", all taken for new"
    # What a run of simulated data is asked about may be real.
    return asked + (" (simulated)" if result.simulated and not result.run.simulated else "")


def _calibration(result: Prediction) -> str:
    if result.calibration == "calibrated":
        low, high = result.lowest_temperature, result.highest_temperature
        return f"calibrated on validation folds (temperatures {low:.2f} to {high:.2f})"
    if result.calibration == "no_temperatures":
        return "not calibrated: the run has no temperatures"
    return "not calibrated"


def _answers(result: Prediction) -> Table:
    answers = result.answers
    # Hearings are numbered where somebody met a stimulus more than once.
    key = list(TRIAL_KEY if (answers["repetition"] > 1).any() else TRIAL_KEY[:2])
    names = ["target", *key, "probability", "call", "lowest", "highest", "n_models", "status"]
    shown = answers[names].head(SHOWN)
    shown = shown.assign(status=shown["status"].str.replace("_", " "))
    heads = ["target", *key, "P(high)", "call", "lowest", "highest", "models", "trial"]
    title = f"Mean over the models, and their range{mark(result.simulated)}"
    return Table(title, heads, shown.to_numpy(object).tolist())


def _models(result: Prediction) -> Table:
    """The answers of all models about one trial, a column a target."""
    by_fold = result.models.pivot_table(index="fold", columns="target", values="probability")
    targets = result.answers["target"].tolist()
    rows = [[str(fold), *row] for fold, *row in by_fold[targets].itertuples()]
    title = f"P(high) of each fold's model{mark(result.simulated)}"
    return Table(title, ["fold", *targets], rows)

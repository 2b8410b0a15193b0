"""What was said of a recording while it was made, for a person."""

from __future__ import annotations

from rtcan_cli.results.deployment.live import Live
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, folds_fact, mark


def page(result: Live) -> Page:
    """The last answers, and how long they took."""
    run = result.run
    facts: dict[str, object] = {
        "run": run.name,
        "trained on": dataset_title(run.dataset, run.simulated),
        "model": run.model,
        **folds_fact(run),
        "source": result.source,
        "window": f"the last {result.window:g} s, every {result.every:g} s",
        "probabilities": "calibrated" if result.calibrated else "not calibrated",
        "windows": f"{result.n_answers} with probabilities, {result.n_without} without",
    }
    if result.median_computing is not None and result.longest_computing is not None:
        facts["computing"] = (
            f"{result.median_computing:.2f} s an answer, at most {result.longest_computing:.2f} s"
        )
    if result.median_age is not None:
        facts["age of the newest sample"] = f"{result.median_age:.2f} s at the answer"
    names = ["end", "target", "probability", "lowest", "highest", "n_models", "reason"]
    heads = ["until [s]", "target", "P(high)", "lowest", "highest", "models", "no answer because"]
    shown = result.answers[names].to_numpy(object).tolist()
    tables = [Table(f"The last answers{mark(result.simulated)}", heads, shown)] if shown else []
    return Page(
        facts=facts, tables=tables, notes=note_lines(result.notes), files=list(result.files)
    )

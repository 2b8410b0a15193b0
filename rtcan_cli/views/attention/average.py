"""Where networks look on average, for a person."""

from __future__ import annotations

from rtcan_cli.results.attention.average import AverageAttention
from rtcan_cli.views.attention.trial import map_in_words
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark


def page(result: AverageAttention) -> Page:
    """Where the mean weight is highest, and whether responses get more of it."""
    run = result.run
    facts = {
        "dataset": dataset_title(run.dataset, run.simulated),
        "run": run.name,
        "map": map_in_words(result.map_name, result.relative),
        "class explained": result.explained,
    }
    tables = [_peaks(result)]
    if len(result.responses):
        tables.append(_responses(result))
    return Page(
        facts=facts,
        tables=tables,
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _peaks(result: AverageAttention) -> Table:
    peaks = result.peaks
    in_seconds = peaks["time"].notna().all()
    place = peaks["time"] if in_seconds else 100 * peaks["position"]
    columns = ["target", "trials", "of class", "n", "subjects"]
    columns += ["highest at [s]" if in_seconds else "highest at [% of the trial]"]
    columns += ["weight there", "first 5 %", "last 5 %"]
    names = ["target", "group", "curve", "n_trials", "n_subjects", "place", "weight"]
    names += ["first_weight", "last_weight"]
    rows = peaks.assign(place=place)[names].to_numpy(object).tolist()
    title = f"Mean weight, in times the even share{mark(result.run.simulated)}"
    return Table(title, columns, rows)


def _responses(result: AverageAttention) -> Table:
    columns = ["target", "event", "n", "seconds around", "weight", "95 % from", "to"]
    columns += ["random times", "p (random times)", "other trials", "p (other trials)"]
    found = result.responses
    window = [
        f"{low:g} to {high:g}"
        for low, high in zip(found["window_from"], found["window_to"], strict=True)
    ]
    names = ["target", "event", "n_events", "window", "weight", "low", "high", "random_times"]
    names += ["random_times_p", "other_trials", "other_trials_p"]
    rows = found.assign(window=window)[names].to_numpy(object).tolist()
    where = "Weight around skin conductance responses, in times the even share"
    return Table(where + mark(result.run.simulated), columns, rows)

"""What a store holds, for a person."""

from __future__ import annotations

from rtcan_cli.results.overview.store import StoreContent, Training
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.signals.shared import eda_in_words
from rtcan_cli.views.sizes import size_in_words


def page(result: StoreContent) -> Page:
    """Where it came from, then its datasets with shape, type and unit."""
    facts: dict[str, object] = {
        "store": result.path,
        "holds": result.holds,
        "dataset": dataset_title(result.dataset, result.simulated),
        "made by": f"rtcan {result.made_by}, version {result.version}",
        "made on": result.created,
        "content id": result.content_id,
        "size on disk": size_in_words(result.n_bytes),
    }
    if result.eda_unit is not None and result.eda_polarity is not None:
        facts["EDA"] = eda_in_words(result.dataset, result.eda_unit, result.eda_polarity)
    if result.music is not None:
        facts["music features"] = result.music
    if result.training is not None:
        facts |= _training(result.training)
    made_from = [[f"input: {kind}", found] for kind, found in sorted(result.inputs.items())]
    made_from += [[name, str(found)] for name, found in sorted(result.parameters.items())]
    rows = [
        [path, shape.replace(",", " x "), *others]
        for path, shape, *others in result.datasets.itertuples(index=False)
    ]
    rows += [
        [f"{group}/...", f"{n} arrays", "", "", ""]
        for group, n in result.arrays.itertuples(index=False)
    ]
    return Page(
        facts=facts,
        tables=[
            Table("Made from", ["what", "value"], made_from),
            Table("Datasets", ["path", "shape", "type", "unit", "meaning"], rows),
        ],
        notes=note_lines(result.notes),
    )


def _training(training: Training) -> dict[str, object]:
    return {
        "networks": training.n_networks,
        "trained on": "; ".join(training.places),
        "trained with": "; ".join(training.software),
        "threads each": ", ".join(map(str, training.threads)),
        "device time [s]": training.device_seconds,
        "CPU time [s]": training.cpu_seconds,
    }

"""How many recordings and EDA features there are, for a person."""

from __future__ import annotations

from rtcan_cli.results.signals.eda_features import EdaFeatures
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.signals.shared import eda_in_words, left_out_table


def page(result: EdaFeatures) -> Page:
    """Counts, the domains of the features, and what has none."""
    columns = ["domain", "features", "same for every recording"]
    domains = Table("Features", columns, result.domains.to_numpy().tolist())
    return Page(
        facts={
            "dataset": dataset_title(result.dataset, result.simulated),
            "EDA": eda_in_words(result.dataset, result.eda_unit, result.eda_polarity),
            "recordings": result.n_recordings,
            "described": result.n_described,
            "features": result.n_features,
            "onset": f"{result.onset:g} s",
            **({} if result.window is None else {"window": result.window}),
            **(
                {"in units of": "each subject's standard deviation"}
                if result.within_subject
                else {}
            ),
        },
        tables=[domains, *left_out_table("Not described", result.left_out)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )

"""Which songs have features, for a person."""

from __future__ import annotations

from rtcan_cli.results.signals.music_features import MusicFeatures
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title


def page(result: MusicFeatures) -> Page:
    """Counts, and the songs that were left out."""
    left_out = result.left_out.to_numpy().tolist()
    return Page(
        facts={
            "dataset": dataset_title(result.dataset, result.simulated),
            "songs": result.n_songs,
            "features": result.n_features,
            "from": _origin(result),
        },
        tables=[Table("Left out", ["song", "reason"], left_out)] if left_out else [],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _origin(result: MusicFeatures) -> str:
    if result.imported_from is None:
        return f"openSMILE {result.feature_set}"
    return f"{result.imported_from}, {result.model}" if result.model else result.imported_from

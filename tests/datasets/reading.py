"""What the tests of all readers need."""

from __future__ import annotations

import zipfile
from pathlib import Path

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.errors import RtcanError


def read(name: str, raw: Path) -> tuple[dict[tuple[str, str], Trial], list[Excluded]]:
    """All trials by subject and stimulus, and what was left out; raises what is damaged."""
    dataset = open_raw(name, raw)
    items = [*dataset.damaged, *(item for part in dataset.parts for item in part())]
    for item in items:
        if isinstance(item, RtcanError):
            raise item
    trials = {(item.subject, item.stimulus): item for item in items if isinstance(item, Trial)}
    excluded = [item for item in items if isinstance(item, Excluded)]
    assert len(trials) + len(excluded) == len(items)
    return trials, excluded


def same_trials(one: dict[tuple[str, str], Trial], other: dict[tuple[str, str], Trial]) -> bool:
    """Whether two readings hold the same, the names of the files aside."""

    def content(trials: dict[tuple[str, str], Trial]) -> list[tuple[object, ...]]:
        return [
            (
                *key,
                repr((trial.valence, trial.arousal)),
                [(r.target, r.sampling_rate, r.eda.tobytes()) for r in trial.recordings],
            )
            for key, trial in sorted(trials.items())
        ]

    return content(one) == content(other)


def zip_folder(folder: Path, archive: Path) -> Path:
    """Pack a folder, itself included, as publishers do."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder.parent))
    return archive

"""Raw files -> recordings store."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli import console
from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.profiles import Profile, profile
from rtcan_cli.datasets.trials import Excluded, RawDataset, Stimulus
from rtcan_cli.errors import RtcanError
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import fingerprint, is_current
from rtcan_cli.stores import Provenance, Store, StoreWriter, create
from rtcan_cli.stores.schema import OFFSETS


def ingest_raw(dataset: str, raw: Path, output: Path, force: bool = False) -> Report:
    """Read raw files into a recordings store.

    Parameters
    ----------
    dataset : str
        Key of :data:`rtcan_cli.datasets.profiles.PROFILES`.
    raw : Path
        The publisher's folder or zip.
    output : Path
        Store to write.
    force : bool
        Do it even if the raw files have not changed.

    Raises
    ------
    RtcanError
        If the files are not there, damaged or of another layout, or hold no usable trial.
    """
    known = profile(dataset)
    root = raw.expanduser().resolve()
    source = open_raw(known.name, root)
    provenance = Provenance(
        "ingest",
        known.name,
        {"raw": str(root), "edition": source.edition},
        {"raw files": fingerprint(source.files)},
        source.simulated,
    )
    if not is_current(output, "recordings", provenance, force):
        with create(output, "recordings", provenance) as store:
            _write(source, root if root.is_dir() else root.parent, store)
    report = summarise(output, known)
    report.notes[:0] = source.notes
    return report


def summarise(path: Path, known: Profile) -> Report:
    """Describe a recordings store: how much there is, and what was left out and why."""
    with Store(path, "recordings") as store:
        trials, recordings = store.table("trials"), store.table("recordings")
        excluded, stimuli = store.table("excluded"), store.table("stimuli")
        lengths = np.diff(store.array(OFFSETS))
        edition, simulated = store.provenance.parameters["edition"], store.provenance.simulated
    seconds = lengths / recordings["sampling_rate"].to_numpy()
    rates = sorted(set(recordings["sampling_rate"].round(3)))
    rated = trials[["valence", "arousal"]].notna().all(axis=1)
    report = Report("ingest", files=[path])
    report.facts = {
        "dataset": edition + (" (simulated)" if simulated else ""),
        "subjects": trials["subject"].nunique(),
        f"{known.stimulus_word}s": trials["stimulus"].nunique(),
        "trials": len(trials),
        "trials with both ratings": int(rated.sum()),
        "EDA recordings": len(recordings),
        "hours of EDA": round(float(seconds.sum()) / 3600, 2),
        "seconds each": f"{seconds.min():.1f} to {seconds.max():.1f}",
        "sampling rate [Hz]": ", ".join(f"{rate:g}" for rate in rates),
        "EDA unit": known.eda_unit,
        "rating scale": f"{known.rating_scale[0]:g} to {known.rating_scale[1]:g}",
        "stimuli with audio": int((stimuli["audio"] != "").sum()),
        "left out": len(excluded),
    }
    if len(excluded):
        reasons = Counter(excluded["reason"])
        rows = [
            [reason, count, excluded.loc[excluded["reason"] == reason, "source"].iloc[0]]
            for reason, count in reasons.most_common()
        ]
        report.tables.append(Table("Left out", ["reason", "count", "for example"], rows))
    if not simulated and len(trials) != known.published_trials:
        report.notes.append(
            f"the paper used {known.published_trials} trials of {known.title}; this copy holds "
            f"{len(trials)}"
        )
    return report


def _write(source: RawDataset, root: Path, store: StoreWriter) -> None:
    trials: list[tuple[str, str, float, float]] = []
    recordings: list[tuple[str, str, str, float, int, str]] = []
    excluded: list[Excluded] = []
    seen: set[tuple[str, str]] = set()
    with console.progress(source.n_batches, f"reading {source.edition}", "file") as bar:
        for batch in source.batches():
            for item in batch:
                if isinstance(item, Excluded):
                    excluded.append(item)
                    continue
                key = (item.subject, item.stimulus)
                if key in seen:
                    raise RtcanError(f"{root}: subject {key[0]}, stimulus {key[1]} is there twice")
                seen.add(key)
                for recording in item.recordings:
                    recordings.append(
                        (
                            *key,
                            recording.target,
                            recording.sampling_rate,
                            len(trials),
                            _relative(recording.source, root),
                        )
                    )
                    store.append_signals({"eda": recording.eda})
                trials.append((*key, item.valence, item.arousal))
            bar.update()
    if not recordings:
        reasons = "; ".join(sorted({item.reason for item in excluded})) or "no trials"
        raise RtcanError(f"{root}: holds no usable recording ({reasons})")
    store.write_table(
        "trials", pd.DataFrame(trials, columns=["subject", "stimulus", "valence", "arousal"])
    )
    columns = ["subject", "stimulus", "target", "sampling_rate", "trial", "source"]
    store.write_table("recordings", pd.DataFrame(recordings, columns=columns))
    store.write_table(
        "stimuli",
        pd.DataFrame(source.stimuli, columns=_columns(Stimulus)).assign(
            audio=[_relative(stimulus.audio, root) for stimulus in source.stimuli]
        ),
    )
    store.write_table(
        "excluded",
        pd.DataFrame(excluded, columns=_columns(Excluded)).assign(
            source=[_relative(item.source, root) for item in excluded]
        ),
    )


def _columns(row: type[Stimulus | Excluded]) -> list[str]:
    return [field.name for field in fields(row)]


def _relative(path: str, root: Path) -> str:
    """A path below the raw folder, so that moving that folder changes nothing in the store."""
    return path.removeprefix(f"{root}/")

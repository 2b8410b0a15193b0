"""Raw files -> recordings store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd

from rtcan_cli import console
from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.files import printable
from rtcan_cli.datasets.profiles import Profile, profile
from rtcan_cli.datasets.table import TableOptions
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Stimulus, Trial
from rtcan_cli.eda.quality import Inspected, Quality, Rules, inspect
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_ordered
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import fingerprint, is_current
from rtcan_cli.stores import Provenance, Store, StoreWriter, create
from rtcan_cli.stores.schema import OFFSETS

_HASH_THREADS = 2
_FEW_RATES = 6
_NO_SAMPLES = np.empty(0)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def ingest_raw(
    dataset: str,
    raw: Path,
    output: Path,
    rules: Rules | None = None,
    skip_bad: bool = False,
    jobs: int | None = None,
    force: bool = False,
    table: TableOptions | None = None,
) -> Report:
    """Read raw files into a recordings store.

    Parameters
    ----------
    dataset : str
        Key of :data:`rtcan_cli.datasets.profiles.PROFILES`.
    raw : Path
        The publisher's folder or zip, or a folder of own recordings.
    output : Path
        Store to write.
    rules : Rules, optional
        Which recordings are good enough; by default those of `Rules()`.
    skip_bad : bool
        Go on without files that are damaged, and list them, instead of ending at the first.
    jobs : int, optional
        Processes that read; by default one where more do not help, else one for each core.
    force : bool
        Do it even if the raw files have not changed.
    table : TableOptions, optional
        What the table of own recordings does not say itself; for the dataset ``table`` only.

    Raises
    ------
    RtcanError
        If the files are not there, damaged or of another layout, or hold no usable trial.
    """
    try:
        root = raw.expanduser().resolve()
    except (OSError, RuntimeError) as error:  # the latter for a circle of links
        raise RtcanError(f"{printable(raw)} cannot be read: {error}") from error
    source = open_raw(dataset, root, table)
    return ingest_dataset(source, root, output, rules, skip_bad, jobs, force, table)


def ingest_dataset(
    source: RawDataset,
    root: Path,
    output: Path,
    rules: Rules | None = None,
    skip_bad: bool = False,
    jobs: int | None = None,
    force: bool = False,
    table: TableOptions | None = None,
) -> Report:
    """Read an opened dataset into a recordings store, whatever opened it.

    Parameters
    ----------
    source : RawDataset
        The dataset; one that rtcan does not know has the name ``table``.
    root : Path
        The folder or zip file that it was opened from, absolute.
    output, rules, skip_bad, jobs, force, table
        As for `ingest_raw`.

    Raises
    ------
    RtcanError
        If files are damaged, or there is no usable trial.
    """
    rules = rules or Rules()
    known = profile(source.name)
    if known.name == "table":
        table = table or TableOptions()
        known = replace(known, rating_scale=table.rating_scale, eda_unit=table.unit)
    provenance = Provenance(
        "ingest",
        known.name,
        {
            "raw": printable(root),
            "edition": source.edition,
            "rating_scale": list(known.rating_scale),
            "eda_unit": known.eda_unit,
            **({"decimal": table.decimal} if table else {}),
            "skip_bad": skip_bad,
            **asdict(rules),
        },
        # The stimuli too: audio files are not read here, but may have come since.
        {"raw files": fingerprint(source.files), "stimuli": _stimuli_id(source.stimuli)},
        source.simulated,
    )
    if not is_current(output, "recordings", provenance, force):
        if jobs is None:
            jobs = 1 if source.in_turn else -1
        with create(output, "recordings", provenance) as store:
            reading = _Reading(root if root.is_dir() else root.parent, skip_bad, store)
            reading.read(source, rules, jobs)
    report = summarise(output, known)
    report.notes[:0] = source.notes
    return report


def _stimuli_id(stimuli: tuple[Stimulus, ...]) -> str:
    """Fingerprint of what is known about the stimuli."""
    return hashlib.blake2b(printable(stimuli).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class CheckedTrial:
    """A trial whose recordings were inspected: their samples are in `inspected`."""

    trial: Trial
    inspected: tuple[Inspected, ...]


def read_part(
    part: Callable[[], list[Item]], rules: Rules
) -> list[CheckedTrial | Excluded | RtcanError]:
    """Read one part of a dataset, repair and judge its recordings: what a worker process does."""
    items: list[CheckedTrial | Excluded | RtcanError] = []
    for item in part():
        if not isinstance(item, Trial):
            items.append(item)
            continue
        inspected = tuple(
            inspect(each.eda, each.sampling_rate, each.jitter, rules) for each in item.recordings
        )
        # Samples are handed over once, as they are after the repair.
        emptied = tuple(replace(each, eda=_NO_SAMPLES) for each in item.recordings)
        items.append(CheckedTrial(replace(item, recordings=emptied), inspected))
    return items


class _Reading:
    """What has been read so far, on its way into a store."""

    def __init__(self, root: Path, skip_bad: bool, store: StoreWriter) -> None:
        self._root, self._skip_bad, self._store = root, skip_bad, store
        self._files: tuple[Path, ...] = ()
        self._trials: dict[tuple[str, str], tuple[str, str, float, float]] = {}
        self._recordings: list[tuple[str, str, str, float, int, str, str, str]] = []
        self._quality: list[Quality] = []
        self._excluded: list[Excluded] = []

    def read(self, source: RawDataset, rules: Rules, jobs: int) -> None:
        """Read all parts of a dataset and write the store."""
        self._files = source.files
        with _hashed(source.files) as digests:
            for error in source.damaged:
                self._leave_out(error)
            work = partial(read_part, rules=rules)
            with console.progress(len(source.parts), f"reading {source.edition}", "part") as bar:
                for outcome in map_ordered(work, source.parts, jobs):
                    for item in [outcome] if isinstance(outcome, RtcanError) else outcome:
                        self._take(item)
                    bar.update()
            if all(problem for *_, problem in self._recordings):
                reasons = [each.reason for each in self._excluded]
                reasons += [problem for *_, problem in self._recordings]
                raise RtcanError(
                    f"{self._root}: holds no usable recording "
                    f"({'; '.join(list(dict.fromkeys(reasons))[:3]) or 'no trials'})"
                )
            self._write_tables(source, digests)

    def _take(self, item: CheckedTrial | Excluded | RtcanError) -> None:
        if isinstance(item, Excluded):
            self._excluded.append(item)
            return
        if isinstance(item, RtcanError):
            self._leave_out(item)
            return
        trial = item.trial
        key = (trial.subject, trial.stimulus)
        if key in self._trials:
            file = trial.recordings[0].source if trial.recordings else self._root
            self._leave_out(
                RtcanError(f"{file}: subject {key[0]}, stimulus {key[1]} is there twice")
            )
            return
        row = len(self._trials)
        self._trials[key] = (*key, trial.valence, trial.arousal)
        for each, found in zip(trial.recordings, item.inspected, strict=True):
            source, fault = _relative(each.source, self._root), found.fault or ""
            self._recordings.append(
                (*key, each.target, each.sampling_rate, row, source, each.position, fault)
            )
            self._quality.append(found.quality)
            self._store.append_signals({"eda": found.eda, "repaired": found.repaired})

    def _leave_out(self, error: RtcanError) -> None:
        """List what is damaged, or end here."""
        if not self._skip_bad:
            advice = "--skip-bad leaves it out and reads the rest"
            raise RtcanError(str(error), f"{error.hint}; {advice}" if error.hint else advice)
        # Without the folder's own name, so that the same files give the same store elsewhere.
        reason = str(error)
        place = next((path for path in map(str, self._files) if reason.startswith(path)), "")
        reason = printable(reason.replace(f"{self._root}/", ""))
        self._excluded.append(Excluded("", "", reason, place))

    def _write_tables(
        self, source: RawDataset, digests: Callable[[], list[tuple[int, str]]]
    ) -> None:
        columns = ["subject", "stimulus", "valence", "arousal"]
        self._store.write_table("trials", pd.DataFrame(self._trials.values(), columns=columns))
        columns = ["subject", "stimulus", "target", "sampling_rate", "trial", "source", "position"]
        self._store.write_table(
            "recordings", pd.DataFrame(self._recordings, columns=[*columns, "problem"])
        )
        self._store.write_table("quality", pd.DataFrame(self._quality, columns=_columns(Quality)))
        stimuli = pd.DataFrame(source.stimuli, columns=_columns(Stimulus))
        excluded = pd.DataFrame(self._excluded, columns=_columns(Excluded))
        for table, column in ((stimuli, "audio"), (excluded, "source")):
            table[column] = [_relative(path, self._root) for path in table[column]]
        self._store.write_table("stimuli", stimuli)
        self._store.write_table("excluded", excluded)
        files = pd.DataFrame(digests(), columns=["size", "sha256"])
        paths = [_relative(str(path), self._root) for path in source.files]
        self._store.write_table("files", files.assign(path=paths))


@contextmanager
def _hashed(files: Iterable[Path]) -> Iterator[Callable[[], list[tuple[int, str]]]]:
    """Size and SHA-256 of files, taken in threads while the body reads them."""
    threads, stop = ThreadPoolExecutor(_HASH_THREADS), Event()
    try:
        results = threads.map(partial(_hash, stop=stop), files)
        yield lambda: list(results)
    finally:
        # Python waits for threads at its end: after an error, not for gigabytes.
        stop.set()
        threads.shutdown(cancel_futures=True)


def _hash(file: Path, stop: Event) -> tuple[int, str]:
    digest = hashlib.sha256()
    try:
        with file.open("rb", buffering=0) as stream:
            block = bytearray(1 << 20)
            while not stop.is_set() and (count := stream.readinto(block)):
                digest.update(memoryview(block)[:count])
            return stream.tell(), digest.hexdigest()
    except OSError:
        # The reader has said what is wrong with it.
        return 0, ""


def summarise(path: Path, known: Profile) -> Report:
    """Describe a recordings store: how much there is, and what was left out and why."""
    with Store(path, "recordings") as store:
        trials, recordings = store.table("trials"), store.table("recordings")
        excluded, stimuli = store.table("excluded"), store.table("stimuli")
        quality, files = store.table("quality"), store.table("files")
        made, simulated = store.provenance.parameters, store.provenance.simulated
        lengths = np.diff(store.array(OFFSETS))
    sound = recordings["problem"] == ""
    seconds = (lengths / recordings["sampling_rate"])[sound]
    rates = sorted(set(recordings["sampling_rate"][sound].round(3)))
    rated = trials[["valence", "arousal"]].notna().all(axis=1)
    usable = rated & trials.index.isin(recordings["trial"][sound])
    keys = excluded.loc[excluded["subject"] != "", ["subject", "stimulus"]]
    found = pd.concat([trials[["subject", "stimulus"]], keys]).drop_duplicates()
    low, high = made["rating_scale"]
    report = Report("ingest", files=[path])
    report.facts = {
        "dataset": made["edition"] + (" (simulated)" if simulated else ""),
        "files read": len(files),
        "subjects": trials["subject"].nunique(),
        known.stimuli_word: trials["stimulus"].nunique(),
        "trials found": len(found),
        "trials": len(trials),
        "trials with both ratings": int(rated.sum()),
        "usable trials": int(usable.sum()),
        "EDA recordings": int(sound.sum()),
        "hours of EDA": round(float(seconds.sum()) / 3600, 2),
        "seconds each": f"{seconds.min():.1f} to {seconds.max():.1f}",
        "sampling rate [Hz]": ", ".join(f"{rate:g}" for rate in rates)
        if len(rates) <= _FEW_RATES
        else f"{rates[0]:g} to {rates[-1]:g}",
        "EDA unit": made["eda_unit"],
        "rating scale": f"{low:g} to {high:g}",
        "stimuli with audio": int((stimuli["audio"] != "").sum()),
        "recordings with repaired gaps": int((sound & (quality["repaired"] > 0)).sum()),
        "left out": len(excluded) + int((~sound).sum()),
    }
    unusable = recordings[~sound].rename(columns={"problem": "reason"})
    left_out = pd.concat([excluded, unusable], ignore_index=True)
    if len(left_out):
        # Reasons that differ only in their numbers are of one kind; the first stands for all. But
        # every damaged file is named.
        kinds = left_out["reason"].where(
            left_out["subject"] == "", left_out["reason"].str.replace(_NUMBER, "#", regex=True)
        )
        rows = [
            [group["reason"].iloc[0], len(group), group["source"].iloc[0]]
            for _, group in left_out.groupby(kinds, sort=False)
        ]
        rows.sort(key=lambda row: -int(row[1]))
        report.tables.append(Table("Left out", ["reason", "count", "for example"], rows))
    if not simulated and known.published_trials not in (None, int(rated.sum())):
        report.notes.append(
            f"the paper used {known.published_trials} trials of {known.title}; this copy holds "
            f"{int(rated.sum())} with both ratings"
        )
    return report


def _columns(row: type[Stimulus | Excluded | Quality]) -> list[str]:
    return [field.name for field in fields(row)]


def _relative(path: str, root: Path) -> str:
    """A path below the raw folder, so that moving that folder changes nothing in the store."""
    return printable(path.removeprefix(f"{root}/"))

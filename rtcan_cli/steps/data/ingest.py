"""Raw files -> recordings store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import Device, Polarity
from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.absolute import is_absolute, rises
from rtcan_cli.datasets.files.raw import printable
from rtcan_cli.datasets.polarity import SignalKind, signal_kind
from rtcan_cli.datasets.profiles import TARGETS, Profile, profile
from rtcan_cli.datasets.shared_samples import check_shared
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Recording, Stimulus, Trial
from rtcan_cli.eda.quality.inspection import Inspected, inspect
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.errors import RtcanError
from rtcan_cli.parallel import map_ordered
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.ingest import Ingested
from rtcan_cli.steps.data.file_notes import FileNotes
from rtcan_cli.steps.data.ingest_summary import UNCLAIMED, ingest_result
from rtcan_cli.steps.data.seen_trials import SeenSignals, SeenTrials
from rtcan_cli.steps.data.songs import audio_file, refuse_audio_outside, songs_of, sounds_of
from rtcan_cli.steps.freshness import fingerprint, is_current
from rtcan_cli.stores import Provenance, StoreWriter, create
from rtcan_cli.stores.schema import IMPLAUSIBLE
from rtcan_cli.trial_key import hearing

_HASH_THREADS = 2
_FEW_REASONS = 3
_NO_SAMPLES = np.empty(0)


def ingest_raw(
    dataset: str,
    raw: Path,
    output: Path,
    rules: Rules | None = None,
    skip_bad: bool = False,
    jobs: int | None = None,
    force: bool = False,
    table: TableOptions | None = None,
    polarity: Polarity | None = None,
    follow_links: bool = False,
    audio: Path | None = None,
    device: Device | None = None,
) -> Ingested:
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
        What the table of own recordings does not say itself; for own recordings only.
    polarity : {"conductance", "resistance", "as-is"}, optional
        What the EDA files hold; by default what their unit says. The sign of resistance is
        flipped, so that a response makes the signal rise; ``"as-is"`` leaves it.
    follow_links : bool
        Whether symbolic links in the folder may lead out of it.
    audio : Path, optional
        Folder or zip file with the songs of a dataset that comes without them (HKU956).
    device : {"wrist", "chest"}, optional
        Whose EDA is read, where subjects wore two (WESAD); by default the wrist's.

    Raises
    ------
    RtcanError
        If the files are not there, damaged or of another layout, or hold no usable trial; or if a
        link leads out of the folder.
    """
    root = _resolved(raw)
    if table is not None:
        table = replace(table, polarity=polarity)
    songs = None if audio is None else _resolved(audio)
    source = open_raw(dataset, root, table, follow_links, songs, device)
    _say_which_zip(source, root)
    return ingest_dataset(
        source, root, output, rules, skip_bad, jobs, force, table, polarity, follow_links
    )


def _say_which_zip(source: RawDataset, root: Path) -> None:
    """Say which zip file is read, where a folder was named and the file lies somewhere in it."""
    zips = [file for file in source.files if file.suffix.lower() == ".zip"]
    if root.is_dir() and len(zips) == len(source.files) == 1:
        found = printable(zips[0].relative_to(root).as_posix())
        console.say(f"note: {source.edition} is read from a zip file in {printable(root)}: {found}")


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError) as error:  # the latter for a circle of links
        raise RtcanError(f"{printable(path)} cannot be read: {error}") from error


def ingest_dataset(
    source: RawDataset,
    root: Path,
    output: Path,
    rules: Rules | None = None,
    skip_bad: bool = False,
    jobs: int | None = None,
    force: bool = False,
    table: TableOptions | None = None,
    polarity: Polarity | None = None,
    follow_links: bool = False,
) -> Ingested:
    """Read an opened dataset into a recordings store, whatever opened it.

    Parameters
    ----------
    source : RawDataset
        The dataset; one that rtcan does not know has the name ``table``.
    root : Path
        The folder or zip file that it was opened from, absolute.
    output, rules, skip_bad, jobs, force, table, polarity, follow_links
        As for `ingest_raw`.

    Raises
    ------
    RtcanError
        If files are damaged, there is no usable trial, or the audio file of a stimulus does not lie
        below `root`, or below the dataset's folder of audio where it has one.
    """
    rules = rules or Rules()
    audio_root = source.audio or root
    refuse_audio_outside(source.stimuli, audio_root, follow_links)
    known = profile(source.name)
    if known.own:
        table = table or TableOptions()
        unit = table.unit or known.eda_unit
        scale = source.rating_scale or table.rating_scale
        known = replace(known, rating_scale=scale, eda_unit=unit)
    kind = source.kind or signal_kind(known.eda_unit, polarity)
    provenance = Provenance(
        "ingest",
        known.name,
        {
            "raw": printable(root),
            "edition": source.edition,
            "rating_scale": list(known.rating_scale),
            **kind.parameters,
            **({"decimal": table.decimal, "unit": table.unit} if table else {}),
            "skip_bad": skip_bad,
            **({"follow_links": True} if follow_links else {}),
            **({"audio": printable(source.audio)} if source.audio else {}),
            **({"device": source.device} if source.device else {}),
            **({"lead": source.lead} if source.lead else {}),
            **({"licence": source.credit.licence} if source.credit.licence else {}),
            **({"authors": list(source.credit.authors)} if source.credit.authors else {}),
            **asdict(rules),
        },
        # The stimuli too: their audio files may have come or changed since.
        {
            "raw files": fingerprint(source.files),
            "stimuli": _stimuli_id(source),
            "audio": _audio_id(source.stimuli, audio_root),
        },
        source.simulated,
    )
    told: list[str] = []
    if not is_current(output, "recordings", provenance, force):
        if jobs is None:
            jobs = 1 if source.in_turn else -1
        with create(output, "recordings", provenance) as store:
            folder, songs = (
                place if place.is_dir() else place.parent for place in (root, audio_root)
            )
            sounds = sounds_of(source.stimuli, audio_root, follow_links)
            reading = _Reading(folder, songs, skip_bad, store, kind, known.rating_scale, sounds)
            judge = partial(_judge, rules=rules, known=known, kind=kind)
            reading.read(source, judge, jobs)
            told = reading.told.lines()
    notes = [Note("raw_files", text) for text in source.notes]
    notes += [Note("signal_files", text) for text in told]
    if follow_links:
        text = f"symbolic links that lead out of {root} were followed"
        notes.append(Note("followed_links", text))
    return ingest_result(output, known, notes)


def _stimuli_id(source: RawDataset) -> str:
    """Fingerprint of what is known about the stimuli and their audio."""
    known = printable((*source.stimuli, *source.unclaimed))
    return hashlib.blake2b(known.encode(), digest_size=8).hexdigest()


def _audio_id(stimuli: tuple[Stimulus, ...], root: Path) -> str:
    """Fingerprint of the audio files that are there."""
    files = {audio_file(root, each.audio).path for each in stimuli if each.audio}
    return fingerprint(path for path in files if path.is_file())


@dataclass(frozen=True)
class CheckedTrial:
    """A trial whose recordings were inspected: their samples are in `inspected`."""

    trial: Trial
    inspected: tuple[Inspected, ...]


def _judge(recording: Recording, rules: Rules, known: Profile, kind: SignalKind) -> Inspected:
    """Repair and judge a recording by its own kind, or by that of the dataset if it has none."""
    own = SignalKind(recording.unit or kind.unit, recording.polarity or kind.polarity)
    return inspect(
        recording.eda if own.sign > 0 else -recording.eda,
        recording.sampling_rate,
        recording.jitter,
        rules,
        absolute=is_absolute(own, known),
        rises=rises(own),
    )


def read_part(
    part: Callable[[], list[Item]], judge: Callable[[Recording], Inspected]
) -> list[CheckedTrial | Excluded | RtcanError]:
    """Read one part of a dataset, repair and judge its recordings: what a worker process does.

    `judge` is `_judge` with all but a recording.
    """
    items: list[CheckedTrial | Excluded | RtcanError] = []
    for item in check_shared(part()):
        if not isinstance(item, Trial):
            items.append(item)
            continue
        inspected = tuple(judge(each) for each in item.recordings)
        # Samples are returned once, as they are after the repair.
        emptied = tuple(replace(each, eda=_NO_SAMPLES) for each in item.recordings)
        items.append(CheckedTrial(replace(item, recordings=emptied), inspected))
    return items


class _Reading:
    """A dataset on its way into a store: rows and samples are written as they come."""

    def __init__(
        self,
        root: Path,
        audio_root: Path,
        skip_bad: bool,
        store: StoreWriter,
        kind: SignalKind,
        scale: tuple[float, float],
        sounds: Mapping[str, str],
    ) -> None:
        self._root, self._skip_bad, self._store = root, skip_bad, store
        self._audio_root = audio_root
        self._kind, self._scale = kind, scale
        self._sounds, self._song_of = sounds, dict[str, str]()
        self._files: tuple[Path, ...] = ()
        self._seen, self._signals = SeenTrials(), SeenSignals()
        self._trials, self._recordings = store.table("trials"), store.table("recordings")
        self._quality, self._excluded = store.table("quality"), store.table("excluded")
        self._usable = False
        self.told = FileNotes()
        # Why nothing is usable, the first few reasons: of what was left out, and of recordings.
        self._reasons: tuple[dict[str, None], dict[str, None]] = ({}, {})

    def read(self, source: RawDataset, judge: Callable[[Recording], Inspected], jobs: int) -> None:
        """Read all parts of a dataset and write the store."""
        self._files = source.files
        self._song_of = songs_of(source.stimuli, self._sounds)
        with _hashed(source.files) as digests:
            for error in source.damaged:
                self._leave_out(error)
            for audio in source.unclaimed:
                row = vars(Excluded("", "", UNCLAIMED, _relative(audio, self._audio_root)))
                self._excluded.append(**row)
            work = partial(read_part, judge=judge)
            with console.progress(len(source.parts), f"reading {source.edition}", "part") as bar:
                for outcome in map_ordered(work, source.parts, jobs):
                    for item in [outcome] if isinstance(outcome, RtcanError) else outcome:
                        self._take(item)
                    bar.update()
            if not self._usable:
                reasons = list({**self._reasons[0], **self._reasons[1]})[:_FEW_REASONS]
                # Of what was found in the files, the unit may be what is wrong with all of them.
                advice = next((line for line in self.told.lines() if "--unit" in line), None)
                raise RtcanError(
                    f"{self._root}: holds no usable recording "
                    f"({'; '.join(reasons) or 'no trials'})",
                    hint=advice,
                )
            self._write_sources(source, digests())

    def _take(self, item: CheckedTrial | Excluded | RtcanError) -> None:
        if isinstance(item, Excluded):
            self._exclude(item)
            return
        if isinstance(item, RtcanError):
            self._leave_out(item)
            return
        trial = item.trial
        low, high = self._scale
        for target in TARGETS:
            # rtcan's own readers have looked at that; this is for readers of others.
            rating = getattr(trial, target)
            if rating < low or rating > high:
                raise RtcanError(
                    f"subject {trial.subject}, stimulus {trial.stimulus}: the {target} rating "
                    f"{rating:g} is not on the scale from {low:g} to {high:g}",
                    "give the scale that was used as TableOptions(rating_scale=(low, high))",
                )
        if not self._seen.add(trial.subject, trial.stimulus, trial.repetition):
            file = trial.recordings[0].source if trial.recordings else self._root
            self._leave_out(
                RtcanError(
                    f"{file}: subject {trial.subject}, stimulus {trial.stimulus}"
                    f"{hearing(trial.repetition)} is there twice"
                )
            )
            return
        row = self._trials.rows
        key: dict[str, Any] = {
            "subject": trial.subject,
            "stimulus": trial.stimulus,
            "repetition": trial.repetition,
            "song": self._song_of.get(trial.stimulus, trial.stimulus),
        }
        self._trials.append(
            **key,
            valence=trial.valence,
            arousal=trial.arousal,
        )
        number = self._seen.number(trial.subject, trial.stimulus, trial.repetition)
        for each, found in zip(trial.recordings, item.inspected, strict=True):
            fault = found.fault or self._copied(found.eda, number)
            self.told.add(each.notes, _relative(each.source, self._root))
            self._recordings.append(
                **key,
                target=each.target,
                sampling_rate=each.sampling_rate,
                trial=row,
                source=_relative(each.source, self._root),
                position=each.position,
                unit=each.unit or self._kind.unit,
                polarity=each.polarity or self._kind.polarity,
                problem=fault,
            )
            self._quality.append(**vars(found.quality))
            implausible = np.any(list(found.artefacts.values()), axis=0)
            marks = found.repaired + IMPLAUSIBLE * implausible.astype(np.uint8)
            self._store.append_signals({"eda": found.eda, "repaired": marks})
            if fault:
                _remember(fault, self._reasons[1])
            else:
                self._usable = True

    def _copied(self, signal: NDArray[np.float64], trial: int) -> str:
        """What is wrong with samples that another trial had already; they are of one of the two."""
        first = self._signals.add(signal, trial)
        if first == trial:
            return ""
        subject, stimulus, repetition = self._seen.key(first)
        return (
            f"the same samples as subject {subject}, stimulus {stimulus}{hearing(repetition)}: a "
            "copy"
        )

    def _leave_out(self, error: RtcanError) -> None:
        """List what is damaged, or end here."""
        if not self._skip_bad:
            advice = "--skip-bad leaves it out and reads the rest"
            raise RtcanError(str(error), f"{error.hint}; {advice}" if error.hint else advice)
        # Without the folder's own name, so that the same files give the same store elsewhere.
        reason = str(error)
        place = next((path for path in map(str, self._files) if reason.startswith(path)), "")
        reason = printable(reason.replace(f"{self._root}/", ""))
        self._exclude(Excluded("", "", reason, place))

    def _exclude(self, left_out: Excluded) -> None:
        _remember(left_out.reason, self._reasons[0])
        source = _relative(left_out.source, self._root)
        self._excluded.append(**{**vars(left_out), "source": source})

    def _write_sources(self, source: RawDataset, digests: Iterable[tuple[int, str]]) -> None:
        stimuli = self._store.table("stimuli")
        for each in source.stimuli:
            own = {
                "audio": _relative(each.audio, self._audio_root),
                "song": self._song_of[each.stimulus],
                "sound": self._sounds.get(each.stimulus, ""),
            }
            stimuli.append(**{**vars(each), **own})
        files = self._store.table("files")
        for path, (size, digest) in zip(source.files, digests, strict=True):
            files.append(path=_relative(str(path), self._root), size=size, sha256=digest)


def _remember(reason: str, reasons: dict[str, None]) -> None:
    if len(reasons) < _FEW_REASONS:
        reasons[reason] = None


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


def _relative(path: str, root: Path) -> str:
    """A path below the raw folder, so that moving that folder changes nothing in the store."""
    below = path.removeprefix(os.path.join(root, ""))
    return printable(below.replace(os.sep, "/"))  # alike on all systems

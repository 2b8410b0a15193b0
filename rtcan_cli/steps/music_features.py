"""Songs -> music store."""

from __future__ import annotations

import hashlib
from functools import partial as bind
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.music import FEATURE_SET, extract, feature_names, read_static_features
from rtcan_cli.parallel import map_unordered
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import fingerprint, is_current
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create


def extract_features(
    recordings: Path, output: Path, mixdown: bool = False, jobs: int = -1, force: bool = False
) -> Report:
    """Extract openSMILE functionals from the audio of every song that was listened to.

    Raises
    ------
    RtcanError
        If there is no audio, or none of it can be read.
    """
    with Store(recordings, "recordings") as store:
        made, inputs = store.provenance, {"recordings": store.content_id}
        stimuli = store.table("stimuli")
        heard = stimuli["stimulus"].isin(set(store.table("trials")["stimulus"]))
    stimuli = stimuli[heard & (stimuli["audio"] != "")].reset_index(drop=True)
    if stimuli.empty:
        raise RtcanError(
            f"{recordings}: no {profile(made.dataset).stimulus_word} has an audio file",
            "rtcan music-features --import static_features.csv, if you have published features",
        )
    root = Path(made.parameters["raw"])
    files = [root / audio for audio in stimuli["audio"]]
    absent = [path for path in files if not path.exists()]
    inputs["audio"] = _audio_id(output) if absent else fingerprint(files)
    provenance = Provenance(
        "music-features",
        made.dataset,
        {"feature_set": FEATURE_SET, "mixdown": mixdown},
        inputs,
        made.simulated,
    )
    if not is_current(output, "music", provenance, force):
        if absent:
            raise RtcanError(
                f"{absent[0]}: the audio is gone ({len(absent)} of {len(files)} files)",
                f"rtcan ingest {made.dataset} RAW, from where the files are now",
            )
        partial = Partial(output, provenance.digest())
        failures = _extract_missing(files, partial, mixdown, jobs)
        found = [index for index in range(len(files)) if index not in failures]
        if not found:
            raise RtcanError(f"no audio file could be read; the first problem: {failures[0]}")
        values = np.stack([_features(partial, index) for index in found])
        names = list(stimuli["stimulus"])
        with create(output, "music", provenance) as writer:
            _write(writer, [names[index] for index in found], feature_names(), values)
            writer.write("excluded/stimulus", [names[index] for index in failures])
            writer.write("excluded/reason", list(failures.values()))
        partial.discard()
    return summarise(output)


def _audio_id(output: Path) -> str:
    """What a finished store says of its audio, where the files themselves are gone."""
    if not output.exists():
        return ""
    with Store(output, "music") as store:
        return store.provenance.inputs.get("audio", "")


def _extract_missing(
    files: list[Path], partial: Partial, mixdown: bool, jobs: int
) -> dict[int, str]:
    """Extract the songs whose features are not kept yet; return the problems, by song."""
    finished = {name for name in partial.names() if partial.get(name) is not None}
    missing = [index for index in range(len(files)) if str(index) not in finished]
    if finished and missing:
        console.say(f"going on: {len(finished)} of {len(files)} songs are already done")
    failures: dict[int, str] = {}
    paths = [files[index] for index in missing]
    work = bind(extract, mixdown=mixdown)
    with console.progress(len(files), "music features", "song", done=len(finished)) as bar:
        for position, outcome in map_unordered(work, paths, jobs, keep_errors=True):
            if isinstance(outcome, RtcanError):
                failures[missing[position]] = str(outcome)
            else:
                partial.put(str(missing[position]), {"value": outcome})
            bar.update()
    return dict(sorted(failures.items()))


def _features(partial: Partial, index: int) -> NDArray[np.float32]:
    item = partial.get(str(index))
    assert item is not None, f"song {index} was extracted above"
    return item["value"]


def import_features(recordings: Path, csv: Path, output: Path, force: bool = False) -> Report:
    """Take a published CSV of features, one row for each song.

    Raises
    ------
    RtcanError
        If the file is not such a CSV, or none of its songs was listened to.
    """
    with Store(recordings, "recordings") as store:
        made, inputs = store.provenance, {"recordings": store.content_id}
        heard = set(store.table("trials")["stimulus"])
    if not csv.is_file():
        raise RtcanError(f"{csv}: there is no such file")
    inputs["features"] = hashlib.blake2b(csv.read_bytes(), digest_size=8).hexdigest()
    provenance = Provenance(
        "music-features", made.dataset, {"imported": csv.name}, inputs, made.simulated
    )
    if not is_current(output, "music", provenance, force):
        songs, names, values = read_static_features(csv)
        rows = [row for row, song in enumerate(songs) if song in heard]
        if not rows:
            raise RtcanError(f"{csv}: none of its {len(songs)} songs is in {recordings}")
        with create(output, "music", provenance) as writer:
            _write(writer, [songs[row] for row in rows], names, values[rows])
            absent = sorted(heard - set(songs))
            writer.write("excluded/stimulus", absent)
            writer.write("excluded/reason", [f"not in {csv.name}"] * len(absent))
    return summarise(output)


def _write(
    writer: StoreWriter, stimuli: list[str], names: list[str], values: NDArray[np.float32]
) -> None:
    writer.write("stimuli/stimulus", stimuli)
    writer.write("features/name", names)
    writer.write("features/value", values)


def summarise(path: Path) -> Report:
    """Describe a music store."""
    with Store(path, "music") as store:
        shape = store.datasets()["features/value"][0]
        made, excluded = store.provenance, store.table("excluded")
    origin = made.parameters.get("imported") or f"openSMILE {made.parameters['feature_set']}"
    report = Report("music-features", files=[path])
    report.facts = {
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "songs": shape[0],
        "features": shape[1],
        "from": origin,
    }
    if len(excluded):
        rows = excluded.to_numpy().tolist()
        report.tables.append(Table("Left out", ["song", "reason"], rows))
    return report

"""Songs -> music store."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import partial as bind
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import choices, console
from rtcan_cli.cluster import Cluster
from rtcan_cli.datasets.files.listing import list_files
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.identifiers import by_number, plain
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.embeddings import read_npz
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.extras import require
from rtcan_cli.files.kinds import AUDIO_SUFFIXES
from rtcan_cli.music import (
    N_FEATURES,
    DescribedSong,
    describe,
    feature_names,
    read_feature_table,
)
from rtcan_cli.parallel import map_unordered
from rtcan_cli.results.base import Note
from rtcan_cli.results.signals.music_features import (
    SHORT_COLUMNS,
    UNREADABLE_COLUMNS,
    MusicFeatures,
)
from rtcan_cli.steps.data.ingest_summary import note_unclaimed, unclaimed_audio
from rtcan_cli.steps.data.songs import stored_audio_file
from rtcan_cli.steps.freshness import fingerprint, is_current
from rtcan_cli.stores import Partial, Provenance, Store, StoreWriter, create
from rtcan_cli.stores.lines import line_that_makes

_NO_AUDIO = "it has no audio file"

# Recordings may go on for some seconds before and after a song.
_SHORT, _MOST_MISSING = 0.8, 5.0

STATIC_FEATURES = "static_features.csv"
"""What PMEmo calls its table of features: in the 2018 edition at the root, in 2019 in features/."""


_FEW = 5
_NAME_MODEL = "vectors of another model: --model NAME, the name and version of what made them"


def extract_features(
    recordings: Path,
    output: Path,
    mixdown: bool = False,
    jobs: int | Cluster = -1,
    force: bool = False,
    feature_set: choices.FeatureSet = choices.FEATURE_SET,
) -> MusicFeatures:
    """Extract openSMILE functionals from the audio of every song that was listened to.

    Parameters
    ----------
    recordings, output : Path
        Store to read and store to write.
    mixdown : bool
        Average the channels of stereo audio; otherwise the first one is described.
    jobs : int or Cluster
        Who works.
    force : bool
        Do it even if nothing has changed.
    feature_set : str
        Set of openSMILE.

    Raises
    ------
    RtcanError
        If there is no audio, or none of it can be read.
    """
    with Store(recordings, "recordings") as store:
        made, inputs = store.provenance, {"recordings": store.content_id}
        every = store.table("stimuli")
        heard = every["stimulus"].isin(_heard(store))
        lengths = _eda_seconds(store)
        unclaimed = unclaimed_audio(store)
    has_audio = every["audio"] != ""
    stimuli = every[heard & has_audio].reset_index(drop=True)
    without = list(every["stimulus"][heard & ~has_audio])
    unheard = list(every["stimulus"][~heard & has_audio])
    if stimuli.empty:
        raise RtcanError(
            f"{recordings}: no {profile(made.dataset).stimulus_word} has an audio file",
            f"{line_that_makes(recordings, 'recordings', audio='DIR')}, with the songs in DIR"
            if made.dataset == "hku956"
            else f"{line_that_makes(output, 'music', **{'import': 'static_features.csv'})}, if you "
            "have published features",
        )
    raw = Path(made.parameters.get("audio", made.parameters["raw"]))
    follow = made.parameters.get("follow_links") is True
    files = [stored_audio_file(raw, name, follow) for name in stimuli["audio"]]
    absent = [file.path for file in files if not file.path.exists()]
    inputs["audio"] = _audio_id(output) if absent else fingerprint({file.path for file in files})
    provenance = Provenance(
        "music-features",
        made.dataset,
        {
            "feature_set": feature_set,
            "mixdown": mixdown,
            **({"follow_links": True} if follow else {}),
        },
        inputs,
        made.simulated,
    )
    if not is_current(output, "music", provenance, force):
        if absent:
            raise RtcanError(
                f"{absent[0]}: the audio is gone ({len(absent)} of {len(files)} files)",
                f"{line_that_makes(recordings, 'recordings')}, from where the files are now",
            )
        require("music-features", "opensmile")
        partial = Partial(output, provenance.digest())
        with partial.held():
            failures = _extract_missing(files, partial, mixdown, jobs, feature_set)
            found = [index for index in range(len(files)) if index not in failures]
            if not found:
                raise RtcanError(f"no audio file could be read; the first problem: {failures[0]}")
            names = list(stimuli["stimulus"])
            finished = [names[index] for index in found]
            with create(output, "music", provenance) as writer:
                values = (_kept(partial, index, "value")[None] for index in found)
                seconds = [float(_kept(partial, index, "seconds")) for index in found]
                _write(writer, finished, feature_names(feature_set), values)
                writer.write("stimuli/seconds", seconds)
                writer.write(
                    "stimuli/eda_seconds", [lengths.get(song, math.nan) for song in finished]
                )
                writer.write("excluded/stimulus", [*(names[i] for i in failures), *without])
                writer.write("excluded/reason", [*failures.values(), *[_NO_AUDIO] * len(without)])
            partial.discard()
    return music_result(output, recordings, unheard, unclaimed)


def _heard(recordings: Store) -> set[str]:
    """Songs that somebody listened to."""
    return {song for songs in recordings.blocks("trials/stimulus") for song in songs}


def _eda_seconds(recordings: Store) -> dict[str, float]:
    """How long the sound recordings of each song are: their median, in seconds."""
    lengths: dict[str, list[float]] = {}
    start = 0
    for songs, problems in recordings.table_blocks("recordings", "stimulus", "problem"):
        seconds = recordings.seconds(range(start, start + len(songs)))
        start += len(songs)
        for song, problem, each in zip(songs, problems, seconds, strict=True):
            if not problem:
                lengths.setdefault(song, []).append(float(each))
    return {song: float(np.median(each)) for song, each in lengths.items()}


def _number(songs: Sequence[str], what: str) -> str:
    return f"{len(songs)} {what}{'s' * (len(songs) != 1)}"


def describe_file(
    file: RawFile, mixdown: bool, feature_set: choices.FeatureSet = choices.FEATURE_SET
) -> DescribedSong:
    """Describe an audio file, on disk or in a zip file: what a worker process does."""
    return describe(file.content(), mixdown, str(file), feature_set)


def describe_song(
    song: tuple[bytes, str], mixdown: bool, feature_set: choices.FeatureSet = choices.FEATURE_SET
) -> DescribedSong:
    """Describe a song (content, name): what a worker of a cluster does."""
    content, name = song
    return describe(content, mixdown, name, feature_set)


class Contents(Sequence[tuple[bytes, str]]):
    """Audio files with their names, each read when its turn comes, so few are in memory."""

    def __init__(self, files: list[RawFile]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, position: Any) -> Any:
        file = self._files[position]
        return file.content(), str(file)


def _audio_id(output: Path) -> str:
    """What a finished store says of its audio, where the files themselves are gone."""
    if not output.exists():
        return ""
    with Store(output, "music") as store:
        return store.provenance.inputs.get("audio", "")


def _extract_missing(
    files: list[RawFile],
    partial: Partial,
    mixdown: bool,
    jobs: int | Cluster,
    feature_set: choices.FeatureSet,
) -> dict[int, str]:
    """Extract the songs whose features are not kept yet; return the problems, by song."""
    finished = {name for name in partial.names() if partial.get(name) is not None}
    missing = [index for index in range(len(files)) if str(index) not in finished]
    if finished and missing:
        console.say(f"going on: {len(finished)} of {len(files)} songs are already done")
    failures: dict[int, str] = {}
    wanted = [files[index] for index in missing]
    # The workers of a cluster cannot read our files.
    items: Sequence[Any] = Contents(wanted) if isinstance(jobs, Cluster) else wanted
    work = bind(
        describe_song if isinstance(jobs, Cluster) else describe_file,
        mixdown=mixdown,
        feature_set=feature_set,
    )
    with console.progress(len(files), "music features", "song", done=len(finished)) as bar:
        results = map_unordered(
            work,
            items,
            jobs,
            keep_errors=True,
            name=lambda position: f"song {wanted[position]}",
            show=bar.set_postfix_str,
        )
        for position, outcome in results:
            if isinstance(outcome, RtcanError):
                hint = f" ({outcome.hint})" if outcome.hint else ""
                failures[missing[position]] = f"{outcome}{hint}"
            else:
                kept = {"value": outcome.features, "seconds": np.array(outcome.seconds)}
                partial.put(str(missing[position]), kept)
            bar.update()
    return dict(sorted(failures.items()))


def _kept(partial: Partial, index: int, what: str) -> NDArray[np.float32]:
    item = partial.get(str(index))
    assert item is not None, f"song {index} was described above"
    return item[what]


def import_features(
    recordings: Path, source: Path, output: Path, force: bool = False, model: str | None = None
) -> MusicFeatures:
    """Take features that were published with a dataset, or vectors that a model has made.

    Parameters
    ----------
    recordings, output : Path
        Store to read and store to write.
    source : Path
        A CSV with a row for each song, or a folder or zip file that holds one
        ``static_features.csv``; with a model also ``.npz``.
    force : bool
        Do it even if nothing has changed.
    model : str, optional
        What made the features. It is part of the store and of runs on it, so that vectors of one
        model are never given to a network of another. Without it, the features are the 6373 of
        openSMILE's ComParE set.

    Raises
    ------
    RtcanError
        If there is no such file or more than one, it cannot be read, or none of its songs was
        listened to.
    """
    with Store(recordings, "recordings") as store:
        made, inputs = store.provenance, {"recordings": store.content_id}
        heard = _heard(store)
    csv = _features_file(source)
    content = csv.content()
    inputs["file"] = hashlib.blake2b(content, digest_size=8).hexdigest()
    named = {} if model is None else {"model": model}
    provenance = Provenance(
        "music-features", made.dataset, {"imported": csv.name.name} | named, inputs, made.simulated
    )
    unused: tuple[str, ...] = ()
    if not is_current(output, "music", provenance, force):
        written, names, values = _read_features(csv, content, model)
        # A program may have put ".0" behind whole numbers.
        songs = [_song_of(song, heard) for song in written]
        rows = [row for row, song in enumerate(songs) if song in heard]
        if not rows:
            raise RtcanError(
                f"{csv}: none of its {len(songs)} songs is in {recordings}: it has "
                f"{some(written)}, the recordings {some(sorted(heard, key=by_number))}",
                "name them as the recordings do, or by the names of their audio files",
            )
        repeated = [
            song for song, count in Counter(songs[row] for row in rows).items() if count > 1
        ]
        if repeated:
            raise RtcanError(f"{csv}: has song {repeated[0]} more than once")
        with create(output, "music", provenance) as writer:
            _write(writer, [songs[row] for row in rows], names, [values[rows]])
            for column in ("seconds", "eda_seconds"):
                writer.write(f"stimuli/{column}", [math.nan] * len(rows))
            absent = sorted(heard - set(songs), key=by_number)
            writer.write("excluded/stimulus", absent)
            writer.write("excluded/reason", [f"not in {csv.name.name}"] * len(absent))
        unused = tuple(song for song in songs if song not in heard)
    result = music_result(output, recordings)
    return replace(result, notes=(*result.notes, *_import_notes(result, unused)))


def _song_of(written: str, heard: Container[str]) -> str:
    """The song of a row: by its name, or by that of its audio file."""
    path = PurePosixPath(written.replace("\\", "/"))
    names = [written, plain(written)]
    if path.suffix.lower() in AUDIO_SUFFIXES:
        names += [path.stem, plain(path.stem)]
    return next((name for name in names if name in heard), plain(written))


def _read_features(
    file: RawFile, content: bytes, model: str | None
) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Songs, names of features and values of a file."""
    if file.name.suffix.lower() == ".npz":
        if model is None:
            raise RtcanError(f"{file} does not say what its vectors are", _NAME_MODEL)
        songs, values = read_npz(content, str(file))
        return songs, [str(k + 1) for k in range(values.shape[1])], values
    if model is not None:
        return read_feature_table(content, str(file))
    try:
        return read_feature_table(content, str(file), N_FEATURES)
    except RtcanError as error:
        raise RtcanError(str(error), error.hint or _NAME_MODEL) from error


def _import_notes(result: MusicFeatures, unused: Sequence[str]) -> list[Note]:
    """Songs without a row, whose trials have no music features, and rows without a song."""
    notes = []
    if len(result.left_out):
        songs = result.left_out["song"].tolist()
        text = (
            f"{_number(songs, 'song')} that subjects listened to without a row: {some(songs)}; "
            "training with music leaves their trials out"
        )
        notes.append(Note("songs_without_features", text))
    if unused:
        text = f"{_number(unused, 'row')} not used, since nobody listened to these: {some(unused)}"
        notes.append(Note("unheard", text))
    return notes


def _features_file(source: Path) -> RawFile:
    """The table itself, or the one in a folder or zip file."""
    if source.is_file() and source.suffix.lower() != ".zip":
        return RawFile(source, PurePosixPath(source.name))
    found = [file for file in list_files(source) if file.name.name.lower() == STATIC_FEATURES]
    if len(found) != 1:
        raise RtcanError(
            f"{source} holds {len(found) or 'no'} {STATIC_FEATURES}"
            + (f": {', '.join(map(str, found))}" if found else ""),
            "name the file itself",
        )
    return found[0]


def _write(
    writer: StoreWriter, stimuli: list[str], names: list[str], values: Iterable[NDArray[np.float32]]
) -> None:
    writer.write("stimuli/stimulus", stimuli)
    writer.write("features/name", names)
    for rows in values:
        writer.append_rows("features/value", rows)


def _equal_songs(features: Store, recordings: Path) -> list[tuple[str, ...]]:
    """Stimuli with the same features that are not known to be one song."""
    with Store(recordings, "recordings") as store:
        stimuli = store.table("stimuli", ["stimulus", "song"])
    song_of = dict(zip(stimuli["stimulus"], stimuli["song"], strict=True))
    names = iter(features.array("stimuli/stimulus").tolist())
    groups: dict[bytes, list[str]] = {}
    for values in features.blocks("features/value"):
        for row in values:
            groups.setdefault(hashlib.sha256(row.tobytes()).digest(), []).append(next(names))
    return [
        tuple(group)
        for group in groups.values()
        if len({song_of.get(name, name) for name in group}) > 1
    ]


def music_result(
    path: Path, recordings: Path, unheard: Sequence[str] = (), unclaimed: Sequence[str] = ()
) -> MusicFeatures:
    """Describe a music store.

    Parameters
    ----------
    path : Path
        The store.
    recordings : Path
        The store that names the songs.
    unheard, unclaimed : sequence of str
        Songs that nobody listened to, and audio files that no song uses.
    """
    with Store(path, "music") as store:
        equal = _equal_songs(store, recordings)
        n_songs, n_features = store.datasets()["features/value"][0]
        made, excluded = store.provenance, store.table("excluded")
        songs = store.table("stimuli")
    silent = excluded["reason"] == _NO_AUDIO
    without, short = excluded["stimulus"][silent].tolist(), _short(songs)
    notes = [Note("equal_features", _equal_in_words(equal, made.dataset))] if equal else []
    if without:
        text = f"{_number(without, 'song')} without an audio file: {some(without)}"
        notes.append(Note("without_audio", text))
    if len(short):
        notes.append(Note("short_audio", _short_in_words(short)))
    if unheard:
        text = f"{_number(unheard, 'song')} with audio that nobody listened to: {some(unheard)}"
        notes.append(Note("unheard", text))
    if unclaimed:
        notes.append(Note("unclaimed_audio", note_unclaimed(unclaimed)))
    left_out = excluded.loc[~silent, ["stimulus", "reason"]]
    return MusicFeatures(
        dataset=made.dataset,
        simulated=made.simulated,
        n_songs=n_songs,
        n_features=n_features,
        feature_set=made.parameters.get("feature_set"),
        imported_from=made.parameters.get("imported"),
        model=made.parameters.get("model"),
        mixdown=made.parameters.get("mixdown"),
        left_out=left_out.set_axis(list(UNREADABLE_COLUMNS), axis=1).reset_index(drop=True),
        short=short,
        equal=tuple(equal),
        without_audio=tuple(without),
        unheard=tuple(unheard),
        unclaimed=tuple(unclaimed),
        notes=tuple(notes),
        files=(path,),
    )


def _equal_in_words(equal: Sequence[tuple[str, ...]], dataset: str) -> str:
    groups = "; ".join(" = ".join(group) for group in equal[:_FEW])
    return (
        "equal features, but not known to be one song, so folds that hold out songs may have one "
        f"on each side: {groups}{'; ...' if len(equal) > _FEW else ''}"
        + ("; the column song of trials.csv can say so" if dataset == "table" else "")
    )


def _short(songs: pd.DataFrame) -> pd.DataFrame:
    """Songs that are much shorter than what was recorded while they were heard."""
    missing = songs["eda_seconds"] - songs["seconds"]
    short = songs[(missing > _MOST_MISSING) & (songs["seconds"] < _SHORT * songs["eda_seconds"])]
    columns = short[["stimulus", "seconds", "eda_seconds"]].reset_index(drop=True)
    return columns.set_axis(list(SHORT_COLUMNS), axis=1)


def _short_in_words(short: pd.DataFrame) -> str:
    told = [
        f"{row.song} ({row.audio_seconds:.1f} s of audio, {row.eda_seconds:.1f} s of EDA)"
        for row in short.itertuples()
    ]
    were = "it was" if len(told) == 1 else "they were"
    return (
        f"{_number(told, 'song')} much shorter than the EDA recorded while {were} heard, so "
        f"perhaps not whole: {some(told, 4)}"
    )

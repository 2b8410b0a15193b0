"""What a network sees, held against the raw files and the stores read without rtcan."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import DamagedError
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.steps.signals.eda_features import describe_recordings
from rtcan_cli.stores import Store
from tests.conftest import must, put_text

TARGETS = ("valence", "arousal")
ONSET, LENGTH, RATE = 3.0, 96, 50
both_targets = pytest.mark.parametrize("target", TARGETS)


def sources(workspace: Path, music: bool = False) -> Sources:
    folder = workspace / "pmemo"
    paths = (folder / "components.h5", folder / "labels.h5")
    return Sources(*paths, folder / "music.h5") if music else Sources(*paths)


def table(path: Path, group: str) -> pd.DataFrame:
    """Columns of a store's table, by h5py alone."""
    with h5py.File(path) as h5:
        columns = {name: column[()] for name, column in h5[group].items()}
    return pd.DataFrame(
        {
            name: [x.decode() for x in values] if values.dtype.kind in "OS" else values
            for name, values in columns.items()
        }
    )


def as_seen(signal: np.ndarray) -> np.ndarray:
    """A recording as the method describes it: z-scored, without its onset, at a common length."""
    scaled = (signal - signal.mean()) / signal.std()
    kept = scaled[round(ONSET * RATE) :]
    return np.interp(np.linspace(0, len(kept) - 1, LENGTH), np.arange(len(kept)), kept)


@both_targets
def test_eda_of_each_trial_is_the_raw_recording_of_that_hearing(
    raw_pmemo: Path, prepared: Path, target: str
) -> None:
    data, left_out = training_data(sources(prepared), target, ONSET, LENGTH)
    assert not left_out
    letter = target[0].upper()
    files = sorted((raw_pmemo / "PMEmo" / "EDA" / target.title()).glob("*.csv"))
    rows = zip(data.stimulus, data.subject, strict=True)
    assert sorted(f"{song}_{who}_{letter}.csv" for song, who in rows) == [f.name for f in files]
    for eda, song, who in zip(data.eda, data.stimulus, data.subject, strict=True):
        raw = np.loadtxt(files[0].with_name(f"{song}_{who}_{letter}.csv"))
        np.testing.assert_allclose(eda[0], as_seen(raw), atol=1e-4, err_msg=f"{song}, {who}")


@both_targets
def test_phasic_and_tonic_are_the_second_and_third_channel(prepared: Path, target: str) -> None:
    data, _ = training_data(sources(prepared), target, ONSET, LENGTH)
    path = prepared / "pmemo" / "components.h5"
    recordings = table(path, "recordings")
    with h5py.File(path) as h5:
        offsets = h5["signals/offsets"][()]
        signals = {name: h5["signals"][name][()].astype(float) for name in ("phasic", "tonic")}
    for row in (0, len(data.label) // 2, len(data.label) - 1):
        here = (recordings["subject"] == data.subject[row]) & (recordings["target"] == target)
        (index,) = np.flatnonzero(here & (recordings["stimulus"] == data.stimulus[row]))
        for channel, name in enumerate(("phasic", "tonic"), start=1):
            own = signals[name][offsets[index] : offsets[index + 1]]
            np.testing.assert_allclose(data.eda[row, channel], as_seen(own), atol=1e-4)


@both_targets
def test_labels_of_a_target_are_those_of_its_own_column(prepared: Path, target: str) -> None:
    data, _ = training_data(sources(prepared), target, ONSET, LENGTH)
    labels = table(prepared / "pmemo" / "labels.h5", "labels").set_index(["subject", "stimulus"])
    trials = list(zip(data.subject, data.stimulus, strict=True))
    (other,) = set(TARGETS) - {target}
    assert data.label.tolist() == labels.loc[trials, target].tolist()
    assert data.label.tolist() != labels.loc[trials, other].tolist()


@both_targets
def test_labels_come_from_the_raw_ratings_of_that_target(
    raw_pmemo: Path, prepared: Path, copy_of: Callable[[Path], Path], target: str
) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--method", "fixed")
    data, _ = training_data(sources(workspace), target, ONSET, LENGTH)
    rated: dict[tuple[str, str], float] = {}
    letter = target[0].upper()
    for file in (raw_pmemo / "PMEmo" / "Annotations" / target.title()).glob("*.csv"):
        song = file.stem.removesuffix(f"-{letter}")
        ratings = pd.read_csv(file, header=None, dtype={0: str}, usecols=[0, 1]).dropna()
        rated |= {(who, song): float(rating) for who, rating in ratings.to_numpy() if who.isdigit()}
    trials = zip(data.subject, data.stimulus, strict=True)
    assert data.label.tolist() == [int(rated[trial] > 0.5) for trial in trials]
    assert set(data.label.tolist()) == {0, 1}


@both_targets
def test_each_trial_gets_the_music_of_its_own_song(prepared: Path, target: str) -> None:
    data, _ = training_data(sources(prepared, music=True), target, ONSET, LENGTH)
    assert data.music is not None
    assert data.song is not None
    with h5py.File(prepared / "pmemo" / "music.h5") as h5:
        songs = [name.decode() for name in h5["stimuli/stimulus"][()]]
        features = dict(zip(songs, h5["features/value"][()], strict=True))
    assert len({vector.tobytes() for vector in features.values()}) == len(songs)
    for row, song in enumerate(data.stimulus):
        np.testing.assert_array_equal(data.music[data.song[row]], features[song])


def test_without_music_there_is_none(prepared: Path) -> None:
    data, _ = training_data(sources(prepared), "arousal", ONSET, LENGTH)
    assert data.music is None
    assert data.song is None
    assert data.n_music == 0


def test_a_damaged_chunk_is_not_an_unusable_trial(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    store = workspace / "pmemo" / "components.h5"
    with h5py.File(store, "r+") as h5:
        old = h5["signals/phasic"]
        values, attributes = old[()], dict(old.attrs)
        del h5["signals/phasic"]
        new = h5.create_dataset("signals/phasic", data=values, chunks=(1000,), fletcher32=True)
        new.attrs.update(attributes)
        place = new.id.get_chunk_info(0).byte_offset
    assert training_data(sources(workspace), "arousal", ONSET, LENGTH)
    with store.open("r+b") as file:
        file.seek(place + 100)
        file.write(b"\xff\x00\xff\x00")
    with pytest.raises(DamagedError, match="'signals/phasic' is damaged"):
        training_data(sources(workspace), "arousal", ONSET, LENGTH)


def test_unusable_trials_are_left_out_and_the_others_stay_aligned(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    whole, _ = training_data(sources(prepared, music=True), "valence", ONSET, LENGTH)
    assert whole.music is not None
    assert whole.song is not None
    workspace = copy_of(prepared)
    unrated = (whole.subject[0], whole.stimulus[0])
    with h5py.File(workspace / "pmemo" / "labels.h5", "a") as h5:
        who, song = (h5[f"labels/{name}"].asstr()[()] for name in ("subject", "stimulus"))
        (row,) = np.flatnonzero((who == unrated[0]) & (song == unrated[1]))
        h5["labels/valence"][row] = -1
    silent = next(song for song in whole.stimulus if song != unrated[1])
    with h5py.File(workspace / "pmemo" / "music.h5", "a") as h5:
        names = h5["stimuli/stimulus"].asstr()[()]
        put_text(h5, "stimuli/stimulus", int(np.flatnonzero(names == silent)[0]), "another")
    data, left_out = training_data(sources(workspace, music=True), "valence", ONSET, LENGTH)
    without_music = whole.stimulus == silent
    kept = ~without_music
    kept[0] = False
    assert left_out == {"no valence label": 1, "no music features": without_music.sum()}
    assert data.music is not None
    assert data.song is not None
    for name in ("eda", "label", "subject", "stimulus"):
        np.testing.assert_array_equal(getattr(data, name), getattr(whole, name)[kept])
    np.testing.assert_array_equal(data.music[data.song], whole.music[whole.song[kept]])
    arousal, left_out = training_data(sources(workspace), "arousal", ONSET, LENGTH)
    assert not left_out
    assert len(arousal.label) == len(whole.label)


def test_many_trials_are_not_in_memory(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", 1 << 20)
    monkeypatch.setattr("rtcan_cli.training.data._BLOCK", 2)
    length = 20_000  # so that they are most of what is there
    training_data(sources(prepared), "valence", ONSET, LENGTH)  # loads libraries
    tracemalloc.start()
    try:
        data, _ = training_data(sources(prepared), "valence", ONSET, length)
        assert tracemalloc.get_traced_memory()[1] < 0.25 * data.eda.nbytes
    finally:
        tracemalloc.stop()


def test_features_are_read_in_parts(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", 0)
    monkeypatch.setattr("rtcan_cli.runs.inputs._ROWS", 5)
    stores, features = prepared / "pmemo", tmp_path / "features.h5"
    describe_recordings(stores / "recordings.h5", stores / "components.h5", features, ONSET, jobs=1)
    wanted = Sources(None, stores / "labels.h5", features=features)
    with Store(features) as store:
        values, names = store.array("features/value"), store.array("features/name")
        table = store.table("recordings")
    two = [str(names[7]), str(names[3])]
    data, _ = training_data(wanted, "arousal", ONSET, LENGTH, two)
    row_of = {
        (each.subject, each.stimulus, each.repetition): each.Index
        for each in table.itertuples()
        if each.target in ("arousal", "both")
    }
    keys = zip(data.subject, data.stimulus, data.repetition, strict=True)
    rows = [row_of[key] for key in keys]
    np.testing.assert_array_equal(data.eda[data.row], values[rows][:, [7, 3]].astype(np.float32))
    every, _ = training_data(wanted, "arousal", ONSET, LENGTH)
    np.testing.assert_array_equal(every.eda[every.row], values[rows].astype(np.float32))

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from rtcan_cli.errors import RtcanError
from rtcan_cli.files.mapped import MappedRows
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import Inputs, TrainingData, place, scale_of, standardise
from rtcan_cli.training.fit import fit_fold
from rtcan_cli.training.folds.splits import group_folds, rotated
from rtcan_cli.training.recipes import RECIPES

RNG = np.random.default_rng(0)
DATA = TrainingData(
    eda=RNG.normal(size=(4, 3, 20)).astype(np.float32),
    label=np.array([0, 1, 1, 0]),
    subject=np.array(["a", "a", "b", "b"]),
    stimulus=np.array(["x", "y", "x", "z"]),
    music=RNG.normal(size=(3, 6)).astype(np.float32),
    song=np.array([0, 1, 0, 2]),
)


def test_music_is_standardised_with_each_training_song_once() -> None:
    music = RNG.normal(3, 5, size=(10, 40)).astype(np.float32)
    songs = np.array([0, 0, 0, 0, 2, 2, 5, 7])
    mean, sd = scale_of(music, songs)
    scaler = StandardScaler().fit(music[[0, 2, 5, 7]].astype(np.float64))
    expected = np.clip(scaler.transform(music.astype(np.float64)), -10, 10)
    np.testing.assert_allclose(standardise(music, mean, sd), expected, rtol=1e-4, atol=1e-5)


def test_other_songs_do_not_matter_to_the_statistics() -> None:
    music = RNG.normal(size=(5, 8)).astype(np.float32)
    changed = music.copy()
    changed[3:] = 1e6
    songs = np.array([0, 1, 2])
    np.testing.assert_array_equal(scale_of(music, songs), scale_of(changed, songs))


def test_constant_features_become_zero() -> None:
    music = np.full((4, 2), 0.1, dtype=np.float32)
    music[3] = 7
    mean, sd = scale_of(music, np.array([0, 1, 2]))
    assert not sd.any()
    assert not standardise(music, mean, sd).any()


def test_wild_values_are_clipped() -> None:
    z = standardise(
        np.array([[1e9, -1e9, 2.0]], np.float32), np.zeros(3, np.float32), np.ones(3, np.float32)
    )
    assert z.tolist() == [[10.0, -10.0, 2.0]]
    assert z.dtype == np.float32


@pytest.mark.parametrize(
    "changes",
    [
        {"eda": DATA.eda[:3]},
        {"eda": DATA.eda[0]},
        {"label": np.array([0, 1, 1, -1])},
        {"subject": DATA.subject[:2]},
        {"row": np.array([0, 1, 2])},
        {"song": None},
        {"song": np.array([0, 1, 0, 3])},
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"row|label|song"):
        replace(DATA, **changes)


def test_missing_values_are_refused_by_name() -> None:
    eda = DATA.eda.copy()
    eda[2, 1, 5] = np.nan
    with pytest.raises(RtcanError, match="EDA of subject b, stimulus x"):
        replace(DATA, eda=eda)
    assert DATA.music is not None
    music = DATA.music.copy()
    music[1, 3] = np.inf
    with pytest.raises(RtcanError, match="music features of subject a, stimulus y"):
        replace(DATA, music=music)


def test_length_of_the_music_vector() -> None:
    assert DATA.n_music == 6
    assert replace(DATA, music=None, song=None).n_music == 0


def test_batches_pair_trials_with_their_songs() -> None:
    assert DATA.music is not None
    assert DATA.song is not None
    cpu = torch.device("cpu")
    inputs = Inputs(place(DATA.eda, cpu), place(DATA.music, cpu), place(DATA.song, cpu))
    eda, music = inputs.batch(torch.tensor([3, 1]))
    assert np.array_equal(eda, DATA.eda[[3, 1]])
    assert music is not None
    assert np.array_equal(music, DATA.music[[2, 1]])
    assert Inputs(inputs.eda).batch(torch.tensor([0]))[1] is None


def test_trials_name_their_rows() -> None:
    data = replace(DATA, eda=np.repeat(DATA.eda, 2, axis=0)[::-1], row=np.array([6, 4, 2, 0]))
    some = data.take(np.array([3, 1]))
    assert some.eda is data.eda
    np.testing.assert_array_equal(some.eda[some.row], DATA.eda[[3, 1]])
    np.testing.assert_array_equal(some.own_eda, DATA.eda[[3, 1]])
    cpu = torch.device("cpu")
    inputs = Inputs(place(data.eda.copy(), cpu), row=place(some.row, cpu))
    assert np.array_equal(inputs.batch(torch.tensor([1, 0]))[0], DATA.eda[[1, 3]])


@pytest.mark.parametrize("row", [[0, 1, 2], [0, 1, 2, 4], [-1, 0, 1, 2]])
def test_rows_that_are_not_there_are_refused(row: list[int]) -> None:
    with pytest.raises(ValueError, match="row"):
        replace(DATA, row=np.array(row))


def test_rows_of_no_trial_may_be_missing_values() -> None:
    eda = np.concatenate([np.full_like(DATA.eda[:1], np.nan), DATA.eda])
    assert len(replace(DATA, eda=eda, row=np.arange(1, 5))) == 4
    with pytest.raises(RtcanError, match="EDA of subject b, stimulus z"):
        replace(DATA, eda=eda, row=np.array([1, 2, 3, 0]))
    sound = replace(DATA, eda=eda, row=np.arange(1, 5))
    with pytest.raises(RtcanError, match="EDA of subject a, stimulus x"):
        replace(sound, row=np.arange(4))


def test_rows_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = replace(DATA, music=None, song=None, fold_label=np.stack([DATA.label] * 2, axis=1))

    def again(values: object) -> None:
        raise AssertionError("they are looked at a second time")

    monkeypatch.setattr("rtcan_cli.training.data._finite", again)
    some = data.take(np.array([2, 0])).take(np.array([1]))
    assert replace(some, label=1 - some.label).of_fold(1).stimulus.tolist() == ["x"]
    with pytest.raises(AssertionError):
        replace(data, row=data.row[::-1])


def test_a_fold_is_the_same_from_a_file_that_nobody_can_write_to(
    toy: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.files.mapped.SMALL", 0)
    rows = MappedRows(tmp_path, "inputs")
    order = np.random.default_rng(0).permutation(len(toy))
    for own in toy.eda[order]:
        rows.append(own)
    mapped = replace(toy, eda=rows.array(), row=np.argsort(order))
    assert not mapped.eda.flags.writeable
    spec = ModelSpec("base", (8, 8, 8, 8), n_music=toy.n_music, length=toy.eda.shape[2])
    recipe = replace(RECIPES["tuned"], epochs=2)
    parts = rotated(group_folds(toy.subject, toy.label, 4, seed=0), 4).roles(1)
    one, other = (fit_fold(data, parts, spec, recipe, fold=1, seed=0) for data in (toy, mapped))
    assert one.weights.keys() == other.weights.keys()
    for name, values in one.weights.items():
        np.testing.assert_array_equal(values, other.weights[name])
    np.testing.assert_array_equal(one.test_probability, other.test_probability)


def test_an_array_is_placed_without_a_copy() -> None:
    array = np.arange(3.0)
    array.flags.writeable = False
    assert place(array, torch.device("cpu")).data_ptr() == array.ctypes.data


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")
def test_read_only_arrays_are_placed_without_a_warning() -> None:
    array = np.arange(3.0)
    array.flags.writeable = False
    assert place(array, torch.device("cpu")).tolist() == [0, 1, 2]

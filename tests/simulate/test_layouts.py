"""The simulated files, read by other people's loaders."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.io import loadmat

from rtcan_cli.simulate import pmemo_plan, simulate


def test_deap(deap_raw: Path) -> None:
    files = sorted((deap_raw / "data_preprocessed_python").iterdir())
    assert [file.name for file in files] == ["s01.dat", "s02.dat", "s03.dat"]
    for file in files:
        with file.open("rb") as stream:
            content = pickle.load(stream, encoding="latin1")
        assert content["data"].shape == (4, 40, (3 + 6) * 128)
        assert content["labels"].shape == (4, 4)
        assert content["data"].dtype == content["labels"].dtype == np.float64
        assert content["labels"].min() >= 1
        assert content["labels"].max() <= 9
        # The seconds before the video are the GSR's zero.
        np.testing.assert_allclose(content["data"][:, 36, : 3 * 128].mean(axis=1), 0, atol=1e-9)


def test_amigos(amigos_raw: Path) -> None:
    folder = amigos_raw / "data_preprocessed_matlab"
    content = loadmat(folder / "Data_Preprocessed_P08.mat")
    names = ["joined_data", "labels_selfassessment", "labels_ext_annotation", "VideoIDs"]
    assert all(content[name].shape == (1, 5) for name in names)
    first, *_, last = content["joined_data"][0]
    assert first.shape[1] == 17
    assert first.dtype == np.float64
    assert last.size == 0
    assert content["labels_selfassessment"][0, 4].size == 0
    assert np.isfinite(first).all()
    assessment = content["labels_selfassessment"][0, 0]
    assert assessment.shape == (1, 12)
    assert ((assessment[:, :5] >= 1) & (assessment[:, :5] <= 9)).all()
    assert np.isin(assessment[:, 5:], (0, 1)).all()
    other = loadmat(folder / "Data_Preprocessed_P01.mat")
    assert len(other["joined_data"][0, 4]) > 2 * len(first), "long videos are long"


def test_amigos_at_the_published_number_of_videos(tmp_path: Path) -> None:
    simulate("amigos", tmp_path / "raw", 1, 20, 6.0, seed=1)
    (file,) = (tmp_path / "raw" / "data_preprocessed_matlab").iterdir()
    content = loadmat(file)
    assert content["joined_data"].shape == (1, 20)
    names = [cell[0] for cell in content["VideoIDs"][0]]
    assert len(set(names)) == 20
    assert names[16:] == ["N1", "P1", "B1", "U1"]


def test_pmemo(pmemo_raw: Path) -> None:
    root = pmemo_raw / "PMEmo"
    songs = pd.read_csv(root / "metadata.csv")
    assert songs["musicId"].tolist() == [1, 2, 3]
    for name in songs["fileName"]:
        info = soundfile.info(root / "Chorus" / name)
        assert (info.format, round(info.duration, 2)) == ("MP3", 6.0)
    for target, initial in (("Arousal", "A"), ("Valence", "V")):
        means = pd.read_csv(root / f"{initial}_static.csv", index_col="musicId")
        for song in (1, 2, 3):
            table = pd.read_csv(root / "Annotations" / target / f"{song}-{initial}.csv")
            assert table.columns.tolist()[2:] == [f"{i / 2:g}" for i in range(1, 13)]
            assert table.iloc[0, 0] == 100184
            ratings = table.iloc[:, 1:].to_numpy()
            assert ((ratings >= 0) & (ratings <= 1)).all()
            assert (ratings * 8 == np.round(ratings * 8)).all()
            expected = [table["static"].mean(), table["static"].std(ddof=0)]
            np.testing.assert_allclose(means.loc[song], expected, atol=1e-4)
            for subject in table.iloc[:, 0]:
                eda = pd.read_csv(
                    root / "EDA" / target / f"{song}_{subject}_{initial}.csv", header=None
                )
                assert eda.shape == (6 * 50, 1)


def test_pmemo_gives_nobody_too_many_songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pmemo_plan, "SONGS_PER_SUBJECT", 2)
    summary = simulate("pmemo", tmp_path / "raw", 3, 5, 6.0, seed=1)
    assert summary.trials == 6
    files = [path.name for path in (tmp_path / "raw/PMEmo/EDA/Arousal").iterdir()]
    assert "1_100184_A.csv" in files
    heard = pd.Series([name.split("_")[1] for name in files]).value_counts()
    assert heard.tolist() == [2, 2, 2]
    assert len({name.split("_")[0] for name in files}) == 5

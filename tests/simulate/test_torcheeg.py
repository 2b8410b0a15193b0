"""TorchEEG's loaders of DEAP and AMIGOS read the simulated files.

TorchEEG 1.1.3 asks for SciPy 1.10.1 or older, which has no wheels for recent Pythons; it works with
a recent one all the same. So it goes into an environment of its own:

    pip install --no-deps torcheeg
    pip install torch numpy scipy pandas xlrd scikit-learn lmdb einops mne xmltodict networkx \
        PyWavelets spectrum torchmetrics mne_connectivity pytorch-lightning wfdb
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torcheeg_datasets = pytest.importorskip("torcheeg.datasets")

from rtcan_cli.simulate import simulate  # noqa: E402
from tests.datasets.reading import read  # noqa: E402


def test_deap(tmp_path: Path) -> None:
    raw = simulate("deap", tmp_path / "raw", 2, 3, 8.0, seed=1).folder
    dataset = torcheeg_datasets.DEAPDataset(
        root_path=str(raw / "data_preprocessed_python"),
        num_channel=40,
        chunk_size=-1,
        io_path=str(tmp_path / "io"),
        io_mode="memory",
        verbose=False,
    )
    trials, _ = read("deap", raw)
    assert len(dataset) == len(trials) == 6
    for channels, info in dataset:
        trial = trials[info["subject_id"][1:3], str(info["trial_id"] + 1)]
        assert (info["valence"], info["arousal"]) == (trial.valence, trial.arousal)
        np.testing.assert_array_equal(channels[36], trial.recordings[0].eda[3 * 128 :])


@pytest.mark.parametrize("faults", [False, True])
def test_amigos(tmp_path: Path, faults: bool) -> None:
    raw = simulate("amigos", tmp_path / "raw", 9, 10, 8.0, seed=1, faults=faults).folder
    dataset = torcheeg_datasets.AMIGOSDataset(
        root_path=str(raw / "data_preprocessed_matlab"),
        num_channel=17,
        num_trial=-1,
        skipped_subjects=[],
        chunk_size=-1,
        io_path=str(tmp_path / "io"),
        io_mode="memory",
        verbose=False,
    )
    trials, _ = read("amigos", raw)
    names = [*("10", "13", "138", "18", "19", "20", "23", "30"), "N1", "P1"]
    # Subject 8 has not seen the two long videos.
    assert len(dataset) == len(trials) == 9 * 10 - 2
    for channels, info in dataset:
        trial = trials[f"{info['subject_id']:02d}", names[info["trial_id"]]]
        assert (info["valence"], info["arousal"]) == (trial.valence, trial.arousal)
        np.testing.assert_array_equal(channels[16], trial.recordings[0].eda[5 * 128 :])

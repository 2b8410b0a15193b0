from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.python2_pickle import dump_arrays
from rtcan_cli.datasets.simulate import simulate
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import read, same_trials, zip_folder

FOLDER = "data_preprocessed_python"


def plain(file: Path) -> dict[str, Any]:
    """As the publisher says to read it."""
    with file.open("rb") as stream:
        return pickle.load(stream, encoding="latin1")


def write_subject(
    folder: Path, data: Any = None, labels: Any = None, name: str = "s01.dat"
) -> Path:
    data = np.random.default_rng(0).normal(size=(2, 40, 50)) if data is None else data
    labels = np.tile([2.0, 3.0, 4.0, 5.0], (len(data), 1)) if labels is None else labels
    with (folder / name).open("wb") as stream:
        dump_arrays(stream, {"labels": labels, "data": data})
    return folder / name


def test_reads_what_plain_python_reads(deap_raw: Path) -> None:
    trials, excluded = read("deap", deap_raw)
    assert not excluded
    assert len(trials) == 12
    for (subject, stimulus), trial in trials.items():
        content = plain(deap_raw / FOLDER / f"s{subject}.dat")
        row = int(stimulus) - 1
        (recording,) = trial.recordings
        assert recording.target == "both"
        assert recording.sampling_rate == 128
        assert recording.source.endswith(f"s{subject}.dat")
        assert_array_equal(recording.eda, content["data"][row, 36])
        assert [trial.valence, trial.arousal] == content["labels"][row, :2].tolist()


def test_describes_itself(deap_raw: Path) -> None:
    dataset = open_raw("deap", deap_raw)
    assert (dataset.name, dataset.simulated, dataset.n_batches) == ("deap", True, 3)
    assert [each.stimulus for each in dataset.stimuli] == ["1", "2", "3", "4"]
    assert [file.name for file in dataset.files] == ["s01.dat", "s02.dat", "s03.dat"]
    assert [len(batch) for batch in dataset.batches()] == [4, 4, 4]
    assert [len(batch) for batch in dataset.batches()] == [4, 4, 4], "each call starts anew"


def test_zip_files_and_folders_around_are_read_in_place(deap_raw: Path, tmp_path: Path) -> None:
    expected, _ = read("deap", deap_raw / FOLDER)
    zip_folder(deap_raw / FOLDER, tmp_path / "data_preprocessed_python.zip")
    before = sorted(tmp_path.rglob("*"))
    for raw in (tmp_path / "data_preprocessed_python.zip", tmp_path, deap_raw):
        assert same_trials(read("deap", raw)[0], expected)
    assert sorted(tmp_path.rglob("*")) == before
    assert open_raw("deap", tmp_path).files == (tmp_path / "data_preprocessed_python.zip",)


def test_real_files_are_not_called_simulated(deap_raw: Path, tmp_path: Path) -> None:
    shutil.copytree(deap_raw / FOLDER, tmp_path / FOLDER)
    dataset = open_raw("deap", tmp_path)
    assert not dataset.simulated
    assert len(dataset.stimuli) == 40
    assert open_raw("deap", deap_raw / FOLDER).simulated


def test_real_files_below_an_old_simulation_are_not_called_simulated(tmp_path: Path) -> None:
    folder = simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=1).folder
    assert open_raw("deap", folder).simulated
    (folder / "downloaded").mkdir()
    write_subject(folder / "downloaded")
    assert not open_raw("deap", folder / "downloaded").simulated


def test_the_matlab_edition_reads_the_same(deap_raw: Path, tmp_path: Path) -> None:
    expected, _ = read("deap", deap_raw)
    for file in (deap_raw / FOLDER).iterdir():
        savemat(tmp_path / f"{file.stem}.mat", plain(file), do_compression=True)
    assert same_trials(read("deap", tmp_path)[0], expected)
    assert "MATLAB" in open_raw("deap", tmp_path).edition


def test_subjects_come_in_order(tmp_path: Path) -> None:
    for name in ("s10.dat", "s02.dat", "s01.dat"):
        write_subject(tmp_path, name=name)
    subjects = [batch[0].subject for batch in open_raw("deap", tmp_path).batches()]
    assert subjects == ["01", "02", "10"]


def test_useless_recordings_and_ratings_are_left_out_with_a_reason(tmp_path: Path) -> None:
    data = np.ones((6, 40, 6))
    data[0, 36] = np.nan
    data[1, 36, :3] = np.nan
    data[5, 36] = np.nan
    labels = np.full((6, 4), 5.0)
    labels[0, :2] = 2, 7
    labels[2, 1] = 10
    labels[3, :2] = np.nan
    labels[4, 0] = np.nan
    labels[5, :2] = np.nan
    trials, excluded = read("deap", write_subject(tmp_path, data, labels).parent)
    assert [(each.stimulus, each.reason) for each in excluded] == [
        ("1", "the recording is wholly NaN"),
        ("3", "the arousal rating 10 is not on the scale from 1 to 9"),
        ("4", "there is no rating"),
        ("6", "there is no rating"),
    ]
    assert sorted(stimulus for _, stimulus in trials) == ["1", "2", "5"]
    rated = trials["01", "1"]
    assert (rated.valence, rated.arousal, rated.recordings) == (2, 7, ())
    assert np.isnan(trials["01", "2"].recordings[0].eda).sum() == 3
    assert np.isnan(trials["01", "5"].valence)
    assert trials["01", "5"].arousal == 5


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (np.ones((2, 39, 5)), None, r"'data' has the shape \(2, 39, 5\)"),
        (np.ones((2, 40)), None, r"'data' has the shape \(2, 40\)"),
        (np.ones((2, 40, 0)), None, r"'data' has the shape \(2, 40, 0\)"),
        (None, np.ones((2, 3)), r"'labels' has the shape \(2, 3\)"),
        (None, np.ones((3, 4)), r"'labels' has the shape \(3, 4\)"),
    ],
)
def test_wrong_shapes_name_the_file(tmp_path: Path, data: Any, labels: Any, message: str) -> None:
    write_subject(tmp_path, data, labels)
    with pytest.raises(RtcanError, match=rf"s01\.dat: {message}"):
        read("deap", tmp_path)


def test_a_missing_array_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "s01.dat").write_bytes(pickle.dumps({"data": np.ones((1, 40, 5))}, 2))
    with pytest.raises(RtcanError, match=r"s01\.dat holds no 'labels', but data"):
        read("deap", tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
@pytest.mark.parametrize("name", ["s01.dat", "s01.mat"])
def test_truncated_files_are_named(tmp_path: Path, name: str, share: float) -> None:
    if name == "s01.dat":
        write_subject(tmp_path)
    else:
        savemat(tmp_path / name, {"data": np.ones((2, 40, 50)), "labels": np.ones((2, 4))})
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(RtcanError, match=name) as caught:
        read("deap", tmp_path)
    assert "\n" not in str(caught.value)


def test_code_in_a_subject_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s01.dat").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    with pytest.raises(RtcanError, match=r"s01\.dat was not opened.*posix\.system"):
        read("deap", tmp_path)


def test_one_subject_twice_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_subject(tmp_path / name)
    with pytest.raises(RtcanError, match="subject 01 is there twice"):
        open_raw("deap", tmp_path)

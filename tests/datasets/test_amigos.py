from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import read, same_trials, zip_folder

FOLDER = "data_preprocessed_matlab"


def cells(*values: Any) -> Any:
    array = np.empty((1, len(values)), dtype=object)
    for place, value in enumerate(values):
        array[0, place] = value
    return array


def write_subject(folder: Path, name: str = "Data_Preprocessed_P01.mat", **variables: Any) -> Path:
    content = {
        "joined_data": cells(np.ones((30, 17)), np.ones((40, 17))),
        "labels_selfassessment": cells(np.full((1, 12), 5.0), np.full((1, 12), 5.0)),
        "VideoIDs": cells("10", "N1"),
        **variables,
    }
    kept = {key: value for key, value in content.items() if value is not None}
    savemat(folder / name, kept, do_compression=True)
    return folder / name


def test_reads_what_scipy_reads(amigos_raw: Path) -> None:
    trials, _ = read("amigos", amigos_raw)
    assert len(trials) == 12 * 5 - 1
    for (subject, stimulus), trial in trials.items():
        content = loadmat(amigos_raw / FOLDER / f"Data_Preprocessed_P{subject}.mat")
        names = [cell[0] for cell in content["VideoIDs"][0]]
        place = names.index(stimulus)
        (recording,) = trial.recordings
        assert (recording.target, recording.sampling_rate) == ("both", 128)
        assert_array_equal(recording.eda, content["joined_data"][0, place][:, 16])
        rating = content["labels_selfassessment"][0, place][0]
        assert [trial.arousal, trial.valence] == rating[:2].tolist(), "arousal comes first"


def test_videos_that_were_not_seen_are_left_out_with_a_reason(amigos_raw: Path) -> None:
    _, excluded = read("amigos", amigos_raw)
    assert [(each.subject, each.stimulus, each.reason) for each in excluded] == [
        ("08", "N1", "there is no recording: the cell is empty")
    ]


def test_broken_signals_are_kept_for_later_steps_to_judge(amigos_raw: Path) -> None:
    trials, _ = read("amigos", amigos_raw)
    assert np.ptp(trials["09", "13"].recordings[0].eda) == 0
    assert np.isnan(trials["12", "10"].recordings[0].eda).sum() == 64


def test_describes_itself(amigos_raw: Path) -> None:
    dataset = open_raw("amigos", amigos_raw)
    assert (dataset.name, dataset.simulated, dataset.n_batches) == ("amigos", True, 12)
    assert [each.stimulus for each in dataset.stimuli] == ["10", "13", "138", "18", "N1"]
    assert [batch[0].subject for batch in dataset.batches()] == [f"{i:02d}" for i in range(1, 13)]


def test_all_packings_read_the_same(amigos_raw: Path, tmp_path: Path) -> None:
    for subject in ("01", "02"):
        folder = tmp_path / "folders" / f"Data_Preprocessed_P{subject}"
        folder.mkdir(parents=True)
        shutil.copy(amigos_raw / FOLDER / f"{folder.name}.mat", folder)
        (tmp_path / "zips").mkdir(exist_ok=True)
        zip_folder(folder, tmp_path / "zips" / f"{folder.name}.zip")
    expected, _ = read("amigos", tmp_path / "folders")
    assert len(expected) == 10
    zip_folder(tmp_path / "folders", tmp_path / "zip_of_folders.zip")
    zip_folder(tmp_path / "zips", tmp_path / "zip_of_zips.zip")
    (tmp_path / "mixed").mkdir()
    shutil.copytree(tmp_path / "folders", tmp_path / "mixed" / "unpacked")
    shutil.copytree(tmp_path / "zips", tmp_path / "mixed" / "packed")
    for raw in ("zips", "zip_of_folders.zip", "zip_of_zips.zip", "mixed"):
        assert same_trials(read("amigos", tmp_path / raw)[0], expected), raw


@pytest.mark.parametrize(
    "names",
    [None, cells("10"), cells("10", "10"), cells("10", np.empty((0, 0)))],
    ids=["no names", "too few", "twice", "one missing"],
)
def test_videos_without_usable_names_are_numbered(tmp_path: Path, names: Any) -> None:
    write_subject(tmp_path, VideoIDs=names)
    trials, _ = read("amigos", tmp_path)
    assert sorted(stimulus for _, stimulus in trials) == ["1", "2"]


def test_names_may_be_numbers(tmp_path: Path) -> None:
    write_subject(tmp_path, VideoIDs=np.array([[10, 138]]))
    assert [each.stimulus for each in open_raw("amigos", tmp_path).stimuli] == ["10", "138"]


@pytest.mark.parametrize(
    ("cell", "rating", "reason"),
    [
        (np.empty((0, 0)), np.empty((0, 0)), "the cell is empty"),
        (np.ones((30, 17)), np.empty((0, 0)), "there is no rating"),
        (np.ones((30, 14)), np.empty((0, 0)), "there is no rating"),
        (np.ones((30, 17)), np.full((1, 12), np.nan), "there is no rating"),
        (np.ones((30, 17)), np.full((1, 5), 5.0), "5 self-assessments instead of 12"),
        (np.ones((30, 17)), np.full((1, 12), 0.0), "valence rating 0 is not on the scale"),
    ],
)
def test_useless_trials_are_left_out(tmp_path: Path, cell: Any, rating: Any, reason: str) -> None:
    write_subject(
        tmp_path,
        joined_data=cells(np.ones((30, 17)), cell),
        labels_selfassessment=cells(np.full((1, 12), 5.0), rating),
    )
    trials, (excluded,) = read("amigos", tmp_path)
    assert list(trials) == [("01", "10")]
    assert excluded.stimulus == "N1"
    assert re.search(reason, excluded.reason)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (np.ones((30, 14)), "the cell has the shape (30, 14) instead of (samples, 17)"),
        (np.full((30, 17), np.nan), "the recording is wholly NaN"),
    ],
)
def test_ratings_outlive_a_useless_recording(tmp_path: Path, cell: Any, reason: str) -> None:
    """The subject rated the video, so the threshold has to know of it."""
    write_subject(
        tmp_path,
        joined_data=cells(np.ones((30, 17)), cell),
        labels_selfassessment=cells(np.full((1, 12), 5.0), np.array([[2.0, 7.0, *[5.0] * 10]])),
    )
    trials, (excluded,) = read("amigos", tmp_path)
    assert (excluded.subject, excluded.stimulus, excluded.reason) == ("01", "N1", reason)
    trial = trials["01", "N1"]
    assert (trial.valence, trial.arousal, trial.recordings) == (7, 2, ())
    assert len(trials["01", "10"].recordings) == 1


def test_raw_recordings_are_refused(tmp_path: Path) -> None:
    write_subject(tmp_path, joined_data=None)
    with pytest.raises(RtcanError, match=r"P01\.mat holds no variable 'joined_data'"):
        open_raw("amigos", tmp_path)


def test_plain_matrices_are_refused(tmp_path: Path) -> None:
    write_subject(tmp_path, joined_data=np.ones((2, 17)))
    with pytest.raises(RtcanError, match=r"P01\.mat: .*not one cell for each video"):
        read("amigos", tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("suffix", ["mat", "zip"])
def test_truncated_files_are_named(tmp_path: Path, suffix: str, share: float) -> None:
    path = write_subject(tmp_path)
    if suffix == "zip":
        with zipfile.ZipFile(tmp_path / "Data_Preprocessed_P01.zip", "w") as archive:
            archive.write(path, path.name)
        path.unlink()
        path = tmp_path / "Data_Preprocessed_P01.zip"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(RtcanError, match=rf"P01\.{suffix} cannot be read") as caught:
        read("amigos", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_newer_matlab_format_is_named(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(header)
    with pytest.raises(RtcanError, match=r"P01\.mat is a MATLAB file of version 7\.3"):
        open_raw("amigos", tmp_path)


def test_one_subject_twice_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_subject(tmp_path / name)
    with pytest.raises(RtcanError, match="subject 01 is there twice"):
        open_raw("amigos", tmp_path)

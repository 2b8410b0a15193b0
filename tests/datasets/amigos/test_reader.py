from __future__ import annotations

import re
import shutil
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.amigos import reader as amigos
from rtcan_cli.datasets.files.matlab import load_variables
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.trials import Trial
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
    assert (dataset.name, dataset.simulated, len(dataset.parts)) == ("amigos", True, 12)
    assert (dataset.damaged, dataset.notes, dataset.in_turn) == ((), (), False)
    assert [each.stimulus for each in dataset.stimuli] == ["10", "13", "138", "18", "N1"]
    trials, _ = read("amigos", amigos_raw)
    assert list(dict.fromkeys(subject for subject, _ in trials)) == [
        f"{i:02d}" for i in range(1, 13)
    ]


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
    [None, cells("10"), cells("10", np.empty((0, 0)))],
    ids=["no names", "too few", "one missing"],
)
def test_videos_without_usable_names_are_numbered(tmp_path: Path, names: Any) -> None:
    write_subject(tmp_path, VideoIDs=names)
    trials, _ = read("amigos", tmp_path)
    assert sorted(stimulus for _, stimulus in trials) == ["1", "2"]


def test_a_video_named_twice_is_damage(tmp_path: Path) -> None:
    write_subject(tmp_path, VideoIDs=cells("10", "10"))
    with pytest.raises(RtcanError, match="names a video twice"):
        read("amigos", tmp_path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (cells("10", np.empty((0, 0))), ["10", "N1"]),
        (cells("N1", ""), ["N1", "10"]),
        (cells(np.empty((0, 0)), "10"), ["N1", "10"]),
        (cells("", "other"), ["10", "N1"]),
    ],
    ids=["same order", "other order", "first is missing", "unknown"],
)
def test_a_missing_name_is_one_that_others_have(
    tmp_path: Path, names: Any, expected: list[str]
) -> None:
    write_subject(tmp_path)
    write_subject(tmp_path, "Data_Preprocessed_P02.mat", VideoIDs=names)
    trials, _ = read("amigos", tmp_path)
    assert [stimulus for subject, stimulus in trials if subject == "02"] == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (np.array([[10, 138]]), ["10", "138"]),
        (np.array([[10.0, 138.0]]), ["10", "138"]),
        (cells(10.0, 138.0), ["10", "138"]),
        (cells(cells("10"), cells("N1")), ["10", "N1"]),
        (np.array(["10 ", "N1 "]), ["10", "N1"]),
        (cells("Señor", "雨"), ["Señor", "雨"]),
    ],
    ids=["whole numbers", "numbers", "cells of numbers", "cells of cells", "rows", "Unicode"],
)
def test_names_come_in_many_forms(tmp_path: Path, names: Any, expected: list[str]) -> None:
    write_subject(tmp_path, VideoIDs=names)
    assert [each.stimulus for each in open_raw("amigos", tmp_path).stimuli] == expected
    assert [stimulus for _, stimulus in read("amigos", tmp_path)[0]] == expected


@pytest.mark.parametrize(
    ("cell", "rating", "reason"),
    [
        (np.empty((0, 0)), np.empty((0, 0)), "the cell is empty"),
        (np.ones((30, 17)), np.empty((0, 0)), "there is no rating"),
        (np.ones((30, 14)), np.empty((0, 0)), "there is no rating"),
        (np.ones((30, 17)), np.full((1, 12), np.nan), "there is no rating"),
        (np.ones((30, 17)), np.full((1, 5), 5.0), "5 self-assessments instead of 12"),
        (np.ones((30, 17)), "text", "there is no rating"),
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


@pytest.mark.parametrize("rating", [0.0, 55.0, np.inf])
def test_a_rating_off_the_scale_is_an_error_that_names_it(tmp_path: Path, rating: float) -> None:
    write_subject(
        tmp_path,
        joined_data=cells(np.ones((30, 17)), np.ones((30, 17))),
        labels_selfassessment=cells(np.full((1, 12), 5.0), np.full((1, 12), rating)),
    )
    (part,) = open_raw("amigos", tmp_path).parts
    trial, error = part()
    assert isinstance(trial, Trial)
    assert isinstance(error, RtcanError)
    where = "labels_selfassessment{2}, subject 01, stimulus N1"
    assert f"{where}: the valence rating {rating:g} is not on the scale from 1 to 9" in str(error)


def test_ratings_on_another_scale_are_refused(tmp_path: Path) -> None:
    write_subject(
        tmp_path,
        joined_data=cells(np.ones((30, 17)), np.ones((30, 17))),
        labels_selfassessment=cells(np.full((1, 12), -3.0), np.full((1, 12), 0.5)),
    )
    (part,) = open_raw("amigos", tmp_path).parts
    with pytest.raises(RtcanError, match=r"2 of 2 trials are not on .* go from -3 to 0\.5"):
        part()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (np.ones((30, 14)), "the cell has the shape (30, 14) instead of (samples, 17)"),
        (np.ones((17, 30)), "the cell has the shape (17, 30) instead of (samples, 17)"),
        (np.ones((2, 17, 3)), "the cell has the shape (2, 17, 3) instead of (samples, 17)"),
        ("no", "the cell holds text and has the shape (1, 2) instead of (samples, 17)"),
        (
            np.ones((30, 17)) * 1j,
            "the cell holds complex numbers and has the shape (30, 17) instead of (samples, 17)",
        ),
        (
            {"field": 1.0},
            "the cell holds a struct and has the shape (1, 1) instead of (samples, 17)",
        ),
    ],
    ids=["channels", "turned", "axes", "text", "complex", "struct"],
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


@pytest.mark.parametrize("dtype", ["<f8", "<f4", ">f8", "i2", "u1", "i8"])
def test_numbers_of_any_type_are_read(tmp_path: Path, dtype: str) -> None:
    channels = np.arange(30 * 17).reshape(30, 17).astype(dtype)
    labels = np.full((12, 1), 5, dtype)
    write_subject(
        tmp_path,
        joined_data=cells(channels, channels).T,
        labels_selfassessment=cells(labels, labels).T,
        VideoIDs=cells("10", "N1").T,
    )
    trials, excluded = read("amigos", tmp_path)
    assert (list(trials), excluded) == ([("01", "10"), ("01", "N1")], [])
    for trial in trials.values():
        assert (trial.valence, trial.arousal) == (5, 5)
        assert_array_equal(trial.recordings[0].eda, channels[:, 16])
        assert trial.recordings[0].eda.dtype == np.float64


@pytest.mark.parametrize("shape", [(0, 0), (1, 0), (0, 17)])
def test_empty_cells_of_any_shape(tmp_path: Path, shape: tuple[int, int]) -> None:
    write_subject(tmp_path, joined_data=cells(np.ones((30, 17)), np.empty(shape)))
    trials, (excluded,) = read("amigos", tmp_path)
    assert list(trials) == [("01", "10")]
    assert excluded.reason == "there is no recording: the cell is empty"


def test_cells_that_are_not_there_are_empty(tmp_path: Path) -> None:
    """Those who saw only the short videos may have shorter cell arrays, and may come first."""
    write_subject(tmp_path, "Data_Preprocessed_P01.mat", joined_data=cells(np.ones((30, 17))))
    write_subject(
        tmp_path,
        "Data_Preprocessed_P02.mat",
        labels_selfassessment=cells(np.full((1, 12), 5.0)),
    )
    assert [each.stimulus for each in open_raw("amigos", tmp_path).stimuli] == ["10", "N1"]
    trials, excluded = read("amigos", tmp_path)
    assert list(trials) == [("01", "10"), ("02", "10")]
    assert [(each.subject, each.stimulus, each.reason) for each in excluded] == [
        ("01", "N1", "there is no recording: the cell is empty"),
        ("02", "N1", "there is no rating"),
    ]


def test_a_damaged_first_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(b"damaged" * 100)
    write_subject(tmp_path, "Data_Preprocessed_P02.mat")
    dataset = open_raw("amigos", tmp_path)
    assert [each.stimulus for each in dataset.stimuli] == ["10", "N1"]
    with pytest.raises(RtcanError, match=r"P01\.mat is not a MATLAB file"):
        dataset.parts[0]()
    assert len(dataset.parts[1]()) == 2


def test_opening_reads_the_first_file_only(tmp_path: Path, monkeypatch: Any) -> None:
    many = cells(*[np.ones((3, 17))] * 20)
    labels = cells(*[np.full((1, 12), 5.0)] * 20)
    for number in (1, 2, 3):
        write_subject(
            tmp_path,
            f"Data_Preprocessed_P{number:02d}.mat",
            joined_data=many,
            labels_selfassessment=labels,
            VideoIDs=None,
        )
    read_files: list[str] = []

    def load(file: RawFile, wanted: Any) -> Any:
        read_files.append(file.name.name)
        return load_variables(file, wanted)

    monkeypatch.setattr(amigos, "load_variables", load)
    assert len(open_raw("amigos", tmp_path).stimuli) == 20
    assert read_files == ["Data_Preprocessed_P01.mat"]


def test_raw_recordings_are_refused(tmp_path: Path) -> None:
    write_subject(tmp_path, joined_data=None)
    with pytest.raises(RtcanError, match=r"P01\.mat holds no variable 'joined_data'"):
        open_raw("amigos", tmp_path)


def test_plain_matrices_are_refused(tmp_path: Path) -> None:
    write_subject(tmp_path, joined_data=np.ones((2, 17)))
    with pytest.raises(RtcanError, match=r"P01\.mat: 'joined_data' is numbers of the shape"):
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
    with pytest.raises(RtcanError, match=rf"P01\.{suffix} (cannot be read|is empty)") as caught:
        read("amigos", tmp_path)
    assert "\n" not in str(caught.value)


def test_a_newer_matlab_format_is_named(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "Data_Preprocessed_P01.mat").write_bytes(header)
    with pytest.raises(RtcanError, match=r"P01\.mat is a MATLAB file of version 7\.3"):
        open_raw("amigos", tmp_path)


def test_one_subject_twice_is_damaged(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_subject(tmp_path / name)
    dataset = open_raw("amigos", tmp_path)
    (error,) = dataset.damaged
    assert str(error).startswith(f"subject 01 is there twice: {tmp_path}/a/")
    assert len(dataset.parts) == 1


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((), r"P01\.zip holds 0 files Data_Preprocessed_P01\.mat instead of one"),
        (("Data_Preprocessed_P02.mat",), r"among others Data_Preprocessed_P02\.mat"),
        (
            ("a/Data_Preprocessed_P01.mat", "b/Data_Preprocessed_P01.mat"),
            r"holds 2 files Data_Preprocessed_P01\.mat",
        ),
        (("Data_Preprocessed_P01.zip",), "holds 0 files"),
    ],
    ids=["empty", "another", "twice", "zip in zip"],
)
def test_a_subjects_zip_file_holds_that_subject(
    tmp_path: Path, members: tuple[str, ...], message: str
) -> None:
    (tmp_path / "raw").mkdir()
    mat = write_subject(tmp_path)
    with zipfile.ZipFile(tmp_path / "raw" / "Data_Preprocessed_P01.zip", "w") as archive:
        for name in members:
            archive.write(mat, name)
    with pytest.raises(RtcanError, match=message):
        open_raw("amigos", tmp_path / "raw")


def test_only_one_column_is_ever_in_memory(tmp_path: Path) -> None:
    """20 MB of a long video, of which the GSR is 1.2 MB."""
    long = np.random.default_rng(0).normal(size=(150_000, 17))
    path = write_subject(tmp_path, joined_data=cells(long, np.ones((40, 17))))
    (part,) = open_raw("amigos", path.parent).parts
    tracemalloc.start()
    items = part()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(items[0], Trial)
    assert_array_equal(items[0].recordings[0].eda, long[:, 16])
    assert peak < 6e6

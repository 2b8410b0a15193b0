from __future__ import annotations

import pickle
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import RawDataset, Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.python2_pickle import dump_arrays
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


def subjects(dataset: RawDataset) -> list[str]:
    items = [part()[0] for part in dataset.parts]
    return [item.subject for item in items if not isinstance(item, RtcanError)]


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
    assert (dataset.name, dataset.simulated, len(dataset.parts)) == ("deap", True, 3)
    assert (dataset.damaged, dataset.notes) == ((), ())
    assert [each.stimulus for each in dataset.stimuli] == ["1", "2", "3", "4"]
    assert [file.name for file in dataset.files] == ["s01.dat", "s02.dat", "s03.dat"]
    assert [len(part()) for part in dataset.parts] == [4, 4, 4]
    assert [len(part()) for part in dataset.parts] == [4, 4, 4], "each call starts anew"


def test_parts_can_be_read_in_another_process(deap_raw: Path) -> None:
    part = open_raw("deap", deap_raw).parts[1]
    (first, *_), (same, *_) = part(), pickle.loads(pickle.dumps(part))()
    assert isinstance(first, Trial)
    assert isinstance(same, Trial)
    assert_array_equal(first.recordings[0].eda, same.recordings[0].eda)


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
    assert subjects(open_raw("deap", tmp_path)) == ["01", "02", "10"]


def test_useless_ratings_are_left_out_with_a_reason(tmp_path: Path) -> None:
    data = np.ones((40, 40, 6))
    labels = np.full((40, 4), 5.0)
    labels[0, :2] = 2, 7
    labels[3, :2] = np.nan
    labels[4, 0] = np.nan
    trials, excluded = read("deap", write_subject(tmp_path, data, labels).parent)
    assert [(each.stimulus, each.reason) for each in excluded] == [("4", "there is no rating")]
    assert len(trials) == 39
    rated = trials["01", "1"]
    assert (rated.valence, rated.arousal) == (2, 7)
    assert np.isnan(trials["01", "5"].valence)
    assert trials["01", "5"].arousal == 5


@pytest.mark.parametrize("rating", [10.0, -np.inf])
def test_a_rating_off_the_scale_is_an_error_that_names_it(tmp_path: Path, rating: float) -> None:
    labels = np.full((40, 4), 5.0)
    labels[2, 1] = rating
    file = write_subject(tmp_path, np.ones((40, 40, 6)), labels)
    (part,) = open_raw("deap", file.parent).parts
    items = part()
    (error,) = (each for each in items if isinstance(each, RtcanError))
    assert str(error).startswith(
        f"{file}: labels[2], subject 01, stimulus 3: the arousal rating {rating:g} is not on the "
        "scale from 1 to 9 (1 of 40 trials; they go from 5 to "
    )
    assert len(items) == 40


def test_ratings_on_another_scale_are_refused(tmp_path: Path) -> None:
    labels = np.linspace(-10, 10, 160).reshape(40, 4)
    file = write_subject(tmp_path, np.ones((40, 40, 6)), labels)
    (part,) = open_raw("deap", file.parent).parts
    with pytest.raises(RtcanError, match=r"of 40 trials are not on the scale .* go from -10 to 9"):
        part()


def test_broken_signals_are_kept_for_later_steps_to_judge(tmp_path: Path) -> None:
    data = np.ones((40, 40, 6))
    data[0, 36] = np.nan
    data[1, 36, :3] = np.nan
    data[2, 36] = 3
    trials, excluded = read("deap", write_subject(tmp_path, data).parent)
    assert not excluded
    for number in ("1", "2", "3"):
        assert_array_equal(trials["01", number].recordings[0].eda, data[int(number) - 1, 36])


def test_missing_trials_are_listed(tmp_path: Path) -> None:
    trials, excluded = read("deap", write_subject(tmp_path, np.ones((38, 40, 6))).parent)
    assert len(trials) == 38
    assert [(each.subject, each.stimulus, each.reason) for each in excluded] == [
        ("01", "39", "the file holds only 38 of 40 trials"),
        ("01", "40", "the file holds only 38 of 40 trials"),
    ]


def test_more_trials_than_videos_are_an_error(tmp_path: Path) -> None:
    write_subject(tmp_path, np.ones((41, 40, 6)))
    with pytest.raises(RtcanError, match=r"s01\.dat holds 41 trials, but there are 40 videos"):
        read("deap", tmp_path)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", "<f4", ">f8", "<i2"])
def test_files_saved_again_read_the_same(
    tmp_path: Path, protocol: int, order: Any, dtype: str
) -> None:
    # Above 64 kB, from where on other channels are passed over.
    data = np.random.default_rng(0).integers(-99, 99, (40, 40, 30)).astype(dtype, order=order)
    labels = np.full((40, 4), 5, dtype)
    content = pickle.dumps({"labels": labels, "data": data}, protocol)
    (tmp_path / "s01.dat").write_bytes(content)
    trials, excluded = read("deap", tmp_path)
    assert (len(trials), excluded) == (40, [])
    for number in (1, 40):
        eda = trials["01", str(number)].recordings[0].eda
        assert_array_equal(eda, data[number - 1, 36])
        assert (eda.dtype, eda.ndim, eda.flags.c_contiguous) == (np.dtype("<f8"), 1, True)


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
    with pytest.raises(RtcanError, match=r"s01\.dat holds no array 'labels', but data"):
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


@pytest.mark.parametrize("names", [("a/s01.dat", "b/s01.dat"), ("s01.dat", "s1.dat")])
def test_one_subject_twice_is_damaged(tmp_path: Path, names: tuple[str, str]) -> None:
    for value, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_subject(tmp_path, np.full((2, 40, 5), float(value)), name=name)
    dataset = open_raw("deap", tmp_path)
    (error,) = dataset.damaged
    one, other = (str(tmp_path / name) for name in names)
    assert str(error) == f"subject 01 is there twice: {one} and {other}"
    assert error.hint == "name the one folder that is to be read"
    (part,) = dataset.parts
    first = part()[0]
    assert isinstance(first, Trial)
    assert_array_equal(first.recordings[0].eda, 0)
    assert dataset.files == (Path(one),)


def test_of_both_editions_the_one_for_python_is_read(tmp_path: Path) -> None:
    write_subject(tmp_path, name="s01.dat")
    for name in ("s01.mat", "s02.mat"):
        savemat(tmp_path / name, {"data": np.ones((2, 40, 50)), "labels": np.full((2, 4), 5.0)})
    dataset = open_raw("deap", tmp_path)
    assert [file.name for file in dataset.files] == ["s01.dat", "s02.mat"]
    assert dataset.edition == "DEAP, preprocessed for Python and MATLAB"
    assert not dataset.damaged
    assert subjects(dataset) == ["01", "02"]


def test_only_one_channel_is_ever_in_memory(tmp_path: Path) -> None:
    """13 MB of data, of which the GSR is 0.3 MB, in all packings."""
    data = np.random.default_rng(0).normal(size=(40, 40, 1024))
    path = write_subject(tmp_path, data)
    zip_folder(path.parent, tmp_path.parent / "whole.zip")
    (tmp_path.parent / "matlab").mkdir()
    labels = np.full((40, 4), 5.0)
    for compressed in (False, True):
        savemat(
            tmp_path.parent / "matlab" / f"s0{1 + compressed}.mat",
            {"data": data, "labels": labels},
            do_compression=compressed,
        )
    for raw in (tmp_path, tmp_path.parent / "whole.zip", tmp_path.parent / "matlab"):
        for part in open_raw("deap", raw).parts:
            tracemalloc.start()
            part()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 4e6, raw


@pytest.mark.parametrize("size", ["true", "0", "-3", "1e9", "1000000000000", '"x"', "null"])
def test_a_marker_cannot_ask_for_memory(tmp_path: Path, size: str) -> None:
    write_subject(tmp_path)
    (tmp_path / "SIMULATED.json").write_text(f'{{"dataset": "deap", "stimuli": {size}}}')
    assert len(open_raw("deap", tmp_path).stimuli) == 40

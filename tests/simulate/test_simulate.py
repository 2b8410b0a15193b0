from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.eda.preprocess import find_problem
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate import pmemo, simulate
from rtcan_cli.simulate.design import Written
from rtcan_cli.simulate.sizes import (
    DEFAULT_SIZES,
    FULL_SIZES,
    SHORTEST,
    Scale,
    choose_size,
)
from tests.datasets.reading import read

DATASETS = ("deap", "amigos", "pmemo", "wesad", "case")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", DATASETS)
def test_a_seed_fixes_every_byte(name: str, tmp_path: Path) -> None:
    folders = [simulate(name, tmp_path / str(i), 2, 2, 6.0, seed=3).folder for i in range(2)]
    other = simulate(name, tmp_path / "other", 2, 2, 6.0, seed=4).folder
    assert digests(folders[0]) == digests(folders[1])
    changed = {
        name for name, digest in digests(other).items() if digest != digests(folders[0])[name]
    }
    endings = (".dat", ".mat", ".mp3", "_A.csv", ".zip", "_respiban.txt", "sub_1.csv")
    signals = {name for name in digests(other) if name.endswith(endings)}
    assert signals
    assert signals <= changed


@pytest.mark.parametrize("name", DATASETS)
def test_says_what_was_written_and_how_far_it_is(name: str, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    summary = simulate(
        name, tmp_path / "raw", 3, 2, 6.0, seed=1, on_progress=lambda *call: calls.append(call)
    )
    total = 2 if name == "pmemo" else 3
    assert calls == [(done, total) for done in range(1, total + 1)]
    assert (summary.trials, summary.recordings) == (6, 12 if name == "pmemo" else 6)
    files = [path for path in summary.folder.rglob("*") if path.is_file()]
    assert summary.files == len(files)
    assert summary.size == sum(path.stat().st_size for path in files)
    marker = json.loads((summary.folder / "SIMULATED.json").read_text())
    assert (marker["dataset"], marker["seed"], marker["duration"]) == (name, 1, 6.0)


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    simulate("pmemo", tmp_path / "raw", 3, 2, 6.0, seed=1)
    simulate("pmemo", tmp_path / "raw", 2, 1, 6.0, seed=1)
    simulate("pmemo", tmp_path / "new", 2, 1, 6.0, seed=1)
    assert digests(tmp_path / "raw") == digests(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "raw"]


def test_what_a_simulation_left_beside_its_data_is_replaced_too(tmp_path: Path) -> None:
    simulate("pmemo", tmp_path / "raw", 3, 2, 6.0, seed=1, faults=True, truth=True)
    assert (tmp_path / "raw" / "truth" / "population.npz").is_file()
    simulate("pmemo", tmp_path / "raw", 3, 2, 6.0, seed=1)
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == ["PMEmo", "SIMULATED.json"]


@pytest.mark.parametrize("name", ["truth", "FAULTS.json"])
def test_names_that_a_simulation_did_not_use_belong_to_others(tmp_path: Path, name: str) -> None:
    simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=1)
    (tmp_path / "raw" / name).write_text("mine")
    with pytest.raises(RtcanError, match=f"holds other files than a simulation: {name}"):
        simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=2)
    assert (tmp_path / "raw" / name).read_text() == "mine"


def test_options_that_were_not_asked_for_are_not_in_the_marker(tmp_path: Path) -> None:
    simulate("deap", tmp_path / "plain", 1, 1, 6.0, seed=1)
    simulate("deap", tmp_path / "all", 1, 1, 6.0, 1, scale="full", faults=True, truth=True)
    plain, full = (
        json.loads((tmp_path / name / "SIMULATED.json").read_text()) for name in ("plain", "all")
    )
    assert not {"scale", "faults", "truth"} & set(plain)
    assert (full["scale"], full["faults"], full["truth"]) == ("full", True, True)


@pytest.mark.parametrize("name", DATASETS)
def test_the_order_of_the_work_does_not_matter(name: str, tmp_path: Path) -> None:
    def backwards(
        function: Callable[[Any], Written], items: Sequence[Any]
    ) -> Generator[tuple[int, Written], None, None]:
        for index in reversed(range(len(items))):
            yield index, function(pickle.loads(pickle.dumps(items[index])))

    sizes = (12, 3, 6.0, 3)
    simulate(name, tmp_path / "a", *sizes, faults=True, truth=True)
    simulate(name, tmp_path / "b", *sizes, faults=True, truth=True, fan_out=backwards)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_work_is_stopped_before_the_folder_is_removed(tmp_path: Path) -> None:
    there: list[bool] = []

    def watched(
        function: Callable[[Any], Written], items: Sequence[Any]
    ) -> Generator[tuple[int, Written], None, None]:
        try:
            for index, item in enumerate(items):
                yield index, function(item)
        finally:
            there.append(bool(list(tmp_path.rglob("SIMULATED.json"))))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate("deap", tmp_path / "raw", 3, 2, 6.0, 1, stop, fan_out=watched)
    assert there == [True]
    assert not list(tmp_path.iterdir())


def test_a_size_is_that_of_the_scale_unless_asked_otherwise() -> None:
    assert choose_size("pmemo", "demo", None, None, None) == DEFAULT_SIZES["pmemo"]
    assert choose_size("pmemo", "full", None, None, None) == FULL_SIZES["pmemo"]
    size = choose_size("amigos", "full", 3, None, 10.0)
    assert (size.subjects, size.stimuli, size.duration) == (3, 20, 10.0)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=1)
    assert (tmp_path / "raw" / "data_preprocessed_python" / "s01.dat").is_file()


@pytest.mark.parametrize("simulated", [False, True])
def test_other_files_are_never_touched(tmp_path: Path, simulated: bool) -> None:
    if simulated:
        simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=1)
    (tmp_path / "raw").mkdir(exist_ok=True)
    (tmp_path / "raw" / "thesis.txt").write_text("mine")
    before = digests(tmp_path)
    with pytest.raises(RtcanError, match=r"raw is not empty and holds other files.*thesis\.txt"):
        simulate("deap", tmp_path / "raw", 1, 1, 6.0, seed=2)
    assert digests(tmp_path) == before


def test_real_files_in_a_publishers_folder_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "raw" / "PMEmo").mkdir(parents=True)
    with pytest.raises(RtcanError, match="is not empty"):
        simulate("pmemo", tmp_path / "raw", 1, 1, 6.0, seed=2)


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("mine")
    for target in (tmp_path / "raw", tmp_path / "raw" / "below"):
        with pytest.raises(RtcanError, match="raw"):
            simulate("deap", target, 1, 1, 6.0, seed=2)


@pytest.mark.parametrize(
    "error", [RtcanError("stop"), KeyboardInterrupt(), OSError(28, "disk full")]
)
def test_an_interrupted_simulation_leaves_nothing_or_the_earlier_one(
    tmp_path: Path, error: BaseException
) -> None:
    def stop(done: int, total: int) -> None:
        raise error

    expected = RtcanError if isinstance(error, OSError) else type(error)
    for earlier in (False, True):
        if earlier:
            simulate("pmemo", tmp_path / "raw", 1, 1, 6.0, seed=1)
        before = digests(tmp_path)
        with pytest.raises(expected):
            simulate("pmemo", tmp_path / "raw", 2, 2, 6.0, seed=2, on_progress=stop)
        assert digests(tmp_path) == before
        assert (tmp_path / "raw").exists() == earlier


@pytest.mark.parametrize(
    ("subjects", "stimuli", "duration", "seed", "message"),
    [
        (0, 1, 6.0, 1, "subjects"),
        (1, 0, 6.0, 1, "videos"),
        (1, 41, 6.0, 1, "videos must be between 1 and 40"),
        (1, 1, 5.9, 1, "6 s or more"),
        (1, 1, float("nan"), 1, "a video must be a number of seconds, not nan"),
        (1, 1, float("inf"), 1, "a video must be a number of seconds, not inf"),
        (1, 1, float("-inf"), 1, "not -inf"),
        (1, 1, 6.0, -1, "seed"),
    ],
)
def test_impossible_sizes_are_refused(
    tmp_path: Path, subjects: int, stimuli: int, duration: float, seed: int, message: str
) -> None:
    with pytest.raises(RtcanError, match=message):
        simulate("deap", tmp_path / "raw", subjects, stimuli, duration, seed)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", DATASETS)
def test_the_shortest_recordings_can_be_decomposed(name: str, tmp_path: Path) -> None:
    simulate(name, tmp_path / "raw", 3, 3, SHORTEST, seed=1)
    trials, _ = read(name, tmp_path / "raw")
    recordings = [recording for trial in trials.values() for recording in trial.recordings]
    assert recordings
    for each in recordings:
        assert find_problem(each.eda, each.sampling_rate) is None


@pytest.mark.parametrize(
    ("name", "scale"), [("deap", "demo"), ("deap", "full"), ("amigos", "demo"), ("pmemo", "demo")]
)
def test_lengths_as_published_need_published_lengths(
    name: str, scale: Scale, tmp_path: Path
) -> None:
    with pytest.raises(RtcanError, match=r"duration of a (video|song) is missing"):
        simulate(name, tmp_path / "raw", 1, 1, None, 1, scale=scale)


def test_a_library_without_mp3_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pmemo.soundfile, "available_formats", lambda: {"WAV": ""})
    with pytest.raises(RtcanError, match="cannot write MP3"):
        simulate("pmemo", tmp_path / "raw", 1, 1, 6.0, seed=1)
    assert not list(tmp_path.iterdir())

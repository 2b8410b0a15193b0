from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rtcan_cli.datasets.files.listing import find_files
from rtcan_cli.datasets.simulation_marker import MARKER, read_marker
from rtcan_cli.errors import RtcanError
from tests.datasets.reading import zip_folder


def marker_of(raw: Path, name: str = "pmemo") -> dict[str, object] | None:
    used, listing = find_files(
        raw, lambda each: each.name.name == "eda.csv", "eda.csv", follow_links=True
    )
    return read_marker(name, used[0], listing, raw)


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    """A simulated folder, as far as the marker is concerned."""
    folder = tmp_path / "above" / "sim"
    (folder / "PMEmo" / "EDA").mkdir(parents=True)
    (folder / "PMEmo" / "EDA" / "eda.csv").touch()
    (folder / MARKER).write_text('{"dataset": "pmemo", "stimuli": 3}')
    return folder


def test_the_marker_holds_for_what_the_simulator_wrote(simulated: Path, tmp_path: Path) -> None:
    expected = {"dataset": "pmemo", "stimuli": 3}
    for raw in ("..", ".", "PMEmo", "PMEmo/EDA"):
        assert marker_of(simulated / raw) == expected, raw
    links = tmp_path / "links"
    links.mkdir()
    (links / "mine").symlink_to(simulated / "PMEmo")
    assert marker_of(links) == expected
    assert marker_of(links / "mine") == expected


def test_the_marker_holds_for_zip_files_of_it(simulated: Path, tmp_path: Path) -> None:
    whole = zip_folder(simulated, tmp_path / "whole.zip")
    assert marker_of(whole) is not None
    beside = zip_folder(simulated / "PMEmo", simulated / "PMEmo.zip")
    shutil.rmtree(simulated / "PMEmo")
    for raw in (beside, simulated, simulated.parent):
        assert marker_of(raw) is not None, raw
    (simulated / "PMEmo").mkdir()
    inside = beside.rename(simulated / "PMEmo" / "PMEmo.zip")
    for raw in (inside, simulated / "PMEmo", simulated, simulated.parent):
        assert marker_of(raw) is not None, raw


def test_the_folder_with_the_marker_counts_whatever_its_layout(simulated: Path) -> None:
    (simulated / "PMEmo").rename(simulated / "renamed")
    assert marker_of(simulated) is not None
    assert marker_of(simulated / "renamed") is None


@pytest.mark.parametrize("place", ["real", "real/PMEmo", "data_preprocessed_python"])
def test_real_data_below_an_old_simulation_stay_real(simulated: Path, place: str) -> None:
    real = simulated / place
    real.mkdir(parents=True)
    (real / "eda.csv").touch()
    assert marker_of(real) is None
    packed = zip_folder(real, simulated / "real.zip")
    (simulated / "zips").mkdir()
    assert marker_of(packed.rename(simulated / "zips" / "real.zip")) is None


def test_the_marker_of_another_dataset_does_not_count(simulated: Path) -> None:
    for raw in (simulated, simulated / "PMEmo", simulated.parent):
        assert marker_of(raw, "deap") is None
    (simulated / MARKER).write_text('{"dataset": "deap"}')
    for raw in (simulated, simulated / "PMEmo", simulated.parent):
        assert marker_of(raw) is None


def test_no_marker_means_real_and_one_in_another_folder_does_not_count(simulated: Path) -> None:
    (simulated / MARKER).rename(simulated / "PMEmo" / MARKER)
    assert marker_of(simulated) is None
    (simulated / "PMEmo" / MARKER).unlink()
    assert marker_of(simulated) is None


@pytest.mark.parametrize("content", ["{}", "[]", "not JSON", "", "[" * 100_000])
def test_a_damaged_marker_is_named(simulated: Path, content: str) -> None:
    (simulated / MARKER).write_text(content)
    with pytest.raises(RtcanError, match="does not say which dataset was simulated") as caught:
        marker_of(simulated)
    assert str(simulated / MARKER) in str(caught.value)

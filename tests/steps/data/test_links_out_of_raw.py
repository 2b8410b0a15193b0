"""A link in a dataset's folder makes no other file of the user's part of a store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from rtcan_cli.stores import Store
from tests.conftest import must, put_text, rtcan


@pytest.fixture
def raw(raw_pmemo: Path, tmp_path: Path) -> Path:
    """A copy of simulated raw files."""
    return Path(shutil.copytree(raw_pmemo, tmp_path / "raw"))


def moved_out(file: Path, to: Path) -> Path:
    """Put a file elsewhere, and a link in its place."""
    shutil.move(file, to)
    file.symlink_to(to)
    return to


def ingest(raw: Path, workspace: Path, *options: str) -> tuple[int, str]:
    outcome = rtcan("ingest", "pmemo", raw, "-w", workspace, "--jobs", "1", *options)
    return outcome.exit_code, outcome.stderr


@pytest.mark.parametrize("what", ["EDA/Arousal/*.csv", "Chorus/3.mp3", "metadata.csv"])
def test_a_link_out_of_the_folder_is_refused_and_followed_on_demand(
    raw: Path, tmp_path: Path, what: str
) -> None:
    link = sorted((raw / "PMEmo").glob(what))[0]
    secret = moved_out(link, tmp_path / f"secret{link.suffix}")
    workspace = tmp_path / "stores"
    code, said = ingest(raw, workspace)
    assert code == 1
    assert f"{link} is a link that leads out of {raw}, to {secret}, and is not followed" in said
    assert "--follow-links" in said
    assert not workspace.exists()

    # Left out with the reason: nothing of the file is in the store, not even its size.
    assert ingest(raw, workspace, "--skip-bad")[0] == 0
    path = workspace / "pmemo" / "recordings.h5"
    with Store(path) as store:
        assert str(secret) in str(store.array("excluded/reason").tolist())
        assert not any(link.name in name for name in store.array("files/path"))
        assert not any("3.mp3" in name for name in store.array("stimuli/audio") if "3.mp3" in what)
        assert "follow_links" not in store.provenance.parameters

    outcome = must("ingest", "pmemo", raw, "-w", workspace, "--jobs", "1", "--follow-links")
    assert "links that lead out of" in outcome.stdout
    with Store(path) as store:
        assert store.provenance.parameters["follow_links"] is True
        assert len(store.array("excluded/reason")) == 0
        # Under the name that it has in the folder.
        assert all(not name.startswith("/") for name in store.array("stimuli/audio"))
        assert all(not name.startswith("/") for name in store.array("files/path"))


@pytest.mark.long
def test_links_that_stay_in_the_folder_change_nothing(raw: Path, tmp_path: Path) -> None:
    ingest(raw, tmp_path / "plain")
    (raw / ".annex").mkdir()
    for file in sorted((raw / "PMEmo").rglob("*.*"))[::3]:
        moved_out(file, raw / ".annex" / file.name)
    assert ingest(raw, tmp_path / "linked") == (0, ingest(raw, tmp_path / "again")[1])
    ids = [Store(tmp_path / name / "pmemo" / "recordings.h5") for name in ("plain", "linked")]
    assert ids[0].content_id == ids[1].content_id


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.mp3", "PMEmo/../../secret.mp3"])
def test_a_strangers_store_opens_no_song_outside_of_its_raw_folder(
    prepared: Path, copy_of: Callable[[Path], Path], name: str
) -> None:
    workspace = copy_of(prepared)
    with h5py.File(workspace / "pmemo" / "recordings.h5", "r+") as h5:
        put_text(h5, "stimuli/audio", 2, name)
    outcome = rtcan("music-features", "-w", workspace, "--force", "--jobs", "1")
    assert outcome.exit_code == 1
    assert f"the song {name} does not lie below" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 2


def test_a_song_that_became_a_link_is_left_out_with_the_reason(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    from rtcan_cli.music import DescribedSong, feature_names

    workspace = tmp_path / "stores"
    ingest(raw, workspace)
    secret = moved_out(raw / "PMEmo" / "Chorus" / "3.mp3", tmp_path / "secret.mp3")
    opened = []

    def describe(audio: bytes, mixdown: bool, name: str, feature_set: str) -> DescribedSong:
        opened.append(Path(name).resolve())
        return DescribedSong(np.ones(len(feature_names()), np.float32), 30.0)

    monkeypatch.setattr("rtcan_cli.steps.signals.music_features.describe", describe)
    must("music-features", "-w", workspace, "--jobs", "1")
    assert secret not in opened
    assert len(opened) == 7
    with Store(workspace / "pmemo" / "music.h5") as store:
        (reason,) = store.array("excluded/reason")
    assert f"is a link that leads out of {raw}, to {secret}" in reason
    # Those who have followed links in `ingest` follow them here.
    ingest(raw, workspace, "--follow-links")
    must("music-features", "-w", workspace, "--jobs", "1")
    assert secret in opened


def test_own_recordings_that_are_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    secret = tmp_path / "secret.csv"
    lines = [f"{1 + 0.01 * abs(i % 50 - 25)}" for i in range(400)]
    for path in (secret, folder / "b.csv", folder / "c.csv"):
        path.write_text("\n".join(lines))
    table = "subject,stimulus,valence,arousal,signal,sampling_rate,audio\n{}2,s,3,4,b.csv,8,\n"
    workspace = tmp_path / "stores"
    for row, name in (("1,s,5,6,a.csv,8,\n", "a.csv"), ("1,s,5,6,c.csv,8,song.wav\n", "song.wav")):
        (folder / "trials.csv").write_text(table.format(row))
        (folder / name).symlink_to(secret)
        outcome = rtcan("ingest", "table", folder, "-w", workspace)
        assert outcome.exit_code == 1
        assert f"{name} is a link that leads out of {folder}, to {secret}" in outcome.stderr
        must("ingest", "table", folder, "-w", workspace, "--follow-links")
    # A table that is a link itself.
    (folder / "trials.csv").rename(tmp_path / "trials.csv")
    (folder / "trials.csv").symlink_to(tmp_path / "trials.csv")
    outcome = rtcan("ingest", "table", folder, "-w", workspace)
    assert "trials.csv is a link that leads out of" in outcome.stderr

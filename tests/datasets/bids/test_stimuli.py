"""Stimuli and their audio files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import FIRST


def test_audio_is_found_in_the_folder_of_stimuli(study: Path) -> None:
    song = study / "stimuli" / "songs" / "a.wav"
    song.parent.mkdir(parents=True)
    song.touch()
    stimuli = {each.stimulus: each.audio for each in open_raw("bids", study).stimuli}
    assert stimuli == {"songs-a": str(song), "songs-b": ""}


def with_songs(study: Path, *songs: str) -> None:
    """Give the events of the first run songs, one a row."""
    path = study / f"{FIRST}_events.tsv"
    head, *lines = path.read_text().splitlines()
    rows = [f"{line}\t{song}" for line, song in zip(lines, (*songs, "n/a"), strict=True)]
    path.write_text("\n".join([f"{head}\tsong", *rows]))


def test_stimuli_may_be_one_song(study: Path) -> None:
    with_songs(study, "x", "x")
    assert {each.stimulus: each.song for each in open_raw("bids", study).stimuli} == {
        "songs-a": "x",
        "songs-b": "x",
    }


def test_a_stimulus_with_two_songs_is_refused(study: Path) -> None:
    with_songs(study, "x", "y")
    path = study / f"{FIRST}_events.tsv"
    path.write_text(path.read_text().replace("songs/b.wav", "songs/a.wav"))
    with pytest.raises(RtcanError, match=r"events\.tsv, line 3: stimulus songs-a has two songs"):
        open_raw("bids", study)


def test_songs_that_may_be_the_same_are_refused(study: Path) -> None:
    with_songs(study, "s1", "S01")
    with pytest.raises(RtcanError, match=r"song 's1' .* and 'S01' .* differ in case"):
        open_raw("bids", study)

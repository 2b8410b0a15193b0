"""Which stimuli are one song, against the connected components of a graph."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.data.songs import (
    refuse_audio_outside,
    shared_songs,
    songs_of,
    sounds_of,
    stored_audio_file,
)

NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])


@given(
    stimuli=st.lists(st.tuples(NAMES, st.just("") | NAMES), unique_by=lambda each: each[0]),
    sounds=st.dictionaries(NAMES, st.sampled_from("123")),
)
def test_songs_are_what_names_and_sounds_connect(
    stimuli: list[tuple[str, str]], sounds: dict[str, str]
) -> None:
    found = songs_of([Stimulus(name, song=song) for name, song in stimuli], sounds)
    assert list(found) == [name for name, _ in stimuli]
    stated = [song or name for name, song in stimuli]
    linked = [
        (i, j)
        for i, (name, _) in enumerate(stimuli)
        for j, (other, _) in enumerate(stimuli)
        if stated[i] == stated[j] or (name in sounds and sounds[name] == sounds.get(other))
    ]
    n = len(stimuli)
    rows, columns = np.array(linked, int).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(linked)), (rows, columns)), (n, n))
    _, component = connected_components(graph)
    song = list(found.values())
    for i in range(n):
        assert song[i] == stated[int(np.flatnonzero(component == component[i])[0])]
        for j in range(n):
            assert (song[i] == song[j]) == (component[i] == component[j])


def test_without_audio_and_statements_each_stimulus_is_its_song() -> None:
    found = songs_of([Stimulus("1"), Stimulus("2")], {})
    assert found == {"1": "1", "2": "2"}
    assert shared_songs(found) == []


def wav(seed: int) -> bytes:
    buffer = io.BytesIO()
    sound = np.random.default_rng(seed).normal(0, 0.1, 8000)
    soundfile.write(buffer, sound, 8000, format="WAV")
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["PMEmo.zip", "PMEmo", "download.zip.1"])
def test_songs_in_a_zip_file_are_compared_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    raw = tmp_path / name
    with zipfile.ZipFile(raw, "w") as archive:
        for song, seed in (("1", 0), ("2", 1), ("3", 0)):
            archive.writestr(f"Chorus/{song}.wav", wav(seed))
    stimuli = [Stimulus(song, audio=f"{raw}:Chorus/{song}.wav") for song in "123"]
    refuse_audio_outside(stimuli, raw)
    sounds = sounds_of(stimuli, raw)
    assert songs_of(stimuli, sounds) == {"1": "1", "2": "2", "3": "1"}
    # As the store names it, which the songs are read by later.
    assert stored_audio_file(raw, f"{name}:Chorus/2.wav").content() == wav(1)


def test_audio_that_is_not_below_the_folder_is_refused(tmp_path: Path) -> None:
    raw, elsewhere = tmp_path / "raw", tmp_path / "songs"
    for folder in (raw, elsewhere):
        folder.mkdir()
        (folder / "1.wav").write_bytes(wav(0))
    (raw / "2.wav").symlink_to(elsewhere / "1.wav")
    refuse_audio_outside([Stimulus("7"), Stimulus("8", audio=str(raw / "1.wav"))], raw)
    for audio in (elsewhere / "1.wav", raw / ".." / "songs" / "1.wav"):
        with pytest.raises(RtcanError, match=r"stimulus 9: its audio file .* does not lie below"):
            refuse_audio_outside([Stimulus("9", audio=str(audio))], raw, follow_links=True)
    linked = [Stimulus("9", audio=str(raw / "2.wav"))]
    refuse_audio_outside(linked, raw, follow_links=True)
    with pytest.raises(RtcanError, match="is a link that leads out of"):
        refuse_audio_outside(linked, raw)

"""Which stimuli are one song, against the connected components of a graph."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rtcan_cli.datasets.trials import Stimulus
from rtcan_cli.steps.songs import shared_songs, songs_of

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

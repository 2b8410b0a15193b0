"""The arithmetic of PMEmo at full scale, and of its faults, without writing a file."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.simulate import pmemo
from rtcan_cli.simulate.design import Design
from rtcan_cli.simulate.physiology import draw_population
from rtcan_cli.simulate.pmemo_plan import (
    FAULT_COUNTS,
    SHORT_SONGS,
    Plan,
    plan,
    song_numbers,
)

UNUSABLE = {"nan-long", "flat", "clipped"}


@pytest.fixture(scope="module", params=[0, 1])
def full(request: pytest.FixtureRequest) -> Plan:
    return plan(457, 794, None, request.param, "full", faults=True)


def test_the_published_numbers(full: Plan) -> None:
    assert full.heard.shape == (457, 794)
    assert full.heard.sum() == 7962
    assert Counter(full.heard.sum(axis=0).tolist()) == {10: 772, 11: 22}
    assert Counter(full.heard.sum(axis=1).tolist()) == {17: 264, 18: 193}
    assert full.heard[0, 0]
    assert len(set(full.songs)) == 794
    assert full.songs == sorted(full.songs)
    assert {1, *SHORT_SONGS} < set(full.songs)
    assert max(full.songs) <= 1000


def test_7690_pairs_have_both_ratings(full: Plan) -> None:
    rated = full.heard.copy()
    rated[:, list(full.without_annotations)] = False
    assert rated.sum() == 7962 - 270
    for pair in full.rating_faults:
        assert rated[pair]
        rated[pair] = False
    assert rated.sum() == 7690
    assert sorted(full.rating_faults.values()) == ["empty-rating", "no-rating"]


def test_the_short_songs_are_those_of_the_publisher(full: Plan) -> None:
    songs = np.array(full.songs)
    assert set(songs[list(full.without_annotations)]) == set(SHORT_SONGS)
    assert set(songs[full.lengths < 15.5]) == set(SHORT_SONGS)
    assert full.lengths.min() >= 11
    assert full.lengths.max() <= 88
    assert 35 < np.median(full.lengths) < 39
    assert np.percentile(full.lengths, 98) > 70


def test_every_trial_with_faults_keeps_a_sound_hearing(full: Plan) -> None:
    # A pair is a key of the dictionary, so that it has one recording with a fault at most.
    counts = Counter(kind for _, kind in full.recording_faults.values())
    assert counts == FAULT_COUNTS
    for pair, (target, kind) in full.recording_faults.items():
        assert full.heard[pair]
        assert target in ("valence", "arousal")
        if kind in UNUSABLE:
            assert pair not in full.rating_faults
            assert pair[1] not in full.without_annotations
    for song, _ in full.table_faults:
        assert song not in full.without_annotations
        assert full.heard[:, song].any()
    assert set(full.table_faults.values()) == {"byte-order-mark", "crlf", "no-header"}


def test_units_carry_the_plan_to_the_writer() -> None:
    design = Design(draw_population(457, 794, 0), None, 0, "full", faults=True)
    units = pmemo.units(design)
    pairs = [(unit, subject) for unit in units for subject in unit.subjects]
    assert len(pairs) == 7962
    both = [1 for unit, name in pairs if unit.annotated and name not in unit.rating_faults]
    assert len(both) == 7690
    assert units[0].number == 1
    assert "100184" in units[0].subjects
    assert [str(unit.number) for unit in units] == pmemo.stimulus_names(design)
    assert sum(len(unit.recording_faults) for unit in units) == sum(FAULT_COUNTS.values())
    traits = design.population.listeners
    for unit in units[::100]:
        who = [pmemo.subject_names(457).index(name) for name in unit.subjects]
        np.testing.assert_array_equal(unit.listeners.bias, traits.bias[who])
        np.testing.assert_array_equal(
            unit.deviations, design.population.deviations[who, unit.index]
        )


def test_without_faults_nothing_is_missing_and_the_rest_is_the_same(full: Plan) -> None:
    sound = plan(457, 794, None, 0, "full", faults=False)
    faults = (sound.without_annotations, sound.rating_faults)
    assert not any((*faults, sound.recording_faults, sound.table_faults))
    assert sound.songs == full.songs
    other = plan(457, 794, None, 1, "full", faults=False)
    assert (other.heard != sound.heard).any()
    assert other.songs == sound.songs


def test_listeners_of_a_song_are_not_the_same_group_again(full: Plan) -> None:
    together = full.heard.astype(int) @ full.heard.astype(int).T
    np.fill_diagonal(together, 0)
    assert together.max() <= 6


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_other_sizes_are_as_even(n_subjects: int, n_songs: int, seed: int) -> None:
    drawn = plan(n_subjects, n_songs, 20.0, seed, "full", faults=True)
    songs, subjects = drawn.heard.sum(axis=0), drawn.heard.sum(axis=1)
    assert songs.max() - songs.min() <= 1
    assert subjects.max() - subjects.min() <= 1
    assert subjects.max() <= min(18, n_songs)
    assert drawn.heard[0, 0] or not songs[0]
    short = np.isin(drawn.songs, SHORT_SONGS)
    np.testing.assert_array_equal(drawn.lengths[~short], 20.0)
    assert (drawn.lengths[short] < 15.5).all()


def test_more_songs_than_published_go_on_from_1001() -> None:
    numbers = song_numbers(800)
    assert numbers[:794] == song_numbers(794)
    assert numbers[794:] == [1001, 1002, 1003, 1004, 1005, 1006]
    assert song_numbers(3) == numbers[:3]

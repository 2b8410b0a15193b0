from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.steps.data.seen_trials import SeenSignals, SeenTrials

NAMES = st.sampled_from(["", "1", "2", "12", "é", "a", "b", "1 2"])


@given(trials=st.lists(st.tuples(NAMES, NAMES)), recent=st.integers(1, 5))
def test_trials_are_seen_as_by_a_set(trials: list[tuple[str, str]], recent: int) -> None:
    known: set[tuple[str, str]] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rtcan_cli.steps.data.seen_trials._RECENT", recent)
        seen = SeenTrials()
        for trial in trials:
            assert seen.add(*trial) == (trial not in known)
            known.add(trial)


def test_trials_that_were_sorted_in_are_still_seen() -> None:
    seen = SeenTrials()
    trials = [(str(subject), str(stimulus)) for subject in range(50) for stimulus in range(1000)]
    assert all(seen.add(*trial) for trial in trials)
    assert not any(seen.add(*trial) for trial in trials[::7])


def test_a_signal_is_known_by_its_samples_and_who_had_it_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rtcan_cli.steps.data.seen_trials._RECENT", 3)
    seen, rng = SeenSignals(), np.random.default_rng(0)
    signals = rng.normal(size=(20, 10))
    signals[3, 4] = np.nan
    assert [seen.add(each, trial) for trial, each in enumerate(signals)] == list(range(20))
    assert [seen.add(each.copy(), 99) for each in signals] == list(range(20))
    assert seen.add(signals[3][::-1], 99) == 99
    assert seen.add(np.repeat(signals[5], 2)[::2], 99) == 5
    assert seen.add(signals[5][:-1], 98) == 98


def test_a_number_of_a_trial_gives_its_names() -> None:
    seen = SeenTrials()
    keys = [("a", "1", 1), ("a", "1", 2), ("b", "1", 1), ("b", "", 1), ("", "x", 3)]
    numbers = [seen.number(*key) for key in keys]
    assert [seen.key(number) for number in numbers] == keys
    assert len(set(numbers)) == len(keys)

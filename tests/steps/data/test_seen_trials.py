from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.steps.data.seen_trials import SeenTrials

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

from __future__ import annotations

import numpy as np

from rtcan_cli.datasets.shared_samples import check_shared
from rtcan_cli.datasets.trials import Excluded, Recording, Trial

RATE = 4.0


def trial(
    subject: str, stimulus: str, first: int, last: int, source: str = "a.csv", channel: str = ""
) -> Trial:
    span = (channel, first, last)
    recording = Recording("both", np.zeros(last - first), RATE, source, span=span)
    return Trial(subject, stimulus, 1.0, 2.0, (recording,))


def test_trials_that_follow_each_other_are_left_alone() -> None:
    trials = [trial("a", str(i), 100 * i, 100 * (i + 1)) for i in range(5)]
    assert check_shared(trials) == trials
    # Starts are often rounded to seconds.
    close = [trial("a", "x", 0, 100), trial("a", "y", 96, 200)]
    assert check_shared(close) == close


def test_trials_of_one_subject_that_overlap_are_told() -> None:
    one, other = trial("a", "x", 0, 100), trial("a", "y", 60, 160)
    first, second = check_shared([one, other])
    assert first == one
    assert isinstance(second, Trial)
    (note,) = second.recordings[0].notes
    assert "'subject a, stimulus y' and 'subject a, stimulus x' by 10 s" in note


def test_two_subjects_have_no_samples_in_common() -> None:
    one, other = trial("a", "x", 0, 100), trial("b", "x", 98, 198)
    first, left_out, second = check_shared([one, other])
    assert first == one
    assert left_out == Excluded(
        "b", "x", "0.5 s of its EDA are also those of subject a, stimulus x", "a.csv"
    )
    assert isinstance(second, Trial)
    assert second.recordings == ()


def test_other_files_and_other_channels_are_other_samples() -> None:
    trials = [
        trial("a", "x", 0, 100),
        trial("b", "x", 0, 100, source="b.csv"),
        trial("c", "x", 0, 100, channel="column 2"),
    ]
    assert check_shared(trials) == trials


def test_two_hearings_of_one_trial_may_be_one_recording() -> None:
    both = trial("a", "x", 0, 100)
    twice = Trial("a", "x", 1.0, 2.0, both.recordings * 2)
    assert check_shared([twice]) == [twice]

"""Subjects, repetitions and ratings of all events together."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import EVENTS, FIRST, problems_or_error, trials, write_json


def test_the_scale_of_the_description_counts(study: Path) -> None:
    ends = {"Minimum": 0, "Maximum": 10}
    write_json(study / "task-music_events.json", {"valence": ends, "arousal": ends})
    assert open_raw("bids", study).rating_scale == (0, 10)
    with pytest.raises(RtcanError, match="but --rating-scale from 1 to 9"):
        open_raw("bids", study, TableOptions(scale_is_stated=True))
    write_json(
        study / "task-music_events.json", {"valence": ends, "arousal": ends | {"Maximum": 9}}
    )
    assert "another scale for valence than for arousal" in problems_or_error(study)


def test_subjects_that_may_be_the_same_are_refused(study: Path) -> None:
    (study / "sub-02").rename(study / "sub-1")
    for path in (study / "sub-1" / "beh").iterdir():
        path.rename(path.with_name(path.name.replace("sub-02", "sub-1")))
    with pytest.raises(RtcanError, match="differ in case, spaces or leading zeros only"):
        open_raw("bids", study)


def test_a_name_that_is_the_label_of_another_participant_is_refused(study: Path) -> None:
    (study / "participants.tsv").write_text("participant_id\toriginal_id\nsub-01\t02\n")
    with pytest.raises(RtcanError, match="sub-01 and sub-02 are both the subject 02"):
        open_raw("bids", study)


def test_the_only_trial_may_be_off_the_scale(study: Path) -> None:
    for path in study.rglob("*_events.tsv"):
        path.write_text("\n".join(EVENTS.splitlines()[:1]))
    (study / f"{FIRST}_events.tsv").write_text("\n".join(EVENTS.splitlines()[:2]) + "0")
    with pytest.raises(RtcanError, match="the arousal rating 30 is not on the scale from 1 to 9"):
        open_raw("bids", study)


def test_one_hearing_a_rating_is_one_trial(study: Path) -> None:
    path = study / f"{FIRST}_events.tsv"
    rows = ("2\t10\ta\t6\tn/a\tvalence", "20\t10\ta\tn/a\t3\tarousal")
    path.write_text("\n".join(["onset\tduration\tstimulus\tvalence\tarousal\ttarget", *rows]))
    trial = trials(open_raw("bids", study))["01", "a", 1]
    assert (trial.valence, trial.arousal) == (6, 3)
    assert [each.target for each in trial.recordings] == ["valence", "arousal"]
    path.write_text(path.read_text().replace("\tvalence\n", "\tboth\n"))
    twice = "subject 01 and stimulus a are there 2 times"
    with pytest.raises(RtcanError, match=twice) as caught:
        trials(open_raw("bids", study))
    assert "count in the column repetition" in str(caught.value.hint)

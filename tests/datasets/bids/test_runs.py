"""Which files belong to a run, those in folders above it included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import (
    EVENTS,
    MICROSIEMENS,
    RATE,
    problems,
    signal,
    trials,
    write_json,
)


def test_descriptions_and_events_are_inherited(study: Path) -> None:
    for session in ("1", "2"):
        stem = f"sub-01/ses-{session}/func/sub-01_ses-{session}_task-music"
        (study / f"{stem}_physio.json").unlink()
        (study / f"{stem}_events.tsv").unlink()
    about = {"SamplingFrequency": RATE, "Columns": ["cardiac", "eda", "trigger"], **MICROSIEMENS}
    write_json(study / "task-music_physio.json", about)
    (study / "task-music_events.tsv").write_text(EVENTS)
    found = trials(open_raw("bids", study))
    assert len(found) == 6
    np.testing.assert_array_equal(found["01", "songs-a", 2].recordings[0].eda, signal()[16:96])


def test_sessions_inherit_the_events_of_their_subject(study: Path) -> None:
    for session in ("1", "2"):
        (study / f"sub-01/ses-{session}/func/sub-01_ses-{session}_task-music_events.tsv").unlink()
    (study / "sub-01" / "sub-01_task-music_events.tsv").write_text(EVENTS)
    dataset = open_raw("bids", study)
    found = trials(dataset)
    assert sorted(found) == [
        *(("01", "songs-a", 1), ("01", "songs-a", 2), ("01", "songs-b", 1), ("01", "songs-b", 2)),
        *(("02", "songs-a", 1), ("02", "songs-b", 1)),
    ]
    assert all(len(each.recordings) == 1 for each in found.values())
    assert "there is no recording" not in problems(dataset)


def test_repetitions_are_counted_in_the_order_of_numbers(study: Path) -> None:
    place = study / "sub-03" / "beh"
    place.mkdir(parents=True)
    for number in (10, 2, 1):
        row = f"0\t1\ta\t{min(number, 9)}\t5"
        path = place / f"sub-03_task-music_run-{number}_events.tsv"
        path.write_text(f"onset\tduration\tstimulus\tvalence\tarousal\n{row}")
    found = trials(open_raw("bids", study))
    assert [found["03", "a", n].valence for n in (1, 2, 3)] == [1, 2, 9]


def test_events_twice_for_one_run_are_refused(study: Path) -> None:
    (study / "sub-02" / "beh" / "sub-02_task-music_recording-skin_events.tsv").write_text(EVENTS)
    with pytest.raises(RtcanError, match=r"events\.tsv are of the same run"):
        open_raw("bids", study)

"""Trials of a BIDS dataset are those of its events, and what is not sure is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import (
    FIRST,
    RATE,
    items,
    problems,
    problems_or_error,
    signal,
    trials,
)


def test_trials_are_cut_out_of_their_runs(study: Path) -> None:
    dataset = open_raw("bids", study)
    found = trials(dataset)
    assert set(found) == {
        *(("01", f"songs-{song}", k) for song in "ab" for k in (1, 2)),
        *(("02", f"songs-{song}", 1) for song in "ab"),
    }
    first = found["01", "songs-a", 1]
    assert (first.valence, first.arousal) == (6, 3)
    assert np.isnan(found["01", "songs-b", 2].arousal)
    (recording,) = first.recordings
    assert (recording.sampling_rate, recording.unit) == (RATE, "uS")
    np.testing.assert_array_equal(recording.eda, signal()[16:96])
    # The recording of the other began 2.5 s before its run, in another unit.
    (other,) = found["02", "songs-b", 1].recordings
    np.testing.assert_allclose(other.eda, signal(seed=2)[180:260] / 1000, rtol=1e-12)
    notes = " ".join(dataset.notes)
    assert "3 rows of events are not trials" in notes
    assert "2 trials are counted as repetitions" in notes
    assert "audio files that are not there: songs/a.wav, songs/b.wav" in notes


def test_what_was_recorded_before_the_onset_is_read_with_the_trial(study: Path) -> None:
    path = study / f"{FIRST}_events.tsv"
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{head}\trecorded_before", *(f"{line}\t1.5" for line in lines)]))
    dataset = open_raw("bids", study)
    (recording,) = trials(dataset)["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal()[4:96])
    assert "recordings begin up to 1.5 s before their stimuli" in " ".join(dataset.notes)
    path.write_text(path.read_text().replace("\t1.5", "\t-1"))
    assert "line 2: recorded_before is -1 s" in problems(open_raw("bids", study))


def test_without_ratings_trials_are_read_all_the_same(study: Path) -> None:
    for path in study.rglob("*events.tsv"):
        lines = [line.split("\t")[:4] for line in path.read_text().splitlines()]
        path.write_text("".join("\t".join(line) + "\n" for line in lines))
    dataset = open_raw("bids", study)
    assert "No table of events has a column valence or arousal" in " ".join(dataset.notes)
    assert len(trials(dataset)) == 6


def test_what_is_no_dataset_is_told(study: Path, tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="does not exist"):
        open_raw("bids", tmp_path / "gone")
    (study / "dataset_description.json").write_text("[")
    with pytest.raises(RtcanError, match="it is not a JSON object"):
        open_raw("bids", study)
    (study / "dataset_description.json").unlink()
    with pytest.raises(RtcanError, match=r"dataset_description\.json"):
        open_raw("bids", study)


def test_a_link_that_leads_out_is_refused(study: Path, tmp_path: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    outside = tmp_path / "events.tsv"
    path.rename(outside)
    path.symlink_to(outside)
    assert "leads out of" in problems_or_error(study)


def test_trials_without_a_rating_are_left_out(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    path.write_text(path.read_text().replace("\t6\t3", "\tn/a\tn/a"))
    left_out = [item for item in items(open_raw("bids", study)) if isinstance(item, Excluded)]
    assert [(each.subject, each.stimulus, each.reason) for each in left_out] == [
        ("02", "songs-a", "there is no rating")
    ]

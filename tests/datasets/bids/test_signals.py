"""The EDA of trials: units, polarity, gaps and repaired samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.table.options import TableOptions
from tests.datasets.bids.studies import (
    FIRST,
    MICROSIEMENS,
    problems,
    problems_or_error,
    signal,
    trials,
    write_physio,
    write_run,
)


def test_gaps_stay_gaps(study: Path) -> None:
    values = signal()
    values[30:34] = np.nan
    place = study / f"{FIRST}_physio"
    write_physio(place, {"eda": values}, MICROSIEMENS)
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    assert np.flatnonzero(np.isnan(recording.eda)).tolist() == [14, 15, 16, 17]


def test_repaired_samples_are_counted_trial_by_trial(study: Path) -> None:
    marks = np.zeros(320)
    marks[[10, 20, 21, 95, 96]] = 1
    place = study / f"{FIRST}_physio"
    write_physio(place, {"eda": signal(), "interpolated": marks}, MICROSIEMENS)
    found = trials(open_raw("bids", study))
    (first,), (second,) = (found["01", f"songs-{song}", 1].recordings for song in "ab")
    assert "the column interpolated marks 3 samples that were repaired before" in first.notes
    assert not any("interpolated" in note for note in second.notes)


@pytest.mark.parametrize("unit", ["µS", "microS", "microsiemens", "uS"])
def test_spellings_of_units(study: Path, unit: str) -> None:
    place = study / f"{FIRST}_physio"
    write_physio(place, {"eda": signal()}, {"eda": {"Units": unit}})
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal()[16:96])


def test_a_unit_has_to_be_said(study: Path) -> None:
    place = study / f"{FIRST}_physio"
    write_physio(place, {"eda": 1000 * signal()})
    dataset = open_raw("bids", study)
    assert "does not say the unit of eda" in problems(dataset)
    found = trials(open_raw("bids", study, TableOptions(unit="nS")))
    np.testing.assert_allclose(found["01", "songs-a", 1].recordings[0].eda, signal()[16:96])


def test_resistance_is_converted(study: Path) -> None:
    for session in ("1", "2"):
        place = study / f"sub-01/ses-{session}/func/sub-01_ses-{session}_task-music_physio"
        write_physio(place, {"eda": 1000 / signal()}, {"eda": {"Units": "kOhm"}})
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_allclose(recording.eda, signal()[16:96])
    assert recording.polarity == "conductance, converted from kOhm"


def test_resistance_without_its_offset_may_be_positive_in_one_run(study: Path) -> None:
    about: dict[str, Any] = {"Units": "Ohm", "Polarity": "resistance", "OffsetRemoved": True}
    for place in study.rglob("*_physio.tsv.gz"):
        stem = place.with_name(place.name.removesuffix(".tsv.gz"))
        write_physio(stem, {"eda": signal()}, {"eda": about})
    for found in trials(open_raw("bids", study)).values():
        if found.recordings:
            assert found.recordings[0].polarity == "resistance, sign flipped"
            np.testing.assert_array_equal(found.recordings[0].eda.min() > 0, True)
    about["Polarity"] = "upwards"
    write_physio(stem, {"eda": signal()}, {"eda": about})
    assert "its description says Polarity 'upwards'" in problems(open_raw("bids", study))


def test_two_recordings_with_eda_are_not_chosen_from(study: Path) -> None:
    stem = study / "sub-02" / "beh" / "sub-02_task-music_recording-left_physio"
    write_physio(stem, {"eda": signal()}, MICROSIEMENS)
    dataset = open_raw("bids", study)
    assert "several recordings with EDA" in problems(dataset)
    assert not trials(dataset)["02", "songs-a", 1].recordings


def test_a_date_as_the_beginning_is_refused(tmp_path: Path) -> None:
    """Events count from the beginning of the run, and nothing says when that was."""
    about = MICROSIEMENS | {"StartTime": 1.6e9}
    study = write_run(tmp_path / "a", {"eda": signal()}, about)
    assert "begins at 1600000000 s (StartTime), which is a date" in problems_or_error(study)

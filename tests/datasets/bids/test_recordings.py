"""Which recordings have EDA is what their descriptions say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtcan_cli.datasets import open_raw
from tests.datasets.bids.studies import (
    FIRST,
    MICROSIEMENS,
    problems,
    signal,
    trials,
    write_physio,
)


def test_a_column_is_what_its_measure_type_says(study: Path) -> None:
    place = study / f"{FIRST}_physio"
    about = {
        "one": {"Units": "uS", "MeasureType": "EDA"},
        "eda": {"Units": "uS", "MeasureType": "EDA-phasic"},
    }
    columns = {"one": signal(seed=5), "eda": signal(seed=6)}
    write_physio(place, columns, about, PhysioType="specified")
    (recording,) = trials(open_raw("bids", study))["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal(seed=5)[16:96])
    # Parts of a decomposition are not EDA as it was measured.
    about["one"]["MeasureType"] = "EDA-tonic"
    write_physio(place, columns, about, PhysioType="specified")
    assert not trials(open_raw("bids", study))["01", "songs-a", 1].recordings


def test_scr_may_be_a_part_and_is_refused_by_name(study: Path) -> None:
    place = study / f"{FIRST}_physio"
    about = {
        "one": {"Units": "uS", "MeasureType": "SCR"},
        "two": {"Units": "uS", "MeasureType": "GSR"},
    }
    write_physio(place, {"one": signal()}, {"one": about["one"]})
    dataset = open_raw("bids", study)
    assert "the column one is SCR, which may be the whole EDA" in problems(dataset)
    assert not trials(dataset)["01", "songs-a", 1].recordings
    write_physio(place, {"one": signal(), "two": signal(seed=3)}, about)
    dataset = open_raw("bids", study)
    assert "is SCR" not in problems(dataset)
    (recording,) = trials(dataset)["01", "songs-a", 1].recordings
    np.testing.assert_array_equal(recording.eda, signal(seed=3)[16:96])


def test_gaze_is_not_eda(study: Path) -> None:
    place = study / f"{FIRST}_physio"
    write_physio(place, {"eda": signal()}, MICROSIEMENS, PhysioType="eyetrack")
    dataset = open_raw("bids", study)
    assert not trials(dataset)["01", "songs-a", 1].recordings
    assert "there is no recording of this run with EDA" in problems(dataset)

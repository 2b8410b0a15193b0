"""Which recordings have EDA is what their descriptions say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import (
    FIRST,
    MICROSIEMENS,
    RATE,
    items,
    problems,
    signal,
    trials,
    write_physio,
    write_run,
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


def test_the_whole_eda_by_its_measure_type(tmp_path: Path) -> None:
    """M-BIDS calls the column scr, and says with BEP045's MeasureType that it is all of it."""
    clock = np.arange(320) / RATE
    about = {"scr": {"Units": "uS", "MeasureType": "EDA-total"}, "timestamp": {"Units": "s"}}
    folder = write_run(tmp_path / "a", {"timestamp": clock, "scr": signal()}, about)
    (recording,) = trials(open_raw("bids", folder))["01", "songs-a", 1].recordings
    np.testing.assert_allclose(recording.eda, signal()[16:96])
    unsure = write_run(tmp_path / "b", {"scr": signal()}, {"scr": {"Units": "uS"}})
    assert "the column scr is SCR, which may be the whole EDA" in problems(open_raw("bids", unsure))
    both = {name: {"Units": "uS", "MeasureType": "EDA-total"} for name in ("scr1", "scr2")}
    several = write_run(tmp_path / "c", {"scr1": signal(), "scr2": signal()}, both)
    assert "several columns are EDA (scr1, scr2)" in problems(open_raw("bids", several))


def test_several_columns_that_may_be_eda_lead_to_a_table_of_trials(tmp_path: Path) -> None:
    columns = {"GSR_raw": signal(), "GSR_cal": signal(seed=1)}
    (problem,) = [
        each
        for each in items(open_raw("bids", write_run(tmp_path / "a", columns, {})))
        if isinstance(each, RtcanError)
    ]
    assert "does not show which column is EDA: there are 2 (GSR_raw, GSR_cal)" in str(problem)
    assert problem.hint == "ingest table, with a trials.csv that names it"


def test_content_that_git_annex_did_not_bring_is_named(tmp_path: Path) -> None:
    """A clone of OpenNeuro's datasets has links to files that are not there."""
    folder = write_run(tmp_path / "a", {"eda": signal()}, MICROSIEMENS)
    path = folder / "sub-01" / "beh" / "sub-01_task-music_physio.tsv.gz"
    path.unlink()
    path.symlink_to("../../.git/annex/objects/G9/m5/MD5E-s16.tsv.gz/MD5E-s16.tsv.gz")
    assert "physio.tsv.gz: its content was not downloaded" in problems(open_raw("bids", folder))

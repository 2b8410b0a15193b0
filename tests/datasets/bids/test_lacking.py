"""A dataset without trials or EDA says what it has instead."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import MICROSIEMENS, signal, trials, write_run


def test_a_dataset_without_eda_says_what_it_has(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", {"cardiac": signal(), "respiratory": signal()}, {})
    with pytest.raises(RtcanError, match="has a column of EDA: the columns are cardiac, resp"):
        open_raw("bids", folder)
    packed = folder / "sub-01" / "beh" / "sub-01_task-music_physio.tsv.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    with pytest.raises(RtcanError, match="recordings are not packed, as the standard asks"):
        open_raw("bids", folder)
    packed.with_suffix("").unlink()
    with pytest.raises(RtcanError, match=r"has no physiological recordings \(sub-\*_physio") as e:
        open_raw("bids", folder)
    assert "a channel of an EEG recording" in str(e.value.hint)


@pytest.mark.parametrize("columns", ["eda", None, {"eda": 0}])
def test_a_description_without_a_list_of_columns_is_named(columns: object, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", {"eda": signal()}, MICROSIEMENS | {"Columns": columns})
    with pytest.raises(RtcanError, match=r"_physio\.tsv\.gz.* has no list of Columns"):
        open_raw("bids", folder)


def test_columns_of_events_that_name_no_stimulus_are_listed(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", {"eda": signal()}, MICROSIEMENS)
    events = folder / "sub-01" / "beh" / "sub-01_task-music_events.tsv"
    events.write_text("onset\tduration\tevent_type\n2\t10\tCSp\n")
    with pytest.raises(RtcanError, match="columns are onset, duration, event_type"):
        open_raw("bids", folder)
    events.write_text("onset\tduration\tstimulus_name\n2\t10\tsquare\n")  # M-BIDS
    assert ("01", "square", 1) in trials(open_raw("bids", folder))

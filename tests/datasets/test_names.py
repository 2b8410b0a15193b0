"""Names of channels as devices and toolboxes write them: which are EDA as it was measured."""

from __future__ import annotations

import pytest

from rtcan_cli.datasets import names


@pytest.mark.parametrize(
    ("name", "measured", "derived"),
    [
        ("EDA - GSR100C", True, ""),  # AcqKnowledge
        ("EDA100C", True, ""),
        ("GSR1", True, ""),
        ("physio_eda", True, ""),  # spacetop
        ("skinconductance", True, ""),
        ("MWMOBILEJ_GSC", True, ""),  # MindWare
        ("EDA_Raw", True, ""),
        ("EDA_Clean", False, "clean"),  # NeuroKit
        ("EDA_Tonic", False, "tonic"),
        ("EDA filtered, differentiated", False, "filtered"),
        ("scr1", False, "scr"),
        ("eda_filt", False, "filt"),
        ("EDA std", False, "std"),  # tables of features
        ("SCR_Amplitude", False, "scr"),
        ("EDA_artifacts", False, "artifacts"),
        ("GSR_SQI", False, "sqi"),
        ("reda", False, ""),
        ("PPG100C", False, ""),
    ],
)
def test_eda_by_its_name(name: str, measured: bool, derived: str) -> None:
    assert names.is_eda(name) == measured
    assert names.derived(name) == derived


@pytest.mark.parametrize(
    ("name", "may_be"), [("scr", True), ("SCR2", True), ("SCR_Peaks", False), ("eda", False)]
)
def test_scr_may_be_the_whole_signal(name: str, may_be: bool) -> None:
    assert names.is_response(name) == may_be


def test_names_of_times() -> None:
    assert names.words_of("LocalTimestamp") == ["local", "timestamp"]
    for name in ("time", "T", "Timestamp CAL", "unix_timestamp", "Shimmer_1_Timestamp_Unix_CAL"):
        assert names.is_time_name(name), name
    for name in ("EDA", "temp", "event", "timeline", "tonic"):
        assert not names.is_time_name(name), name

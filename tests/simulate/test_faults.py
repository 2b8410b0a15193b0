"""Whether the files have the faults that FAULTS.json lists, and no others."""

from __future__ import annotations

import json
import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat

from rtcan_cli.simulate import SimulationSummary, amigos, case, deap, simulate, wesad
from rtcan_cli.simulate.faults import (
    ENCODINGS,
    SIGNAL_FAULTS,
    TABLE_ENCODINGS,
    Fault,
    as_json,
    encode,
    spoil,
)

RATE = 50.0
Faults = list[dict[str, Any]]


def listed(summary: SimulationSummary) -> Faults:
    faults: Faults = json.loads((summary.folder / "FAULTS.json").read_text())
    assert summary.faults == len(faults) > 0
    return faults


def check_signal(fault: dict[str, Any], eda: np.ndarray, rate: float) -> None:
    """Fails unless the signal has the fault, where it is said to be."""
    kind, lost = fault["kind"], np.isnan(eda)
    if kind in ("nan-short", "nan-long"):
        start, stop = fault["samples"]
        np.testing.assert_array_equal(np.flatnonzero(lost), np.arange(start, stop))
        assert (stop - start < rate) if kind == "nan-short" else (stop - start >= 3 * rate)
        return
    assert not lost.any()
    if kind == "flat":
        assert np.ptp(eda) == 0
    elif kind == "clipped":
        assert 0.4 < (eda == eda.max()).mean() < 0.6
    elif kind == "offset":
        assert eda.max() < 0
        assert np.ptp(eda) > 0
    else:
        assert np.ptp(eda) > 0


def check_sound(eda: np.ndarray) -> None:
    assert np.isfinite(eda).all()
    assert (eda == eda.max()).mean() < 0.05


def test_deap(tmp_path: Path) -> None:
    summary = simulate("deap", tmp_path / "raw", 9, 4, 12.0, seed=1, faults=True)
    assert summary.trials == summary.recordings == 36
    faults = {(each["subject"], each["stimulus"]): each for each in listed(summary)}
    assert sorted(each["kind"] for each in faults.values()) == [
        *("flat", "nan-long", "nan-short", "nan-short")
    ]
    for subject in range(1, 10):
        path = summary.folder / "data_preprocessed_python" / f"s{subject:02d}.dat"
        with path.open("rb") as stream:
            content = pickle.load(stream, encoding="latin1")
        assert np.isfinite(content["labels"]).all()
        for video, channels in enumerate(content["data"], start=1):
            assert np.isfinite(np.delete(channels, 36, axis=0)).all()
            fault = faults.get((f"{subject:02d}", str(video)))
            if fault is None:
                check_sound(channels[36])
            else:
                assert summary.folder / fault["file"] == path
                assert fault["target"] == "both"
                check_signal(fault, channels[36], 128)


def test_amigos(tmp_path: Path) -> None:
    summary = simulate("amigos", tmp_path / "raw", 24, 10, 6.0, seed=1, faults=True)
    assert summary.trials == 24 * 10 - 2 * 2
    faults = {(each["subject"], each["stimulus"]): each for each in listed(summary)}
    assert len(faults) == len([1 for who, video in amigos.FAULTS if who <= 24 and video <= 8])
    assert {each["kind"] for each in faults.values()} == {
        "flat",
        "nan-short",
        "nan-long",
        "clipped",
    }
    for subject in range(1, 25):
        path = summary.folder / "data_preprocessed_matlab" / f"Data_Preprocessed_P{subject:02d}.mat"
        content = loadmat(path)
        for name, cell in zip(content["VideoIDs"][0], content["joined_data"][0], strict=True):
            if not cell.size:
                continue
            assert np.isfinite(cell[:, :16]).all()
            fault = faults.get((f"{subject:02d}", name[0]))
            if fault is None:
                check_sound(cell[:, 16])
            else:
                assert summary.folder / fault["file"] == path
                check_signal(fault, cell[:, 16], 128)


@pytest.mark.parametrize("writer", [deap, amigos, wesad, case])
def test_only_subjects_and_videos_that_exist_have_faults(writer: Any) -> None:
    sizes = {deap: (32, 40), amigos: (40, 20), wesad: (15, 5), case: (30, 8)}
    subjects, videos = sizes[writer]
    for subject, video in writer.FAULTS:
        assert 1 <= subject <= subjects
        assert 1 <= video <= videos
    if writer is amigos:
        unseen = {(who, video) for who in amigos.WITHOUT_LONG_VIDEOS for video in range(17, 21)}
        assert not unseen & set(amigos.FAULTS)


def read_recording(path: Path, kind: str | None) -> np.ndarray:
    """As pandas reads it, when told what is special."""
    header = 0 if kind in ("header", "time-value-header") else None
    table = pd.read_csv(path, header=header, encoding="utf-8-sig")
    if kind in ("time-value", "time-value-header"):
        np.testing.assert_allclose(table.iloc[:, 0], np.arange(len(table)) / RATE, atol=1e-9)
    else:
        assert table.shape[1] == 1
    return table.iloc[:, -1].to_numpy(dtype=float)


def check_encoding(path: Path, kind: str | None) -> None:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") == (kind == "byte-order-mark")
    assert (b"\r\n" in content) == (kind == "crlf")
    assert content.count(b"\r") in (0, content.count(b"\n"))
    assert content.endswith(b"\n")


@pytest.fixture(scope="module")
def raw_pmemo_with_faults(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    """Ten songs at full scale, one of which is too short to be annotated."""
    folder = tmp_path_factory.mktemp("faults") / "raw"
    summary = simulate("pmemo", folder, 20, 12, 16.0, seed=1, scale="full", faults=True)
    numbers = pd.read_csv(folder / "PMEmo" / "metadata.csv")["musicId"].tolist()
    assert numbers == sorted(numbers) != list(range(1, 13))
    assert 11 in numbers
    return summary


def test_pmemo_recordings(raw_pmemo_with_faults: SimulationSummary) -> None:
    summary = raw_pmemo_with_faults
    faults = {each["file"]: each for each in listed(summary) if "/EDA/" in each["file"]}
    assert {each["kind"] for each in faults.values()} == {*SIGNAL_FAULTS, *ENCODINGS}
    spoiled_pairs = [(each["subject"], each["stimulus"]) for each in faults.values()]
    assert len(set(spoiled_pairs)) == len(spoiled_pairs), "one of the two hearings is sound"
    paths = sorted((summary.folder / "PMEmo" / "EDA").rglob("*.csv"))
    assert len(paths) == summary.recordings == 2 * 12 * 20
    lengths = pd.read_csv(summary.folder / "PMEmo" / "metadata.csv").set_index("musicId")[
        "duration"
    ]
    for path in paths:
        fault = faults.pop(path.relative_to(summary.folder).as_posix(), None)
        kind = fault["kind"] if fault else None
        check_encoding(path, kind)
        eda = read_recording(path, kind)
        song, subject, initial = path.stem.split("_")
        assert len(eda) == round(lengths[int(song)] * RATE)
        if fault is None:
            check_sound(eda)
        else:
            assert (fault["stimulus"], fault["subject"]) == (song, subject)
            assert fault["target"] == {"A": "arousal", "V": "valence"}[initial]
            check_signal(fault, eda, RATE)
    assert not faults


def test_pmemo_ratings(raw_pmemo_with_faults: SimulationSummary) -> None:
    summary = raw_pmemo_with_faults
    root = summary.folder / "PMEmo"
    faults: defaultdict[str, Faults] = defaultdict(list)
    for each in listed(summary):
        if "/Annotations/" in each["file"]:
            faults[each["file"]].append(each)
    kinds = {each["kind"] for group in faults.values() for each in group}
    assert kinds == {"no-annotations", "no-rating", "empty-rating", *TABLE_ENCODINGS}
    rated: defaultdict[tuple[str, str], int] = defaultdict(int)
    for target in ("Arousal", "Valence"):
        means = pd.read_csv(root / f"{target[0]}_static.csv", index_col="musicId")
        for song in pd.read_csv(root / "metadata.csv")["musicId"]:
            path = root / "Annotations" / target / f"{song}-{target[0]}.csv"
            here = faults.pop(path.relative_to(summary.folder).as_posix(), [])
            listeners = {
                each.name.split("_")[1] for each in (root / "EDA" / target).glob(f"{song}_*")
            }
            if any(each["kind"] == "no-annotations" for each in here):
                assert song == 11
                assert not path.exists()
                assert song not in means.index
                continue
            special = next((each["kind"] for each in here if each["subject"] is None), None)
            check_encoding(path, special)
            table = pd.read_csv(
                path, header=None if special == "no-header" else 0, encoding="utf-8-sig"
            )
            ratings = table.set_index(table.columns[0]).iloc[:, 0]
            ratings.index = ratings.index.astype(str)
            absent = {each["subject"] for each in here if each["kind"] == "no-rating"}
            empty = {each["subject"] for each in here if each["kind"] == "empty-rating"}
            assert set(ratings.index) == listeners - absent
            assert set(ratings.index[ratings.isna()]) == empty
            np.testing.assert_allclose(
                means.loc[song], [ratings.mean(), ratings.std(ddof=0)], atol=1e-4
            )
            for subject in ratings.dropna().index:
                rated[subject, str(song)] += 1
    assert not faults
    assert summary.trials == sum(count == 2 for count in rated.values()) == 11 * 20 - 2


@pytest.mark.parametrize("kind", SIGNAL_FAULTS)
@pytest.mark.parametrize("seconds", [6.0, 90.0])
def test_a_spoiled_signal_has_the_fault(kind: str, seconds: float) -> None:
    eda = 5 + np.random.default_rng(0).standard_normal(round(seconds * RATE))
    before = eda.copy()
    spoiled, samples = spoil(eda, kind, RATE)
    np.testing.assert_array_equal(eda, before)
    assert len(spoiled) == len(eda)
    check_signal({"kind": kind, "samples": samples}, spoiled, RATE)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="melted"):
        spoil(np.ones(600), "melted", RATE)


def test_lines_are_encoded() -> None:
    assert encode(["a", "b"], None) == b"a\nb\n"
    assert encode(["a", "b"], "crlf") == b"a\r\nb\r\n"
    assert encode(["a"], "byte-order-mark") == b"\xef\xbb\xbfa\n"


def test_the_list_is_json() -> None:
    assert json.loads(as_json([])) == []
    fault = Fault("flat", "a/b.csv", "1", "2", "both", (0, 9))
    assert json.loads(as_json([fault, fault]))[1] == {
        **{"kind": "flat", "file": "a/b.csv", "subject": "1", "stimulus": "2"},
        **{"target": "both", "samples": [0, 9]},
    }

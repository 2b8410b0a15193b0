"""Every openSMILE feature is in one group, and in the one that its name says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import opensmile
import pytest

from rtcan_cli.choices import FEATURE_SET
from rtcan_cli.explain.feature_groups import GROUPS, columns_of_groups, group_of
from rtcan_cli.music import N_FEATURES


@pytest.fixture(scope="module")
def names() -> list[str]:
    features = opensmile.FeatureSet[FEATURE_SET]
    return opensmile.Smile(features, opensmile.FeatureLevel.Functionals).feature_names


def test_every_feature_is_in_exactly_one_group(names: list[str]) -> None:
    columns = columns_of_groups(names)
    assert list(columns) == list(GROUPS[:-1])  # none is in "other"
    every = np.concatenate(list(columns.values()))
    assert sorted(every) == list(range(N_FEATURES))


def test_contours_are_as_many_as_published(names: list[str]) -> None:
    """4 of energy, 55 spectral with 14 MFCCs among them, 6 of voicing: Schuller et al., 2013."""
    group = {name: group_of(name) for name in names}
    contours: dict[str, set[str]] = {}
    for name, found in group.items():
        if name.endswith("_quartile1") and "_sma_de" not in name:
            contours.setdefault(found, set()).add(name)
    found = {name: len(contours[name]) for name in contours}
    assert found == {"energy": 4, "spectral": 55 - 14, "mfcc": 14, "voicing": 6}


def test_functionals_of_time_are_their_own_group_whatever_the_contour(names: list[str]) -> None:
    contour_and_functional = [name.rsplit("_", 1) for name in names]
    by_functional: dict[str, Counter[str]] = {}
    for name, (_, functional) in zip(names, contour_and_functional, strict=True):
        by_functional.setdefault(functional, Counter())[group_of(name)] += 1
    timing = {f for f, groups in by_functional.items() if "timing" in groups}
    assert all(set(by_functional[f]) == {"timing"} for f in timing)
    assert {"meanPeakDist", "maxSegLen", "risetime", "upleveltime75", "maxPos"} <= timing
    assert not timing & {"amean", "stddev", "peakMeanAbs", "lpc0", "percentile99.0", "nnz"}


@pytest.mark.parametrize(
    ("feature_set", "counts"),
    [
        # Of the 25 contours of eGeMAPS: loudness; pitch, jitter, shimmer, HNR; 4 MFCCs twice; else
        # spectral.
        ("eGeMAPSv02", {"energy": 11, "spectral": 39, "mfcc": 16, "voicing": 16, "timing": 6}),
        ("GeMAPSv01b", {"energy": 10, "spectral": 30, "voicing": 16, "timing": 6}),
        # 26 contours with their slopes, of 19 functionals, of which 2 measure time.
        ("emobase", {"energy": 102, "spectral": 272, "mfcc": 408, "voicing": 102, "timing": 104}),
    ],
)
def test_features_of_other_sets_have_their_groups(feature_set: str, counts: dict[str, int]) -> None:
    level = opensmile.FeatureLevel.Functionals
    names = opensmile.Smile(opensmile.FeatureSet[feature_set], level).feature_names
    assert {name: len(rows) for name, rows in columns_of_groups(names).items()} == counts


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("pcm_zcr_sma_amean", "energy"),
        ("audSpec_Rfilt_sma_de[25]_lpgain", "spectral"),
        ("pcm_fftMag_fband250-650_sma_range", "spectral"),
        ("pcm_fftMag_spectralRollOff25.0_sma_quartile1", "spectral"),
        ("mfcc_sma[14]_skewness", "mfcc"),
        ("F0final_sma_ff0_meanSegLen", "timing"),
        ("logHNR_sma_de_kurtosis", "voicing"),
        ("17", "other"),
        ("tempo", "other"),
        ("my_mfcc_sma[1]_amean", "other"),
        ("mfcc_sma[1]_amean_of_mine", "mfcc"),
    ],
)
def test_names(name: str, group: str) -> None:
    assert group_of(name) == group


def test_without_a_known_name_there_are_no_groups() -> None:
    assert columns_of_groups(["0", "1", "2"]) == {}
    some = columns_of_groups(["0", "mfcc_sma[1]_amean"])
    assert {name: list(each) for name, each in some.items()} == {"mfcc": [1], "other": [0]}

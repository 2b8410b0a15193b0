from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from rtcan_cli.errors import RtcanError
from rtcan_cli.labels import (
    METHODS,
    class_counts,
    label_by_stimulus,
    rating_correlation,
    relabel,
)

SCALE = (1.0, 9.0)
CENTRES = ["centre0_valence", "centre0_arousal", "centre1_valence", "centre1_arousal"]


def table(points, subject="s1"):
    return pd.DataFrame(
        {
            "subject": subject,
            "stimulus": [f"song{i}" for i in range(len(points))],
            "valence": [float(p[0]) for p in points],
            "arousal": [float(p[1]) for p in points],
        }
    )


def random_ratings(seed, n_subjects=6, n_trials=15):
    rng = np.random.default_rng(seed)
    return pd.concat(
        [table(rng.uniform(*SCALE, (n_trials, 2)), f"s{i}") for i in range(n_subjects)],
        ignore_index=True,
    )


def best_split(points):
    """Both centres of the best of all splits into two, by trying every one."""
    best = (np.inf, None)
    for rest in product((False, True), repeat=len(points) - 1):
        first = np.array([True, *rest])
        if first.all():
            continue
        centres = np.array([points[first].mean(0), points[~first].mean(0)])
        inertia = ((points - centres[np.where(first, 0, 1)]) ** 2).sum()
        if inertia < best[0]:
            best = (inertia, centres)
    return best[1]


@pytest.mark.parametrize("seed", range(12))
def test_kmeans_threshold_is_the_midpoint_of_the_best_two_clusters(seed):
    points = np.random.default_rng(seed).uniform(*SCALE, (2 + seed % 8, 2))
    result = relabel(table(points), "kmeans", SCALE, seed=0)
    centres = best_split(points)
    row = result.thresholds.iloc[0]
    np.testing.assert_allclose(
        row[CENTRES].to_numpy(float).reshape(2, 2), centres[centres[:, 0].argsort()]
    )
    np.testing.assert_allclose([row["valence"], row["arousal"]], centres.mean(0))
    assert result.labels["valence"].tolist() == (points[:, 0] > centres[:, 0].mean()).tolist()
    assert result.labels["arousal"].tolist() == (points[:, 1] > centres[:, 1].mean()).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_no_wider_than_those_of_scikit_learn(seed):
    points = np.round(np.random.default_rng(seed).uniform(*SCALE, (40, 2)), 1)
    ours = relabel(table(points), "kmeans", SCALE, seed=0).thresholds[CENTRES].to_numpy(float)
    distance = ((points[:, None] - ours.reshape(2, 2)) ** 2).sum(axis=-1)
    other = KMeans(2, n_init=50, random_state=0).fit(points)
    assert distance.min(axis=1).sum() <= other.inertia_ * (1 + 1e-9)


@pytest.mark.parametrize("n_trials", [2, 4, 8, 20])
def test_ratings_that_differ_by_rounding_alone_are_one_point(n_trials):
    points = 5 + np.random.default_rng(n_trials).integers(0, 5, (n_trials, 2)) * 1e-15
    row = relabel(table(points), "kmeans", SCALE, seed=0).thresholds.iloc[0]
    assert row["fallback"]
    assert (row["valence"], row["arousal"]) == (sum(SCALE) / 2, sum(SCALE) / 2)


@given(
    arrays(float, st.tuples(st.integers(2, 12), st.just(2)), elements=st.floats(1, 9)),
    st.sampled_from([1.0, 1e-3, 1e-8, 1e-12]),
)
@settings(max_examples=60, deadline=None)
def test_ratings_as_near_as_may_be_have_a_threshold_among_them(points, spread):
    points = 5 + (points - 5) * spread
    row = relabel(table(points), "kmeans", SCALE, seed=0).thresholds.iloc[0]
    if not row["fallback"]:
        for target, column in (("valence", points[:, 0]), ("arousal", points[:, 1])):
            assert column.min() - 1e-9 <= row[target] <= column.max() + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_result_does_not_depend_on_the_order_of_trials(method):
    ratings = random_ratings(1)
    ratings[["valence", "arousal"]] = ratings[["valence", "arousal"]].round()
    shuffled = ratings.sample(frac=1, random_state=3)
    first, second = (relabel(r, method, SCALE, seed=4) for r in (ratings, shuffled))
    pd.testing.assert_frame_equal(first.thresholds, second.thresholds, check_exact=True)
    keys = ["subject", "stimulus"]
    pd.testing.assert_frame_equal(
        first.labels.sort_values(keys, ignore_index=True),
        second.labels.sort_values(keys, ignore_index=True),
    )
    assert second.labels[keys].to_numpy().tolist() == shuffled[keys].to_numpy().tolist()


def test_every_subject_has_an_own_threshold():
    low, high = random_ratings(2, 1), random_ratings(2, 1)
    low["valence"] = 1 + (low["valence"] - 1) / 4
    high["valence"] = 7 + (high["valence"] - 1) / 4
    both = pd.concat([low.assign(subject="low"), high.assign(subject="high")])
    result = relabel(both, "median", SCALE, seed=0)
    thresholds = result.thresholds.set_index("subject")["valence"]
    assert thresholds["low"] < 3 < 7 < thresholds["high"]
    assert result.labels.groupby("subject")["valence"].sum().tolist() == [7, 7]
    fixed = relabel(both, "fixed", SCALE, seed=0)
    assert fixed.labels.groupby("subject")["valence"].sum().to_dict() == {"high": 15, "low": 0}


@pytest.mark.parametrize(
    ("method", "expected"), [("fixed", (5, 5)), ("median", (4, 6)), ("mean", (4.5, 5.5))]
)
def test_plain_thresholds(method, expected):
    result = relabel(table([(2, 6), (4, 8), (4, 2), (8, 6)]), method, SCALE, seed=0)
    row = result.thresholds.iloc[0]
    assert (row["valence"], row["arousal"]) == expected
    assert row[CENTRES].isna().all()
    assert not row["fallback"]
    assert row["n_trials"] == 4


def test_rating_on_the_threshold_is_low():
    result = relabel(table([(5, 5), (5.001, 4.999), (1, 9)]), "fixed", SCALE, seed=0)
    assert result.labels["valence"].tolist() == [0, 1, 0]
    assert result.labels["arousal"].tolist() == [0, 0, 1]
    median = relabel(table([(1, 1), (5, 5), (9, 9)]), "median", SCALE, seed=0)
    assert median.labels["valence"].tolist() == [0, 0, 1]


def exact_midpoint(points):
    """Of the best of all splits of whole numbers into two, in fractions."""
    splits = []
    for rest in product((False, True), repeat=len(points) - 1):
        if all(rest):
            continue
        sides = (True, *rest)
        groups = [
            [point for point, side in zip(points, sides, strict=True) if side is wanted]
            for wanted in (True, False)
        ]
        centres = [
            [Fraction(sum(axis), len(axis)) for axis in zip(*group, strict=True)]
            for group in groups
        ]
        inertia = sum(
            (x - c) ** 2
            for group, centre in zip(groups, centres, strict=True)
            for point in group
            for x, c in zip(point, centre, strict=True)
        )
        splits.append((inertia, [(a + b) / 2 for a, b in zip(*centres, strict=True)]))
    (best, midpoint), (second, _) = sorted(splits)[:2]
    assert best < second
    return midpoint


@pytest.mark.parametrize(
    "points",
    [
        [(9, 4), (7, 8), (4, 1), (7, 9)],
        [(0, 9), (2, 0), (5, 8), (2, 4), (9, 2), (5, 7)],
        [(5, 3), (0, 1), (0, 9), (1, 4)],
        [(2, 5), (10, 9), (0, 1), (4, 10)],
        [(4, 8), (7, 9), (3, 0), (7, 6), (1, 0)],
        [(2, 4), (5, 2), (8, 7), (8, 0), (5, 8), (2, 9)],
    ],
)
def test_rating_on_the_midpoint_is_low_whatever_the_rounding(points):
    midpoint = exact_midpoint(points)
    assert any(point[k] == midpoint[k] for point in points for k in (0, 1))
    ratings = table([(v / 10, a / 10) for v, a in points])
    result = relabel(ratings, "kmeans", (0.0, 1.0), seed=0)
    for k, target in enumerate(("valence", "arousal")):
        assert result.labels[target].tolist() == [point[k] > midpoint[k] for point in points]


def test_rating_on_the_mean_is_low_whatever_the_rounding():
    tenths = np.array([(v, a) for v in range(11) for a in range(11)])
    for low, high in tenths[tenths[:, 0] < tenths[:, 1]]:
        ratings = table([(x / 10, 0.5) for x in (low, (low + high) / 2, high)])
        result = relabel(ratings, "mean", (0.0, 1.0), seed=0)
        assert result.labels["valence"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("method", ["kmeans", "median", "mean"])
@pytest.mark.parametrize(
    ("points", "n_trials"),
    [
        ([(6, 2)], 1),
        ([(6, 2)] * 4, 4),
        ([(6, np.nan), (3, 2), (np.nan, 7)], 1),
        ([(np.nan, np.nan)], 0),
    ],
)
def test_too_few_distinct_points_fall_back_to_the_scale(method, points, n_trials):
    result = relabel(table(points), method, SCALE, seed=0)
    row = result.thresholds.iloc[0]
    assert row["fallback"]
    assert row["n_trials"] == n_trials
    assert (row["valence"], row["arousal"]) == (5, 5)
    assert row[CENTRES].isna().all()
    assert result.labels["valence"].iloc[0] == (-1 if np.isnan(points[0][0]) else 1)


@pytest.mark.parametrize("method", METHODS)
def test_incomplete_trials_are_labelled_but_do_not_move_the_threshold(method):
    complete = random_ratings(5, n_subjects=1)
    extra = table([(9, np.nan), (np.nan, 1), (np.nan, np.nan)], "s0")
    result = relabel(pd.concat([complete, extra]), method, SCALE, seed=0)
    alone = relabel(complete, method, SCALE, seed=0)
    pd.testing.assert_frame_equal(result.thresholds, alone.thresholds)
    assert result.labels["valence"].tolist()[-3:] == [1, -1, -1]
    assert result.labels["arousal"].tolist()[-3:] == [-1, 0, -1]
    assert result.thresholds["n_trials"].tolist() == [15]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=12),
    st.sampled_from(METHODS),
)
def test_labels_follow_from_the_thresholds(points, method):
    ratings = table([(1 + v, 1 + a) for v, a in points])
    result = relabel(ratings, method, SCALE, seed=0)
    row = result.thresholds.iloc[0]
    for target in ("valence", "arousal"):
        assert ratings[target].min() <= row[target] or method == "fixed" or row["fallback"]
        above = ratings[target] > row[target] + 1e-9 * (SCALE[1] - SCALE[0])
        assert result.labels[target].tolist() == above.tolist()
    counts = class_counts(result.labels).set_index("target")
    assert (counts["n_high"] + counts["n_low"] == len(points)).all()
    assert counts.loc["arousal", "n_high"] == (result.labels["arousal"] == 1).sum()


def test_same_seed_gives_the_same_result():
    ratings = random_ratings(8)
    first, second = (relabel(ratings, "kmeans", SCALE, seed=11) for _ in range(2))
    pd.testing.assert_frame_equal(first.thresholds, second.thresholds, check_exact=True)


def test_class_counts_leave_out_what_has_no_rating():
    labels = pd.DataFrame({"valence": [1, 0, -1, 1], "arousal": [-1, -1, 0, 0]})
    assert class_counts(labels).to_numpy().tolist() == [["valence", 2, 1], ["arousal", 0, 2]]


def test_correlation_is_pearson_on_ranks_with_the_t_distribution():
    rng = np.random.default_rng(0)
    ratings = table(np.clip(np.round(rng.multivariate_normal([5, 5], [[3, 1], [1, 3]], 80)), 1, 9))
    ratings.loc[[3, 9], "valence"] = np.nan
    ratings.loc[[9, 20], "arousal"] = np.nan
    r, p = rating_correlation(ratings)
    ranks = ratings[["valence", "arousal"]].dropna().rank()
    expected = np.corrcoef(ranks["valence"], ranks["arousal"])[0, 1]
    t = expected * np.sqrt((len(ranks) - 2) / (1 - expected**2))
    assert len(ranks) == 77
    assert r == pytest.approx(expected)
    assert p == pytest.approx(2 * stats.t.sf(abs(t), len(ranks) - 2))


@pytest.mark.parametrize("points", [[], [(1, 2), (3, 4)], [(5, 1), (5, 2), (5, 3)]])
def test_correlation_without_enough_ratings_is_nan(points):
    assert np.isnan(rating_correlation(table(points))).all()


def test_refuses_unknown_methods_and_ratings_outside_the_scale():
    with pytest.raises(RtcanError, match="'quantile'"):
        relabel(random_ratings(0), "quantile", SCALE, seed=0)
    with pytest.raises(RtcanError, match=r"s0 rated the valence of song\d+ .* 0 to 1 \(\d+ such"):
        relabel(random_ratings(0), "kmeans", (0.0, 1.0), seed=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [-1, 2**32])
def test_refuses_seeds_that_kmeans_cannot_take(method, seed):
    with pytest.raises(RtcanError, match=rf"between 0 and 4294967295, not be {seed}$"):
        relabel(random_ratings(0, n_subjects=1), method, SCALE, seed=seed)
    relabel(random_ratings(0, n_subjects=1), method, SCALE, seed=2**32 - 1)


def test_no_ratings_give_empty_tables():
    result = relabel(random_ratings(0).iloc[:0], "kmeans", SCALE, seed=0)
    assert result.labels.empty
    assert result.thresholds.empty
    assert class_counts(result.labels)["n_high"].tolist() == [0, 0]


def stimuli(means):
    return pd.DataFrame(
        [(name, *pair) for name, pair in means.items()],
        columns=["stimulus", "valence_mean", "arousal_mean"],
    )


def test_every_listener_has_the_label_of_the_songs_mean():
    trials = pd.DataFrame(
        [(f"s{i}", song) for i in range(3) for song in ("a", "b", "c", "d")],
        columns=["subject", "stimulus"],
    ).sample(frac=1, random_state=1)
    means = {"d": (5, np.nan), "b": (1, 5.01), "a": (9, 4.99), "unheard": (2, 2)}
    labels = label_by_stimulus(trials, stimuli(means), SCALE)
    assert labels[["subject", "stimulus"]].to_numpy().tolist() == trials.to_numpy().tolist()
    expected = {"a": (1, 0), "b": (0, 1), "c": (-1, -1), "d": (0, -1)}
    for row in labels.itertuples():
        assert (row.valence, row.arousal) == expected[row.stimulus]


def test_means_need_no_ratings_and_agree_with_a_fixed_threshold():
    ratings = random_ratings(4)
    ratings["stimulus"] = ratings["subject"] + ratings["stimulus"]
    means = ratings.rename(columns={"valence": "valence_mean", "arousal": "arousal_mean"})
    labels = label_by_stimulus(ratings[["subject", "stimulus"]], means, SCALE)
    pd.testing.assert_frame_equal(labels, relabel(ratings, "fixed", SCALE, seed=0).labels)


def test_means_outside_the_scale_are_refused():
    with pytest.raises(RtcanError, match=r"mean arousal of song0 is 9\.5, outside the scale 1"):
        label_by_stimulus(table([(1, 1)]), stimuli({"song0": (1, 9.5)}), SCALE)


@pytest.mark.parametrize("threads", [1, 2])
def test_of_two_clusterings_that_are_equally_good_the_same_is_taken_whatever_the_threads(threads):
    """Scikit-learn sums distances in another order on two threads, so rounding chose."""
    valence = [3, 4, 6, 4, 5, 3, 5, 6, 4, 5, 7, 5, 7, 7, 8, 4, 7]
    arousal = [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7]
    points = np.column_stack([valence, arousal]) / 8
    with threadpool_limits(threads):
        result = relabel(table(points), "kmeans", (0.0, 1.0), seed=0)
    centres = result.thresholds[CENTRES].to_numpy()[0]
    np.testing.assert_allclose(centres, [17 / 32, 3 / 8, 7 / 9, 13 / 18], rtol=1e-12)


@pytest.mark.parametrize("valence", [[1, 2, 3], [1, 2, 3, 4, 5], [1, 1, 2, 3, 3, 3]])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_correlation_of_a_few_ratings_is_not_beyond_doubt(
    valence: list[int], sign: int
) -> None:
    """SciPy's p is 0 then, as its t statistic is infinite. All orders are counted here."""
    ratings = pd.DataFrame({"valence": valence, "arousal": [sign * 2 * v + 9 for v in valence]})
    r, p = rating_correlation(ratings)
    orders = [stats.spearmanr(valence, each).statistic for each in permutations(valence)]
    assert r == pytest.approx(sign)
    exact = np.mean(np.abs(orders) > 1 - 1e-9)
    # With uneven ties, none of the other orders is quite the opposite: p is a little too large.
    assert exact <= p + 1e-12 <= 2 * exact + 1e-9
    assert p < 1

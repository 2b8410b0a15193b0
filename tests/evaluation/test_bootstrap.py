from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import bootstrap
from rtcan_cli.evaluation.bootstrap import (
    difference_intervals,
    intervals,
    paired_trials,
    ratio_intervals,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def by_hand(trials: pd.DataFrame) -> dict[str, float]:
    """Score trials with scikit-learn: called classes pooled, areas averaged over folds."""
    truth, p = trials["label"], trials["probability"]
    called = p > 0.5
    found = {
        "accuracy": metrics.accuracy_score(truth, called),
        "f1": metrics.f1_score(truth, called, zero_division=0),
        "brier": metrics.brier_score_loss(truth, p, pos_label=1),
        "auc": np.nan,
        "average_precision": np.nan,
    }
    folds = [fold for _, fold in trials.groupby("fold") if fold["label"].nunique() == 2]
    for name, score in (
        ("auc", metrics.roc_auc_score),
        ("average_precision", metrics.average_precision_score),
    ):
        if folds:
            each = [score(fold["label"], fold["probability"]) for fold in folds]
            found[name] = np.average(each, weights=[len(fold) for fold in folds])
    return found


rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 1),
        st.integers(1, 3),
        st.sampled_from([0.0, 0.1, 0.5, 0.6, 0.61, 1.0]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_a_weight_is_as_good_as_repeating_the_trials_of_the_subject(each):
    subject, label, fold, probability, _ = (np.array(column) for column in zip(*each, strict=True))
    trials = pd.DataFrame(
        {"subject": subject, "label": label, "fold": fold, "probability": probability}
    )
    names, first = np.unique(subject, return_index=True)
    weights = np.array([each[k][4] for k in first])
    repeated = pd.concat(
        [
            trials[trials["subject"] == name]
            for name, n in zip(names, weights, strict=True)
            for _ in range(n)
        ]
        or [trials[:0]]
    )
    subjects = bootstrap._Subjects(trials, None)
    ones, weighted = np.ones(len(names)), weights.astype(float)
    if len(repeated):
        found = subjects.scores(np.stack([ones, weighted]))
        for k, expected in enumerate(map(by_hand, (trials, repeated))):
            for name, value in expected.items():
                assert found[name][k] == pytest.approx(value, nan_ok=True), name


def test_above_majority_is_the_accuracy_less_that_of_one_class_for_all_tested_trials(simulate):
    trials = simulate(1)
    found = intervals(trials, n_resamples=50)["estimate"]
    share = trials["label"].mean()
    baseline = max(share, 1 - share)
    assert found["above_majority"] == pytest.approx(found["accuracy"] - baseline)
    # Nobody is better than another run at saying the same class: it is no score of a difference.
    assert "above_majority" not in difference_intervals(trials, trials, n_resamples=50).index


def test_bounds_are_those_of_a_plain_loop_over_drawn_subjects(simulate):
    trials = simulate(3, n_subjects=25, n_folds=1)
    found = intervals(trials, n_resamples=4000, seed=5).loc[["accuracy", "auc"]]
    rng = np.random.default_rng(8)
    label, p = (trials[name].to_numpy().reshape(25, -1) for name in ("label", "probability"))
    drawn = []
    for _ in range(1000):
        who = rng.integers(25, size=25)
        truth, answer = label[who].ravel(), p[who].ravel()
        pairs = np.sign(answer[truth == 1][:, None] - answer[truth == 0])
        drawn.append((np.mean((answer > 0.5) == truth), (1 + pairs.mean()) / 2))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    # Wider than these percentiles by sqrt(25/24), and by 2.064 (t with 24 df) for 1.960.
    wider = np.sqrt(25 / 24) * 2.064 / 1.96
    np.testing.assert_allclose(found["high"] - found["low"], (high - low) * wider, rtol=0.1)
    np.testing.assert_allclose(found["high"] + found["low"], high + low, rtol=0.02)


def test_the_interval_of_a_mean_is_that_of_the_t_distribution():
    rng = np.random.default_rng(2)
    drawn, k = rng.normal(3, np.sqrt(9 / 10), 200_000), 10  # the variance of drawing k anew
    low, high = bootstrap.percentile_interval(drawn, k)
    expected = stats.t.interval(0.95, k - 1, loc=3, scale=1)
    assert (low, high) == pytest.approx(expected, abs=0.03)


def coverage(simulate, names: list[str], n: int, alone: bool) -> NDArray[np.int64]:
    """Count intervals that hold the scores of very many subjects."""
    whole = by_hand(simulate(0, n_subjects=6000))
    truth = np.array([whole[name] for name in names])
    hits = np.zeros(len(names), dtype=int)
    for seed in range(1, n + 1):
        trials = simulate(seed)
        if alone:
            trials["subject"] = [str(k) for k in range(len(trials))]
        rows = intervals(trials, n_resamples=150, seed=seed).loc[names]
        hits += (rows["low"] <= truth) & (truth <= rows["high"])
    return hits


@pytest.mark.long
def test_intervals_hold_the_true_score_and_those_over_trials_do_not(simulate):
    n, names = 100, ["accuracy", "auc"]
    few, many = stats.binom.ppf((0.001, 0.999), n, 0.95)
    found = coverage(simulate, names, n, alone=False)
    assert (few <= found).all()
    assert (found <= many).all()
    assert (coverage(simulate, names, n, alone=True) < few).all()


def test_the_same_seed_gives_the_same_bounds_in_any_order_of_trials(simulate):
    trials = simulate(4)
    one = intervals(trials, n_resamples=100, seed=1)
    shuffled = trials.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(one, intervals(shuffled, n_resamples=100, seed=1))
    assert not one.equals(intervals(trials, n_resamples=100, seed=2))


def test_batches_change_nothing(simulate, monkeypatch):
    trials = simulate(4)
    one = intervals(trials, n_resamples=100)
    monkeypatch.setattr(bootstrap, "BATCH", 7)
    pd.testing.assert_frame_equal(one, intervals(trials, n_resamples=100))


def test_trials_that_no_fold_tested_do_not_count(simulate):
    trials = simulate(4)
    more = pd.concat([trials, simulate(9).assign(probability=np.nan, fold=0)])
    pd.testing.assert_frame_equal(
        intervals(trials, n_resamples=50), intervals(more, n_resamples=50)
    )


def test_what_cannot_be_scored_is_nan(simulate):
    trials = simulate(4)
    one_class = intervals(trials.assign(label=1), n_resamples=50)
    undefined = ["auc", "average_precision", "balanced_accuracy", "macro_f1", "mcc"]
    assert one_class.loc[undefined, ["estimate", "low", "high"]].isna().all(axis=None)
    assert (one_class.loc[undefined, "n_resamples"] == 0).all()
    assert one_class.loc["accuracy"].notna().all()
    alone = intervals(trials[trials["subject"] == "s00001"], n_resamples=50)
    assert alone.loc["accuracy"].notna().tolist() == [True, False, False, True]
    with pytest.raises(RtcanError, match="no trial"):
        intervals(trials.assign(probability=np.nan))


def test_a_difference_is_between_the_same_subjects(simulate):
    one = simulate(5)
    other = one.assign(probability=one["probability"].where(one.index % 10 > 0, 0.5))
    found = difference_intervals(one, other.sample(frac=1, random_state=0), n_resamples=500)
    alone = intervals(one, n_resamples=500).drop(index="above_majority")
    np.testing.assert_allclose(found["one"], alone["estimate"])
    np.testing.assert_allclose(found["difference"], found["one"] - found["other"])
    # The runs share nine in ten answers, so their difference varies less than either.
    width, own = ((table["high"] - table["low"])[["accuracy", "auc"]] for table in (found, alone))
    assert (width < own / 2).all()
    same = difference_intervals(one, one, n_resamples=50)
    assert (same[["difference", "low", "high"]] == 0).all(axis=None)


def test_runs_are_paired_on_trials_that_both_tested(simulate):
    one, other = simulate(5), simulate(5)
    one.loc[:9, "probability"], other = np.nan, other[5:-3]
    first, second = paired_trials(one, other)
    assert len(first) == len(second) == len(one) - 10 - 3
    keys = ["subject", "stimulus", "label"]
    pd.testing.assert_frame_equal(first[keys], second[keys])


def test_runs_that_cannot_be_paired_are_refused(simulate):
    one = simulate(5)
    with pytest.raises(RtcanError, match=r"label 1 of their 450"):
        paired_trials(one, one.assign(label=np.r_[1 - one["label"][0], one["label"][1:]]))
    with pytest.raises(RtcanError, match="no tested trial in common"):
        paired_trials(one, one.assign(subject="x"))
    again = one.assign(stimulus="song", repetition=one.groupby("subject").cumcount() + 1)
    for each in paired_trials(again, again.sample(frac=1, random_state=0)):
        pd.testing.assert_series_equal(
            each["probability"],
            again.sort_values(["subject", "repetition"])["probability"],
            check_index=False,
        )
    with pytest.raises(RtcanError, match="was tested more than once"):
        paired_trials(*[again.drop(columns="repetition")] * 2)


def test_ratio_intervals_of_means_are_those_of_subject_means() -> None:
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(20), 6)
    value = rng.normal(size=20)[subject] + rng.normal(size=120)
    ones = np.ones(120)
    found = ratio_intervals({"mean": (value, ones), "half": (value, 2 * ones)}, subject)
    means = value.reshape(20, 6).mean(axis=1)
    reach = stats.t.ppf(0.975, 19) * means.std(ddof=1) / np.sqrt(20)
    expected = [means.mean(), means.mean() - reach, means.mean() + reach]
    np.testing.assert_allclose(found.loc["mean"], expected, atol=0.1 * reach)
    np.testing.assert_allclose(found.loc["half"], found.loc["mean"] / 2)
    one = ratio_intervals({"mean": (value, ones)}, np.zeros(120))
    assert one.loc["mean", "estimate"] == pytest.approx(value.mean())
    assert one[["low", "high"]].isna().all(axis=None)


def test_trials_weigh_the_same_in_a_ratio_whosever_they_are() -> None:
    value, subject = np.array([1.0, 1, 1, 5]), np.array(["a", "a", "a", "b"])
    found = ratio_intervals({"mean": (value, np.ones(4))}, subject)
    assert found.loc["mean", "estimate"] == 2


def test_seeds_are_averaged_in_each_sample_of_subjects() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 200)
    same = {"subject": np.repeat(np.arange(20), 10), "stimulus": np.tile(np.arange(10), 20)}
    seeds = [
        pd.DataFrame({**same, "label": label, "fold": 1, "probability": rng.random(200)})
        for _ in range(3)
    ]
    found, each = intervals(seeds), [intervals(trials) for trials in seeds]
    mean = np.mean([table["estimate"] for table in each], axis=0)
    np.testing.assert_allclose(found["estimate"], mean)
    # The same seed three times is no more sure than once; three seeds are.
    pd.testing.assert_frame_equal(intervals([seeds[0]] * 3), each[0])
    width = found.loc["accuracy", "high"] - found.loc["accuracy", "low"]
    assert width < min(
        table.loc["accuracy", "high"] - table.loc["accuracy", "low"] for table in each
    )
    # Only trials that all seeds have tested count.
    fewer = [seeds[0], seeds[1].iloc[:150]]
    alone = intervals(seeds[0].iloc[:150]).loc["brier", "estimate"]
    other = intervals(seeds[1].iloc[:150]).loc["brier", "estimate"]
    assert intervals(fewer).loc["brier", "estimate"] == pytest.approx((alone + other) / 2)

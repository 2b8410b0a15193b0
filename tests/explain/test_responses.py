from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy

from rtcan_cli.explain.responses import LAGS, NULLS, STEP, cumulative, lock, mean_of_known

LENGTH, SECONDS = 400, 40.0
WINDOW = (-1.0, 1.0)


def trials(n, seed, follow):
    """Maps with a bump at each event if they follow them, or else at other times."""
    rng = np.random.default_rng(seed)
    events = [np.sort(rng.uniform(0, SECONDS, 4)) for _ in range(n)]
    time = (np.arange(LENGTH) + 0.5) * SECONDS / LENGTH
    weight = np.empty((n, LENGTH))
    for row, own in zip(weight, events, strict=True):
        at = own if follow else rng.uniform(0, SECONDS, 4)
        row[:] = 0.3 + np.exp(-((time[:, None] - at) ** 2)).sum(axis=1)
    subject = np.array([f"s{k % 8}" for k in range(n)])
    return weight / weight.mean(axis=1, keepdims=True), events, subject


def locked(weight, events, subject, n_permutations=199, seed=0, network=None):
    n = len(weight)
    network = np.zeros(n) if network is None else network
    return lock(
        cumulative(weight),
        np.full(n, SECONDS),
        events,
        subject,
        network,
        WINDOW,
        n_permutations=n_permutations,
        seed=seed,
    )


def test_weight_that_follows_the_events_is_found_where_they_are():
    found = locked(*trials(32, 0, follow=True))
    assert abs(found.seconds[np.argmax(found.curve.mean)]) <= STEP
    assert found.weight > 1.5
    assert found.n_events == 4 * 32
    for name in NULLS:
        assert found.nulls[name].p_value == 1 / 200
        assert found.nulls[name].expected == pytest.approx(1, abs=0.1)


def test_weight_that_does_not_is_found_about_as_often_as_it_should():
    p = np.array(
        [
            [
                locked(*trials(12, seed, follow=False), 49, seed).nulls[name].p_value
                for name in NULLS
            ]
            for seed in range(1, 31)
        ]
    )
    # 30 draws at a level of 20 %: 6 expected, 0 or more than 13 in one case of five hundred.
    assert (((p <= 0.2).sum(axis=0) >= 1) & ((p <= 0.2).sum(axis=0) <= 13)).all()


def test_what_all_maps_share_is_no_response():
    # All maps and all events lie in the middle: no trial knows its own events.
    rng = np.random.default_rng(2)
    time = (np.arange(LENGTH) + 0.5) * SECONDS / LENGTH
    weight = np.tile(np.exp(-(((time - 20) / 5) ** 2)), (24, 1))
    weight /= weight.mean(axis=1, keepdims=True)
    events = [rng.uniform(17, 23, 3) for _ in range(24)]
    found = locked(weight, events, np.array([f"s{k % 6}" for k in range(24)]))
    assert found.nulls["random times"].p_value == 1 / 200
    assert found.nulls["other trials"].p_value == 1
    assert found.nulls["other trials"].expected == pytest.approx(found.weight)


def test_mean_around_events_is_that_of_a_loop():
    weight, events, subject = trials(6, 3, follow=False)
    events[1] = np.zeros(0)
    found = locked(weight, events, subject, 3)
    n_bins = round(SECONDS / STEP)
    fine = weight.reshape(6, n_bins, -1).mean(axis=2) if LENGTH % n_bins == 0 else None
    if fine is None:  # bins do not meet samples: average what is held constant between them
        fine = np.repeat(weight, n_bins, axis=1).reshape(6, n_bins, LENGTH).mean(axis=2)
    for k, lag in enumerate(LAGS):
        by_subject = []
        for i in range(6):
            where = np.floor(events[i] / STEP).astype(int) + lag
            where = where[(where >= 0) & (where < n_bins)]
            if len(where):
                by_subject.append(fine[i, where].mean())
        np.testing.assert_allclose(found.curve.mean[k], np.mean(by_subject))


def test_the_interval_in_the_window_is_that_of_the_subjects_means_there():
    weight, events, subject = trials(40, 4, follow=False)
    # In the middle, so that all times around an event are in the trial.
    events = [np.clip(each, 8, SECONDS - 12) for each in events]
    found = locked(weight, events, subject)
    n_bins = round(SECONDS / STEP)
    edges, every = np.linspace(0, LENGTH, n_bins + 1), np.arange(LENGTH + 1)
    total = [np.interp(edges, every, np.append(0, row.cumsum())) for row in weight]
    binned = np.diff(total, axis=1) * n_bins / LENGTH
    steps = np.arange(round(WINDOW[0] / STEP), round(WINDOW[1] / STEP) + 1)
    of_trial = [
        np.mean([row[int(at / STEP) + steps] for at in own])
        for row, own in zip(binned, events, strict=True)
    ]
    of_subject = pd.Series(of_trial).groupby(subject).mean()
    low, high = scipy.stats.t.interval(
        0.95, len(of_subject) - 1, of_subject.mean(), scipy.stats.sem(of_subject)
    )
    assert found.weight == pytest.approx(of_subject.mean())
    assert (found.low, found.high) == pytest.approx((low, high))


def test_without_events_there_is_nothing_to_test():
    weight, _, subject = trials(3, 0, follow=False)
    assert locked(weight, [np.zeros(0)] * 3, subject) is None


def test_one_subject_has_a_mean_and_no_interval():
    weight, events, subject = trials(2, 0, follow=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = locked(weight, events, np.full_like(subject, "s0"))
    assert found.weight > 1.5
    assert np.isnan(found.curve.low).all()
    assert np.isnan(mean_of_known(found.curve.low))
    assert np.isnan([found.low, found.high]).all()
    assert mean_of_known(np.array([np.nan, 1.0, 2.0])) == 1.5

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtcan_cli.eda.artefacts import KINDS, Limits, find_artefacts
from rtcan_cli.eda.quality.inspection import inspect
from rtcan_cli.eda.quality.rules import DETECTABLE, Rules
from rtcan_cli.eda.sensor import resolution
from rtcan_cli.eda.stretches import find_stuck
from tests.eda.damage import Case, cases, clean, damaged, outcome

NAN = np.nan
(HAND,) = clean(1, 16.0, 60.0, 0.0015, seed=5)


def with_values(where: slice, value: float) -> np.ndarray:
    eda = HAND.eda.copy()
    eda[where] = value
    return eda


@pytest.mark.parametrize("rate", [2.0, 4.0, 16.0, 50.0, 128.0])
@pytest.mark.parametrize("noise", [0.0, 0.0015, 0.03])
@pytest.mark.parametrize("step", [0.0, 0.00128, 0.02])
@pytest.mark.parametrize("absolute", [True, False])
def test_clean_recordings_are_not_touched(rate, noise, step, absolute):
    for each in clean(4, rate, 40.0, noise):
        eda = step * np.round(each.eda / step) if step else each.eda
        found = find_artefacts(eda, rate, absolute=absolute)
        np.testing.assert_array_equal(found.eda, eda)
        assert not found.steps.size


@pytest.mark.parametrize(("kind", "seconds"), cases())
@pytest.mark.parametrize("rate", [8.0, 16.0])
def test_what_is_damaged_is_repaired_or_left_out(kind, seconds, rate):
    for each in clean(2, rate, 40.0, 0.0015):
        found = outcome(Case(each, kind, seconds, 0.0))
        whole = outcome(Case(each, "none", 0.0, 0.0))
        assert found.touched
        # At a low rate, the penalty takes a short jump for noise: it does less harm.
        assert found.before < (0.96 if (kind, seconds, rate) == ("contact", 0.3, 8.0) else 0.8)
        assert found.after is None or found.after > whole.before - 0.02
        assert (found.after is None) == (seconds > 1)


@pytest.mark.parametrize(
    ("value", "kind"), [(0.0, "zeros"), (-1.0, "sentinels"), (9999.0, "sentinels")]
)
@pytest.mark.parametrize("absolute", [True, False])
def test_codes_are_known_in_any_unit(value, kind, absolute):
    where = slice(300, 312)
    found = find_artefacts(with_values(where, value), HAND.rate, absolute=absolute)
    assert np.flatnonzero(found.kinds[kind]).tolist() == list(range(300, 312))
    assert np.isnan(found.eda).sum() == 12
    assert sum(mask.sum() for mask in found.kinds.values()) == 12


def test_a_relative_signal_may_pass_through_any_number():
    """Such as a z-scored one through 0 and -1."""
    counts = np.round(40 * (HAND.eda - HAND.eda.mean()) / HAND.eda.std())
    assert {0.0, -1.0, -9.0} <= set(counts)
    np.testing.assert_array_equal(find_artefacts(counts, HAND.rate, absolute=False).eda, counts)


def test_range_and_slope_are_for_microsiemens_alone():
    eda = 100 * HAND.eda
    assert np.isnan(find_artefacts(eda, HAND.rate, absolute=True).eda).any()
    np.testing.assert_array_equal(find_artefacts(eda, HAND.rate, absolute=False).eda, eda)
    wide = Limits(-math.inf, math.inf, math.inf)
    np.testing.assert_array_equal(find_artefacts(eda, HAND.rate, wide, absolute=True).eda, eda)


def test_a_change_may_be_too_fast_though_the_recording_has_larger_ones():
    time = np.arange(0, 40, 1 / 16)
    eda = 30 + 25 * np.sin(time / 10)
    eda[300:305] += 4.0
    found = find_artefacts(eda, 16.0, absolute=True)
    assert found.kinds["too_fast"][300:305].all()
    assert np.isnan(found.eda).sum() < 13


def test_loose_contact_of_a_wristband_is_out_of_range():
    """As HKU956 has it: 0.035 uS with the noise of the sensor."""
    rng = np.random.default_rng(0)
    eda = with_values(slice(320, 960), 0.035)
    eda[320:] += 0.0012 * rng.standard_normal(640)
    found = inspect(eda, 16.0, absolute=True)
    assert found.quality.out_of_range == pytest.approx(2 / 3, abs=0.02)
    assert "outside 0.05 to 60 uS" in found.fault
    kept = inspect(eda, 16.0, rules=Rules(min_eda=0.0, max_steps=9, max_gap=60), absolute=True)
    assert kept.quality.out_of_range == 0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_where_responses_may_fall_they_are_not_dips(sign):
    """Resistance left as it is, or a unit that nobody states."""
    for each in clean(4, 16.0, 40.0, 0.0015):
        found = find_artefacts(sign * each.eda, 16.0, absolute=False, rises=False)
        assert not np.isnan(found.eda).any()
        assert not found.steps.size


def test_artefacts_are_kept_where_they_are_wanted():
    eda = with_values(slice(300, 312), 0.0)
    kept = inspect(eda, 16.0, rules=Rules(keep_artefacts=True), absolute=True)
    np.testing.assert_array_equal(kept.eda, eda)
    assert kept.quality.implausible == 0
    assert not np.array_equal(inspect(eda, 16.0, absolute=True).eda, eda)


def test_a_lasting_step_is_a_reason_of_its_own():
    eda = damaged(Case(HAND, "step", 20.0, 0.0))
    found = inspect(eda, 16.0, absolute=True)
    assert found.fault == "jumps of the level that does not come back: 1 (at most 0)"
    assert inspect(eda, 16.0, rules=Rules(max_steps=1), absolute=True).fault is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from([0.0, 0.04, 1.0, 1.1, 1.2, 3.0, 80.0, -1.0, NAN, math.inf]), max_size=80
    ),
    st.sampled_from([0.5, 4.0, 50.0]),
    st.booleans(),
    st.booleans(),
)
def test_each_sample_has_at_most_one_kind_and_the_rest_stays(values, rate, absolute, rises):
    eda = np.array(values)
    found = find_artefacts(eda, rate, absolute=absolute, rises=rises)
    masks = np.array([found.kinds[kind] for kind in KINDS])
    assert (masks.sum(axis=0) <= 1).all()
    lost = masks.any(axis=0)
    assert not lost[~np.isfinite(eda)].any(), "what is missing is not implausible as well"
    kept = np.isfinite(eda) & ~lost
    np.testing.assert_array_equal(found.eda[kept], eda[kept])
    assert np.isnan(found.eda[~kept]).all()


@pytest.mark.parametrize(("rate", "every"), [(50.0, 26), (4.0, 12)])
def test_what_is_bridged_beside_artefacts_counts_as_missing(rate, every):
    """The rules judge the samples that are used, and the figure marks what the table counts."""
    (each,) = clean(1, rate, 60.0, 0.0015)
    eda = each.eda.copy()
    eda[5::every] = 0.0
    lax = inspect(eda, rate, rules=Rules(max_missing=1.0), absolute=True)
    assert lax.quality.implausible == pytest.approx(1 / every, rel=0.05)
    beside = 2 * round(0.25 * rate)
    assert lax.quality.missing == pytest.approx((1 + beside) / every, rel=0.05)
    assert lax.quality.repaired == lax.repaired.mean()
    assert lax.quality.longest_gap == 1 / rate, "gaps do not grow by that"
    stuck = find_stuck(lax.eda, rate, lax.repaired)
    known = np.count_nonzero(~lax.repaired)
    assert lax.quality.flat == stuck.flat.sum() / known
    fault = inspect(eda, rate, absolute=True).fault
    assert fault.startswith(f"{100 * lax.quality.missing:.4g} % of the samples are missing")
    assert "0.25 s on both sides of them count as missing" in fault


def test_nothing_may_be_left_beside_artefacts():
    eda = with_values(slice(2, None, 6), 0.0)
    fault = inspect(eda, HAND.rate, rules=Rules(max_missing=1.0), absolute=True).fault
    assert fault.startswith("no sample is more than 0.25 s away from implausible ones: 16.")


def test_noise_is_not_a_measurement_of_the_skin():
    rng = np.random.default_rng(3)
    wrist = np.round((0.2 + 0.001 * rng.standard_normal(400)) / 0.00128) * 0.00128
    weak = inspect(wrist, 4.0, absolute=True)
    assert weak.quality.resolution == pytest.approx(0.00128)
    assert weak.quality.signal_to_noise < DETECTABLE
    assert weak.fault is None, "it is named, and used unless the user says otherwise"
    strict = Rules(min_signal_to_noise=DETECTABLE)
    assert "times its noise or resolution (at least 3)" in inspect(wrist, 4.0, rules=strict).fault
    hand = inspect(HAND.eda, 16.0, rules=strict)
    assert hand.quality.noise == pytest.approx(0.0015, rel=0.2)
    assert hand.quality.signal_to_noise > 10
    assert hand.fault is None


def test_resolution():
    assert resolution([1.0, 1.25, 1.25, 2.0]) == pytest.approx(0.25, abs=0.03)
    assert resolution([NAN, 2.0, 2.0]) == 0
    assert resolution([]) == 0

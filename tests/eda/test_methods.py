"""What holds for every decomposition that a user can choose, and for blocks of recordings."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rtcan_cli.choices import PUBLISHED_ALPHA
from rtcan_cli.eda import blocks, methods
from rtcan_cli.eda.blocks import PARTS, SIGNALS, Undecomposed, decompose_block
from rtcan_cli.eda.cvxeda.parameters import PUBLISHED, CvxedaParameters
from rtcan_cli.eda.cvxeda.structured import LONG
from rtcan_cli.eda.methods import TITLES, WITH_DRIVER, Method, cvxeda_method, method, method_of
from rtcan_cli.eda.noise import noise_sd
from rtcan_cli.eda.preprocess import zscore
from rtcan_cli.eda.resample import resample
from tests.eda.recordings import KINDS, awkward, simulated

METHODS = [method(name) for name in TITLES]
each_method = pytest.mark.parametrize("chosen", METHODS, ids=lambda m: m.name)


def alone(item: Undecomposed, chosen: Method) -> dict[str, np.ndarray]:
    return decompose_block([item], chosen)


@each_method
def test_same_after_pickling(chosen):
    y = simulated(20.0, 40, 0)
    again = pickle.loads(pickle.dumps(chosen))
    assert again.parameters == chosen.parameters
    assert np.array_equal(again.split(y, 20.0).phasic, chosen.split(y, 20.0).phasic)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([4.0, 13.26, 50.0]),
    st.floats(8, 40),
    st.sampled_from(KINDS),
    st.sampled_from(METHODS),
)
def test_parts_are_finite_and_add_up(seed, rate, seconds, kind, chosen):
    y = awkward(kind, rate, seconds, seed)
    parts = chosen.split(y, rate)
    assert all(np.isfinite(getattr(parts, name)).all() for name in SIGNALS)
    np.testing.assert_allclose(sum(getattr(parts, name) for name in PARTS), y, atol=1e-9)
    if chosen.name != "cda":  # whose driver may be negative
        assert parts.driver.min() >= 0
    if chosen.name not in WITH_DRIVER:
        assert not parts.driver.any()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-3, 3).map(lambda exponent: 10**exponent),
    st.floats(-100, 100),
    st.sampled_from(METHODS),
)
def test_unit_and_offset_of_a_recording_do_not_matter(seed, gain, offset, chosen):
    y = simulated(20.0, 30, seed % 1000)
    here = decompose_block([Undecomposed(y, 20.0, 20.0, "")], chosen)
    there = decompose_block([Undecomposed(gain * (y + offset), 20.0, 20.0, "")], chosen)
    for name in PARTS:
        np.testing.assert_allclose(there[name], here[name], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 20.0))
def test_cvxeda_scales_with_recording_and_penalty(seed, scale):
    # All terms of the objective then grow by the square of the scale.
    y = simulated(20.0, 30, seed)
    plain = cvxeda_method(PUBLISHED).split(y, 20.0)
    scaled = cvxeda_method(CvxedaParameters(alpha=scale * PUBLISHED_ALPHA)).split(scale * y, 20.0)
    assert scaled.objective == pytest.approx(scale**2 * plain.objective, rel=1e-6)
    np.testing.assert_allclose(scaled.residual, scale * plain.residual, atol=1e-4 * scale)
    np.testing.assert_allclose(scaled.phasic, scale * plain.phasic, atol=2e-3 * scale)


@pytest.mark.parametrize("name", ["highpass", "median"])
@given(st.floats(-3, 3), st.floats(-100, 100))
@settings(max_examples=20, deadline=None)
def test_plain_splits_are_linear_in_scale_and_shift_the_tonic_part(name, exponent, offset):
    y, gain = simulated(20.0, 30, 1), 10**exponent
    plain, changed = method(name).split(y, 20.0), method(name).split(gain * y + offset, 20.0)
    atol = 1e-9 * (gain + abs(offset))
    np.testing.assert_allclose(changed.phasic, gain * plain.phasic, atol=atol)
    np.testing.assert_allclose(changed.tonic, gain * plain.tonic + offset, atol=atol)


@each_method
def test_a_block_holds_what_each_recording_gives_alone_in_any_order(chosen):
    items = [
        Undecomposed(simulated(20.0, 30, 0), 20.0, 20.0, ""),
        Undecomposed(simulated(50.0, 25, 1), 50.0, 10.0, ""),
        Undecomposed(np.ones(600), 20.0, 20.0, ""),
        Undecomposed(simulated(20.0, 41, 2), 20.0, 20.0, "clipped"),
        Undecomposed(simulated(20.0, 41, 2), 20.0, 20.0, ""),
        Undecomposed(np.r_[np.nan, simulated(20.0, 30, 3)], 20.0, 20.0, ""),
    ]
    single = [alone(item, chosen) for item in items]
    for order in ([0, 1, 2, 3, 4, 5], [4, 0, 5, 2, 1, 3]):
        block = decompose_block([items[i] for i in order], chosen)
        for name in block.keys() - {"seconds"}:
            expected = np.concatenate([single[i][name] for i in order])
            np.testing.assert_array_equal(block[name], expected, err_msg=name)
    assert single[1]["samples"] == [250]
    assert [str(each["problem"][0])[:7] for each in single] == [
        "", "", "flat: e", "clipped", "", "1 of 60"
    ]  # fmt: skip
    assert [str(each["solver"][0]) != "" for each in single] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]


@each_method
def test_what_a_block_says_of_a_recording(chosen):
    y = simulated(50.0, 40, 4) + 3
    row = alone(Undecomposed(y, 50.0, 8.0, ""), chosen)
    parts = chosen.split(stats.zscore(resample(y, 50.0, 8.0)), 8.0)
    for name in SIGNALS:
        assert row[name].dtype == np.float32
        np.testing.assert_allclose(row[name], getattr(parts, name), atol=1e-5)
    for name in PARTS:
        assert row[f"{name}_variance"][0] == pytest.approx(np.var(getattr(parts, name)))
    assert row["seconds"][0] >= 0
    if chosen.name == "cvxeda":
        assert row["solver"][0] == "structured"
        assert 0 <= row["gap"][0] <= 1e-6 * row["objective"][0]
        assert row["iterations"][0] > 0
    else:
        assert row["solver"][0] == chosen.name
        assert np.isnan([row["gap"][0], row["objective"][0]]).all()


def test_the_general_solver_is_named():
    row = alone(
        Undecomposed(simulated(10.0, 20, 0), 10.0, 10.0, ""), cvxeda_method(solver="cvxopt")
    )
    assert row["solver"][0] == "cvxopt"


@pytest.mark.parametrize("parameters", [CvxedaParameters(), PUBLISHED, CvxedaParameters(gamma=0.1)])
def test_the_parameters_of_a_store_give_the_very_method_again(parameters):
    y = simulated(10.0, 20, 0)
    made = cvxeda_method(parameters, "structured")
    stored = json.loads(json.dumps({"decomposition": "cvxeda", "rate": 8.0, **made.parameters}))
    again = method_of(stored)
    assert again.parameters == made.parameters
    assert np.array_equal(again.split(y, 10.0).driver, made.split(y, 10.0).driver)


def test_the_parameters_of_a_store_of_an_earlier_version_give_the_published_method():
    stored = {"decomposition": "cvxeda", "solver": "auto", "tau0": 2.0, "tau1": 0.7,
              "knot_interval": 10.0, "alpha": 8e-4, "gamma": 0.01}  # fmt: skip
    assert method_of(stored).parameters == cvxeda_method(PUBLISHED).parameters
    # And so that store is still current for somebody who asks for the published penalty.
    assert cvxeda_method(PUBLISHED).parameters == {
        name: value for name, value in stored.items() if name != "decomposition"
    }


def test_a_row_has_the_noise_and_the_penalty():
    y = 3 + 0.2 * simulated(10.0, 30, 0)
    row = alone(Undecomposed(y, 10.0, 10.0, ""), cvxeda_method())
    assert row["noise"][0] == pytest.approx(noise_sd(zscore(y)))
    assert row["noise_recorded"][0] == pytest.approx(noise_sd(y))
    assert row["alpha"][0] >= PUBLISHED_ALPHA
    other = alone(Undecomposed(y, 10.0, 10.0, ""), method("highpass"))
    assert other["noise"] == row["noise"]
    assert np.isnan(other["alpha"][0])


def test_resampling_keeps_what_the_decomposition_finds():
    # Responses are slow: at 8 Hz nearly all of them is there.
    y = simulated(128.0, 60, 5)
    fast, slow = (cvxeda_method().split(zscore(resample(y, 128.0, r)), r) for r in (128.0, 8.0))
    assert np.corrcoef(fast.phasic[::16][: slow.phasic.size], slow.phasic)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("chosen", "longest", "tried"),
    [
        (cvxeda_method(), LONG, [600]),
        (cvxeda_method(), LONG + 1, [600, LONG + 1]),
        (cvxeda_method(solver="structured"), LONG + 1, [600, LONG + 1]),
        (cvxeda_method(solver="cvxopt"), LONG + 1, [600]),
        (method("cda"), LONG + 1, [600]),
        (method("median"), LONG + 1, [600]),
    ],
)
def test_only_the_structured_solver_gets_ready_for_long_recordings(
    chosen, longest, tried, monkeypatch
):
    found = []
    monkeypatch.setattr(methods, "_try_out", lambda *what: found.append(what[-1]))
    methods.get_ready(chosen, longest)
    assert found == tried


def test_what_a_block_gets_ready_for_is_as_long_as_it_is_after_resampling(monkeypatch):
    found = []
    monkeypatch.setattr(blocks, "get_ready", lambda chosen, longest: found.append(longest))
    eda = np.sin(np.arange(500 * 60) / 500)
    decompose_block([Undecomposed(eda, 500.0, 16.0, "")] * 2, method("median"))
    assert found == [960]


def test_a_store_that_is_made_already_needs_no_compiler():
    code = (
        "import sys, rtcan_cli.steps.signals.decompose, rtcan_cli.eda.methods as methods\n"
        "methods.cvxeda_method()\n"
        "print({'numba', 'llvmlite'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

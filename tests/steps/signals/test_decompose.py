"""Each recording's parts stand under it, whatever the method, the rate and interruptions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

from rtcan_cli import views
from rtcan_cli.eda.components import Components
from rtcan_cli.eda.methods import TITLES, deconvolution_method, method
from rtcan_cli.eda.resample import resample
from rtcan_cli.parallel import map_unordered
from rtcan_cli.steps.signals import blocks as recording_blocks
from rtcan_cli.steps.signals import decompose, decompose_work
from rtcan_cli.steps.signals.decompose import decompose_recordings, decomposition_result
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import SCHEMAS
from rtcan_cli.views.layout import table_lines
from tests.conftest import SMALL_TRAINING, SONG, SUBJECT, must, put_text, rtcan

COMMAND = ("decompose", "--jobs", "1", "-w")
BLOCK = 5000  # samples; the recordings here have 700


@pytest.fixture
def workspace(prepared: Path, copy_of: Callable[[Path], Path]) -> Path:
    return copy_of(prepared)


@pytest.fixture(scope="module")
def few_prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As few recordings as can be trained on, for methods that take long. Not to be written to."""
    raw, stores = (tmp_path_factory.mktemp("few") / name for name in ("raw", "stores"))
    size = ("--subjects", "4", "--stimuli", "4", "--duration", "14")
    must("simulate", "pmemo", raw, *size)
    must("ingest", "pmemo", raw, "-w", stores)
    must("relabel", "-w", stores)
    return stores


@pytest.fixture
def few(few_prepared: Path, copy_of: Callable[[Path], Path]) -> Path:
    return copy_of(few_prepared)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_blocks, "_BLOCK", BLOCK)


def read(workspace: Path, kind: str = "components") -> dict[str, np.ndarray]:
    """All datasets of a store, by h5py alone."""
    found = {}
    with h5py.File(workspace / "pmemo" / f"{kind}.h5") as h5:
        h5.visititems(
            lambda name, node: (
                found.update({name: node[()]}) if isinstance(node, h5py.Dataset) else None
            )
        )
    return found


def differences(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Which arrays differ, in how many values, and by how much."""
    assert one.keys() == other.keys()
    found = {}
    for name, values in one.items():
        number = values.dtype.kind in "fiu"
        wrong = ~np.isclose(values, other[name], 0, 0, True) if number else values != other[name]
        if wrong.any():
            most = np.nanmax(np.abs(values[wrong] - other[name][wrong])) if number else ""
            found[name] = f"{wrong.sum()} of {wrong.size} values, by up to {most}"
    return found


def content_id(workspace: Path) -> str:
    with Store(workspace / "pmemo" / "components.h5", "components") as store:
        return store.content_id


def recordings(workspace: Path) -> list[np.ndarray]:
    raw = read(workspace, "recordings")
    return np.split(raw["signals/eda"], raw["signals/offsets"][1:-1])


def parts(workspace: Path, channel: str) -> list[np.ndarray]:
    stored = read(workspace)
    return np.split(stored[f"signals/{channel}"], stored["signals/offsets"][1:-1])


def assert_adds_up(workspace: Path, rate: float = 50.0) -> None:
    whole = [parts(workspace, name) for name in ("phasic", "tonic", "residual")]
    for eda, *three in zip(recordings(workspace), *whole, strict=True):
        np.testing.assert_allclose(sum(three), stats.zscore(resample(eda, 50.0, rate)), atol=1e-5)


@pytest.mark.parametrize(
    "method",
    [
        # Two of them fit each recording again and again.
        pytest.param(each, marks=pytest.mark.long if each in ("cda", "dda") else ())
        for each in TITLES
    ],
)
def test_every_method_fills_the_store(few: Path, tmp_path: Path, method: str) -> None:
    outcome = must(*COMMAND, few, "--method", method, "--json")
    summary = json.loads(outcome.stdout)
    assert summary["method"] == method
    assert summary["n_decomposed"] == summary["n_recordings"] == len(recordings(few))
    assert summary["cpu_seconds"] > 0
    assert [row["component"] for row in summary["components"]] == ["phasic", "tonic", "residual"]
    assert summary["left_out"] == []
    stored = read(few)
    solver = b"structured" if method == "cvxeda" else method.encode()
    assert set(stored["recordings/solver"]) == {solver}
    assert np.isfinite(stored["recordings/gap"]).all() == (method == "cvxeda")
    for name in ("median_gap", "largest_gap", "n_solved_by_cvxopt", "solver", "gamma",
                 "median_alpha", "n_alpha_raised"):  # fmt: skip
        assert (summary[name] is not None) == (method == "cvxeda")
    assert (summary["tau_fast"] is not None) == (method in ("cvxeda", "cda", "dda"))
    page = views.page(decomposition_result(few / "pmemo" / "components.h5"))
    assert str(page.facts["method"]).startswith(TITLES[method])
    for table in page.tables:
        for width in (60, 80, 120):
            assert max(map(len, table_lines(table, width))) <= width
    assert stored["signals/driver"].any() == (method in ("cvxeda", "cda", "dda"))
    assert_adds_up(few)
    with Store(few / "pmemo" / "components.h5") as store:
        assert store.provenance.parameters["decomposition"] == method
    must(*COMMAND, few, "--method", method, "--plot", f"{SUBJECT}:{SONG}",
         "--figures-dir", tmp_path / "figures")  # fmt: skip
    assert len(list((tmp_path / "figures").rglob("*.png"))) == 2  # both hearings


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_another_method_at_another_rate_goes_all_the_way(few: Path, tmp_path: Path) -> None:
    must(*COMMAND, few, "--method", "dda", "--rate", "8")
    stored = read(few)
    assert set(stored["recordings/sampling_rate"]) == {8.0}
    assert_adds_up(few, 8.0)
    must("train", "-w", few, *SMALL_TRAINING, "--test-subject", SUBJECT, "--target", "arousal")
    must("evaluate", "-w", few, "-o", tmp_path)
    must("gradcam", "-w", few, "--subject", SUBJECT, "--music", SONG, "-o", tmp_path)
    (csv,) = tmp_path.rglob("attention_arousal*.csv")
    seconds = pd.read_csv(csv)["time"]
    # From the onset to the last sample of a recording of 14 s: its own rate counts.
    assert seconds.min() == 3
    assert seconds.max() == pytest.approx(14, abs=0.2)
    must("eda-features", "-w", few, "--jobs", "1")


def test_rate_leaves_slower_recordings_as_they_are(workspace: Path) -> None:
    outcome = must(*COMMAND, workspace, "--rate", "64")
    assert f"sampled below 64 Hz already, and not changed: {len(recordings(workspace))}" in (
        outcome.stdout
    )
    assert set(read(workspace)["recordings/sampling_rate"]) == {50.0}
    assert_adds_up(workspace)
    # It is another step than the one without a rate.
    assert "rate: 64.0 -> null" in must(*COMMAND, workspace).stderr


def test_solvers_agree(workspace: Path) -> None:
    must(*COMMAND, workspace, "--rate", "4")
    fast = read(workspace)
    outcome = must(*COMMAND, workspace, "--rate", "4", "--solver", "cvxopt")
    assert "solver: auto -> cvxopt" in outcome.stderr
    general = read(workspace)
    assert set(general["recordings/solver"]) == {b"cvxopt"}
    np.testing.assert_allclose(general["signals/phasic"], fast["signals/phasic"], atol=5e-3)
    assert "because" not in outcome.stdout


def test_fallbacks_are_counted(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rtcan_cli.eda.cvxeda import solve as cvxeda

    structured, calls = cvxeda._structured, []

    def sometimes(*arguments: Any) -> Any:
        found = structured(*arguments)
        for index in range(len(found)):
            calls.append(0)
            if len(calls) in (3, 10):
                found[index] = "gap 1"
        return found

    monkeypatch.setattr(cvxeda, "_structured", sometimes)
    outcome = must(*COMMAND, workspace, "--rate", "4")
    assert (
        "solved by cvxopt, because the structured solver's certificate failed: 2 recordings"
        in outcome.stdout
    )
    assert (read(workspace)["recordings/solver"] == b"cvxopt").sum() == 2


def test_no_penalty_on_the_driver_is_not_called_a_failure(workspace: Path) -> None:
    outcome = must(*COMMAND, workspace, "--rate", "2", "--alpha", "0")
    assert "needs an alpha above 0" in outcome.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--method", "cda", "--alpha", "0.001"), "--alpha is for --method cvxeda only"),
        (("--method", "median", "--gamma", "0.1"), "--gamma is for --method cvxeda only"),
        (("--method", "highpass", "--solver", "auto"), "--solver is for --method cvxeda only"),
        (("--solver", "structured", "--alpha", "0"), "--solver structured needs an --alpha"),
        (("--alpha", "noise"), "--alpha 'noise' is neither auto nor a number of 0 or more"),
        (("--alpha", "-1"), "--alpha '-1' is neither auto nor a number of 0 or more"),
        (("--time-constants", "fitted"), "--time-constants is for --method cda and dda only"),
        (("--rate", "1"), "--rate"),
        (("--method", "ledalab"), "--method"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    prepared: Path, words: tuple[str, ...], complaint: str
) -> None:
    outcome = rtcan(*COMMAND, prepared, *words)
    assert outcome.exit_code == 2
    assert complaint in " ".join(outcome.stderr.split())


def test_every_recording_keeps_its_own_when_blocks_come_back_in_another_order(
    workspace: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_id(workspace)

    def backwards(
        function: Callable[[Any], Any], items: Sequence[Any], *_: Any, **named: Any
    ) -> Iterator[tuple[int, Any]]:
        assert len(items) > 10
        for position in reversed(range(len(items))):
            yield position, function(items[position])

    monkeypatch.setattr(recording_blocks, "map_unordered", backwards)
    must(*COMMAND, workspace, "--force")
    # Neither the cut into blocks nor the time it took shapes the content.
    assert content_id(workspace) == before
    assert_adds_up(workspace)


def test_worker_processes_make_the_same_store(workspace: Path, small_blocks: None) -> None:
    before, stored = content_id(workspace), read(workspace)
    must("decompose", "-w", workspace, "--jobs", "2", "--force")
    again = read(workspace)
    assert list(differences(stored, again)) == ["recordings/seconds"]
    assert content_id(workspace) == before


def test_the_bits_of_long_recordings_do_not_depend_on_the_threads_of_linear_algebra() -> None:
    """OpenBLAS deals scalar products of more than 10,000 numbers out to its threads."""
    noise = np.random.default_rng(0).standard_normal((2, 24_000))
    eda = 5 + 0.01 * np.cumsum(noise[0]) + 0.001 * noise[1]
    recording = decompose_work.Undecomposed(eda, 50.0, 50.0, "")

    def described(threads: int) -> dict[str, np.ndarray]:
        work = partial(decompose_work.decompose_block, method=method())
        with threadpool_limits(threads, user_api="blas"):
            ((_, found),) = map_unordered(work, [[recording]], jobs=1)
        del found["seconds"]
        return found

    one, two = described(1), described(2)
    assert differences(one, two) == {}


@pytest.mark.parametrize(("compiled", "said"), [(True, "2 GB"), (False, "4 GB")])
def test_the_memory_of_a_long_recording_is_told_before(
    compiled: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(decompose, "IS_COMPILED", compiled)
    monkeypatch.setattr(decompose.console, "say", told.append)
    decompose._tell_of_memory(np.array([1e7, 10.0]), np.array([100.0, 4.0]))
    (line,) = told
    assert f"takes about {said} of memory" in line


def test_an_interrupted_step_goes_on_where_it_stopped(
    workspace: Path, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, store = content_id(workspace), workspace / "pmemo" / "components.h5"
    old = store.read_bytes()
    work, total = decompose_work.decompose_block, len(recordings(workspace))
    calls: list[int] = []

    def stopped(block: list[Any], **options: Any) -> Any:
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(len(block))
        return work(block, **options)

    monkeypatch.setattr(decompose_work, "decompose_block", stopped)
    assert rtcan(*COMMAND, workspace, "--force").exit_code == 130
    assert store.read_bytes() == old
    # Files of what was finished that a power cut spoilt count as not there.
    (partial,) = store.with_name("components.h5.partial").glob("*")
    spoilt, *_ = sorted(partial.glob("*.npz"))
    spoilt.write_bytes(spoilt.read_bytes()[:-100])
    again: list[int] = []

    def noted(block: list[Any], **options: Any) -> Any:
        again.append(len(block))
        return work(block, **options)

    monkeypatch.setattr(decompose_work, "decompose_block", noted)
    outcome = must(*COMMAND, workspace, "--force")
    kept = total - sum(again)
    assert 0 < kept < sum(calls)
    assert f"going on: {kept} of {total} recordings are already decomposed" in outcome.stderr
    assert content_id(workspace) == before
    assert not store.with_name("components.h5.partial").exists()


def test_what_cannot_be_decomposed_stays_with_its_reason(
    workspace: Path, small_blocks: None
) -> None:
    with h5py.File(workspace / "pmemo" / "recordings.h5", "r+") as h5:
        put_text(h5, "recordings/problem", 4, "clipped")
        h5["signals/eda"][7 * 700 : 8 * 700] = 1.5
    outcome = must(*COMMAND, workspace, "--force")
    assert "clipped" in outcome.stdout
    stored = read(workspace)
    lengths = np.diff(stored["signals/offsets"])
    assert np.flatnonzero(lengths == 0).tolist() == [4, 7]
    assert stored["recordings/problem"][4] == b"clipped"
    assert stored["recordings/problem"][7].startswith(b"flat")
    assert stored["recordings/solver"][4] == b""
    eda = recordings(workspace)
    for row in (3, 5, 6, 8, len(eda) - 1):
        three = sum(parts(workspace, name)[row] for name in ("phasic", "tonic", "residual"))
        np.testing.assert_allclose(three, stats.zscore(eda[row]), atol=1e-5)


@pytest.mark.parametrize("lengths", [[3], [3, 3, 3], [9, 1, 1], [1, 9, 1], [1, 1, 9], [4, 6, 1, 0]])
def test_blocks_hold_every_recording_once_and_little_more_than_the_limit(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int]
) -> None:
    monkeypatch.setattr(recording_blocks, "_BLOCK", 5)
    blocks = recording_blocks.cut(np.concatenate([[0], np.cumsum(lengths)]))
    assert [row for rows in blocks for row in rows] == list(range(len(lengths)))
    for rows in blocks:
        assert len(rows) == 1 or sum(lengths[row] for row in rows) <= 5


def test_time_is_not_in_the_content_id(workspace: Path) -> None:
    before = content_id(workspace)
    must(*COMMAND, workspace, "--force")
    assert content_id(workspace) == before


def test_info_names_the_options_a_stale_store_was_made_with(
    workspace: Path, raw_pmemo: Path
) -> None:
    must(*COMMAND, workspace, "--method", "highpass", "--rate", "8")
    must("ingest", "pmemo", raw_pmemo, "-w", workspace, "--max-gap", "0.5")
    with h5py.File(workspace / "pmemo" / "recordings.h5", "r+") as h5:
        h5.attrs["content_id"] = "another"
    must("relabel", "-w", workspace)
    outcome = must("info", "-w", workspace)
    assert "rtcan decompose --dataset pmemo --method highpass --rate 8.0" in outcome.stdout


@pytest.mark.parametrize("name", ["cda", "dda"])
def test_components_of_short_recordings_do_not_cancel_each_other(
    prepared: Path, tmp_path: Path, name: Any
) -> None:
    """They last 14 s, the published response 20 s."""
    recordings, store = prepared / "pmemo" / "recordings.h5", tmp_path / "components.h5"
    chosen = deconvolution_method(name, "published")
    result = decompose_recordings(recordings, store, chosen, rate=10.0)
    assert result.n_cancelling == 0
    assert "components_cancel" not in [note.kind for note in result.notes]
    table = Store(store, "components").table("recordings")
    assert table[["phasic_variance", "tonic_variance", "residual_variance"]].max(axis=None) < 5
    assert set(table["tau0"]) == {20.0}
    assert set(table["tau1"]) == {0.75}


def test_components_that_cancel_each_other_are_told(prepared: Path, tmp_path: Path) -> None:
    def split(y: np.ndarray, rate: float) -> Components:
        apart = np.linspace(0, 20, y.size)
        return Components(apart, y - apart, 0 * y, 0 * y)

    recordings, store = prepared / "pmemo" / "recordings.h5", tmp_path / "components.h5"
    result = decompose_recordings(
        recordings, store, replace(method("highpass"), split=split), jobs=1
    )
    (note,) = [each for each in result.notes if each.kind == "components_cancel"]
    n = result.n_recordings
    assert result.n_cancelling == n
    assert note.text.startswith(f"in {n} of {n} recordings components cancel each other")
    assert note.text.index("artefacts first") < note.text.index("noise")
    assert "the worst is 100" in note.text
    assert note.command is None  # the recordings are elsewhere


def test_the_noise_and_the_penalty_of_each_recording_are_told(
    prepared: Path, tmp_path: Path
) -> None:
    recordings, path = prepared / "pmemo" / "recordings.h5", tmp_path / "components.h5"
    result = decompose_recordings(recordings, path, rate=8.0, jobs=1)
    stored = Store(path, "components").table("recordings")
    assert result.alpha is None
    assert result.median_alpha == pytest.approx(stored["alpha"].median())
    assert (result.lowest_alpha, result.highest_alpha) == (
        stored["alpha"].min(),
        stored["alpha"].max(),
    )
    assert result.lowest_alpha < result.highest_alpha
    assert result.median_noise == pytest.approx(stored["noise"].median())
    assert result.n_alpha_raised == (stored["raised"] > 0).sum()
    # In its own unit: the sensor of the simulator has a noise of about 0.01 uS.
    assert 0.001 < stored["noise_recorded"].median() < 0.03
    facts = views.page(result).facts
    assert str(facts["method"]).startswith("cvxEDA, alpha from the noise")
    assert "(median)" in str(facts["alpha"])
    # Recordings with artefacts are named.
    with h5py.File(path, "r+") as h5:
        h5["recordings/raised"][...] = 0
        h5["recordings/raised"][7] = 2
        key = [h5[f"recordings/{name}"].asstr()[7] for name in ("subject", "stimulus")]
    raised = decomposition_result(path)
    assert raised.n_alpha_raised == 1
    (note,) = [each for each in raised.notes if each.kind == "alpha_raised"]
    assert note.text.startswith(f"in 1 of {raised.n_decomposed} recordings alpha was raised")
    assert "artefacts first" in note.text
    assert f"the worst is {':'.join(key)} " in note.text
    # A store of a version that did not write these columns is read.
    with h5py.File(path, "r+") as h5:
        h5.attrs["schema_version"] = 5
        for field in SCHEMAS["components"].fields:
            if field.since > 5:
                del h5[field.path]
    earlier = decomposition_result(path)
    assert (earlier.median_alpha, earlier.median_noise, earlier.n_alpha_raised) == (None,) * 3
    assert earlier.n_decomposed == result.n_decomposed
    assert "alpha" not in views.page(earlier).facts
    assert "noise" not in Store(path, "components").table("recordings")


@pytest.mark.long
def test_time_constants_are_those_of_each_recording(few: Path) -> None:
    outcome = must(*COMMAND, few, "--method", "cda", "--json")
    stored = read(few)
    fast, slow = stored["recordings/tau1"], stored["recordings/tau0"]
    assert np.unique(slow).size > 5
    assert (fast < slow).all()
    summary = json.loads(outcome.stdout)
    told = [summary["tau_fast"], summary["tau_slow"]]
    np.testing.assert_allclose(told, [np.median(fast), np.median(slow)], rtol=0.01)
    ends = [summary["tau_slow_low"], summary["tau_slow_high"]]
    np.testing.assert_allclose(ends, np.quantile(slow, [0.05, 0.95]), rtol=0.01)
    assert ends[0] < ends[1]
    must(*COMMAND, few, "--method", "cda", "--time-constants", "published")
    stored = read(few)
    assert set(stored["recordings/tau0"]) == {20.0}
    must(*COMMAND, few, "--method", "median")
    assert np.isnan(read(few)["recordings/tau0"]).all()
    must(*COMMAND, few)
    assert set(read(few)["recordings/tau0"]) == {2.0}


def test_memory_for_long_recordings_is_told_with_what_spares_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtcan_cli.steps.signals import decompose

    assert "of memory" not in must(*COMMAND, workspace).stderr
    samples = np.diff(read(workspace, "recordings")["signals/offsets"]).max()
    monkeypatch.setattr(decompose, "_MUCH", 200 * samples - 1)
    told = must(*COMMAND, workspace, "--force").stderr
    assert f"the longest recording has {samples:,} samples" in told
    assert "--rate 16 takes" in told
    # It is true: nothing is said of what takes less.
    assert "of memory" not in must(*COMMAND, workspace, "--rate", "16").stderr
    monkeypatch.setattr(decompose, "_MUCH", 200 * samples)
    assert "of memory" not in must(*COMMAND, workspace, "--force").stderr


def test_the_first_use_says_that_the_solver_is_compiled(
    few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rtcan_cli.steps.signals import decompose

    for kept, chosen, says in (
        (False, "cvxeda", True),
        (True, "cvxeda", False),
        (False, "median", False),  # nothing of it is compiled
    ):
        monkeypatch.setattr(decompose, "is_kept", lambda kept=kept: kept)
        told = must(*COMMAND, few, "--method", chosen, "--force").stderr
        assert ("compiling the solver" in told) == says

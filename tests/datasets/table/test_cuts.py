from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.signals import Track
from rtcan_cli.errors import RtcanError

FILE = RawFile(Path("/study/x.csv"), PurePosixPath("x.csv"))
NAN = math.nan
BEGIN = 1544027337.0


def row(start: float = NAN, duration: float = NAN, sampling_rate: float = NAN) -> Row:
    return Row(
        2, "s", "m", 5.0, 5.0, "x.csv", sampling_rate, start, duration, "", "both", "", "", ""
    )


def session(n: int = 400) -> Track:
    return Track(FILE, "Empatica E4", np.arange(n, dtype=float), 4.0, BEGIN)


def timed(time: np.ndarray) -> Track:
    """The value of each sample is its time since the first."""
    return Track(FILE, "", time - time[0], time=time)


def test_a_clock_of_the_day_goes_on_after_midnight() -> None:
    time = 86_370 + np.arange(400) / 4
    track = Track(FILE, "", time, time=time, of_day=True)
    found = cut(track, replace(row(10.0, 20.0), start_of_day=True))
    assert isinstance(found, Cut)
    assert_array_equal(found.eda, 86_410 + np.arange(80) / 4)
    said = cut(track, row(10.0, 20.0))
    assert isinstance(said, str)
    assert "runs from 23:59:30 to 00:01:10" in said
    assert "23:59:40 is 10 s after its first sample" in said
    # Before the signal is before it.
    assert "before its signal" in str(cut(track, replace(row(86_300.0, 20.0), start_of_day=True)))


@given(
    rate=st.sampled_from([4.0, 32.0, 50.0, 256.0]),
    first=st.integers(0, 900),
    length=st.integers(1, 900),
    fraction=st.floats(-0.45, 0.45),
)
def test_samples_are_those_between_the_times(
    rate: float, first: int, length: int, fraction: float
) -> None:
    n = 1000
    assume(first + length <= n)
    track = Track(FILE, "", np.arange(n, dtype=float))
    found = cut(track, row(max(0, first + fraction) / rate, length / rate, rate))
    assert isinstance(found, Cut)
    # Rounding may move the end by one sample, never the beginning.
    assert abs(len(found.eda) - length) <= 1
    assert_array_equal(found.eda, np.arange(first, first + len(found.eda)))
    # The same trial, from times.
    clock = timed(BEGIN + np.arange(n) / rate)
    for start in (first / rate, BEGIN + first / rate):
        assume(length > 1)
        found = cut(clock, row(start, length / rate))
        assert isinstance(found, Cut)
        assert_allclose(found.eda * rate, np.arange(first, first + length), atol=1e-3)
        # Unix times have a resolution of a quarter of a microsecond.
        assert found.sampling_rate == pytest.approx(rate, abs=3e-7 * rate**2 + 1e-6)


def test_unix_and_own_seconds_are_the_same_trial() -> None:
    one, other = cut(session(), row(20, 30)), cut(session(), row(BEGIN + 20, 30))
    assert isinstance(one, Cut)
    assert isinstance(other, Cut)
    assert_array_equal(one.eda, np.arange(80, 200))
    assert_array_equal(other.eda, one.eda)
    assert one.position == "Empatica E4, samples 80:200"
    assert one.sampling_rate == 4


def test_a_whole_file_needs_no_position() -> None:
    found = cut(Track(FILE, "", np.arange(5)), row(sampling_rate=8))
    assert isinstance(found, Cut)
    assert (found.position, found.sampling_rate) == ("", 8)
    assert math.isnan(found.jitter)
    assert found.eda.dtype == np.float64


@pytest.mark.parametrize(
    ("start", "duration", "reason"),
    [
        (100, NAN, "the trial starts at 100 s, but its signal ends at 100 s"),
        (1e4, 10, "the trial starts at 10000 s, but its signal ends at 100 s"),
        (80, 30, "the trial ends at 110 s, but its signal at 100 s"),
        (1e8, 5, "the trial starts at 100,000,000 s (1,157 days), but its signal ends at 100 s"),
        (80, 2e6, "the trial ends at 2,000,080 s (23 days), but its signal at 100 s"),
        (BEGIN - 1e7, 10, "the trial starts 10,000,000 s (116 days) before its signal"),
        (BEGIN - 30, 10, "the trial starts 30 s before its signal"),
        (BEGIN + 99, 3, "the trial ends at 102 s, but its signal at 100 s"),
        (10, 0.01, "0.01 s hold no sample at 4 Hz"),
    ],
)
def test_trials_outside_the_signal_are_left_out(start: float, duration: float, reason: str) -> None:
    assert cut(session(), row(start, duration)) == reason
    track = timed(BEGIN + np.arange(400) / 4)
    if "hold no sample" not in reason:
        assert cut(track, row(start, duration)) == reason


def test_clocks_that_differ_by_a_second_do_no_harm() -> None:
    found = cut(session(), row(80, 21))
    assert isinstance(found, Cut)
    assert_array_equal(found.eda, np.arange(320, 400))


def test_files_on_a_clock_of_their_own_are_cut_by_it() -> None:
    track = timed(1000 + np.arange(400) / 4)
    found = cut(track, row(1010, 5))
    assert isinstance(found, Cut)
    assert_allclose(found.eda, 10 + np.arange(20) / 4)
    assert cut(track, row(10, 5)) == "the trial starts 990 s before its signal"


def test_what_a_device_did_not_record_stays_missing() -> None:
    time = np.arange(400) / 4
    time = time[(time < 20) | (time >= 25)]
    found = cut(timed(time), row(10, 30))
    assert isinstance(found, Cut)
    assert len(found.eda) == 120
    assert_array_equal(np.flatnonzero(np.isnan(found.eda)), np.arange(40, 60))
    assert found.jitter < 0.01


@pytest.mark.parametrize("rate", [4.0, 50.0])
@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_what_is_missing_at_the_ends_of_a_trial_does_not_move_it(
    rate: float, jitter: float
) -> None:
    second = np.arange(100 * rate) / rate
    noise = np.random.default_rng(0).uniform(-jitter, jitter, len(second)) / rate
    lost = ((second >= 10) & (second < 14)) | ((second >= 36) & (second < 45))
    time = (1000 + second + noise)[~lost]
    track = Track(FILE, "", time - 1000, time=time)
    found = cut(track, row(1010, 30))
    assert isinstance(found, Cut)
    grid = 10 + np.arange(len(found.eda)) / found.sampling_rate
    known = ~np.isnan(found.eda)
    assert len(found.eda) == pytest.approx(30 * rate, abs=1)
    assert_allclose(grid[known][[0, -1]], [14, 36], atol=1.5 / rate)
    assert_allclose(found.eda[known], grid[known], atol=1.1 / rate)


def test_a_clock_that_jumps_costs_no_memory() -> None:
    track = timed(np.r_[np.arange(40) / 4, 1e8 + np.arange(40) / 4])
    assert cut(track, row(20)) == "only 40 of 399999960 samples of the trial are there"


def test_nothing_is_added_beyond_the_end_of_the_file() -> None:
    found = cut(timed(1000 + np.arange(400) / 4), row(1080, 21))
    assert isinstance(found, Cut)
    assert_allclose(found.eda, 80 + np.arange(80) / 4)


def test_uneven_times_are_resampled() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(1000) / 50 + rng.uniform(-0.006, 0.006, 1000)
    found = cut(timed(time), row())
    assert isinstance(found, Cut)
    assert found.jitter == pytest.approx(np.diff(time).std() * 50, rel=0.05)
    # The signal is the time, so what is interpolated is known, but for the last sample: nothing is
    # known after it.
    grid = np.arange(len(found.eda)) / found.sampling_rate
    assert_allclose(found.eda, np.minimum(grid, time[-1] - time[0]), atol=1e-9)


@pytest.mark.parametrize(
    ("track", "wanted", "message"),
    [
        (Track(FILE, "", np.arange(9)), row(), "does not say its sampling rate"),
        (Track(FILE, "", np.arange(9)), row(BEGIN, 1, 4), "at what Unix time it begins"),
        (timed(np.arange(40) / 4), row(BEGIN, 1), "at what Unix time it begins"),
        (session(), row(sampling_rate=8), "sampled at 4 Hz, not at 8 Hz"),
        (timed(np.arange(40) / 4), row(sampling_rate=50), "sampled at 4 Hz, not at 50 Hz"),
    ],
)
def test_contradictions_are_errors(track: Track, wanted: Row, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        cut(track, wanted)


def test_empty_and_single_samples_are_left_out() -> None:
    assert cut(Track(FILE, "", np.empty(0)), row()) == "the signal file holds no samples"
    assert cut(timed(np.array([3.0])), row()) == "the signal file holds a single sample"
    track = timed(np.r_[np.arange(40) / 4, 100 + np.arange(40) / 4])
    assert cut(track, row(50, 10)) == "fewer than two samples fall into the trial"


def test_a_start_may_be_a_date() -> None:
    local = Track(FILE, "", np.arange(400.0), time=BEGIN + np.arange(400) / 4, zone_unknown=True)
    unix = replace(local, zone_unknown=False)
    by_unix = row(BEGIN + 10, 5)
    by_date = replace(by_unix, start_local=True)
    for track, wanted in ((local, by_date), (unix, by_unix)):
        found = cut(track, wanted)
        assert isinstance(found, Cut)
        assert_array_equal(found.eda, np.arange(40, 60))
    with pytest.raises(RtcanError, match="a date without a time zone"):
        cut(unix, by_date)
    with pytest.raises(RtcanError, match="has dates without a time zone"):
        cut(local, by_unix)

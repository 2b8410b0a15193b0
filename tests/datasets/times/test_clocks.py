from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.times.text import read_times
from rtcan_cli.errors import RtcanError
from tests.datasets.times.tables import BEGIN, NAN, START, clock_text, column_text, track_of, whole

FORMS = ("time", "time [ms]", "time_us", "minutes", "unix_timestamp", "LocalTimestamp")
FORMS += ("timestamp", "Timestamp_ns", "", "datetime", "clock", "Zeit", "ts", "datenum")
FORMS += ("half day", "utc", "colons", "minute")


@settings(max_examples=120, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    rate=st.sampled_from([4.0, 10.0, 32.0, 50.0]),
    gaps=st.lists(st.tuples(st.integers(5, 380), st.integers(1, 60)), max_size=3),
    stated=st.booleans(),
)
def test_an_even_recording_with_gaps_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    form: str,
    rate: float,
    gaps: list[tuple[int, int]],
    stated: bool,
) -> None:
    values = np.arange(400) / 100 + 1
    there = np.ones(400, bool)
    for first, length in gaps:
        there[first : first + length] = False
    there[[0, 1, 2, -1]] = True
    lines = [f"{clock_text(i / rate, form)},{values[i]:.2f}" for i in np.flatnonzero(there)]
    path = tmp_path_factory.mktemp("clock") / "x.csv"
    track = track_of(path, "\n".join([f"{form},EDA", *lines]) + "\n", rate if stated else NAN)
    found = whole(track, rate if stated else NAN)
    assert found.sampling_rate == pytest.approx(rate, rel=1e-4)
    assert_array_equal(np.isnan(found.eda), ~there)
    assert_allclose(found.eda[there], values[there])


def test_the_first_column_of_pandas_is_a_clock_or_a_number_of_rows(tmp_path: Path) -> None:
    text = ",EDA\n" + "\n".join(f"{i},{i}" for i in range(40))
    assert track_of(tmp_path / "x.csv", text).time is None
    kept = [i for i in range(40) if not 10 <= i < 20]
    text = ",EDA\n" + "\n".join(f"{i},{i}" for i in kept)
    found = whole(track_of(tmp_path / "x.csv", text, 4), 4)
    assert np.isnan(found.eda[10:20]).all()
    assert (len(found.eda), found.sampling_rate) == (40, 4)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        # Three decimals of a minute have steps of 0.004, which would be 250 Hz, and of 0.005.
        ("time", "240 Hz if they are seconds, or 4 Hz if they are minutes"),
        ("clock", "cannot be read: '10:00'"),
        ("time of day", "do not advance"),
        ("timestamp", "stay the same for 10 s: they seem to be rounded"),
        ("time_ms", "cannot be read: '1,000.0'"),
    ],
)
def test_what_is_not_sure_is_refused(tmp_path: Path, form: str, message: str) -> None:
    with pytest.raises(RtcanError, match=message):
        track_of(tmp_path / "x.csv", column_text(form))


def test_hours_that_cannot_be_read_are_not_passed_over(tmp_path: Path) -> None:
    rows = [f"May 01 2024 10:00:{i // 4:02d}.{i % 4 * 25:02d}0000,{i}" for i in range(40)]
    with pytest.raises(RtcanError, match="the times in the column 'when' cannot be read: 'May 01"):
        track_of(tmp_path / "x.csv", "\n".join(["when,EDA", *rows]))


def with_hole(form: str, n: int = 400, lost: tuple[int, int] = (150, 270)) -> list[str]:
    """Rows at 4 Hz, each time formatted by `form`, without 30 s of them."""
    kept = [i for i in range(n) if not lost[0] <= i < lost[1]]
    moments = [START.replace(day=5) + timedelta(seconds=i / 4) for i in kept]
    return [
        f"{form.format(t=t, u=t.timestamp(), i=i)},{2 + i / 1000}"
        for i, t in zip(kept, moments, strict=True)
    ]


@pytest.mark.parametrize("name", ["Date", "When"])
def test_dates_with_slashes_are_read_where_their_order_is_sure(tmp_path: Path, name: str) -> None:
    rows = with_hole("{t:%Y/%m/%d %H:%M:%S.%f}")
    found = whole(track_of(tmp_path / "x.csv", "\n".join([f"{name},EDA", *rows]), 4.0), 4.0)
    assert len(found.eda) == 400
    assert np.isnan(found.eda[150:270]).all()
    rows = with_hole("{t:%m/%d/%Y %H:%M:%S.%f}")
    with pytest.raises(RtcanError, match=r"the day or the month first.*: '11/05/2023"):
        track_of(tmp_path / "x.csv", "\n".join([f"{name},EDA", *rows]), 4.0)
    assert read_times(["11/15/2023 9:00:00"]) == read_times(["15/11/2023 09:00:00"]) is not None


@pytest.mark.parametrize("form", ["{i}", "{u:.3f}", "{i}00"])
def test_a_column_that_rises_with_holes_is_used_or_refused(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(5)
    rows = [row for row in with_hole(form, lost=(0, 0)) if rng.random() > 0.12]
    text = "\n".join(["recorded,EDA", *rows])
    if form == "{i}00":
        with pytest.raises(RtcanError, match="column 'recorded' rises in steps of 100 with holes"):
            track_of(tmp_path / "x.csv", text, 4.0)
        return
    found = whole(track_of(tmp_path / "x.csv", text, 4.0), 4.0)
    assert len(found.eda) - len(rows) == pytest.approx(0.12 * 400, rel=0.4)


def test_rounded_times_without_a_name_show_lost_samples(tmp_path: Path) -> None:
    """Times with two decimals at 16 Hz, as in the text that Ledalab reads."""
    kept = np.delete(np.arange(1600), np.s_[900:932])
    rows = [f"{i / 16:.2f}\t{3 + i * i % 977 / 1000}\t{int(i == 700)}" for i in kept]
    for rate in (np.nan, 16.0):
        found = whole(track_of(tmp_path / "x.txt", "\n".join(rows), rate, "2"), rate)
        assert found.sampling_rate == pytest.approx(16, rel=1e-3)
        assert_array_equal(np.flatnonzero(np.isnan(found.eda)), np.arange(900, 932))


def test_clocks_that_contradict_each_other(tmp_path: Path) -> None:
    """As where the columns of another sensor stand beside those of the EDA."""
    rows = [f"{i / 100:.2f},{i % 97},{i / 8:.3f},{3 + i * i % 89 / 100}" for i in range(400)]
    text = "\n".join(["ECG time [s],ECG,EDA time [s],EDA [uS]", *rows])
    message = "its column 'ECG time' are 100 Hz, and those in its column 'EDA time' 8 Hz"
    with pytest.raises(RtcanError, match=message):
        track_of(tmp_path / "x.csv", text)
    found = whole(track_of(tmp_path / "x.csv", text, 8.0), 8.0)
    assert (found.sampling_rate, len(found.eda)) == (8, 400)


@pytest.mark.parametrize(
    ("arrival", "gap_in_both"), [("uneven", True), ("uneven", False), ("in packets", True)]
)
def test_clocks_of_the_same_samples_do_not_contradict(
    tmp_path: Path, arrival: str, gap_in_both: bool
) -> None:
    kept = np.delete(np.arange(400), np.s_[100:200])
    late = np.random.default_rng(0).uniform(0, 0.004, 400)
    if arrival == "in packets":  # of ten samples, a millisecond apart, after the last of them
        late = (9 - np.arange(400) % 10) * (1 / 8 - 0.001)
    count = (kept if gap_in_both else np.arange(300)) / 8
    times = zip(BEGIN + kept / 8 + late[kept], count, kept, strict=True)
    rows = [f"{absolute:.3f},{relative:.3f},{3 + i % 7}" for absolute, relative, i in times]
    text = "\n".join(["timestamp,time_s,EDA", *rows])
    track = track_of(tmp_path / "y.csv", text)
    assert track.time is not None
    assert track.time[0] >= BEGIN
    if arrival == "uneven":
        assert np.isnan(whole(track).eda).sum() == 100

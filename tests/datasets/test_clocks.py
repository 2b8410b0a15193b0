from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from rtcan_cli.datasets.clocks import is_time_name, time_unit, words_of
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.rows import Row
from rtcan_cli.datasets.table.signals import SignalFile, Track
from rtcan_cli.datasets.time_text import read_times
from rtcan_cli.errors import RtcanError

NAN = float("nan")
BEGIN = 1_700_000_000.0
START = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)  # the same


def track_of(path: Path, text: str, rate: float = NAN, column: str = "") -> Track:
    path.write_text(text, encoding="utf-8")
    return SignalFile(RawFile(path, PurePosixPath(path.name)), ".", rate).track(column)


def whole(track: Track, rate: float = NAN) -> Cut:
    row = Row(2, "s", "m", 5, 5, "x.csv", rate, NAN, NAN, "", "both", "", "", "")
    found = cut(track, row)
    assert isinstance(found, Cut), found
    return found


def clock_text(second: float, form: str) -> str:
    """One moment, as many seconds after `BEGIN`."""
    moment = START + timedelta(seconds=second)
    return {
        "time": f"{second:.4f}",
        "time [ms]": f"{1000 * second:.2f}",
        "time_us": f"{1e6 * second:.0f}",
        "minutes": f"{second / 60:.9f}",
        "unix_timestamp": f"{BEGIN + second:.4f}",
        "LocalTimestamp": f"{1000 * (BEGIN + second):.2f}",
        "timestamp": f"{1e6 * (BEGIN + second):.0f}",
        "Timestamp_ns": f"{1e9 * (BEGIN + second):.0f}",
        "": moment.isoformat(sep=" ").replace("+00:00", ""),
        "datetime": moment.isoformat(),
        "clock": f"{moment:%H:%M:%S.%f}",
        "Zeit": f"{moment:%d.%m.%Y %H:%M:%S.%f}",
        "ts": f"{25_569 + (BEGIN + second) / 86_400:.10f}",  # days as Excel counts them
        "datenum": f"{719_529 + (BEGIN + second) / 86_400:.10f}",  # as MATLAB does
        "half day": f"{moment:%I:%M:%S.%f %p}",
        "utc": f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC",
        "colons": f"{moment:%H:%M:%S:%f}",
        "minute": f"{moment:%M:%S.%f}",
    }[form]


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


@pytest.mark.parametrize(("unit", "length"), [("s", 1), ("ms", 1e-3), ("min", 60), ("us", 1e-6)])
def test_a_stated_rate_tells_the_unit(tmp_path: Path, unit: str, length: float) -> None:
    text = "time,eda\n" + "\n".join(f"{i / 4 / length:.6f},{i}" for i in range(400))
    found = whole(track_of(tmp_path / "x.csv", text, 4), 4)
    assert found.sampling_rate == pytest.approx(4, rel=1e-3)
    assert len(found.eda) == 400


def test_minutes_are_not_taken_for_seconds(tmp_path: Path) -> None:
    text = "time,EDA\n" + "\n".join(f"{i / 240:.6f},{i}" for i in range(2400))
    with pytest.raises(RtcanError, match="240 Hz if they are seconds, or 4 Hz if they are minutes"):
        track_of(tmp_path / "x.csv", text)
    for name, stated, rate in (("time_min", NAN, 4), ("time_s", NAN, 240), ("time", 240, 240)):
        track = track_of(tmp_path / "x.csv", text.replace("time", name), stated)
        assert whole(track, stated).sampling_rate == pytest.approx(rate, rel=1e-4)
    with pytest.raises(RtcanError, match="sampled at 240 Hz, not at 16 Hz"):
        whole(track_of(tmp_path / "x.csv", text.replace("time", "time_s"), 16), 16)


@pytest.mark.parametrize("rate", [100.0, 128.0, 256.0, 512.0, 1000.0])
def test_seconds_at_usual_rates_are_seconds(tmp_path: Path, rate: float) -> None:
    text = "time,EDA\n" + "\n".join(f"{i / rate:.6f},{i}" for i in range(500))
    assert whole(track_of(tmp_path / "x.csv", text)).sampling_rate == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_packets_that_share_a_time_are_spread_evenly(tmp_path: Path, size: int) -> None:
    # A packet is sent with its last sample.
    rng = np.random.default_rng(size)
    counts = rng.integers(1, size + 1, 200)
    ends = np.cumsum(counts)
    lines = [
        f"{BEGIN + (end - 1) / 15:.6f},{i}"
        for end, n in zip(ends, counts, strict=True)
        for i in range(end - n, end)
    ]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["LocalTimestamp,EA", *lines])))
    assert found.sampling_rate == pytest.approx(15, rel=1e-3)
    assert_allclose(found.eda, np.arange(len(found.eda)), atol=1e-3)
    assert found.jitter < 0.01


def test_whole_seconds_at_a_higher_rate(tmp_path: Path) -> None:
    # It begins within a second, and ten seconds are missing.
    samples = np.r_[2:100, 140:400]
    lines = [f"{BEGIN + i // 4:.0f},{i}" for i in samples]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["timestamp,EDA", *lines])))
    assert found.sampling_rate == pytest.approx(4)
    there = ~np.isnan(found.eda)
    assert_array_equal(np.flatnonzero(there) + 2, samples)
    assert_allclose(found.eda[there], samples, atol=0.01)


def edited(edit: str) -> str:
    lines = [f"{BEGIN + i / 4:.2f},{i}" for i in range(2000)]
    if edit == "twice":
        lines.insert(1501, lines[1500])
    elif edit == "same time":
        lines[1500] = f"{BEGIN + 1499 / 4:.2f},7"
    elif edit == "back":
        lines[1500] = f"{BEGIN:.2f},7"
    elif edit == "ahead":
        lines[1500] = f"{BEGIN + 1e6:.2f},7"
    elif edit == "broken":
        lines[1500] = lines[1500][:7]
    elif edit == "text":
        lines[1500] = lines[1500].split(",")[0] + ",ERR"
    elif edit == "no time":
        lines[1500] = ",1500"
    elif edit == "put back":
        lines[1500:] = [f"{BEGIN + (i - 100) / 4:.2f},{i}" for i in range(1500, 2000)]
    return "\n".join(["timestamp,EDA", *lines])


@pytest.mark.parametrize(
    "edit", ["twice", "same time", "back", "ahead", "broken", "text", "no time", "put back"]
)
def test_one_bad_row_does_not_reach_other_trials(tmp_path: Path, edit: str) -> None:
    if edit == "put back":
        with pytest.raises(RtcanError, match="not later than the line above it"):
            track_of(tmp_path / "x.csv", edited(edit))
        return
    track = track_of(tmp_path / "x.csv", edited(edit))
    assert track.notes
    row = Row(2, "s", "m", 5, 5, "x.csv", NAN, 20, 60, "", "both", "", "", "")
    found = cut(track, row)
    assert isinstance(found, Cut)
    assert_array_equal(found.eda, np.arange(80, 320))
    everything = whole(track).eda
    there = ~np.isnan(everything)
    assert len(everything) == 2000
    assert (~there).sum() <= 2
    assert_array_equal(everything[there], np.arange(2000)[there])


def test_the_first_column_of_pandas_is_a_clock_or_a_number_of_rows(tmp_path: Path) -> None:
    text = ",EDA\n" + "\n".join(f"{i},{i}" for i in range(40))
    assert track_of(tmp_path / "x.csv", text).time is None
    kept = [i for i in range(40) if not 10 <= i < 20]
    text = ",EDA\n" + "\n".join(f"{i},{i}" for i in kept)
    found = whole(track_of(tmp_path / "x.csv", text, 4), 4)
    assert np.isnan(found.eda[10:20]).all()
    assert (len(found.eda), found.sampling_rate) == (40, 4)


def column_text(form: str, rows: int = 800) -> str:
    lines = []
    for i in range(rows):
        second = i / 4
        minute, rest = int(second // 60), second % 60
        stamp = {
            "time": f"{second / 60:.3f}",
            "clock": f"10:{minute:02d}",
            "time of day": "10:00:00",
            "timestamp": f"{1e6 * (BEGIN + second):.8E}",  # a spreadsheet shows few digits
            "time_ms": f'"{1000 * second:,.1f}"',
            "date,time": f"2024-05-01,10:{minute:02d}:{rest:05.2f}",
            "IBI [ms]": f"{800 + i % 7}",
            "response_time": f"{i * 7919 % 13}",
            "hr": f"{70 + i % 3}",  # heart rate, not hours
        }[form]
        lines.append(f"{stamp},{i}")
    return "\n".join([f"{form},EDA", *lines])


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


def test_a_date_and_an_hour_are_one_clock(tmp_path: Path) -> None:
    track = track_of(tmp_path / "x.csv", column_text("date,time"))
    assert whole(track).sampling_rate == pytest.approx(4)
    assert track.time is not None
    assert track.time[0] == datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp()
    assert track.zone_unknown


def test_days_of_a_spreadsheet_are_dates(tmp_path: Path) -> None:
    lines = [clock_text(i / 4, "ts") + f",{i}" for i in range(40)]
    track = track_of(tmp_path / "x.csv", "\n".join(["ts,EDA", *lines]))
    assert track.zone_unknown
    assert track.time is not None
    assert_allclose(track.time, BEGIN + np.arange(40) / 4, atol=1e-5)


@pytest.mark.parametrize("form", ["IBI [ms]", "response_time", "hr"])
def test_durations_are_not_clocks(tmp_path: Path, form: str) -> None:
    track = track_of(tmp_path / "x.csv", column_text(form), 4, "EDA")
    assert track.time is None


def test_a_start_may_be_a_date() -> None:
    from dataclasses import replace

    file = RawFile(Path("/x.csv"), PurePosixPath("x.csv"))
    local = Track(file, "", np.arange(400.0), time=BEGIN + np.arange(400) / 4, zone_unknown=True)
    unix = replace(local, zone_unknown=False)
    row = Row(2, "s", "m", 5, 5, "x.csv", NAN, BEGIN + 10, 5, "", "both", "", "", "")
    naive = replace(row, start_local=True)
    for track, wanted in ((local, naive), (unix, row)):
        found = cut(track, wanted)
        assert isinstance(found, Cut)
        assert_array_equal(found.eda, np.arange(40, 60))
    with pytest.raises(RtcanError, match="a date without a time zone"):
        cut(unix, naive)
    with pytest.raises(RtcanError, match="has dates without a time zone"):
        cut(local, row)


def test_names_and_texts_of_times() -> None:
    assert words_of("LocalTimestamp") == ["local", "timestamp"]
    for name in ("time", "T", "Timestamp CAL", "unix_timestamp", "Shimmer_1_Timestamp_Unix_CAL"):
        assert is_time_name(name), name
    for name in ("EDA", "temp", "event", "timeline", "tonic"):
        assert not is_time_name(name), name
    assert [time_unit(each) for each in ("mSecs", "s", "min", "EDA")] == ["ms", "s", "min", None]
    times = read_times(["2023-11-14T22:13:20Z", "2023-11-14T23:13:21+01:00", ""])
    assert times is not None
    assert_allclose(times[0][:2], [BEGIN, BEGIN + 1])
    assert np.isnan(times[0][2])
    assert not times[1]
    midnight = read_times(["23:59:59.5", "0:00:00.5"])
    assert midnight is not None
    assert np.diff(midnight[0]) == pytest.approx(1)
    # A spreadsheet shows minutes and seconds alone: after the full hour they go on.
    assert np.diff(read_times(["59:59.5", "00:00.5"])[0]) == pytest.approx(1)  # type: ignore[index]
    for half, whole_day in (("12:00:01 AM", "00:00:01"), ("12:59:59 p.m.", "12:59:59")):
        assert read_times([half]) == read_times([whole_day]) is not None
    assert read_times(["2024-05-13 10:00:00.5 GMT"]) == read_times(["2024-05-13T10:00:00.5Z"])
    assert read_times(["1.5", "2"]) is None


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


def test_unix_times_are_a_clock_whatever_their_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    time = BEGIN + np.arange(400) / 4 + 0.03 * rng.standard_normal(400)
    kept = np.r_[0:150, 270:400]
    rows = [f"{time[i]:.4f},{2 + i / 1000}" for i in kept]
    found = whole(track_of(tmp_path / "x.csv", "\n".join(["start,EDA", *rows]), 4.0), 4.0)
    assert 110 <= np.isnan(found.eda).sum() <= 122


def test_a_column_of_dates_and_one_of_hours(tmp_path: Path) -> None:
    rows = [
        f"2024-05-01,{9 + i // 14400}:{i // 240 % 60:02d}:{i / 4 % 60:05.2f},{2 + i / 1000}"
        for i in range(16000)
        if not 100 <= i < 220
    ]
    track = track_of(tmp_path / "x.csv", "\n".join(["Date,Time,EDA", *rows]))
    found = whole(track)
    assert (len(found.eda), int(np.isnan(found.eda).sum())) == (16000, 120)
    assert track.time is not None
    assert track.time[0] == read_times(["2024-05-01T09:00:00"])[0][0]  # type: ignore[index]


@pytest.mark.parametrize("name", ["µS", "us", "uS"])
def test_a_column_named_by_microsiemens_is_no_clock(tmp_path: Path, name: str) -> None:
    rows = [f"{i / 4},{2 + np.sin(i / 9):.4f}" for i in range(200)]
    track = track_of(tmp_path / "x.csv", "\n".join([f"time,{name}", *rows]))
    assert_allclose(track.eda[:3], [2, 2.1109, 2.2204])
    assert track.unit == name


def test_rounded_times_without_a_name_show_lost_samples(tmp_path: Path) -> None:
    """Times with two decimals at 16 Hz, as in the text that Ledalab reads."""
    kept = np.delete(np.arange(1600), np.s_[900:932])
    rows = [f"{i / 16:.2f}\t{3 + i * i % 977 / 1000}\t{int(i == 700)}" for i in kept]
    for rate in (NAN, 16.0):
        found = whole(track_of(tmp_path / "x.txt", "\n".join(rows), rate, "2"), rate)
        assert found.sampling_rate == pytest.approx(16, rel=1e-3)
        assert_array_equal(np.flatnonzero(np.isnan(found.eda)), np.arange(900, 932))


def test_clocks_that_contradict_each_other(tmp_path: Path) -> None:
    """As where the columns of another sensor stand beside those of the EDA."""
    rows = [f"{i / 100:.2f},{i % 97},{i / 8:.3f},{3 + i * i % 89 / 100}" for i in range(400)]
    text = "\n".join(["ECG time [s],ECG,EDA time [s],EDA [uS]", *rows])
    message = "its column 'EDA time' are 8 Hz, and those in its column 'ECG time' 100 Hz"
    with pytest.raises(RtcanError, match=message):
        track_of(tmp_path / "x.csv", text)
    found = whole(track_of(tmp_path / "x.csv", text, 8.0), 8.0)
    assert (found.sampling_rate, len(found.eda)) == (8, 400)
    # Lost samples and an uneven clock are no contradiction.
    kept = np.delete(np.arange(400), np.s_[100:200])
    late = np.random.default_rng(0).integers(0, 4, 400)
    rows = [f"{BEGIN + i / 8 + late[i] / 1000:.3f},{i / 8:.3f},{3 + i % 7}" for i in kept]
    text = "\n".join(["timestamp,time_s,EDA", *rows])
    assert np.isnan(whole(track_of(tmp_path / "y.csv", text)).eda).sum() == 100

"""BIDS: descriptions that are inherited, the beginning of the run, and events."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats import bids
from rtcan_cli.datasets.formats.contents import Contents
from rtcan_cli.errors import RtcanError
from tests.datasets.formats.made_files import EDA, write_bids

NAME = "sub-01_task-music_recording-eda_physio.tsv.gz"


def read(path: Path) -> Contents:
    return bids.read(RawFile(path, PurePosixPath(path.name)))


def dataset(folder: Path) -> Path:
    """A recording whose description is divided over three folders, as the standard allows."""
    deep = folder / "sub-01" / "func"
    deep.mkdir(parents=True)
    (folder / "dataset_description.json").write_text("{}")
    path = write_bids(deep / NAME)
    (deep / NAME.replace(".tsv.gz", ".json")).unlink()
    (folder / "physio.json").write_text(json.dumps({"SamplingFrequency": 1, "StartTime": 0}))
    (folder / "task-rest_physio.json").write_text(json.dumps({"SamplingFrequency": 99}))
    (folder / "task-music_physio.json").write_text(
        json.dumps({"SamplingFrequency": 8, "Columns": ["EDA", "timestamp"]})
    )
    (folder / "sub-01" / "sub-01_physio.json").write_text(
        json.dumps({"EDA": {"Units": "uS"}, "StartTime": -2})
    )
    (deep / "sub-01_task-music_events.tsv").write_text(
        "onset\tduration\ttrial_type\n4\t2\tsong\n0.5\tn/a\tstart\nn/a\t1\tlost\n"
    )
    return path


def test_descriptions_are_inherited_and_times_count_from_the_run(tmp_path: Path) -> None:
    contents = read(dataset(tmp_path / "data"))
    (eda,) = contents.channels
    assert (eda.name, eda.unit, eda.sampling_rate) == ("EDA", "uS", 8.0)
    assert eda.time is not None
    np.testing.assert_allclose(eda.time, -2 + np.arange(80) / 8)
    np.testing.assert_allclose(eda.values, EDA)
    assert [(each.time, each.label) for each in contents.markers] == [(0.5, "start"), (4, "song")]
    assert "the column timestamp is not used: its values do not rise" in contents.notes[0]
    assert "an event without an onset is left out" in contents.notes[1]


def test_nothing_outside_of_the_folder_that_was_named_is_read(tmp_path: Path) -> None:
    path = dataset(tmp_path / "data")
    root = (tmp_path / "data" / "sub-01").resolve()
    with pytest.raises(RtcanError, match="has no list of Columns"):
        bids.read(RawFile(path, PurePosixPath(NAME), root=root))


def test_missing_samples_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress("\ufeff1.5\t0\nn/a\t1\n".encode()))
    np.testing.assert_array_equal(read(path).channels[0].values, [1.5, np.nan])


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress(b"1.5\t0\n2.5\t1"))
    np.testing.assert_array_equal(read(path).channels[0].values, [1.5, 2.5])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RtcanError, match="too early"):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1\t2\t3\n4\t5\t6\n", r"\(.json\) names 2 columns, but the table has 3"),
        (b"1\t2\n3", "line 2 has 1 columns, and its description names 2"),
        (b"1\t2\n3\n4\t5\n", "line 2 has 1 cells, the lines above it 2"),
        (b"1\t2\n\t4\n", "line 2 has '' in the place of a number"),  # pandas: lost samples
        (b"1 2\n3 4\n", "line 1 is '1 2': its cells are not separated by tabs"),
        (b"time\tskin\n1\t2\n", "line 1 has 'time' in the place of a number"),
        (b"", "it has no samples"),
        (b"\n\n", "it has no samples"),
        (b"1\t2\n\n3\t4\n", "it has an empty line"),
        (b"\n1\t2\n", "it has an empty line"),
        (b"1\t2\n" + 70_000 * b"\n" + b"3\t4\n", "it has an empty line"),
    ],
    ids=[
        *("columns", "cut", "ragged", "cell", "spaces", "names", "none", "empty"),
        *("between", "first", "far"),
    ],
)
def test_tables_that_do_not_fit_their_description(text: bytes, said: str, tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress(text))
    with pytest.raises(RtcanError, match=said):
        read(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_have_any_end_and_empty_ones_behind_them(end: str, tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress(f"1.5\t0{end}2.5\t1{end}{end}{end}".encode()))
    np.testing.assert_array_equal(read(path).channels[0].values, [1.5, 2.5])


def test_lines_lie_across_pieces(tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    values = np.random.default_rng(0).normal(3, 1, 20_000)
    values[7000] = np.nan
    lines = ("n/a" if value != value else repr(value) for value in values.tolist())
    text = "".join(f"{line}\t0\n" for line in lines)
    assert len(text) > 5 * bids._LONGEST_LINE
    path.write_bytes(gzip.compress(text.encode()))
    np.testing.assert_array_equal(read(path).channels[0].values, values)


def test_reading_takes_little_more_memory_than_the_numbers(tmp_path: Path) -> None:
    path, n = write_bids(tmp_path / NAME), 400_000
    path.write_bytes(gzip.compress(b"1\t0\n" * n))
    read(path)  # what is imported or kept for good is not counted
    tracemalloc.start()
    try:
        values = read(path).channels[0].values
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(values) == n
    assert peak < 2 * 8 * n + 1_500_000


def test_more_numbers_than_memory_may_hold_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bids, "_MOST_NUMBERS", 1_000_000)
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress(b"1\t0\n" * 600_000))
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match=r"physio\.tsv\.gz.* more than 1 million numbers"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_without_a_description_it_is_named(tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.with_name(NAME.replace(".tsv.gz", ".json")).unlink()
    with pytest.raises(RtcanError, match=r"recording-eda_physio\.json is not beside it"):
        read(path)


def test_what_unpacks_to_far_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bids, "_LARGEST", 1000)
    path = write_bids(tmp_path / NAME)
    with pytest.raises(RtcanError, match="more than 0 MB of text"):
        read(path)


def test_a_line_without_an_end_is_refused_before_all_is_unpacked(tmp_path: Path) -> None:
    path = write_bids(tmp_path / NAME)
    path.write_bytes(gzip.compress(b"1" * 20_000_000, 1))
    tracemalloc.start()
    try:
        with pytest.raises(RtcanError, match=r"physio\.tsv\.gz.* a line of more than 65536 char"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def write(folder: Path, text: str, about: dict[str, object]) -> Path:
    """A recording by hand, with the description that another program writes beside it."""
    path = folder / NAME
    path.write_bytes(gzip.compress(text.encode()))
    path.with_name(NAME.replace(".tsv.gz", ".json")).write_text(json.dumps(about))
    return path


def rows(time: np.ndarray) -> str:
    return "".join(f"{at:.4f}\t{5 + at / 100:.4f}\n" for at in time)


ABOUT = {"SamplingFrequency": 10, "StartTime": 0, "Columns": ["time", "eda"]}


def test_a_start_time_with_the_wrong_sign_is_refused(tmp_path: Path) -> None:
    """phys2bids counts its column from the first trigger, and negates StartTime."""
    text = rows(np.arange(300) / 10 - 10.4251)
    path = write(tmp_path, text, ABOUT | {"StartTime": 10.4251})
    with pytest.raises(RtcanError, match=r"says 10\.4251 s as StartTime") as e:
        read(path)
    assert e.value.hint is not None
    assert "the column time begins at -10.4251 s" in str(e.value)
    assert "write -10.4251 as StartTime into the description" in e.value.hint
    for other in (10, 0):  # rounded by hand, for all runs (Courtois NeuroMod); or not known
        with pytest.raises(RtcanError, match="as StartTime"):
            read(write(tmp_path, text, ABOUT | {"StartTime": other}))
    contents = read(write(tmp_path, text, ABOUT | {"StartTime": -10.4251}))
    time = contents.channels[1].time
    assert time is not None
    np.testing.assert_allclose(time, np.arange(300) / 10 - 10.4251)
    assert contents.notes == ()


def test_a_column_that_is_named_as_that_of_events_counts_as_they_do(tmp_path: Path) -> None:
    """AFFEC calls its clock onset."""
    text, about = rows(np.arange(300) / 10 + 3.2), ABOUT | {"Columns": ["onset", "eda"]}
    with pytest.raises(RtcanError, match=r"says 0 s as StartTime, but the column onset begins at"):
        read(write(tmp_path, text, about))
    assert read(write(tmp_path, text, about | {"StartTime": 3.2})).notes == ()
    (note,) = read(write(tmp_path, text, ABOUT)).notes  # which may be the clock of a device
    assert "the column time begins at 3.2 s, and StartTime is 0 s" in note


def test_samples_that_a_column_of_times_shows_as_lost_move_no_others(tmp_path: Path) -> None:
    """Shimmer over LabStreamingLayer in AFFEC: packets are lost, and the rate is a nominal one."""
    time = np.arange(300) / 10
    time = time[(time < 8) | (time >= 12)]
    contents = read(write(tmp_path, rows(time), ABOUT | {"StartTime": -2}))
    eda = contents.channels[1]
    assert eda.time is not None
    np.testing.assert_allclose(eda.time, time - 2)
    np.testing.assert_allclose(eda.values, 5 + time / 100, atol=1e-4)
    assert any("samples are placed by the column time" in note for note in contents.notes)
    contents = read(write(tmp_path, rows(np.arange(300) / 10.24), ABOUT | {"StartTime": 0.0}))
    assert contents.channels[1].time is not None
    assert contents.channels[1].time[-1] == pytest.approx(299 / 10.24, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "per_second"), [("sample", 10), ("index", 10), ("volume", 1), ("ticks", 1000)]
)
def test_a_counter_that_nobody_calls_a_clock_shows_lost_samples(
    name: str, per_second: int, tmp_path: Path
) -> None:
    time = np.delete(np.arange(300) / 10, slice(80, 120))
    text = "".join(f"{at * per_second:.6f}\t{5 + at / 100:.4f}\n" for at in time)
    contents = read(write(tmp_path, text, ABOUT | {"Columns": [name, "eda"]}))
    assert contents.channels[1].time is not None
    np.testing.assert_allclose(contents.channels[1].time, time - time[0], atol=1e-9)
    assert f"samples are placed by the column {name}" in contents.notes[0]


def test_of_two_clocks_the_one_that_shows_lost_samples_is_used(tmp_path: Path) -> None:
    time = np.delete(np.arange(300) / 10, slice(80, 120))
    cells = zip(np.arange(260) / 10, time, strict=True)
    text = "".join(f"{even:.1f}\t{at:.1f}\t5\n" for even, at in cells)
    about = ABOUT | {"Columns": ["time", "timestamp", "eda"]}
    contents = read(write(tmp_path, text, about))
    assert contents.channels[-1].time is not None
    np.testing.assert_allclose(contents.channels[-1].time, time)
    assert "by the column timestamp, and not by the column time" in contents.notes[0]


def test_samples_without_a_time_are_not_moved(tmp_path: Path) -> None:
    time = np.arange(300) / 10
    lines = rows(time).splitlines(keepends=True)

    def without(missing: slice, lost: slice = slice(0)) -> Path:
        """Times are not known, and samples are not there."""
        kept = [line.replace(line.split("\t")[0], "n/a") for line in lines[missing]]
        text = [*lines]
        text[missing] = kept
        del text[lost]
        return write(tmp_path, "".join(text), ABOUT)

    contents = read(without(slice(0, 300, 3)))  # what is known fits the rate
    assert contents.channels[1].time is None
    assert contents.notes == ()
    contents = read(without(slice(0, 5), lost=slice(80, 120)))
    assert contents.channels[1].time is not None
    np.testing.assert_allclose(contents.channels[1].time, np.r_[time[5:80], time[120:]])
    assert "5 samples have no sure time there, and are left out" in contents.notes[1]
    with pytest.raises(RtcanError, match=r"not 10 Hz apart, but \d+ of 260 rows have no time"):
        read(without(slice(0, 300, 3), lost=slice(80, 120)))


def test_samples_that_share_their_times_with_others_are_left_out(tmp_path: Path) -> None:
    """A clock that was put back by a second."""
    time = np.arange(3000) / 10
    time[1500:] -= 1
    contents = read(write(tmp_path, rows(time), ABOUT))
    assert contents.channels[1].time is not None
    assert not ((contents.channels[1].time >= 149) & (contents.channels[1].time < 150)).any()
    assert "have no sure time there, and are left out" in contents.notes[1]


def test_clocks_of_a_device_are_compared_and_not_used(tmp_path: Path) -> None:
    """The standard's own example: milliseconds since the start of the system."""
    text = rows(13894432329 + 100.0 * np.arange(100)).replace(".0000", "")
    about = ABOUT | {"time": {"Units": "ms"}, "StartTime": -22.345}
    contents = read(write(tmp_path, text, about))
    assert contents.channels[1].time is not None
    assert contents.channels[1].time[0] == -22.345
    assert contents.notes == ()


@pytest.mark.parametrize(
    ("step", "unit", "said"),
    [
        (0.02, {"time": {"Units": "s"}}, "says 10 Hz as SamplingFrequency, but .* counts 50 Hz"),
        (0.02, {}, None),
    ],
)
def test_rates_that_exclude_each_other(
    step: float, unit: dict[str, object], said: str | None, tmp_path: Path
) -> None:
    path = write(tmp_path, rows(step * np.arange(100)), ABOUT | unit)
    if said is not None:
        with pytest.raises(RtcanError, match=said):
            read(path)
    else:
        assert "in no unit of time would its steps be 10 Hz" in read(path).notes[0]


def test_a_recording_without_a_start_says_that_zero_was_taken(tmp_path: Path) -> None:
    about = {key: value for key, value in ABOUT.items() if key != "StartTime"}
    contents = read(write(tmp_path, rows(np.arange(100) / 10), about))
    assert contents.channels[1].time is None
    assert "the description has no StartTime" in contents.notes[0]
    assert read(write(tmp_path, rows(np.arange(9) / 10), ABOUT)).notes == ()


def test_a_first_line_with_the_names_is_skipped(tmp_path: Path) -> None:
    """`to_csv(sep="\\t")` of pandas writes one unless it is told not to."""
    contents = read(write(tmp_path, "time\teda\n" + rows(np.arange(100) / 10), ABOUT))
    assert len(contents.channels[1].values) == 100
    assert "its first line, with the names of the columns, was skipped" in contents.notes


@pytest.mark.parametrize(
    "units",
    [
        {"Units": "microsiemens"},  # scripts around MNE
        {"Units": ["s", "microsiemens"]},  # OpenNeuro's ds000201
        {"eda": {"Units": "microsiemens"}, "Units": "V"},
    ],
)
def test_units_of_the_whole_file(units: dict[str, object], tmp_path: Path) -> None:
    contents = read(write(tmp_path, rows(np.arange(100) / 10), ABOUT | units))
    assert contents.channels[1].unit == "microsiemens"


def test_a_unit_in_the_name_of_a_column(tmp_path: Path) -> None:
    about = ABOUT | {"Columns": ["time", "EDA (uS)"]}
    assert read(write(tmp_path, rows(np.arange(9) / 10), about)).channels[1].unit == "uS"


@pytest.mark.parametrize(
    ("field", "value"),
    [("SamplingFrequency", "10"), ("SamplingFrequency", [10]), ("StartTime", [0])],
)
def test_numbers_that_are_not_written_as_such(field: str, value: object, tmp_path: Path) -> None:
    """MATLAB's jsonencode and eye2bids write lists."""
    path = write(tmp_path, rows(np.arange(9) / 10), ABOUT | {field: value})
    with pytest.raises(RtcanError, match=f"has no number as {field}: it is") as error:
        read(path)
    assert error.value.hint == "a number without quotes and brackets"

"""Damaged files of every kind: a reader gives items or an `RtcanError`, and nothing else."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.trials import Excluded, Trial
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.python2_pickle import dump_arrays

# Reading the whole files takes 0.3 MB; a claim of theirs must not be taken at its word.
MOST_MEMORY = 20e6

Edit = tuple[int, int, bytes]
"""Where (of a thousand parts), how many bytes are taken out, and what is put in."""

INTERESTING = st.sampled_from(
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x80",
        b"\xff\xff\xff\x7f",
        b"\x00" * 8,
        b"\xff" * 8,
        b"cposix\nsystem\n",
        b"1e999,nan",
        b"-" * 300,
        b"\r",
        b'"',
    ]
)
EDITS: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.integers(0, 8) | st.integers(0, 10_000),
        st.binary(max_size=8) | INTERESTING,
    ),
    min_size=1,
    max_size=4,
)


def edited(content: bytes, edits: list[Edit]) -> bytes:
    for place, taken, put in edits:
        at = place * len(content) // 10_000
        content = content[:at] + put + content[at + taken :]
    return content


def pickle_file() -> tuple[str, bytes]:
    data = np.random.default_rng(0).normal(size=(3, 40, 80))
    stream = io.BytesIO()
    dump_arrays(stream, {"labels": np.full((3, 4), 5.0), "data": data})
    return "s01.dat", stream.getvalue()


def short_pickle() -> tuple[str, bytes]:
    """So short that most edits strike what is not numbers."""
    stream = io.BytesIO()
    dump_arrays(stream, {"labels": np.full((1, 4), 5.0), "data": np.ones((1, 40, 1))})
    return "s01.dat", stream.getvalue()


def matlab_file(compress: bool) -> tuple[str, bytes]:
    cells = np.empty((1, 3), dtype=object)
    labels, names = cells.copy(), cells.copy()
    for video in range(3):
        cells[0, video] = np.random.default_rng(video).normal(size=(3, 17))
        labels[0, video] = np.full((1, 12), 5.0)
        names[0, video] = f"N{video}"
    stream = io.BytesIO()
    content = {"joined_data": cells, "labels_selfassessment": labels, "VideoIDs": names}
    savemat(stream, content, do_compression=compress)
    return "Data_Preprocessed_P01.mat", stream.getvalue()


def deap_matlab_file() -> tuple[str, bytes]:
    stream = io.BytesIO()
    savemat(stream, {"labels": np.full((2, 4), 5.0), "data": np.ones((2, 40, 3))})
    return "s01.mat", stream.getvalue()


def npy_file() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(40.0))
    return stream.getvalue()


def zipped(made: tuple[str, bytes], name: str, method: int) -> tuple[str, bytes]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(*made)
        archive.writestr("another", b"text")
    return name, stream.getvalue()


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
MAT_ZIP = "Data_Preprocessed_P01.zip"
FILES: dict[str, tuple[str, tuple[str, bytes]]] = {
    "pickle": ("deap", pickle_file()),
    "short pickle": ("deap", short_pickle()),
    "DEAP for MATLAB": ("deap", deap_matlab_file()),
    "matlab": ("amigos", matlab_file(False)),
    "compressed matlab": ("amigos", matlab_file(True)),
    "zip": ("deap", zipped(short_pickle(), "a.zip", STORED)),
    "deflated zip": ("deap", zipped(pickle_file(), "a.zip", DEFLATED)),
    "zip of zip": (
        "amigos",
        zipped(zipped(matlab_file(True), MAT_ZIP, DEFLATED), "a.zip", STORED),
    ),
}

PMEMO_2018 = {
    "Annotations/Arousal/1-A.csv": b"subject,static,0,0.5\n100001,0.5,0.5,0.5\n100002,0.25,0,1\n",
    "Annotations/Valence/1-V.csv": b"subject,static,0,0.5\n100001,0.5,0.5,0.5\n100002,0.75,0,1\n",
    "EDA/Arousal/1_100001_A.csv": b"\n".join(b"%.3f" % (n / 7) for n in range(40)),
    "EDA/Valence/1_100001_V.csv": b"\n".join(b"%.2f,%.3f" % (n / 50, n) for n in range(40)),
    "metadata.csv": b"musicId,fileName,title,artist\n1,1.mp3,A,B\n",
    "A_static.csv": b"musicId,mean,std\n1,0.4,0.1\n",
}
PMEMO_2019 = {
    "EDA/1_EDA.csv": b"time(s),100001,100002\n"
    + b"".join(b"%.2f,%.3f,%.3f\n" % (n / 50, n, n / 3) for n in range(40)),
    "annotations/static_annotations.csv": b"musicId,Arousal(mean),Valence(mean)\n1,0.4,0.6\n",
    "metadata.csv": PMEMO_2018["metadata.csv"],
}
OWN = {
    "trials.csv": b"subject,stimulus,valence,arousal,signal,sampling_rate,start,duration\n"
    b"s1,song,5.5,2.25,a.csv,4,1,5\ns1,other,7.75,1,b.npy,8,,\ns2,song,,4.5,c.csv,,,\n",
    "a.csv": b"time,eda\n" + b"".join(b"%.2f,%.3f\n" % (n / 4, n) for n in range(40)),
    "b.npy": npy_file(),
    "c.csv": b"1500000000.0\n4.0\n" + b"".join(b"%.6f\n" % (n / 7) for n in range(40)),
}
WESAD = {
    "S2/S2_quest.csv": b"# Subj;S2;\n# ORDER;Base;Fun;sRead\n# START;0.1;0.4;1.2\n"
    b"# END;0.35;1.1;1.3\n# DIM;7;2\n# DIM;5;4\n",
    "S2/S2_E4_Data/EDA.csv": b"1495438735.0\n4.0\n" + b"".join(b"%d\n" % n for n in range(400)),
    "S2/S2_respiban.txt": b"# OpenSignals Text File Format\n"
    b'# {"a": {"sensor": ["EDA"], "column": ["nSeq", "CH1"], "label": ["CH1"], "time": "9:39:1.0", '
    b'"date": "2017-5-22", "device": "biosignalsplux", "sampling rate": 9, "resolution": [16]}}\n'
    b"# EndOfHeader\n" + b"".join(b"%d\t%d\t\n" % (n, n) for n in range(80)),
}
CASE = {
    "physiological/sub_1.csv": b"daqtime,gsr,video\n"
    + b"".join(b"%d,%.3f,%d\n" % (10 * n, n / 7, 1 + n // 40) for n in range(80)),
    "annotations/sub_1.csv": b"jstime,valence,arousal,video\n"
    + b"".join(b"%d,5,4.5,%d\n" % (50 * n, 1 + n // 8) for n in range(16)),
}
TABLES = {
    "PMEmo 2018": ("pmemo", PMEMO_2018),
    "PMEmo 2019": ("pmemo", PMEMO_2019),
    "own recordings": ("table", OWN),
    "WESAD": ("wesad", WESAD),
    "CASE": ("case", CASE),
}


def outcome(dataset: str, raw: Path) -> str:
    """Read everything; anything but items and `RtcanError` fails."""
    tracemalloc.start()
    try:
        try:
            opened = open_raw(dataset, raw)
        except RtcanError as error:
            check_error(error)
            return "refused"
        for error in opened.damaged:
            check_error(error)
        result = "read"
        for part in opened.parts:
            try:
                items = part()
            except RtcanError as error:
                items = [error]
            for item in items:
                if isinstance(item, RtcanError):
                    check_error(item)
                    result = "damaged"
                elif isinstance(item, Trial):
                    for recording in item.recordings:
                        assert recording.eda.dtype == np.float64
                        assert recording.eda.ndim == 1
                        check_text(recording.source, recording.position)
                    check_text(item.subject, item.stimulus)
                else:
                    assert isinstance(item, Excluded)
                    check_text(item.subject, item.stimulus, item.reason, item.source)
        return result
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY


def check_error(error: RtcanError) -> None:
    check_text(str(error), error.hint or "")
    assert len(str(error)) < 1000


def check_text(*texts: str) -> None:
    for text in texts:
        assert "\n" not in text
        text.encode()


quick = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("kind", FILES)
def test_whole_files_are_read(tmp_path: Path, kind: str) -> None:
    dataset, (name, content) = FILES[kind]
    (tmp_path / name).write_bytes(content)
    assert outcome(dataset, tmp_path) == "read"


@pytest.mark.parametrize("kind", FILES)
@quick
@given(edits=EDITS)
def test_damaged_files_give_items_or_an_error(tmp_path: Path, kind: str, edits: list[Edit]) -> None:
    dataset, (name, content) = FILES[kind]
    (tmp_path / name).write_bytes(edited(content, edits))
    outcome(dataset, tmp_path)


@pytest.mark.parametrize("kind", FILES)
@quick
@given(cut=st.integers(0, 10_000))
def test_truncated_files_are_an_error(tmp_path: Path, kind: str, cut: int) -> None:
    dataset, (name, content) = FILES[kind]
    (tmp_path / name).write_bytes(content[: cut * (len(content) - 1) // 10_000])
    assert outcome(dataset, tmp_path) != "read"


@pytest.mark.parametrize("kind", ["zip", "deflated zip", "compressed matlab"])
@quick
@given(place=st.integers(0, 10_000), flipped=st.integers(1, 255))
def test_checksums_tell_of_a_damaged_byte(
    tmp_path: Path, kind: str, place: int, flipped: int
) -> None:
    """Within the packed bytes of the member; names, times and comments have no checksum."""
    dataset, (name, content) = FILES[kind]
    changed = bytearray(content)
    begin, end = len(content) // 10, len(content) // 2
    changed[begin + place * (end - begin) // 10_000] ^= flipped
    (tmp_path / name).write_bytes(changed)
    assert outcome(dataset, tmp_path) != "read"


@pytest.mark.parametrize("kind", TABLES)
def test_whole_tables_are_read(tmp_path: Path, kind: str) -> None:
    dataset, files = TABLES[kind]
    for name, content in files.items():
        path = tmp_path / "PMEmo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert outcome(dataset, path.parent if dataset == "table" else tmp_path) == "read"


@pytest.mark.parametrize(
    "kind",
    [pytest.param(each, marks=pytest.mark.long if i else ()) for i, each in enumerate(TABLES)],
)
@quick
@given(which=st.integers(0, 5), edits=EDITS)
def test_damaged_tables_give_items_or_an_error(
    tmp_path: Path, kind: str, which: int, edits: list[Edit]
) -> None:
    dataset, files = TABLES[kind]
    names = list(files)
    for name, content in files.items():
        path = tmp_path / "PMEmo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(edited(content, edits) if name == names[which % len(names)] else content)
    outcome(dataset, path.parent if dataset == "table" else tmp_path)

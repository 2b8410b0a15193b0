from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.empatica import Session, read_session
from rtcan_cli.datasets.table.signals import SignalFile
from rtcan_cli.errors import RtcanError

BEGIN = 1544027337.0


def raw(name: str) -> RawFile:
    return RawFile(Path("/study") / name, PurePosixPath(name))


@pytest.mark.parametrize(
    ("beginning", "session"),
    [
        ("1544027337.000000\r\n4.000000\r\n0.000000\r\n", Session(BEGIN, 4.0)),
        ("1544027337.5\n8\n0.1", Session(BEGIN + 0.5, 8.0)),
        ("1544027337,000000\n4,000000\n0,1", Session(BEGIN, 4.0)),
        ("eda\n0.1\n0.2\n", None),
        ("0.1\n4.000000\n0.2\n", None),
        ("1544027337000\n4.0\n", None),
        ("1544027337.0, 1544027337.0, 1544027337.0\n32.0, 32.0, 32.0\n", None),
        ("", None),
    ],
)
def test_sessions_are_known_by_their_shape(beginning: str, session: Session | None) -> None:
    assert read_session(beginning, raw("S01_eda.csv")) == session


@pytest.mark.parametrize("second", ["", "0.132", "0", "5000", "x", "1544027337.25"])
def test_a_unix_time_without_a_rate_is_no_sample(second: str) -> None:
    with pytest.raises(RtcanError, match=r"EDA\.csv begins with a Unix time.*not a sampling rate"):
        read_session(f"1544027337.0\n{second}\n0.2\n", raw("EDA.csv"))


@pytest.mark.parametrize("name", ["TEMP.csv", "s01/BVP.csv", "hr.csv"])
def test_other_sensors_are_refused(name: str) -> None:
    with pytest.raises(RtcanError, match=f"{name} is another sensor"):
        read_session("1544027337.0\n4.0\n30.1\n", raw(name))


def test_a_session_is_read_as_numpy_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "EDA.csv"
    values = np.random.default_rng(0).uniform(0.1, 9, 100)
    np.savetxt(path, [BEGIN, 4.0, *values], fmt="%.6f", newline="\r\n")
    # The wristband writes points, whatever the table of trials is written with.
    for decimal in (".", ","):
        track = SignalFile(RawFile(path, PurePosixPath("EDA.csv")), decimal).track("")
        assert (track.start, track.sampling_rate, track.time) == (BEGIN, 4.0, None)
        assert_allclose(track.eda, np.loadtxt(path)[2:])
        assert track.name == "Empatica E4"


def test_a_session_has_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "EDA.csv"
    path.write_text("1544027337.0\n4.0\n0.1\n")
    file = SignalFile(RawFile(path, PurePosixPath("EDA.csv")), ".")
    assert file.track("1").eda.tolist() == [0.1]
    with pytest.raises(RtcanError, match="has no column 'temp'"):
        file.track("temp")
